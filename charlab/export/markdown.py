"""Texts of people in Markdown (CommonMark, and GitHub's links, emoji and formulas): shown exactly as they are.

A backslash is put only where Markdown would take a character for something else, since many people read a model
card as a plain file.
"""

from __future__ import annotations

import re

_ALWAYS = re.compile(r"[`*~]|\\(?=[!-/:-@\[-`{-~]|$)")
_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")  # within a word it is no emphasis
_TAG = re.compile(r"<(?=[A-Za-z/!?]|[^\s<>]*@)")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_ADDRESS = re.compile(r"(?i)(?<=http)(?=://)|(?<=https)(?=://)|(?<=ftp)(?=://)|(?<=www)(?=\.)|(?<=\w)(?=@\w)")
_EMOJI = re.compile(r":(?=[\w+-]+:)")
_BLOCK = re.compile(r"(?:[-+](?=\s|$)|#{1,6}(?=\s|$)|[>\[]|=+\s*$|-[-\s]*$)")
_NUMBERED = re.compile(r"(\d{1,9})([.)])(?=\s|$)")
_CLOSING = re.compile(r"(^|(?<=\s))(?=#+\s*$)")


def shown(text: str, *, in_heading: bool = False) -> str:
    """The text on one line, as Markdown that shows exactly it; it begins a line, or with `in_heading` is one."""
    text = " ".join(text.split())
    text = _behind(_ALWAYS, text)
    for pattern in (_UNDERSCORE, _TAG, _ENTITY, _EMOJI):
        text = _behind(pattern, text)
    text = _ADDRESS.sub(r"\\", text)
    if re.search(r"\][(\[]", text):
        text = text.replace("[", "\\[")
    if text.count("$") > 1:
        text = text.replace("$", "\\$")
    if in_heading:
        return _CLOSING.sub(r"\\", text)
    if _BLOCK.match(text):
        return f"\\{text}"
    return _NUMBERED.sub(r"\1\\\2", text, count=1) if _NUMBERED.match(text) else text


def _behind(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(lambda found: f"\\{found[0]}", text)
