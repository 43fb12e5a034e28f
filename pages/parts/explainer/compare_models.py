"""A second model on the same text: which one to compare with, and where the two differ."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from charlab.charts import along_text
from charlab.core.display import named
from charlab.core.reading import Reading
from charlab.explain import evidence
from charlab.labs import published
from charlab.runs.models import Model, ModelInfo
from pages.parts.explainer import readings
from pages.parts.shared import gone, url_state
from pages.parts.shared.chart import plotly_chart
from pages.parts.shared.model_picker import labels, load_model
from pages.parts.shared.safe_text import plain

_NONE = ""


def pick(info: ModelInfo, notice: Any) -> ModelInfo | None:
    """A select box of all other models; None if the reader chooses none. That one was deleted is said in
    `notice`."""
    others = {other.name: other for other in published.survey()[0] if other.name != info.name}
    if not others:
        st.session_state.pop("other", None)
        return None
    gone.tell_of_others("other", {info.name, _NONE, *others}, "model", notice)
    url_state.read("other", choices=[_NONE, *others])
    titles = {_NONE: "No other model"} | labels(others.values())
    name = st.selectbox(
        "Compare with", titles, key="other", persist_state="session", on_change=_recolour, format_func=titles.get
    )
    return others.get(name)


def load(info: ModelInfo | None) -> Model | None:
    return load_model(info) if info else None


def show(models: tuple[Model, Model], reading: Reading, other: Reading) -> None:
    """Both means on the same characters, and the difference along the text."""
    names, unit = (models[0].config.name, models[1].config.name), models[0].vocab.unit
    st.header("Two models on this text")
    found = evidence.difference(reading, other)
    if not found.characters:
        st.info(f"The text has no {unit} that both models can score.")
        return
    left, right = st.columns([2, 3], gap="large")
    with left:
        row = st.container(horizontal=True, gap="medium")
        row.metric(plain(names[0]), f"{found.mean:.2f} bits", width="content")
        row.metric(plain(names[1]), f"{found.other_mean:.2f} bits", width="content")
        apart = found.other_mean - found.mean
        better = names[0] if apart > 0 else names[1]
        verdict = f"{better} predicted this text better, by {abs(apart):.2f} bits per {unit}."
        st.markdown(
            plain(
                f"Mean surprise in bits per {unit}, on the {found.characters:,} {unit}s that both models "
                "can score. " + (verdict if abs(apart) >= 0.005 else "Both predicted this text equally well.")
            )
        )
        _alphabets(models, len(reading.bits) - found.characters)
    with right:
        digests = (models[0].digest, models[1].digest)
        draw = lambda: along_text.difference_figure(reading.text, found.bits, names, unit).to_json()  # noqa: E731
        plotly_chart(
            readings.figure(("difference", digests, names, reading.text), draw),
            key="difference",
            height=300,
            follows=True,
            filename="difference",
            label="By how many bits the first model was less surprised than the other at each position.",
        )
        _most_different(found.bits, names)
        _table(names, reading, other, found.bits)


def _alphabets(models: tuple[Model, Model], left_out: int) -> None:
    """A warning if the two do not choose among the same characters."""
    if models[0].vocab == models[1].vocab or models[0].vocab.unit != models[1].vocab.unit:
        return
    sizes = [f"{len(model.vocab.characters)}" for model in models]
    words = (
        f"Their alphabets differ ({sizes[0]} and {sizes[1]} distinct characters): choosing among fewer is the "
        "easier task, so compare with care."
    )
    if left_out:
        words += f" {left_out:,} characters that one of them does not know are left out."
    st.caption(words)


def _most_different(bits: np.ndarray, names: tuple[str, str]) -> None:
    """The position where the two differ most, as a sentence."""
    t = int(np.nanargmax(np.abs(bits)))
    better = names[0] if bits[t] > 0 else names[1]
    words = f"They differ most at position {t + 2}, by {abs(bits[t]):.1f} bits: {better} was better there. "
    st.caption(plain(words + "Click the line to choose a position."))


def _table(names: tuple[str, str], reading: Reading, other: Reading, bits: np.ndarray) -> None:
    with st.expander("As a table", on_change="rerun", key="difference_table") as opened:
        if not opened.open:
            return
        first, second = names if names[0] != names[1] else (f"{names[0]} (1)", f"{names[1]} (2)")
        st.dataframe(
            {
                "position": list(range(2, len(reading.text) + 1)),
                "character": [named(character) for character in reading.text[1:]],
                f"surprise of {first}, bits": np.round(reading.bits, 2),
                f"surprise of {second}, bits": np.round(other.bits, 2),
                "difference, bits": np.round(bits, 2),
            },
            hide_index=True,
        )


def _recolour() -> None:
    """Colour the text by the difference once there is another model to compare with."""
    st.session_state.colour = "difference" if st.session_state.other else "surprise"
