"""The live example on the home page: a built-in model generates text, with its next-character probabilities."""

from __future__ import annotations

import streamlit as st

from charlab.charts import distribution
from charlab.core.config import SampleConfig
from charlab.core.display import in_line
from charlab.core.generation import Step, generate
from charlab.runs.models import Model, ModelInfo
from pages.parts.shared import present
from pages.parts.shared.chart import plotly_chart
from pages.parts.shared.model_picker import load_model
from pages.parts.shared.safe_text import exact, plain

_CONFIG = SampleConfig(length=120, temperature=0.7, seed=7)
_BEFORE = 8  # characters in the title of the bars


def show(info: ModelInfo) -> None:
    model = load_model(info)
    is_paused = st.session_state.setdefault("example_paused", False)
    st.fragment(_tick, run_every=None if is_paused else 0.6)(model)
    st.button(
        "Play" if is_paused else "Pause",
        icon=":material/play_arrow:" if is_paused else ":material/pause:",
        type="tertiary",
        key="pause_example",
        on_click=_pause,
        args=(not is_paused,),
    )


def _pause(is_paused: bool) -> None:
    st.session_state.example_paused = is_paused


def _tick(model: Model) -> None:
    """Show one more character; start again after the last one."""
    steps = _steps(model.digest, model)
    place = min(st.session_state.get("example_place", 0), len(steps) - 1)
    text = model.seed_text + model.vocab.decode([step.ids[0] for step in steps[:place]])
    widths = [1, 1] if present.is_on() else [3, 2]  # large labels of bars need more room
    left, right = st.columns(widths, gap="medium" if present.is_on() else "large", vertical_alignment="center")
    with left, st.container(border=True):
        with present.details("example-caption"):
            st.caption(plain(f"{model.config.name} generates text, one character at a time:"))
        exact(text + "▌", height=170)
    with right:
        before = text[-_BEFORE:] if len(text) <= _BEFORE else f"…{text[-_BEFORE:]}"
        figure = _figure(model.digest, place, before, 5 if present.is_on() else 8, model)
        plotly_chart(figure, key="example", height=240, label="Probabilities of the next character, as bars.")
    if st.session_state.example_paused:
        return
    st.session_state.example_place = place + 1
    if st.session_state.example_place >= _CONFIG.length:
        st.session_state.example_place = 0  # start again


@st.cache_resource(show_spinner=False, max_entries=2 * _CONFIG.length)
def _figure(digest: str, place: int, before: str, most: int, _model: Model) -> str:
    """The bars before a character is chosen, as JSON: made once for everyone who watches."""
    step = _steps(digest, _model)[place]
    return distribution.bars_figure(
        _model.vocab.alphabet,
        step.model_probabilities[0],
        None,
        int(step.ids[0]),
        f"Next character after “{in_line(before)}”",
        most=most,
        mark="chosen",
    ).to_json()


@st.cache_resource(show_spinner=False, max_entries=4)
def _steps(digest: str, _model: Model) -> list[Step]:
    return list(generate(_model.predictor, _model.vocab, _model.seed_text, _CONFIG))
