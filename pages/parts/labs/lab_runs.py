"""Which run of a lab is shown: a model that ships, or a run of this server; and its network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

from charlab.core.config import ModelConfig
from charlab.core.predictor import Weights
from charlab.errors import CharlabError
from charlab.labs import catalogue
from charlab.labs.catalogue import Lab
from charlab.runs.store import Run
from charlab.runs.watch import KnownRun
from pages.parts.shared import dates, present, stable_selectbox, url_state
from pages.parts.shared.safe_text import as_label

_MOST = 50  # runs that the picker lists


Network = TypeVar("Network")
Key = tuple[str, str, float]  # the run's folder, the name of its weights, and when these were written


def read(lab: Lab, key: str = "lab_run") -> dict[str, str]:
    """The networks to choose from, by name: the runs' ids, "" for the model that ships with the lab, and the names
    of further ones that do. The choice is in the session from then on, under this key."""
    shipped = {"": "Built-in model"} | {name: f"Built-in model, {name}" for name in lab.further_models}
    titles = shipped | {run.id: _title(run) for run in lab.runs()[:_MOST] if _has_weights(run)}
    url_state.read(key, choices=titles)
    return titles


def pick(titles: dict[str, str], place: Any, key: str = "lab_run") -> str:
    """Pick one of these networks."""
    chosen = stable_selectbox.select(
        "Network",
        stable_selectbox.unique_titles(titles),
        key=key,
        place=place,
        label_visibility="collapsed",
        width=present.BOX if present.is_on() else "stretch",
    )
    return chosen or ""


def key_of(lab: Lab, name: str) -> Key:
    """What a network is known by; it differs once there are new weights. Raises a CharlabError."""
    run = catalogue.find_run(lab, name)
    return str(run.path), run.stored_weights_name("best"), stamp(run)


def network(lab: Lab, name: str, make: Callable[[ModelConfig, Weights], Network]) -> Network:
    """The network of a run, or of a model that ships, made of its configuration and its best weights; once for
    everyone. Raises a CharlabError."""
    return _network(*key_of(lab, name), make)


@st.cache_resource(max_entries=40, show_spinner=False)
def _network(path: str, weights_name: str, written_at: float, _make: Callable[[ModelConfig, Weights], Any]) -> Any:
    """As `network`. The run determines what it is made with."""
    run = Run(path)
    return _make(run.config().model, run.weights(weights_name))


def stamp(run: Run) -> float:
    """When the run's weights were last written: a new value means that they must be loaded again."""
    names = run.weight_names()
    return max((run.weights_path(name).stat().st_mtime for name in names), default=0.0)


def _has_weights(known: KnownRun) -> bool:
    return bool(known.weight_names())


def _title(known: KnownRun) -> str:
    try:
        config, _, status = known.read()
    except CharlabError:
        return known.id
    return " · ".join([as_label(config.name), dates.in_words(config.created), status.state])
