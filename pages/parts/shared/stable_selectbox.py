"""A select box that knows its choice by name, so that its words may change while it stands there."""

from __future__ import annotations

from typing import Any

import streamlit as st


def select(label: str, titles: dict[str, str], *, key: str, place: Any = st) -> str:
    """Offer the names in `titles`, each in its words. The choice is st.session_state[key], which anybody may set.

    Streamlit's own box sends the words of its choice, and sends them with whatever else happens on the page. For a
    moment after a change they are still the old ones: words that a choice had before are known here too, and a
    choice that something else has set gets a new box, since what comes from the old one was chosen before.
    """
    box = st.session_state.setdefault(_box(key), {"number": 0, "choice": None, "names": {}})
    box["names"] |= {title: name for name, title in titles.items()}
    if box["choice"] != st.session_state[key]:
        box |= {"number": box["number"] + 1, "choice": st.session_state[key]}
    widget = f"{key}-{box['number']}"
    st.session_state[widget] = box["choice"]
    place.selectbox(label, titles, format_func=titles.get, key=widget, on_change=_take, args=(key, widget))
    return box["choice"]


def _take(key: str, widget: str) -> None:
    box, picked = st.session_state[_box(key)], st.session_state[widget]
    if widget == f"{key}-{box['number']}":
        st.session_state[key] = box["choice"] = box["names"].get(picked, picked)


def _box(key: str) -> str:
    return f"{key}_box"
