"""One position: the model's prediction there, as bars and in numbers, which follows the reader in the browser."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from charlab.charts.base import plain_layout
from charlab.core.config import SampleConfig, settings
from pages.parts.explainer import evidence, follower, readings
from pages.parts.explainer.text_strip import Chosen
from pages.parts.shared import page_state, present, served_files, url_state
from pages.parts.shared.chart import frame
from pages.parts.shared.page_state import NOT_ALLOWED

_BARS, _HEIGHT = 8, 330  # pixels: few enough for two rows of labels, on a projector next to the text
_PRESENTED = 6  # bars in Present mode, whose letters are larger
_SAMPLING = ("temperature", "top_k", "top_p")
_LEFT_OUT = {"top_k": 0, "top_p": 1}  # values that links do not say
_STEPS = {"temperature": 0.05, "top_k": 1, "top_p": 0.05, "seed": 1}  # of the sliders
_DECLARED = settings(SampleConfig)
_mount = served_files.component("charlab_next", Path(__file__).with_suffix(".js"), isolate_styles=False)


def show(chosen: Chosen) -> None:
    """The chosen position. It moves in the browser, which tells of it when the page next runs."""
    bars = st.container()
    with present.details("evidence"):
        with st.popover("What am I looking at?"):
            st.markdown(_explanation(chosen.unit))
        if evidence.is_open():
            st.fragment(_evidence)(chosen)
        else:
            with st.container():  # as a fragment has one, too
                _evidence(chosen)
    data = {
        "reading": readings.address(chosen.model, chosen.reading),
        "other": _other(chosen),
        "length": len(chosen.reading.text),
        "place": place(),
        "limits": {name: limits(name) for name in _SAMPLING},
        "most": _PRESENTED if present.is_on() else _BARS,
        "layout": plain_layout(None, "probability"),
        "chart": frame(present.taller(_HEIGHT)),
    }
    with bars:
        _mount(key="bars", data=data, on_moved_change=partial(note, "bars"))


def _evidence(chosen: Chosen) -> None:
    """What the server shows of the position. Where it is open, this alone runs again once the reader rests."""
    step, text = min(st.session_state.step, len(chosen.reading.text)), chosen.reading.text
    if evidence.show(chosen.model, chosen.reading, step):
        follower.mount("asks", text, on_moved=partial(note, "asks"), step=step)


def place() -> dict[str, Any]:
    """What moves in the browser (place.js), as the server has it."""
    for name in _SAMPLING:
        url_state.read(f"explainer.{name}")
    return {"step": st.session_state.step} | {name: st.session_state[f"explainer.{name}"] for name in _SAMPLING}


def note(key: str) -> None:
    """The reader has moved in the browser, before this run of the page: the component `key` tells it."""
    url_state.follow(moved(st.session_state.get(key, {}).get("moved"), ("step", *_SAMPLING)))


def moved(said: Any, names: Iterable[str]) -> dict[str, Any]:
    """Put what a browser says into the session, where allowed; returns that as settings of the page's link."""
    noted = {}
    for name in names:
        setting = name if name == "step" else f"explainer.{name}"
        given = said.get(name) if isinstance(said, dict) else None
        value = page_state.allowed(page_state.row(setting), given)
        if value is not NOT_ALLOWED:
            st.session_state[setting] = value
            noted[setting] = None if value == _LEFT_OUT.get(name) else value
    return noted


def _other(chosen: Chosen) -> dict[str, Any] | None:
    """The other model's name and its reading in the positions of the first."""
    if not (chosen.other and chosen.other_model and chosen.whole_other):
        return None
    name, reading = chosen.other
    return {"name": name, "reading": readings.address(chosen.other_model, reading, chosen.whole_other.text)}


def limits(name: str) -> dict[str, Any]:
    """The attributes of a slider or a box for a number."""
    least, most = page_state.limits(f"explainer.{name}")
    return {"min": least, "max": most, "step": _STEPS[name], "title": _DECLARED[name].help}


def _explanation(unit: str) -> str:
    helped = "\n".join(f"- **{_DECLARED[name].label}**: {_DECLARED[name].help}" for name in _SAMPLING)
    words = (
        "Each bar is a character that could come next; its length is the probability that the model gives it. "
        "The **orange outline** marks the actual character. Move a slider, and a second bar below each shows the "
        "sampling probability: after temperature, top-k and top-p. **Hatched** characters are cut off. The "
        f"sliders change how text is *generated* from here, never what the model predicts.\n\n{helped}"
    )
    return words.replace("character", unit)
