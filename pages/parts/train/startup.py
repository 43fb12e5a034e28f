"""What pages that start runs tell the process that stands ready for the next one."""

from __future__ import annotations

import streamlit as st

from charlab.runs import warm
from charlab.runs.plan import RunPlan

_OPEN_SECONDS = 30.0  # between two signs that the page is open; warm.PAGE_SECONDS is several times that


@st.fragment(run_every=_OPEN_SECONDS)
def keep_ready() -> None:
    """Let a process stand ready for the next run while this page is open in a browser."""
    warm.page_is_open()


def prepare(planned: RunPlan | None) -> None:
    """Let that process prepare for what Start would begin now, if anything, so that it starts at once."""
    warm.page_shows(planned)
