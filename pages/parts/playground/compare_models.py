"""Compare models: which other models, or which epochs of this one, continue the same prompt."""

from __future__ import annotations

from typing import Any

import streamlit as st

from charlab.labs import published
from charlab.runs.models import Model, ModelInfo
from pages.parts.shared import gone, model_picker, url_state

MAX_MODELS = 3  # besides the one that is picked above


def pick(info: ModelInfo, notice: Any) -> list[Model]:
    """The picked model first, then up to three others of the reader's choice. What became of one that was
    deleted is said in `notice`."""
    others = {other.name: other for other in published.survey()[0] if other.name != info.name}
    epochs = [name for name in published.weight_names(info.name) if name.startswith("epoch-")]
    choices = [*epochs, *others]
    gone.tell_of_others("beside", {info.name, *choices}, "model", notice)
    url_state.read("beside", default=choices[:1])
    kept = [name for name in st.session_state.beside if name in choices][:MAX_MODELS]
    st.session_state.beside = kept or choices[:1]
    if not choices:
        st.info("There is no other model, and no saved epochs of this one, to compare with. Train another model.")
        return [model_picker.load_model(info)]
    titles = {name: f"Epoch {int(name.removeprefix('epoch-'))} of this model" for name in epochs}
    titles |= model_picker.labels(others.values())
    chosen = st.multiselect(
        "Compare with",
        choices,
        format_func=titles.get,
        key="beside",
        persist_state="session",
        select_all=False,
        max_selections=MAX_MODELS,
        wrap=True,
        placeholder="Other models, or epochs of this one",
        help="Up to three. All continue the same prompt with the same random numbers.",
    )
    load = model_picker.load_model
    loaded = [load(others[name]) if name in others else load(info, name) for name in chosen]
    return [model_picker.load_model(info), *loaded]
