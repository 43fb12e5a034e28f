"""What stands before GPT-2: what it takes, its download, and in a class the teacher's permission.

Who may do what is decided where it is done (charlab/labs/gpt2/permission.py); here it is said.
"""

from __future__ import annotations

import streamlit as st

from charlab.errors import CharlabError
from charlab.labs import published
from charlab.labs.gpt2 import background, download, permission
from charlab.labs.gpt2 import model as gpt2
from charlab.labs.gpt2.download import Source
from charlab.runs.models import Model
from pages.parts.shared import browser_cookie, header_stop, settings_fold
from pages.parts.shared.safe_text import plain

_TOLD = "gpt2_told"  # in the session: whoever opened the page has read what it takes, and wants it


def load() -> Model:
    """GPT-2. Where it cannot be used yet, shows why and what to do, and ends the page's run."""
    actor, source = browser_cookie.actor(), download.source()
    try:
        permission.check(actor)
        if not source.is_here:
            permission.check_download(actor)
    except CharlabError as problem:
        _stop(str(problem))
    if not source.is_here:
        settings_fold.reveal()
        st.fragment(_download, run_every=1.0 if background.of_server().is_running else None)(source)
        header_stop.end()
    if not (gpt2.is_loaded() or st.session_state.get(_TOLD)):
        settings_fold.reveal()
        with st.container(border=True):
            st.markdown(plain(source.about_use))
            st.button("Load GPT-2", type="primary", icon=":material/memory:", on_click=_told)
        header_stop.end()
    try:
        with st.spinner("Loading GPT-2 ..."):
            return published.load(published.NAME, actor=actor)
    except CharlabError as problem:
        _stop(str(problem))


def switch(place: object = st) -> None:
    """The teacher's switch, on the server of a class."""
    place.toggle(  # type: ignore[attr-defined]
        "Students may use GPT-2",
        value=permission.is_allowed(),
        key="gpt2_allowed",
        on_change=lambda: permission.allow(browser_cookie.actor(), st.session_state["gpt2_allowed"]),
        help="It takes half a gigabyte of this server's memory, and all who use it share its processor.",
    )


def _told() -> None:
    st.session_state[_TOLD] = True


def _download(source: Source) -> None:
    """What it takes, and the download: a button, or how far it is."""
    running, actor = background.of_server(), browser_cookie.actor()
    if source.is_here:
        st.rerun()  # the whole page: it goes on to loading
    with st.container(border=True):
        st.markdown(plain(source.about))
        if running.is_running:
            received = min(source.received, source.size)
            st.progress(received / source.size, f"{received / 1e6:,.0f} of {source.size / 1e6:,.0f} MB")
            st.button("Stop the download", icon=":material/stop:", on_click=running.stop, args=(actor,))
            st.caption("You can leave this page: the download goes on, and what is received is kept.")
            return
        if running.problem:
            st.error(plain(running.problem))
        words = "Continue the download" if source.received else "Download GPT-2"
        if st.button(words, type="primary", icon=":material/download:"):
            running.start(actor, source)
            st.rerun()


def _stop(sentence: str) -> None:
    """End the page's run with the reason."""
    st.error(plain(sentence))
    settings_fold.reveal()
    header_stop.end()
