"""The views of a lab: which there are, and which is chosen, as the page's link holds it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.parts.shared import url_state


def pick(views: Mapping[str, str]) -> tuple[str, DeltaGenerator]:
    """Draw the choice of one of these views by their titles: the chosen one, and the row, for what goes beside."""
    url_state.read("lab_view", choices=tuple(views))
    row = st.container(horizontal=True, vertical_alignment="center")
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
