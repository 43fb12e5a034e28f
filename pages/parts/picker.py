"""Which model: one picker for every page, and each model loaded once for everybody on the server."""

from __future__ import annotations

import streamlit as st

from charlab import library
from charlab.errors import CharlabError
from charlab.library import Model, ModelInfo
from pages.parts import link
from pages.parts.words import plain


def pick_model(key: str = "model") -> ModelInfo | None:
    """A select box of all models, the starters first; None, with what to do, where there is none."""
    models = {info.name: info for info in library.models()}
    if not models:
        st.info("There is no model on this server yet. Train one on the Train page: it takes a minute.")
        st.page_link("train.py", label="Train a model", icon=":material/trending_down:")
        return None
    wanted = st.query_params.get(key) or st.session_state.get(key)
    if wanted and wanted not in models:
        st.warning(f"The model {plain(wanted)} is not on this server. Here is another one.")
    if st.session_state.get(key) not in models:
        st.session_state.pop(key, None)
    link.read(key, next(iter(models)), options=models)
    name = st.selectbox("Model", models, format_func=lambda name: describe(models[name]), key=key)
    return models[name]


def describe(info: ModelInfo) -> str:
    """A model in one line, the telling figure first: pickers cut what is long."""
    bits = f"{info.bits:.2f} bits · " if info.bits is not None else ""
    state = "" if info.state == "done" else f" · {info.state}"
    where = " · starter" if info.where == "starter" else ""
    return f"{bits}{info.title}{where}{state}"


def load_model(info: ModelInfo, which: str = "best") -> Model:
    """The model behind a picker's choice, with its best weights or those of an epoch ("epoch-003").

    Shows why and ends the page's run where it cannot be loaded.
    """
    try:
        return _load(info.name, which, library.stamp(info.name))
    except CharlabError as error:
        st.error(plain(str(error)))
        st.stop()


@st.cache_resource(max_entries=24, show_spinner="Loading the model ...")
def _load(name: str, which: str, stamp: float) -> Model:
    """`stamp` changes when the run's weights do, so that a live run is loaded anew."""
    return library.load(name, which)
