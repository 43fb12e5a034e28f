"""The model picker of every page; each model is loaded once for everyone on the server."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import NoReturn

import streamlit as st

from charlab.core import kinds
from charlab.errors import CharlabError, ModelError
from charlab.labs.published import survey
from charlab.runs.models import Model, ModelInfo, corpus_title, load, stamp
from pages.parts.shared import (
    browser_cookie,
    dates,
    gone,
    gpt2_gate,
    header_stop,
    owner_filter,
    settings_fold,
    stable_selectbox,
    url_state,
)
from pages.parts.shared.safe_text import as_label, plain
from pages.parts.shared.shared_cache import SharedCache

_MAX_UNREADABLE = 5
_MODELS: SharedCache[Model] = SharedCache(128 * 2**20)
_WHERE = {"starter": " · built-in", "published": " · published by others"}
_ENDED = ("done", "stopped", "failed")  # until then a run's bits change


def pick_model() -> ModelInfo | None:
    """Draw a select box of all models, the built-in ones first; None, with advice, where there are none, or where
    the reader has yet to choose one in place of one that was deleted.

    Where this browser has runs of its own, the reader chooses between these and everyone's.
    """
    available, unreadable = survey()
    models = {info.name: info for info in available}
    is_gone = gone.is_gone("model", {info.name: info.title for info in available}, "Model")
    if not models:
        st.info("There is no model on this server yet. Train one on the Train page: it takes about a minute.")
        st.page_link("train.py", label="Train a model", icon=":material/trending_down:")
        tell_unreadable(unreadable)
        return None
    if not is_gone:
        url_state.read("model", default=next(iter(models)), choices=models)
    offered = _choose_whose(models)
    chosen = stable_selectbox.select("Model", labels(offered.values()), key="model")
    tell_unreadable(unreadable)
    return models[chosen] if chosen else None


def tell_unreadable(sentences: list[str]) -> None:
    """A line for each run that cannot be read, where people would look for its model."""
    for sentence in sentences[:_MAX_UNREADABLE]:
        st.caption(plain(sentence))
    if (more := len(sentences) - _MAX_UNREADABLE) > 0:
        st.caption(f"{more} more runs cannot be read.")


def _choose_whose(models: dict[str, ModelInfo]) -> dict[str, ModelInfo]:
    """The built-in models and this browser's runs, or everyone's; no choice where that is the same."""
    own = {info.name for info in trained_here(models.values())}
    mine = {name: info for name, info in models.items() if info.where != "run" or name in own}
    return owner_filter.choose_owner(
        models,
        mine if own else {},
        label="Models",
        key="model_whose",
        picked="model",
        help="Mine: the built-in models and those trained in this browser.",
    )


def trained_here(infos: Iterable[ModelInfo]) -> list[ModelInfo]:
    """The models that this browser trained or imported, in the same order."""
    me = browser_cookie.actor().owner
    return [info for info in infos if info.where == "run" and me and info.owner == me]


def describe(info: ModelInfo) -> str:
    """A model in one line: name, whether it is built in, bits per character.

    Leaves out what changes while its run trains.
    """
    return _described(info.title, info.where, info.val_loss if info.state in _ENDED else None)


@lru_cache(maxsize=5000)
def _described(title: str, where: str, loss: float | None) -> str:
    bits = f" · {loss / math.log(2):.2f} bits" if loss is not None else ""
    return f"{as_label(title)}{_WHERE.get(where, '')}{bits}"


def labels(infos: Iterable[ModelInfo]) -> dict[str, str]:
    """A unique description of each model, by name."""
    found = list(infos)
    return dates.told_apart(
        {info.name: describe(info) for info in found}, {info.name: info.created for info in found}
    )


def about(info: ModelInfo, model: Model) -> str:
    """A sentence on a model: its kind and size, its corpus, its loss and the state of its run."""
    network = model.config.model
    kind = kinds.of(network)
    corpus = corpus_title(model.config)
    bits = f", {info.bits:.2f} bits per character on held-out text" if info.bits is not None else ""
    state = "" if info.state == "done" else f"; its run is {info.state}"
    return f"{kind.title}, {kind.size(network)}, trained on {corpus}{bits}{state}."


def load_model(info: ModelInfo, weights_name: str = "best") -> Model:
    """Load the chosen model with its best weights or those of an epoch ("epoch-003").

    Where it cannot be loaded, shows the reason and ends the page's run.
    """
    if info.where == "published":
        return gpt2_gate.load()
    try:
        written = stamp(info.name)  # changes when the weights do, so a run in training is loaded again
    except ModelError:  # deleted since this page listed it; the core's sentence lists ids, for the command line
        _stop(f"Model “{info.title}” was deleted. Choose another one.")
    read = lambda: load(info.name, weights_name)  # noqa: E731
    try:
        return _MODELS.get((info.name, weights_name, written), read, st.spinner("Loading the model ..."))
    except CharlabError as error:
        _stop(str(error))


def forget() -> None:
    """Load every model from its files at its next use: those of one are no longer the ones that were read."""
    _MODELS.clear()


def _stop(sentence: str) -> NoReturn:
    """End the page's run with the reason, which can be seen although the settings are folded."""
    st.error(plain(sentence))
    settings_fold.reveal()
    header_stop.end()
