"""Runs and models that were deleted while a page showed them: a sentence, and no other one in their place."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import streamlit as st

from pages.parts.shared import url_state
from pages.parts.shared.safe_text import plain


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
    deleted = f"{what} “{title}” was deleted{by}." if title else f"The {what.lower()} of this link is not here."
    st.info(plain(f"{deleted} Choose another one." if titles else deleted))
    return True


def tell_of_others(names: Collection[str], there: Collection[str]) -> None:
    """Say which of the runs that this page compares with are not `there` any more."""
    seen = st.session_state.get("seen_titles", {})
    for name in names:
        if name in seen and name not in there:
            by = " by the teacher" if name in _deleted_by_teacher() else ""
            which = f"“{seen[name]}”" if seen[name] else "A run of this link"
            st.caption(plain(f"{which} was deleted{by}, and is no longer compared."))


def note_deletion(name: str) -> None:
    """Remember, for every page of this server, that the teacher deleted somebody else's run."""
    _deleted_by_teacher().add(name)


@st.cache_resource(show_spinner=False)
def _deleted_by_teacher() -> set[str]:
    return set()
