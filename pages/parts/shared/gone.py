"""Runs, models and texts that were deleted while a page showed them, or that a link names in vain: a sentence."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import streamlit as st

from pages.parts.shared import url_state
from pages.parts.shared.safe_text import plain

_EPOCH = re.compile(r"epoch-\d+")  # weights of the model itself


def is_gone(key: str, titles: Mapping[str, str], what: str) -> bool:
    """Whether the run or the model that this page showed as its `key` is none of `titles`, by name, any more.

    Then a sentence says so, and st.session_state[key] is None until the reader chooses another one. What a link
    names and the server does not have counts as shown.
    """
    seen: dict[str, str] = st.session_state.setdefault("seen_titles", {})
    seen.update(titles)
    lost: dict[str, str] = st.session_state.setdefault("gone_choices", {})
    chosen, in_link = st.session_state.get(key), url_state.opened(key)
    if in_link:
        chosen = in_link
        if in_link not in titles:
            seen.setdefault(in_link, "")
            url_state.drop(key)  # it would stand in the way of the next choice
    if isinstance(chosen, str) and chosen in seen and chosen not in titles:
        lost[key] = chosen
    elif chosen is not None:
        lost.pop(key, None)
    if key not in lost:
        return False
    st.session_state[key] = None
    title, by = seen[lost[key]], " by the teacher" if lost[key] in _deleted_by_teacher() else ""
    deleted = f"{what} “{title}” was deleted{by}." if title else _of_link(what)
    st.info(plain(f"{deleted} Choose another one." if titles else deleted))
    return True


def tell_of_others(key: str, there: Collection[str], what: str, place: Any) -> None:
    """Say in `place` which of the runs or models that this page compares with, those of the setting `key`, are not
    `there`."""
    chosen, opened = url_state.value(key) or [], url_state.opened(key)
    seen: dict[str, str] = st.session_state.get("seen_titles", {})
    for name in opened.split(",") if opened else [chosen] if isinstance(chosen, str) else chosen:
        if name in there or _EPOCH.fullmatch(name):
            continue
        if seen.get(name):
            by = " by the teacher" if name in _deleted_by_teacher() else ""
            place.caption(plain(f"“{seen[name]}” was deleted{by}, and is no longer compared."))
        else:
            place.caption(f"A {what} of this link is not here, and is not compared.")


def replaced(key: str, titles: Mapping[str, str], what: str, instead: str) -> str:
    """A sentence where what this page or a link chose as `key` is none of `titles`, by name, and the page takes
    `instead`; "" where it is one of them. To be called before the setting is read."""
    seen: dict[str, str] = st.session_state.setdefault("seen_titles", {})
    seen.update(titles)
    chosen = url_state.opened(key) or st.session_state.get(key)
    if not isinstance(chosen, str) or chosen in titles:
        return ""
    lost = f"{what} “{seen[chosen]}” was deleted." if seen.get(chosen) else _of_link(what)
    return f"{lost} “{titles[instead]}” is selected instead."


def _of_link(what: str) -> str:
    return f"The {what.lower()} of this link is not here."


def note_deletion(name: str) -> None:
    """Remember, for every page of this server, that the teacher deleted somebody else's run."""
    _deleted_by_teacher().add(name)


@st.cache_resource(show_spinner=False)
def _deleted_by_teacher() -> set[str]:
    return set()
