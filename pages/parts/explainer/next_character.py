"""One step: the model's prediction at the chosen position, as bars and in numbers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import numpy as np
import streamlit as st

from charlab.charts import distribution
from charlab.core import sampling
from charlab.core.config import SampleConfig
from charlab.core.display import named
from charlab.core.reading import Reading
from charlab.export.reading_page import in_percent
from charlab.runs.models import Model
from pages.parts.explainer import evidence
from pages.parts.explainer.text_strip import alphabet, before, percent
from pages.parts.shared import present, sampling_inputs, url_state
from pages.parts.shared.chart import plotly_chart
from pages.parts.shared.safe_text import plain

_BARS, _HEIGHT = 8, 330  # pixels: few enough for two rows of labels, on a projector next to the text
_PRESENTED = 6  # bars in Present mode, whose letters are larger
_ROWS = 12  # of the table
_DRAWING = 0.05  # seconds that a browser gets to draw the bars before the address changes
_MOVED = "bars_moved"


def show(
    model: Model, reading: Reading, step: int, write_link: Callable[[], None], other: tuple[str, Reading] | None
) -> None:
    """The chosen position. Its sliders redraw only the bars; neither the network nor the rest of the page runs."""
    if step == 0:
        st.header("The first character")
        st.info("Before it the model has read nothing, so there is no prediction yet. Choose a later character.")
        return
    with st.container(gap="xsmall"):
        st.header(plain(f"Position {step + 1}: after “{before(reading.text, step)}”"))
        with present.details("figures"):
            st.markdown(plain(_figures(reading, step)))
        st.fragment(_bars)(model, reading, step, write_link)
    with present.details("evidence"):
        _more(model, reading, step, other)


def _more(model: Model, reading: Reading, step: int, other: tuple[str, Reading] | None) -> None:
    """What the bars mean in words, the other model's figures, tables, and the evidence for the prediction."""
    st.caption(plain(_in_words(reading, step)))
    if other and step < len(reading.text) and not np.isnan(other[1].bits[step - 1]):
        st.caption(plain(f"The other model, {other[0]}: {_figures(other[1], step)}"))
    with st.container(horizontal=True):
        with st.container(width="content"):
            st.fragment(_table)(model, reading, step)
        with st.popover("What am I looking at?"):
            st.markdown(
                "Each bar is a character that could come next; its length is the probability that the model gives "
                "it. The **orange outline** marks the actual character. Move a slider, and a second bar below "
                "each shows the sampling probability: after temperature, top-k and top-p. **Hatched** characters "
                "are cut off. The sliders change how text is *generated* from here, never what the model predicts."
            )
    evidence.counts_behind(model, reading.text[:step])
    evidence.in_the_corpus(model, reading, step)


def _bars(model: Model, reading: Reading, step: int, write_link: Callable[[], None]) -> None:
    """The distribution with its sliders: a fragment, which reruns alone when one is moved."""
    figure = st.container()
    first, others = st.columns([1, 2])
    second, third = present.details("cut-offs", others).columns(2)
    for setting in ("explainer.temperature", "explainer.top_k", "explainer.top_p"):
        url_state.read(setting)
    temperature = sampling_inputs.temperature("explainer.temperature", first, _moved)
    top_k = sampling_inputs.top_k("explainer.top_k", second, _moved)
    top_p = sampling_inputs.top_p("explainer.top_p", third, _moved)
    shown = _distribution(model, reading, step, temperature, top_k, top_p)
    most = _PRESENTED if present.is_on() else _BARS
    with figure:
        bars = distribution.bars(alphabet(model), *shown, "Predicted next character", most)
        plotly_chart(
            json.dumps(bars),
            key="bars",
            height=present.taller(_HEIGHT),
            label=_in_words(reading, step),
            filename=f"position-{step + 1}",
        )
    if st.session_state.pop(_MOVED, False):
        time.sleep(_DRAWING)
        write_link()


def _moved() -> None:
    st.session_state[_MOVED] = True


def _distribution(
    model: Model, reading: Reading, step: int, temperature: float, top_k: int, top_p: float
) -> tuple[np.ndarray, np.ndarray | None, int | None]:
    """Model probabilities [V], sampling probabilities [V] where they differ, the actual id."""
    config = SampleConfig(temperature=temperature, top_k=top_k, top_p=top_p)
    sampled = None
    if (config.temperature, config.top_k, config.top_p) != (1.0, None, None):
        sampled = sampling.sampling_probabilities(reading.logits[step - 1][None], config, model.vocab.unknown_id)[
            0
        ]
    actual = int(reading.next_ids[step - 1]) if step < len(reading.text) else None
    return reading.probabilities[step - 1], sampled, actual


def _table(model: Model, reading: Reading, step: int) -> None:
    """The bars as a table: a separate fragment, which a moved slider does not rerun."""
    with st.popover("As a table", on_change="rerun", key="bars_table") as opened:
        if opened.open:
            settings = (st.session_state[f"explainer.{name}"] for name in ("temperature", "top_k", "top_p"))
            shown = _distribution(model, reading, step, *settings)
            _rows(alphabet(model), *shown)


def _rows(
    characters: list[str], probabilities: np.ndarray, sampled: np.ndarray | None, actual: int | None
) -> None:
    shown = np.argsort(-probabilities, kind="stable")[:_ROWS].tolist()
    shown += [actual] if actual is not None and actual not in shown else []
    columns = {
        "character": [named(characters[i]) for i in shown],
        "model probability, %": percent(probabilities[shown]),
    }
    if sampled is not None:
        columns["sampling probability, %"] = percent(sampled[shown])
    columns["actual"] = ["actual" if i == actual else "" for i in shown]
    st.dataframe(columns, hide_index=True)


def _figures(reading: Reading, step: int) -> str:
    """Probability, surprise, rank and entropy at the chosen position, in a line."""
    t, entropy = step - 1, f"entropy {reading.entropies[step - 1]:.2f} bits"
    if step == len(reading.text) or np.isnan(reading.bits[t]):
        return entropy
    rank = f"rank {reading.ranks[t]:.0f} of {reading.probabilities.shape[1]}"
    share = f"probability {in_percent(reading.next_probabilities[t])}"
    return " · ".join((share, f"surprise {reading.bits[t]:.2f} bits", rank, entropy))


def _in_words(reading: Reading, step: int) -> str:
    entropy = reading.entropies[step - 1]
    uncertainty = f"The prediction was like choosing among {2**entropy:.1f} equally likely characters."
    if step == len(reading.text):
        return f"The text ends here, so the next character is open. {uncertainty}"
    character = named(reading.text[step])
    if np.isnan(reading.bits[step - 1]):
        return f"The actual character, “{character}”, is not in the model's alphabet. {uncertainty}"
    choice = _ordinal(int(reading.ranks[step - 1]))
    return f"The actual character, “{character}”, was the model's {choice} choice. {uncertainty}"


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
