"""Text from users and files, made safe where Streamlit reads Markdown."""

from __future__ import annotations

import re
from typing import Any

import streamlit as st

from charlab.core.display import isolated, without_turns

_WORD_JOINER = "\u2060"  # not seen; keeps an address from being made a link, which a backslash does not

_LEFTWARD = "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff]+"
_PHRASE = re.compile(f"(\u2068[^\u2069]*\u2069)|{_LEFTWARD}(?:[ ·-]+{_LEFTWARD})*")


def plain(text: str) -> str:
    """The text `in_order` as Markdown that shows exactly it: no link, picture, formula or emphasis in it is
    rendered."""
    escaped = re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", in_order(text))
    return re.sub(r"(?i)(https?(?=\\:)|www(?=\\\.)|(?=\\@))", rf"\1{_WORD_JOINER}", escaped)


def in_order(text: str) -> str:
    """The text for a place that interprets nothing: phrases that are read from right to left stay apart from the
    words and numbers around them, and no character turns its direction."""
    return _PHRASE.sub(lambda found: found[1] or isolated(found[0]), without_turns(text))


def as_label(text: str) -> str:
    """A name as part of a label that is not Markdown: in its own direction, without turning what follows."""
    return isolated(without_turns(text))


def exact(text: str, place: Any = st, height: int | str = "content") -> None:
    """The text in fixed width as it is, blank lines and spaces included; nothing in it is interpreted.

    Only characters that would turn its direction, such as U+202E, are shown as signs.
    """
    command(without_turns(text), place, height)


def command(text: str, place: Any = st, height: int | str = "content") -> None:
    """The text in fixed width, to be copied: every character of it."""
    # Only the outer line ends are stripped.
    place.code(f"\n{text}\n", language=None, wrap_lines=True, height=height)
