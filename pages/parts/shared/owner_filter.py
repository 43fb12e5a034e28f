"""A choice above a picker: the entries of this browser alone, or everyone's."""

from __future__ import annotations

from typing import Any, TypeVar

import streamlit as st

from pages.parts.shared import page_state, url_state
from pages.parts.shared.page_state import EVERYONES, MINE

_Entry = TypeVar("_Entry")
_LABELS = {MINE: "Mine", EVERYONES: "Everyone's"}


def choose_owner(
    entries: dict[str, _Entry],
    mine: dict[str, _Entry],
    *,
    label: str,
    key: str,
    picked: str,
    help: str,
    place: Any = st,
) -> dict[str, _Entry]:
    """The entries to offer, by name: `mine` or all. Draws nothing where `mine` is empty or has all of them.

    `key` is the setting of the choice, `picked` that of the picker below, which never names what is not offered.
    """
    if not mine or len(mine) == len(entries):
        return entries
    url_state.read(key)
    if st.session_state[picked] is not None and st.session_state[picked] not in mine:
        st.session_state[key] = EVERYONES
    choice = place.segmented_control(
        label,
        page_state.choices(key),
        format_func=_LABELS.get,
        required=True,
        key=key,
        persist_state="session",
        wrap=True,
        help=help,
        on_change=_pick_one_of_mine,
        args=(mine, key, picked),
    )
    return mine if choice == MINE else entries


def _pick_one_of_mine(mine: dict[str, Any], key: str, picked: str) -> None:
    chosen = st.session_state.get(picked)
    if st.session_state[key] == MINE and chosen is not None and chosen not in mine:
        st.session_state[picked] = next(iter(mine))
