"""Present mode, for a projector: each page shows its picture and the two controls that matter, in large type.

`?present=1` or the header's switch turns it on, for all pages of the session.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.parts.shared import url_state

KEY = "present"
TYPE = 20  # pixels: the least size of letters that are read, as in present.css
BOX = 280  # pixels: the width of a box in the first row, two of which fit beside the header's buttons


def is_on() -> bool:
    """Whether the reader presents."""
    return bool(url_state.value(KEY))


def taller(height: int) -> int:
    """The height of a picture, a third more in Present mode: its letters are larger, and it has more room."""
    return height * 4 // 3 if is_on() else height


def details(name: str, place: Any = st, **layout: Any) -> DeltaGenerator:
    """A container for what Present mode hides. `name` is unique on its page; `layout` is that of st.container."""
    return place.container(key=f"details-{name}", **layout)


def show_style() -> None:
    """Read the setting and apply the style, before the page draws anything."""
    url_state.read(KEY)
    if is_on():
        st.html(Path(__file__).with_name("present.css"))


def show_switch(place: Any) -> None:
    """The button that begins Present mode, or ends it, as Escape does."""
    on = is_on()
    place.button(
        "Leave Present mode" if on else "Present",
        icon=":material/close_fullscreen:" if on else ":material/slideshow:",
        shortcut="Escape" if on else None,
        key="present_switch",
        on_click=_set,
        args=(not on,),
        help=None if on else "For a projector: the picture alone, in large type.",
    )


def keep_in_address() -> None:
    """Put the mode into the address of a page that writes none itself, after the page has run."""
    if is_on() != (KEY in st.query_params):
        url_state.write({}, keep_others=True)


def _set(on: bool) -> None:
    st.session_state[KEY] = on
    if not on:
        url_state.drop(KEY)  # also where the page ends before it writes its address
