"""Popovers whose content is drawn from the moment a reader first opens them: most visitors never do, and each
widget in them costs the server a millisecond per run of the page."""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def popover(label: str, *, key: str, room: int, place: Any = st, **layout: Any) -> tuple[DeltaGenerator, bool]:
    """A popover in `place`, and whether to draw its content. That stays drawn after the popover is closed, so that
    nothing is lost of what was typed, ticked or uploaded there. `layout` is that of st.popover.

    Until the content is there, the popover has `room` for about as many pixels: it finds its place on the screen
    when it opens, and would be too small for what comes into it.
    """
    body = place.popover(label, key=key, on_change="rerun", **layout)
    opened: list[str] = st.session_state.setdefault("opened_popovers", [])
    if body.open and key not in opened:
        opened.append(key)
    content = body.container()
    if key not in opened:
        content.html(f'<div style="height: {room}px"></div>')
    return content, key in opened
