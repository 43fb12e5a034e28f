"""The runs that are compared with the one that is shown: which they are, and how they differ."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from charlab.errors import CharlabError
from charlab.runs import diagnosis, watch
from charlab.runs.store import Run, RunConfig
from charlab.runs.watch import KnownRun
from pages.parts.shared import dates, gone, page_state, url_state
from pages.parts.shared.safe_text import as_label, plain


def others(run: Run, notice: Any) -> list[Run]:
    """Up to four other runs to compare with this one, as `pick_others` or a link chose them; `in_link` puts them
    into the address. `notice` is for a sentence on one that was deleted."""
    known = watch.listing(run.path.parent).get(_others, run.id)
    gone.tell_of_others("others", {run.id, *known}, "run", notice)
    if not known:
        st.session_state.pop("others", None)
        return []
    url_state.read("others", choices=known)
    return [known[name].run for name in st.session_state.others]


def pick_others(run: Run) -> None:
    """Draw the picker of the runs to compare with, after `others` has read them."""
    titles = watch.listing(run.path.parent).get(_titles, run.id)
    if titles:
        url_state.read("others", choices=titles)
        st.multiselect(
            "Compare with",
            list(titles),
            format_func=titles.get,
            key="others",
            persist_state="session",
            max_selections=page_state.limits("others")[1],
            placeholder="Earlier runs, in grey",
            select_all=False,
        )


def _others(runs: tuple[KnownRun, ...], but: str) -> dict[str, KnownRun]:
    return {run.id: run for run in watch.of_task(runs) if run.id != but}


def _titles(runs: tuple[KnownRun, ...], but: str) -> dict[str, str]:
    """What all other runs are called, told apart."""
    known = _others(runs, but).values()
    return dates.told_apart({run.id: _name(run) for run in known}, {run.id: _created(run) for run in known})


def in_link() -> dict[str, str | None]:
    """The chosen runs, as the page's address holds them."""
    return {"others": ",".join(url_state.value("others") or []) or None}


def labels(configs: Mapping[str, RunConfig]) -> dict[str, str]:
    """What runs are called in the chart and in the table, by their ids: one name each."""
    return dates.told_apart(
        {name: config.name for name, config in configs.items()},
        {name: config.created for name, config in configs.items()},
    )


def _readable(others: Sequence[Run]) -> dict[str, RunConfig]:
    """The configurations of other runs that can be read, by what they are called."""
    found = {}
    for other in others:
        with contextlib.suppress(CharlabError):
            found[other.id] = other.config()
    called = labels(found)
    return {called[name]: config for name, config in found.items()}


def table(config: RunConfig, others: Sequence[Run]) -> None:
    """Show how this run and others differ; with a warning where losses cannot be compared."""
    named = _readable(others)
    if not named:
        return
    configs = [config, *named.values()]
    st.subheader("Differences")
    if warning := diagnosis.not_comparable(configs):
        st.warning(plain(warning))
    rows = diagnosis.differences(configs)
    if not rows:
        st.caption("Same settings: only randomness and hardware differ.")
        return
    head = ["", "this run", *map(plain, named)]
    lines = [head, ["---"] * len(head), *([plain(name), *map(_cell, values)] for name, values in rows)]
    st.markdown("\n".join(f"| {' | '.join(line)} |" for line in lines))


def _cell(text: str) -> str:
    return plain(text) if text else "–"


def _created(run: KnownRun) -> float | None:
    try:
        return run.config().created
    except CharlabError:
        return None


def _name(run: KnownRun) -> str:
    try:
        return as_label(run.read()[0].name)
    except CharlabError as problem:
        return str(problem)
