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


def is_on() -> bool:
    """Whether the reader presents."""
    return bool(url_state.value(KEY))


def details(name: str, place: Any = st, **layout: Any) -> DeltaGenerator:
    """A container for what Present mode hides. `name` is unique on its page; `layout` is that of st.container."""
    return place.container(key=f"details-{name}", **layout)


def show_style() -> None:
    """Read the setting and apply the style, before the page draws anything."""
    url_state.read(KEY)
    if is_on():
        st.html(Path(__file__).with_name("present.css"))
