"""Popovers whose content is drawn from the moment a reader first opens them: most visitors never do, and each
widget in them costs the server a millisecond per run of the page."""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def popover(label: str, *, key: str, room: int, place: Any = st, **layout: Any) -> tuple[DeltaGenerator, bool]:
    """A popover in `place`, and whether to draw its content. That stays drawn after the popover is closed, so that
    nothing is lost of what was typed, ticked or uploaded there. `layout` is that of st.popover.

    It has at least `room`, in pixels, from the beginning: a popover finds its place on the screen when it opens,
    and what makes it larger later, its content and what Streamlit loads late, may end below the screen.
    """
    body = place.popover(label, key=key, on_change="rerun", **layout)
    opened: list[str] = st.session_state.setdefault("opened_popovers", [])
    if body.open and key not in opened:
        opened.append(key)
    place_in_body = f"popover-{key}"
    st.html(f"<style>.st-key-{place_in_body} {{ min-height: {room}px; }}</style>")
    content = body.container(key=place_in_body)
    if key not in opened:
        content.html("<div></div>")  # an empty container has no height
    return content, key in opened
