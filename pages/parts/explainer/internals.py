"""The inside of a model as it reads: units that track a feature, gates, attention.

Models that support this have a method `activations`; the names of its arrays decide what is drawn. As everywhere
in the Explainer, the model has read everything before the chosen position, which moves in the browser.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from charlab.core.predictor import HasActivations
from charlab.core.reading import Reading
from charlab.explain import probes
from charlab.runs.models import Model
from pages.parts.explainer import activations, attention, follower, hidden_units, next_character, readings
from pages.parts.shared import present


def show(model: Model, reading: Reading) -> dict[str, Any]:
    """Draw the inside of the model at the chosen position; returns the settings for the page's link."""
    row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom")
    with row:
        follower.mount(
            "said",
            reading.text,
            on_moved=partial(next_character.note, "said"),
            place={"step": st.session_state.step},
            reading=readings.address(model, reading),
            short=present.is_on(),  # beside the choice of a layer and a head
        )
    if not isinstance(model.predictor, HasActivations):
        st.info(
            "This model has no units and no attention to look at: it predicts from counts. Open “N-gram counts” "
            "in the view “Read” to see them."
        )
        return {}
    found, _ = activations.of(model, reading.text, max(0, st.session_state.step - 1))
    settings: dict[str, Any] = {}
    if probes.states(found):
        settings |= hidden_units.show(model, found, reading.text)
    if probes.attention(found):
        settings |= attention.show(model, found, reading.text, row)
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
    found, _ = activations.of(model, reading.text)
    if not probes.states(found):
        return None
    unit = hidden_units.chosen(model, found, reading.text)
    values = probes.column(found, unit)
    limit = max(float(np.abs(values).max()), 0.01)
    # The last cell is the end of the text, where the model reads nothing more.
    cells = [[*map(float, numbers), None] for numbers in (values, values / limit)]
    return cells[0], cells[1], (f"−{limit:.2f}", f"{limit:.2f}"), f"state of {unit.label}"
