"""Text from users and files, made safe where Streamlit reads Markdown."""

from __future__ import annotations

import re
from typing import Any

import streamlit as st

_WORD_JOINER = "\u2060"  # not seen; keeps an address from being made a link, which a backslash does not


def plain(text: str) -> str:
    """The text as Markdown that shows exactly it: no link, picture, formula or emphasis in it is rendered."""
    escaped = re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)
    return re.sub(r"(?i)(https?(?=\\:)|www(?=\\\.)|(?=\\@))", rf"\1{_WORD_JOINER}", escaped)


def exact(text: str, place: Any = st, height: int | str = "content") -> None:
    """The text in fixed width as it is, blank lines and spaces included; nothing in it is interpreted."""
    place.code(
        f"\n{text}\n", language=None, wrap_lines=True, height=height
    )  # only the outer line ends are stripped
