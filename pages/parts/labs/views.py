"""The views of a lab: which there are, and which is chosen, as the page's link holds it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.parts.shared import present, stable_selectbox, url_state


def pick(views: Mapping[str, str]) -> tuple[str, DeltaGenerator]:
    """Draw the choice of one of these views by their titles: the chosen one, and the row, for what goes beside.

    In Present mode it is a box, since the header's buttons take the right half of the first row."""
    url_state.read("lab_view", choices=tuple(views))
    row = st.container(horizontal=True, vertical_alignment="center")
    if present.is_on():
        box = {"label_visibility": "collapsed", "width": present.BOX}
        stable_selectbox.select("View", dict(views), key="lab_view", place=row, **box)
        return st.session_state.lab_view, row
    view = row.segmented_control(
        "View",
        list(views),
        format_func=views.get,
        required=True,
        key="lab_view",
        persist_state="session",
        label_visibility="collapsed",
        wrap=True,
    )
    return view, row
