"""What happened inside the model while it read: units that follow something, the gates, where attention went.

Models that can be looked into have a method `activations`; what is drawn follows from the names of its arrays.
As everywhere in the Explainer the model has read all before the chosen place (`st.session_state.step`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from charlab.core.display import visible
from charlab.core.reading import Reading
from charlab.explain import probes
from charlab.explain.probes import Activations
from charlab.runs.models import Model
from pages.parts.explainer import attention, hidden_units
from pages.parts.shared.safe_text import plain


def show(model: Model, reading: Reading) -> dict[str, Any]:
    """All there is to see inside at the chosen place; returns the settings that belong in the page's link."""
    if not hasattr(model.predictor, "activations"):
        st.info(
            "There is nothing to look into here: this model has no units and no attention. What it goes by are "
            "counts; they stand under “read”, beside the bars."
        )
        return {}
    step = st.session_state.step
    if step == 0:
        st.info("Before the first character the model has read nothing. Choose a later one in the text above.")
        return {}
    read = reading.text[max(0, step - 12) : step]
    told = "".join(visible(character) for character in read)
    st.markdown(plain(f"The model has read up to “{told}” and now guesses what comes."))
    activations, part = _trace(model, reading.text, step - 1)
    settings: dict[str, Any] = {}
    if probes.states(activations):
        settings |= hidden_units.show(model, activations, reading.text, step - 1)
    if probes.attention(activations):
        settings |= attention.show(activations, reading.text, part, step - 1)
    return settings


def unit_colours(
    model: Model, reading: Reading
) -> tuple[list[float | None], list[float | None], tuple[str, str], str] | None:
    """The strip coloured by the chosen unit: values and shades a cell, the scale's two ends, what is told.

    None where the model has no units, or nobody has asked for one yet.
    """
    asked = "unit" in st.session_state or "unit" in st.query_params or st.query_params.get("colour") == "unit"
    if not asked or not hasattr(model.predictor, "activations"):
        return None
    activations, _ = _trace(model, reading.text, 0)
    if not probes.states(activations):
        return None
    unit = hidden_units.chosen(model, activations, reading.text)
    values = probes.column(activations, unit)
    limit = max(float(np.abs(values).max()), 0.01)
    # The strip's last cell is the end, where nothing more is read.
    cells = [[*map(float, numbers), None] for numbers in (values, values / limit)]
    return cells[0], cells[1], (f"−{limit:.2f}", f"{limit:.2f}"), f"state of {unit.words}"


# What was computed, kept for everybody on the server


def _trace(model: Model, text: str, place: int) -> tuple[Activations, range]:
    """The named arrays of a text, and which part of it they belong to."""
    part = probes.window(model.predictor, len(text), place)
    return _traced(model.digest, text[part.start : part.stop], model), part


@st.cache_resource(show_spinner="Looking inside ...", max_entries=3)
def _traced(digest: str, text: str, _model: Model) -> Activations:
    """In half precision, finer than any pixel: 5,000 characters of two layers of 512 LSTM units are 61 MB."""
    activations = _model.predictor.activations(_model.vocab.encode(text).astype(np.int64))
    return {name: array.astype(np.float16) for name, array in activations.items()}
