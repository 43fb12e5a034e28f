"""One step: what the model expected in the chosen place, in bars and in numbers."""

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
from charlab.runs.models import Model
from pages.parts.explainer import evidence
from pages.parts.explainer.text_strip import alphabet, before, percent
from pages.parts.shared import page_state, url_state
from pages.parts.shared.chart import plotly_chart
from pages.parts.shared.safe_text import plain

_BARS = 12  # few enough for two rows of labels
_DRAWING = 0.05  # seconds that a browser gets for the bars before a new address has it go over the whole page
_MOVED = "bars_moved"


def show(
    model: Model, reading: Reading, step: int, write_link: Callable[[], None], other: tuple[str, Reading] | None
) -> None:
    """The chosen place. Its sliders redraw the bars alone: neither the network nor the rest of the page runs."""
    if step == 0:
        st.subheader("The first character")
        st.info("Before it the model has read nothing, so it expected nothing yet. Choose a later character.")
        return
    st.subheader(plain(f"After “{before(reading.text, step)}”"))
    _figures(reading, step, other)
    st.fragment(_bars)(model, reading, step, write_link)
    with st.container(horizontal=True):
        with st.container(width="content"):
            st.fragment(_table)(model, reading, step)
        with st.popover("What am I looking at"):
            st.markdown(
                "Each bar is a character that could come next; its length is the probability that the model gave "
                "it. The **orange outline** is the one that really came. Move a slider, and a second bar under it "
                "shows the probability that is left after temperature and cut-offs; **hatched** is what they cut "
                "off. The sliders change how one would *write* from here, never what the model thinks."
            )
    evidence.counts_behind(model, reading.text[:step])
    evidence.in_the_corpus(model, reading, step)


def _bars(model: Model, reading: Reading, step: int, write_link: Callable[[], None]) -> None:
    """The distribution with its sliders: a fragment, which runs alone when one is moved."""
    picture = st.container()
    first, second, third = st.columns(3)
    for setting in ("explainer.temperature", "explainer.top_k", "explainer.top_p"):
        url_state.read(setting)
    temperature = first.slider(
        "Temperature",
        *page_state.limits("explainer.temperature"),
        step=0.05,
        key="explainer.temperature",
        persist_state="session",
        on_change=_moved,
        help="0 always takes the likeliest, 1 is the model as it is, 2 is nearly dice.",
    )
    top_k = second.number_input(
        "Top-k (0 is off)",
        *page_state.limits("explainer.top_k"),
        key="explainer.top_k",
        persist_state="session",
        on_change=_moved,
        help="Only the k likeliest characters.",
    )
    top_p = third.slider(
        "Top-p (1 is off)",
        *page_state.limits("explainer.top_p"),
        step=0.05,
        key="explainer.top_p",
        persist_state="session",
        on_change=_moved,
        help="Only the fewest characters whose probabilities reach p together.",
    )
    own, shaped, actual = _distribution(model, reading, step, temperature, top_k, top_p)
    with picture:
        bars = distribution.bars(alphabet(model), own, shaped, actual, "What it expected next", _BARS)
        plotly_chart(
            json.dumps(bars), key="bars", height=540, label=_in_words(reading, step), filename=f"step-{step}"
        )
    if st.session_state.pop(_MOVED, False):
        time.sleep(_DRAWING)
        write_link()


def _moved() -> None:
    st.session_state[_MOVED] = True


def _distribution(
    model: Model, reading: Reading, step: int, temperature: float, top_k: int, top_p: float
) -> tuple[np.ndarray, np.ndarray | None, int | None]:
    """The model's own probabilities [V], those that the settings leave where they change any, and what came."""
    config = SampleConfig(temperature=temperature, top_k=top_k or None, top_p=top_p if top_p < 1 else None)
    shaped = None
    if (config.temperature, config.top_k, config.top_p) != (1.0, None, None):
        shaped = sampling.sampling_probabilities(reading.logits[step - 1][None], config, model.vocab.unknown_id)[0]
    actual = int(reading.next_ids[step - 1]) if step < len(reading.text) else None
    return reading.probabilities[step - 1], shaped, actual


def _table(model: Model, reading: Reading, step: int) -> None:
    """The bars in words: a fragment of its own, which a moved slider leaves alone."""
    with st.popover("As a table", on_change="rerun", key="bars_table") as opened:
        if opened.open:
            settings = (st.session_state[f"explainer.{name}"] for name in ("temperature", "top_k", "top_p"))
            shown = _distribution(model, reading, step, *settings)
            _rows(alphabet(model), *shown)


def _rows(characters: list[str], own: np.ndarray, shaped: np.ndarray | None, actual: int | None) -> None:
    shown = np.argsort(-own, kind="stable")[:_BARS].tolist()
    shown += [actual] if actual is not None and actual not in shown else []
    columns = {"character": [named(characters[i]) for i in shown], "the model's own, %": percent(own[shown])}
    if shaped is not None:
        columns["after temperature and cut-offs, %"] = percent(shaped[shown])
    columns["came"] = ["came" if i == actual else "" for i in shown]
    st.dataframe(columns, hide_index=True)


def _figures(reading: Reading, step: int, other: tuple[str, Reading] | None) -> None:
    """Probability, surprise, rank and entropy of the chosen place, and what they mean in a sentence."""
    t = step - 1
    entropy = reading.entropies[t]
    row = st.container(horizontal=True, gap="medium")
    if step < len(reading.text) and not np.isnan(reading.bits[t]):
        row.metric("Probability", _share(reading.next_probabilities[t]), width="content")
        row.metric("Surprise", f"{reading.bits[t]:.2f} bits", width="content")
        row.metric("Rank", f"{reading.ranks[t]:.0f} of {reading.probabilities.shape[1]}", width="content")
    row.metric("Entropy", f"{entropy:.2f} bits", width="content")
    st.caption(plain(_in_words(reading, step)))
    if other and step < len(reading.text) and not np.isnan(other[1].bits[t]):
        name, read = other
        st.caption(
            plain(
                f"The other model, {name}: probability {_share(read.next_probabilities[t])}, surprise "
                f"{read.bits[t]:.2f} bits, rank {read.ranks[t]:.0f} of {read.probabilities.shape[1]}, "
                f"entropy {read.entropies[t]:.2f} bits."
            )
        )


def _in_words(reading: Reading, step: int) -> str:
    entropy = reading.entropies[step - 1]
    sure = f"Before it the model was as unsure as among {2**entropy:.1f} equally likely characters."
    if step == len(reading.text):
        return f"What comes next is open: the text ends here. {sure}"
    character = named(reading.text[step])
    if np.isnan(reading.bits[step - 1]):
        return f"“{character}” came, which the model's alphabet does not have, so without a figure. {sure}"
    return f"“{character}” came, its {_ordinal(int(reading.ranks[step - 1]))} choice. {sure}"


def _share(probability: float) -> str:
    return f"{probability:.3f}" if probability >= 0.001 else f"{probability:.1e}"


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
