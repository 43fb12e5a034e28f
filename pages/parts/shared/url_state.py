"""The page's link: the address holds every setting that a result depends on, and opening a link sets them.

A setting is a session-state key with a row in page_state.py. Call `read` before the widgets are made, `write` at
the end of the page's run.
"""

from __future__ import annotations

import time
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.parts.shared import page_state
from pages.parts.shared.page_state import NOT_ALLOWED

MAX_TEXT_IN_LINK = 1500  # characters; longer ones would break links in mails and chats
_WRITTEN = "link_written"  # what `write` put into the address, newest first, and when it was last there
_PAGE, _ARRIVED = "link_page", "link_arrived"
_ECHO_SECONDS = 20.0  # a browser may still send an address that was replaced so long ago


def read(key: str, **given: Any) -> None:
    """Give a setting its value: the link's where it is new, else its last one; the default where not allowed.

    `page_state.SETTINGS` lists the allowed values. `given` is what a row there leaves to the call: its default,
    choices or limits. Raises KeyError for a key without a row.
    """
    setting = page_state.find(key, **given)
    before = st.session_state.get(key)
    value = page_state.allowed(setting, before)
    in_link = _in_link(key)
    if in_link is not None and (value is NOT_ALLOWED or not _is_ours(key, in_link)):
        value = page_state.parsed(setting, in_link)
    if value is NOT_ALLOWED:
        value = setting.default
    if value is not before or (value is None and key not in st.session_state):
        st.session_state[key] = value


def value(key: str) -> Any:
    """A setting's value, on a page that may not have read it yet; None where its row does not allow it."""
    found = page_state.allowed(page_state.row(key), st.session_state.get(key))
    return None if found is NOT_ALLOWED else found


def opened(key: str) -> str | None:
    """A setting's value in the link that the reader opened; None once the page has written its own."""
    in_link = _in_link(key)
    return None if _is_ours(key, in_link) else in_link


def drop(key: str) -> None:
    """Take a setting out of the address."""
    st.query_params.pop(str(page_state.parameter(key)), None)


def write(settings: dict[str, Any], *, keep_others: bool = False) -> list[str]:
    """Put settings into the address; None leaves one out. Returns the names of texts too long for a link."""
    everywhere = {"present": 1 if value("present") else None}
    named = {page_state.parameter(key): value for key, value in (everywhere | settings).items()}
    too_long = [name for name, value in named.items() if isinstance(value, str) and len(value) > MAX_TEXT_IN_LINK]
    others = st.query_params.to_dict() if keep_others else {}
    wanted = {name: value for name, value in others.items() if name not in named} | {
        name: _written(value) for name, value in named.items() if value is not None and name not in too_long
    }
    _put(wanted)
    return too_long


def follow(settings: dict[str, Any]) -> None:
    """Note what the browser has moved and written into its address already (place.js): the next address that is
    written here must not undo it."""
    wanted = st.query_params.to_dict()
    for key, value in settings.items():
        name = str(page_state.parameter(key))
        if value is None:
            wanted.pop(name, None)
        else:
            wanted[name] = _written(value)  # in its place, so that the address stays the same
    _put(wanted)


def confirm() -> None:
    """After Back or Forward, tell the browser the page's address once more, at the end of the page's run: a run of
    another page that was just overtaken may have written its own there."""
    if _is_history_navigation():
        st.query_params.from_dict(st.query_params.to_dict())


def _is_history_navigation() -> bool:
    """Whether Back or Forward made the page run."""
    context = get_script_run_ctx()
    return bool(context and context.is_history_navigation)


def _written(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _put(wanted: dict[str, str]) -> None:
    """Make that the address."""
    now = time.monotonic()
    before = st.session_state.get(_WRITTEN, [])
    stood = [(now, written) for _, written in before[:1]]  # until now, however long ago it was written
    recent = [(then, written) for then, written in before[1:] if now - then < _ECHO_SECONDS]
    st.session_state[_WRITTEN] = [(now, wanted), *stood, *recent]  # before the address: a reader may end this run
    if dict(st.query_params) != wanted:
        st.query_params.from_dict(wanted)


def enter(page: str) -> None:
    """Begin a page's run: on arrival from another page, the address was opened by the reader, not written here."""
    st.session_state[_ARRIVED] = st.session_state.get(_PAGE) != page
    if st.session_state[_ARRIVED]:
        st.session_state[_PAGE] = page
        st.session_state.pop(_WRITTEN, None)


def has_arrived() -> bool:
    """Whether the reader comes to the page with this run of it."""
    return bool(st.session_state.get(_ARRIVED))


def _in_link(key: str) -> str | None:
    name = page_state.parameter(key)
    if name is None:
        return None
    return st.query_params.to_dict().get(name)  # its own `get` is slow where it is not there


def _is_ours(key: str, in_link: str | None) -> bool:
    """Whether this page wrote that: last, or what stood there a moment ago, so that the browser sends it once more
    while a reader's hand is on a slider. Where the reader goes back, all that is there was opened."""
    if _is_history_navigation():
        return False
    now, written = time.monotonic(), st.session_state.get(_WRITTEN, [])
    recent = [settings for then, settings in written[1:] if now - then < _ECHO_SECONDS]
    name = page_state.parameter(key)
    return any(settings.get(name) == in_link for settings in [settings for _, settings in written[:1]] + recent)
