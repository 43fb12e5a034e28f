"""The attention of a Transformer: arcs back from the chosen position, one head's matrix, all heads."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from charlab.charts import internals
from charlab.charts.base import SEQUENTIAL, literal
from charlab.core.display import isolated, named, visible
from charlab.explain import probes
from charlab.explain.probes import Activations
from charlab.runs.models import Model
from pages.parts.explainer import activations, follower
from pages.parts.shared import present, url_state
from pages.parts.shared.chart import frame, plotly_chart


def show(model: Model, found: Activations, text: str, place: DeltaGenerator) -> dict[str, Any]:
    """One head's attention; `place` is for the choice of layer and head. Returns both, for the page's link."""
    layers = list(probes.attention(found).values())
    url_state.read("layer", limits=(1, len(layers)))
    url_state.read("head", limits=(1, len(layers[0])))
    row = place.container(horizontal=True, width="content")
    layer = row.segmented_control(
        "Layer", range(1, len(layers) + 1), key="layer", required=True, persist_state="session", wrap=True
    )
    head = row.segmented_control(
        "Head", range(1, len(layers[0]) + 1), key="head", required=True, persist_state="session", wrap=True
    )
    parts = activations.parts(model, text)
    left, right = st.columns(2, gap="large")
    with left:
        _one_row(model, text, parts, layer, head, len(layers))
        with present.details("heads"):
            _explanation(max(stop - start for _, start, stop in parts), model.vocab.unit)
    with right:
        _matrix(model, text, parts, layer, head)
    return {"layer": layer, "head": head}


def _one_row(model: Model, text: str, parts: list, layer: int, head: int, layers: int) -> None:
    """Where the last character read looks, in a picture and in words; every head as a table."""
    figure = internals.arcs_figure(text, np.full(1, 1.0), unit=model.vocab.unit)
    follower.mount(
        "arcs",
        text,
        parts=parts,
        weights=activations.address(model, text, "weights", layer=layer, head=head, at="{at}"),
        heads=activations.address(model, text, "heads", at="{at}"),
        layer=layer,
        head=head,
        layers=layers,
        unit=model.vocab.unit,
        characters=list(text),
        letters=letters(text),
        leftward=[c for c in sorted(set(text)) if isolated(c) != c],
        most=internals.MAX_LOOK_BACK,
        thinnest=internals.THINNEST_ARC,
        colours=[colour for _, colour in SEQUENTIAL],
        figure=figure.to_json(),
        chart=frame(present.taller(250))
        | {"label": "Arcs from what was read last to what the head looks at.", "filename": "attention-arcs"},
    )


def letters(text: str) -> dict[str, tuple[str, str, str]]:
    """What stands for each character at an axis and under the pointer, both in Plotly's markup, and in words."""
    return {c: (literal(visible(c)), literal(named(c)), named(c)) for c in sorted(set(text))}


def _explanation(context: int, unit: str) -> None:
    with st.popover("What am I looking at?"):
        words = (
            "For every character that it reads, a Transformer looks back at the characters before it and at the "
            "character itself. Several **heads** do this in parallel in every layer, each in its own way. A "
            "head's attention sums to 1. The bars show how it is divided; the wider an arc, the greater the "
            "share.\n\n**The limits.** Attention shows where information comes from, not what the network does "
            "with it, and every layer mixes it again: it does not explain why the model chose a character. The "
            f"model holds at most {context} characters of this text at once and forgets older ones."
        )
        st.markdown(words.replace("character", unit))


def _matrix(model: Model, text: str, parts: list, layer: int, head: int) -> None:
    address = activations.address(model, text, "matrix", layer=layer, head=head, at="{at}", first="{first}")
    plotly_chart(
        {"address": address, "length": len(text), "most": internals.MAX_MATRIX, "parts": parts},
        key="attention",
        height=620,
        follows=True,
        filename="attention",
        label=f"Matrix: from every {model.vocab.unit} (rows) to the {model.vocab.unit}s it looks at (columns).",
    )
    with present.details("matrix"):
        unit = model.vocab.unit
        st.caption(
            f"Each row is a {unit} just read, each column a {unit} it looks at. The more a square stands out, the "
            "greater its share. The upper right is empty: nothing looks ahead. Click a row to choose it."
        )
        follower.mount("context", text, parts=parts)
