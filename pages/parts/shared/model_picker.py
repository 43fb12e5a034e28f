"""Which model: one picker for every page, and each model loaded once for everybody on the server."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from charlab.corpora import catalogue
from charlab.errors import CharlabError
from charlab.runs.models import Model, ModelInfo, available_models, load, stamp
from pages.parts.shared import browser_cookie, page_state, stable_selectbox, url_state
from pages.parts.shared.page_state import EVERYBODYS, MINE
from pages.parts.shared.safe_text import plain

_ENDED = ("done", "stopped", "failed")  # until then a run's bits change
_KINDS = {"gru": "GRU", "lstm": "LSTM", "transformer": "Transformer", "ngram": "n-gram model"}


def pick_model() -> ModelInfo | None:
    """A select box of all models, the starters first; None, with what to do, where there is none.

    Where this browser has runs of its own, its reader chooses between these and everybody's.
    """
    models = {info.name: info for info in available_models()}
    if not models:
        st.info("There is no model on this server yet. Train one on the Train page: it takes a minute.")
        st.page_link("train.py", label="Train a model", icon=":material/trending_down:")
        return None
    wanted = st.query_params.get("model") or st.session_state.get("model")
    if wanted and str(wanted) not in models:
        st.warning(f"The model {plain(str(wanted))} is not on this server. Here is another one.")
    url_state.read("model", default=next(iter(models)), choices=models)
    offered = _choose_whose(models)
    return models[stable_selectbox.select("Model", labels(offered.values()), key="model")]


def _choose_whose(models: dict[str, ModelInfo]) -> dict[str, ModelInfo]:
    """The starters and this browser's runs, or everybody's; no choice where that is the same."""
    me = browser_cookie.owner()
    mine = {name: info for name, info in models.items() if info.where == "starter" or (me and info.owner == me)}
    own = any(info.where != "starter" for info in mine.values())
    if not own or len(mine) == len(models):
        return models
    url_state.read("model_whose")
    if st.session_state.model not in mine:
        st.session_state.model_whose = EVERYBODYS
    picked = st.segmented_control(
        "Models",
        page_state.choices("model_whose"),
        required=True,
        key="model_whose",
        persist_state="session",
        wrap=True,
        help="Mine are the starters and what was trained in this browser.",
        on_change=_forget_strangers,
        args=(mine,),
    )
    return mine if picked == MINE else models


def _forget_strangers(mine: dict[str, ModelInfo]) -> None:
    if st.session_state.model_whose == MINE and st.session_state.get("model") not in mine:
        st.session_state.model = next(iter(mine))


def describe(info: ModelInfo) -> str:
    """A model in one line, the telling figure first: pickers cut what is long.

    Says nothing that changes while its run trains.
    """
    bits = f"{info.bits:.2f} bits · " if info.bits is not None and info.state in _ENDED else ""
    where = " · starter" if info.where == "starter" else ""
    return f"{bits}{info.title}{where}"


def labels(infos: Iterable[ModelInfo]) -> dict[str, str]:
    """What a picker says of each model, by name; no two of them say the same."""
    titles: dict[str, str] = {}
    for info in infos:
        title, number = describe(info), 1
        while title in titles.values():
            number += 1
            title = f"{describe(info)} ({number})"
        titles[info.name] = title
    return titles


def about(info: ModelInfo, model: Model) -> str:
    """What kind of model it is, its corpus, how good it is and how far its run has come."""
    network = model.config.model
    size = f" of order {network.order}" if info.kind == "ngram" else f", {network.units} units"
    corpus = catalogue.CORPORA[info.corpus].title if info.corpus in catalogue.CORPORA else info.corpus
    bits = f", {info.bits:.2f} bits a character on text held back" if info.bits is not None else ""
    state = "" if info.state == "done" else f"; its run is {info.state}"
    return f"{_KINDS.get(info.kind, info.kind)}{size}, trained on {corpus}{bits}{state}."


def load_model(info: ModelInfo, weights_name: str = "best") -> Model:
    """The model behind a picker's choice, with its best weights or those of an epoch ("epoch-003").

    Shows why and ends the page's run where it cannot be loaded.
    """
    try:
        return _load(info.name, weights_name, stamp(info.name))
    except CharlabError as error:
        st.error(plain(str(error)))
        st.stop()


@st.cache_resource(max_entries=24, show_spinner="Loading the model ...")
def _load(name: str, weights_name: str, stamp: float) -> Model:
    """`stamp` changes when the run's weights do, so that a live run is loaded anew."""
    return load(name, weights_name)
