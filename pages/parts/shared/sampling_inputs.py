"""Temperature, top-k and top-p, as every page asks for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from charlab.core.config import SampleConfig, settings
from pages.parts.shared import page_state

_DECLARED = settings(SampleConfig)


def temperature(key: str, place: Any = st, on_change: Callable[[], None] | None = None) -> float:
    """A slider for the temperature, with that key."""
    return place.slider("Temperature", step=0.05, **_widget(key, "temperature", on_change))


def top_k(key: str, place: Any = st, on_change: Callable[[], None] | None = None) -> int:
    """How many characters may be drawn, in a box with that key; 0 is off."""
    return place.number_input("Top-k (0 is off)", **_widget(key, "top_k", on_change))


def top_p(key: str, place: Any = st, on_change: Callable[[], None] | None = None) -> float:
    """A slider for the sum of the probabilities that may be drawn, with that key; 1 is off."""
    return place.slider("Top-p (1 is off)", step=0.05, **_widget(key, "top_p", on_change))


def _widget(key: str, field: str, on_change: Callable[[], None] | None) -> dict[str, Any]:
    least, most = page_state.limits(key)
    return {
        "min_value": least,
        "max_value": most,
        "key": key,
        "persist_state": "session",
        "on_change": on_change,
        "help": _DECLARED[field].help,
    }
