"""Compare models: which other models, or which epochs of this one, continue the same prompt."""

from __future__ import annotations

import re

import streamlit as st

from charlab.runs import models
from charlab.runs.models import Model, ModelInfo
from pages.parts.shared import model_picker, url_state
from pages.parts.shared.safe_text import plain

MAX_MODELS = 3  # besides the one that is picked above


def pick(info: ModelInfo) -> list[Model]:
    """The picked model first, then up to three others of the reader's choice."""
    others = {other.name: other for other in models.available_models() if other.name != info.name}
    epochs = [name for name in models.find(info.name).weight_names() if name.startswith("epoch-")]
    choices = [*epochs, *others]
    url_state.read("beside", default=choices[:1])
    if missing := [name for name in st.session_state.beside if name not in choices and not _is_epoch(name)]:
        st.warning(plain(f"These models are not on this server: {', '.join(missing)}."))
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


def _is_epoch(name: str) -> bool:
    return re.fullmatch(r"epoch-\d+", name) is not None
