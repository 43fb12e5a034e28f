"""The page's link: every setting that makes a result stands in the address, and a link opened fresh sets them.

A setting is a session-state key. `read` before the widgets are made, `write` at the end of the page's run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

LONGEST_TEXT = 1500  # characters; longer ones would break links in mails and chats
_WRITTEN = "link_written"  # what `write` put into the address, newest first, and when it last stood there
_PAGE = "link_page"
_ECHO_SECONDS = 20.0  # a browser may still send an address that was replaced so long ago


def read(key: str, default: Any, parse: Callable[[str], Any] = str, options: Any = None) -> None:
    """Give a setting its value: the link's, where it is new and makes sense; else what it was; else the default.

    `options` is a collection of allowed values, or a pair of limits (least, most) for a number.
    """
    in_link = st.query_params.get(key)
    opened = in_link is not None and not (_is_ours(key, in_link) and key in st.session_state)
    if key in st.session_state and not opened:
        return
    value = default
    if opened:
        try:
            value = parse(in_link)
        except ValueError:
            value = default
        if isinstance(options, tuple) and isinstance(value, int | float):
            value = type(default)(min(max(value, options[0]), options[1]))
        elif options is not None and value not in options:
            value = default
    st.session_state[key] = value


def opened(key: str) -> str | None:
    """What the link that the reader opened says of a setting; None once the page has written its own."""
    in_link = st.query_params.get(key)
    return None if _is_ours(key, in_link) else in_link


def write(settings: dict[str, Any]) -> list[str]:
    """Put settings into the address; None leaves one out. Returns the names of texts too long for a link."""
    too_long = [key for key, value in settings.items() if isinstance(value, str) and len(value) > LONGEST_TEXT]
    wanted = {
        key: f"{value:g}" if isinstance(value, float) else str(value)
        for key, value in settings.items()
        if value is not None and key not in too_long
    }
    now = time.monotonic()
    before = st.session_state.get(_WRITTEN, [])
    stood = [(now, written) for _, written in before[:1]]  # until now, however long ago it was written
    recent = [(then, written) for then, written in before[1:] if now - then < _ECHO_SECONDS]
    st.session_state[_WRITTEN] = [(now, wanted), *stood, *recent]  # before the address: a reader may end this run
    if dict(st.query_params) != wanted:
        st.query_params.from_dict(wanted)
    return too_long


def enter(page: str) -> None:
    """A page begins its run: where it is another one than before, its address was opened, and is not ours."""
    if st.session_state.get(_PAGE) != page:
        st.session_state[_PAGE] = page
        st.session_state.pop(_WRITTEN, None)


def _is_ours(key: str, in_link: str | None) -> bool:
    """Whether this page wrote that: last, or what stood there a moment ago, so that the browser sends it once more
    while a reader's hand is on a slider. Where the reader goes back, all that is there was opened."""
    context = get_script_run_ctx()
    if context and context.is_history_navigation:
        return False
    now, written = time.monotonic(), st.session_state.get(_WRITTEN, [])
    recent = [settings for then, settings in written[1:] if now - then < _ECHO_SECONDS]
    return any(settings.get(key) == in_link for settings in [settings for _, settings in written[:1]] + recent)
