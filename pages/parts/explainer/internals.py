"""The inside of a model as it reads: units that track a feature, gates, attention.

Models that support this have a method `activations`; the names of its arrays decide what is drawn. As everywhere
in the Explainer, the model has read everything before the chosen position (`st.session_state.step`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from charlab.core.display import in_line
from charlab.core.predictor import HasActivations
from charlab.core.reading import Reading
from charlab.explain import probes
from charlab.explain.probes import Activations
from charlab.runs.models import Model
from pages.parts.explainer import attention, hidden_units
from pages.parts.shared.safe_text import plain
from pages.parts.shared.shared_cache import SharedCache

_ACTIVATIONS: SharedCache[Activations] = SharedCache(96 * 2**20)


def show(model: Model, reading: Reading) -> dict[str, Any]:
    """Draw the inside of the model at the chosen position; returns the settings for the page's link."""
    if not isinstance(model.predictor, HasActivations):
        st.info(
            "This model has no units and no attention to look at: it predicts from counts. Open “N-gram counts” "
            "in the view “Read” to see them."
        )
        return {}
    step = st.session_state.step
    if step == 0:
        st.info(
            "Before the first character the model has read nothing. Choose a later character in the text above."
        )
        return {}
    context = in_line(reading.text[max(0, step - 12) : step])
    row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom")
    row.markdown(
        plain(f"The model has read up to “{context}” and now predicts the next character."), width="content"
    )
    activations, part = _activations(model, reading.text, step - 1)
    settings: dict[str, Any] = {}
    if probes.states(activations):
        settings |= hidden_units.show(model, activations, reading.text, step - 1)
    if probes.attention(activations):
        settings |= attention.show(activations, reading.text, part, step - 1, row)
    return settings


def unit_colours(
    model: Model, reading: Reading
) -> tuple[list[float | None], list[float | None], tuple[str, str], str] | None:
    """Colours of the text by the chosen unit: values and shades per cell, the two ends of the scale, and a unit.

    None if the model has no units, or the reader has not asked for one yet.
    """
    asked = "unit" in st.session_state or "unit" in st.query_params or st.query_params.get("colour") == "unit"
    if not asked or not isinstance(model.predictor, HasActivations):
        return None
    activations, _ = _activations(model, reading.text, 0)
    if not probes.states(activations):
        return None
    unit = hidden_units.chosen(model, activations, reading.text)
    values = probes.column(activations, unit)
    limit = max(float(np.abs(values).max()), 0.01)
    # The last cell is the end of the text, where the model reads nothing more.
    cells = [[*map(float, numbers), None] for numbers in (values, values / limit)]
    return cells[0], cells[1], (f"−{limit:.2f}", f"{limit:.2f}"), f"state of {unit.label}"


def _activations(model: Model, text: str, position: int) -> tuple[Activations, range]:
    """A model's activations, and the part of the text that they belong to."""
    part = probes.context_window(model.predictor, len(text), position)
    shown = text[part.start : part.stop]
    compute = lambda: _computed(model, shown)  # noqa: E731
    return _ACTIVATIONS.get((model.digest, shown), compute, st.spinner("Looking inside ...")), part


def _computed(model: Model, text: str) -> Activations:
    """In half precision, finer than a pixel: 5,000 characters of two layers of 512 LSTM units take 61 MB."""
    activations = model.predictor.activations(model.vocab.encode(text).astype(np.int64))
    return {name: array.astype(np.float16) for name, array in activations.items()}
