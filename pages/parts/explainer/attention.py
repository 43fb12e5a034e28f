"""The attention of a Transformer: arcs back from the chosen position, one head's matrix, all heads."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from charlab.charts import internals
from charlab.core.display import named
from charlab.explain import probes
from charlab.explain.probes import Activations
from pages.parts.explainer.text_strip import choose_next
from pages.parts.shared import present, url_state
from pages.parts.shared.chart import plotly_chart
from pages.parts.shared.safe_text import plain


def show(activations: Activations, text: str, part: range, step: int, place: DeltaGenerator) -> dict[str, Any]:
    """One head's attention; `place` is for the choice of layer and head. Returns both, for the page's link."""
    layers = list(probes.attention(activations).values())
    url_state.read("layer", limits=(1, len(layers)))
    url_state.read("head", limits=(1, len(layers[0])))
    row = place.container(horizontal=True, width="content")
    layer = row.segmented_control(
        "Layer", range(1, len(layers) + 1), key="layer", required=True, persist_state="session", wrap=True
    )
    head = row.segmented_control(
        "Head", range(1, len(layers[0]) + 1), key="head", required=True, persist_state="session", wrap=True
    )
    weights = layers[layer - 1][head - 1]  # [T, T]
    here = weights[step - part.start, : step - part.start + 1]
    left, right = st.columns(2, gap="large")
    with left:
        _one_row(text, here, part)
        with present.details("heads"):
            _explanation(text, here, part)
            _heads_table(text, layers, part, step)
    with right:
        _matrix(text, weights, part, step)
    return {"layer": layer, "head": head}


def _one_row(text: str, here: np.ndarray, part: range) -> None:
    plotly_chart(
        internals.arcs_figure(text, here, part.start),
        key="arcs",
        height=present.taller(250),
        on_click=choose_next,
        filename="attention-arcs",
        label="Arcs from the last character read to the characters that the head looks at.",
    )


def _explanation(text: str, here: np.ndarray, part: range) -> None:
    position, share, distance = probes.attention_summary(here)
    apart = len(here) - 1 - position
    back = f"{apart} {'character' if apart == 1 else 'characters'} back" if apart else "the last character read"
    st.caption(
        plain(
            f"The greatest share, {share:.0%}, goes to “{named(text[part.start + position])}” at position "
            f"{part.start + position + 1}, {back}. On average the head looks {distance:.1f} characters back."
        )
    )
    with st.popover("What am I looking at?"):
        st.markdown(
            "For every character that it reads, a Transformer looks back at the characters before it and at the "
            "character itself. Several **heads** do this in parallel in every layer, each in its own way. A "
            "head's attention sums to 1. The bars show how it is divided; the wider an arc, the greater the "
            "share.\n\n**The limits.** Attention shows where information comes from, not what the network does "
            "with it, and every layer mixes it again: it does not explain why the model chose a character. The "
            f"model holds at most {len(part)} characters of this text at once and forgets older ones."
        )


def _matrix(text: str, weights: np.ndarray, part: range, step: int) -> None:
    plotly_chart(
        internals.attention_figure(text, weights, step, part.start),
        key="attention",
        height=620,
        on_click=partial(choose_next, axis="y"),
        filename="attention",
        label="Matrix: from every character (rows) to the characters it looks at (columns).",
    )
    words = (
        "Each row is a character just read, each column a character it looks at. The more a square stands out, "
        "the greater its share. The upper right is empty: nothing looks ahead. Click a row to choose it."
    )
    if part.start:
        words += (
            " When its context is full, the model reads the last half of it again and continues. "
            f"Here the context begins at position {part.start + 1}."
        )
    with present.details("matrix"):
        st.caption(words)


def _heads_table(text: str, layers: list[np.ndarray], part: range, step: int) -> None:
    with st.expander("Every head at this step as a table"):
        rows = []
        for layer, heads in enumerate(layers):
            for head, weights in enumerate(heads):
                position, share, distance = probes.attention_summary(
                    weights[step - part.start, : step - part.start + 1]
                )
                rows.append(
                    {
                        "layer": layer + 1,
                        "head": head + 1,
                        "looks most at": named(text[part.start + position]),
                        "at position": part.start + position + 1,
                        "characters back": step - part.start - position,
                        "share, %": round(100 * share, 1),
                        "mean distance, characters": round(distance, 1),
                    }
                )
        st.dataframe(rows, hide_index=True)
