"""Which run of a lab is shown: the model that ships, or a run of this server."""

from __future__ import annotations

from typing import Any

from charlab.errors import CharlabError
from charlab.labs.catalogue import Lab
from charlab.runs.store import Run
from charlab.runs.watch import KnownRun
from pages.parts.shared import dates, stable_selectbox, url_state
from pages.parts.shared.safe_text import as_label

_MOST = 50  # runs that the picker lists


def read(lab: Lab) -> dict[str, str]:
    """The networks to choose from, by name: the runs' ids, and "" for the model that ships with the lab. The
    choice is in the session from then on."""
    titles = {"": "Built-in model"} | {run.id: _title(run) for run in lab.runs()[:_MOST] if _has_weights(run)}
    url_state.read("lab_run", choices=titles)
    return titles


def pick(titles: dict[str, str], place: Any) -> str:
    """Pick one of these networks."""
    chosen = stable_selectbox.select(
        "Network", stable_selectbox.unique_titles(titles), key="lab_run", place=place, label_visibility="collapsed"
    )
    return chosen or ""


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
