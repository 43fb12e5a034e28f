"""Before the first sample: what there is to see here, each with a button that shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from charlab.labs import published
from charlab.runs.models import Model
from pages.parts.playground import settings_panel
from pages.parts.playground.stream_samples import MODES
from pages.parts.shared import present
from pages.parts.shared.safe_text import plain

_LESSONS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "Temperature 0",
        "Always the most likely one: all samples are the same, and soon go round in circles.",
        {"mode": MODES[0], "playground.temperature": 0.0},
    ),
    (
        "Many temperatures",
        "The same random numbers at 0.2 to 1.6: from dull to daring to random.",
        {"mode": MODES[1]},
    ),
    (
        "Several models",
        "The same prompt and random numbers for a small model and a large one.",
        {"mode": MODES[2]},
    ),
)


_LECTURE = {
    key if key in ("length", "samples") else f"playground.{key}": value for key, value in published.LECTURE.items()
}
_OF_ONE_MODEL: dict[str, tuple[tuple[str, str, dict[str, Any]], ...]] = {
    published.NAME: (
        (
            "Five continuations",
            f"Of “{published.PROMPT}”: 40 tokens each, at temperature 1 with top-p 0.9.",
            {"mode": MODES[0], "seed_text": published.PROMPT} | _LECTURE,
        ),
    )
}


def show(begin: Callable[[], None], prompt: str, model: Model) -> None:
    """Things to try, side by side; a button sets what it takes, and generates after `begin`. In Present mode a
    sentence on Generate."""
    lessons = (*_OF_ONE_MODEL.get(model.name, ()), *_LESSONS)
    if present.is_on():
        does = f"continues {plain(settings_panel.in_line(prompt))}" if prompt.strip() else "begins a text"
        st.markdown(f"**Press Generate**: the model {does}, one {model.vocab.unit} at a time.")
    with present.details("empty"):
        st.markdown(
            f"The model continues your prompt one {model.vocab.unit} at a time. **Press Generate**, or begin with "
            "one of these:"
        )
        for column, (title, what, settings) in zip(st.columns(len(lessons)), lessons, strict=True):
            column.button(
                title, icon=":material/play_arrow:", width="stretch", on_click=_try, args=(settings, begin)
            )
            column.caption(what)


def _try(settings: dict[str, Any], begin: Callable[[], None]) -> None:
    for key, value in settings.items():
        st.session_state[key] = value
    st.session_state.writing = True
    begin()
