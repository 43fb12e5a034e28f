"""Whether models read a prompt's accents in the form that their alphabet has, or as the reader typed them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from charlab.runs.models import Model
from pages.parts.shared import url_state
from pages.parts.shared.safe_text import plain


def choose_form(key: str, typed: str, models: Sequence[Model]) -> bool:
    """Draw a tick where it makes a difference for this text; True where accents take the form of the alphabet."""
    url_state.read(key)
    changed = [model for model in models if model.read_prompt(typed) != typed]
    if not changed:
        return st.session_state[key]
    chosen = st.checkbox(
        "Accents in the form of the alphabet",
        key=key,
        persist_state="session",
        help="A letter such as ü can be one character or two, u and its dots. Ticked, a model reads it in the "
        "form that its alphabet has: as one character (Unicode NFC) where it has both.",
    )
    for model in changed if chosen else ():
        name = "This model" if len(models) == 1 else model.config.name
        st.caption(plain(f"{name} reads accents in the form that its alphabet has."))
    return chosen


def in_link(key: str) -> bool | None:
    """The choice as a link holds it: left out where it is the default."""
    return None if url_state.value(key) else False
