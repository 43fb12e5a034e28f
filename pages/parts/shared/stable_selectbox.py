"""A select box that knows its choice by name, so that its labels may change while it is on the page."""

from __future__ import annotations

from typing import Any

import streamlit as st


def select(label: str, titles: dict[str, str], *, key: str, place: Any = st, **more: Any) -> str | None:
    """Offer the names in `titles`, each by its title. The choice is st.session_state[key], which any code may set;
    None is no choice yet. `more` is what st.selectbox takes besides.

    Streamlit's own box sends the title of its choice, with whatever else happens on the page. For a moment after a
    change that is still the old title: earlier titles of a choice are understood too, and a choice that something
    else has set gets a new box, since the old one would still send the choice before it.
    """
    box = st.session_state.setdefault(_box(key), {"number": 0, "choice": None, "names": {}})
    box["names"] |= {title: name for name, title in titles.items()}
    if box["choice"] != st.session_state[key]:
        box |= {"number": box["number"] + 1, "choice": st.session_state[key]}
    widget = f"{key}-{box['number']}"
    st.session_state[widget] = box["choice"]
    place.selectbox(label, titles, format_func=titles.get, key=widget, on_change=_take, args=(key, widget), **more)
    return box["choice"]


def unique_titles(titles: dict[str, str]) -> dict[str, str]:
    """The same titles, with a number after one that an earlier name has already."""
    unique: dict[str, str] = {}
    taken: set[str] = set()
    numbers: dict[str, int] = {}  # the last one of each title that several have
    for name, title in titles.items():
        numbered = title
        while numbered in taken:
            numbers[title] = numbers.get(title, 1) + 1
            numbered = f"{title} ({numbers[title]})"
        taken.add(numbered)
        unique[name] = numbered
    return unique


def _take(key: str, widget: str) -> None:
    box, picked = st.session_state[_box(key)], st.session_state[widget]
    if widget == f"{key}-{box['number']}":
        st.session_state[key] = box["choice"] = box["names"].get(picked, picked)


def _box(key: str) -> str:
    return f"{key}_box"
