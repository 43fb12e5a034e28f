"""The start of a run until its first step has ended: what is being done, and a bar of its expected length."""

from __future__ import annotations

import streamlit as st

from charlab.runs import startup, warm, watch
from charlab.runs.plan import RunPlan
from charlab.runs.store import Status

_OPEN_SECONDS = 30.0  # between two signs that the page is open; warm.PAGE_SECONDS is several times that


@st.fragment(run_every=_OPEN_SECONDS)
def keep_ready() -> None:
    """Let a process stand ready for the next run while this page is open in a browser."""
    warm.page_is_open()


def prepare(planned: RunPlan | None) -> None:
    """Let that process prepare for what Start would begin now, if anything, so that it starts at once."""
    warm.page_shows(planned)


def show(status: Status) -> bool:
    """Draw the start of a run; False where it is not starting."""
    shown = startup.shown(status, _expected_seconds(startup.is_warm(status)))
    if shown is None:
        return False
    st.progress(shown.share, shown.words)
    return True


@st.cache_data(show_spinner=False, ttl=60)
def _expected_seconds(is_warm: bool) -> float:
    return startup.expected_seconds(watch.runs(), is_warm)
