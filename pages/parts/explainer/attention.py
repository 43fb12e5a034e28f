"""Where the attention of a Transformer went: arcs from the chosen place back, the matrix of a head, all heads."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from charlab.charts import internals
from charlab.core.display import named
from charlab.explain import probes
from charlab.explain.probes import Activations
from pages.parts.explainer.text_strip import choose
from pages.parts.shared import url_state
from pages.parts.shared.chart import plotly_chart
from pages.parts.shared.safe_text import plain


def show(activations: Activations, text: str, part: range, step: int) -> dict[str, Any]:
    layers = list(probes.attention(activations).values())
    url_state.read("layer", limits=(1, len(layers)))
    url_state.read("head", limits=(1, len(layers[0])))
    row = st.container(horizontal=True)
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
        _one_row(text, here, part, step)
        _heads_table(text, layers, part, step)
    with right:
        _matrix(text, weights, part, step)
    return {"layer": layer, "head": head}


def _one_row(text: str, here: np.ndarray, part: range, step: int) -> None:
    place, share, back = probes.looks_back(here)
    apart = len(here) - 1 - place
    plotly_chart(
        internals.arcs_figure(text, here, part.start),
        key="arcs",
        height=360,
        on_click=_choose_column,
        filename="attention-arcs",
        label="Arcs from the last character read to those that the head looks at.",
    )
    st.caption(
        plain(
            f"The greatest share, {share:.0%}, goes to “{named(text[part.start + place])}”, {apart} "
            f"{'character' if apart == 1 else 'characters'} back; on average it looks {back:.1f} characters back."
        )
    )
    with st.popover("What am I looking at"):
        st.markdown(
            "For every character that it reads a Transformer looks back at the characters before it, and at the "
            "character itself. Several **heads** do that side by side in every layer, each in its own way. A "
            "head's attention adds up to 1; the bars say how it is shared out, the arcs show it, the wider the "
            "more.\n\n"
            "**The limits.** Attention says where numbers were fetched from, not what was done with them, and it "
            "is mixed again in every layer: it is no explanation of why the model chose a character. "
            f"The model holds at most {len(part)} characters of this text at once; what is older is forgotten."
        )


def _matrix(text: str, weights: np.ndarray, part: range, step: int) -> None:
    plotly_chart(
        internals.attention_figure(text, weights, step, part.start),
        key="attention",
        height=620,
        on_click=_choose_row,
        filename="attention",
        label="Matrix: from every character (rows) to those it looked at.",
    )
    st.caption(
        "Each row is a character just read, each column one that it looked at; the more it stands out, the more. "
        "The upper right is empty: nothing looks ahead. Click a row to choose it."
    )
    if part.start:
        st.caption(
            f"The model's context is full at times: it then reads its last half again and goes on. Here it began "
            f"at character {part.start + 1}."
        )


def _heads_table(text: str, layers: list[np.ndarray], part: range, step: int) -> None:
    with st.expander("Every head at this step as a table"):
        rows = []
        for layer, heads in enumerate(layers):
            for head, weights in enumerate(heads):
                place, share, back = probes.looks_back(weights[step - part.start, : step - part.start + 1])
                rows.append(
                    {
                        "layer": layer + 1,
                        "head": head + 1,
                        "looks most at": named(text[part.start + place]),
                        "characters back": step - part.start - place,
                        "share": round(share, 3),
                        "mean distance, characters": round(back, 1),
                    }
                )
        st.dataframe(rows, hide_index=True)


# A figure's column t is the network after reading text[t]: what it guesses next stands at t + 1.


def _choose_column(click: dict[str, Any]) -> None:
    if isinstance(click["x"], int) and click["x"] >= 0:
        choose(click["x"] + 1)


def _choose_row(click: dict[str, Any]) -> None:
    if isinstance(click["y"], int) and click["y"] >= 0:
        choose(click["y"] + 1)
