"""Training in a lab: the few settings that may differ from its recipe, Start, and the panel of one of its runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from charlab import os_errors
from charlab.core.config import SETTINGS
from charlab.errors import CharlabError
from charlab.labs.catalogue import Lab
from charlab.runs import accelerators, store
from charlab.runs.store import Run, Status
from charlab.runs.watch import KnownRun
from pages.parts.shared import browser_cookie, present
from pages.parts.shared.page_words import in_page_words
from pages.parts.shared.safe_text import plain
from pages.parts.train import export_import, live_panel, run_controls, startup

_CHART_HEIGHT, _PRESENT_HEIGHT = 290, 560
_UNIT = "accuracy"


@dataclass(frozen=True)
class Words:
    """What is said before Start: in the help of its button, and in place of the panel."""

    start: str
    watch: str


def show(lab: Lab, choose: Callable[[Lab], tuple[Lab, Words]]) -> None:
    """Draw the settings and Start, and below them the run that was started last in this browser. `choose` draws
    the lab's further settings: it returns the lab as it would be trained."""
    startup.keep_ready()
    with present.details("lab-settings", horizontal=True, vertical_alignment="bottom"):
        lab, words = choose(lab)
        recipe = f"{lab.name}-{lab.preset}"
        epochs = st.number_input("Epochs", 1, 200, lab.train.epochs, key=f"lab_epochs.{recipe}", width=140)
        seed = st.number_input(
            "Random seed", *SETTINGS["seed"].limits or (), lab.train.seed, key="lab_seed", width=140
        )
        reason = accelerators.why_no_tensorflow()
        pressed = st.button(
            "Start", type="primary", icon=":material/play_arrow:", disabled=bool(reason), help=words.start
        )
    if reason:
        st.warning(plain(reason))
    if pressed:
        _start(lab, epochs, seed)
    known = _known(lab)
    if run := _shown(lab, known):
        _panel(run, _newest_of_others(run, known) if lab.versions or lab.changes else [])
    else:
        st.info(words.watch)


def _start(lab: Lab, epochs: int, seed: int) -> None:
    try:
        run = lab.create(lab.config(epochs=epochs, seed=seed), browser_cookie.actor())
        st.session_state[f"lab_trained.{lab.name}"] = run.id
    except os_errors.EXPECTED as error:
        st.error(plain(f"No run was started. {in_page_words(os_errors.sentence(error) or '')}"))


def _known(lab: Lab) -> dict[str, KnownRun]:
    """The lab's runs, newest first: in a class those of this browser, and one that it has chosen."""
    me, is_class = browser_cookie.actor().owner, browser_cookie.is_class()
    chosen = st.session_state.get("lab_run")
    return {
        run.id: run
        for run in lab.runs()
        if not is_class or run.id == chosen or _configured(run, lambda config: config.owner == me)
    }


def _configured(known: KnownRun, holds: Callable) -> bool:
    """Whether something holds for a run's configuration; not where it cannot be read."""
    try:
        return bool(holds(known.config()))
    except CharlabError:
        return False


def _shown(lab: Lab, runs: dict[str, KnownRun]) -> Run | None:
    """The run that this browser started or chose last, else the newest."""
    for name in (st.session_state.get(f"lab_trained.{lab.name}"), st.session_state.get("lab_run")):
        if name in runs:
            return runs[name].run
    return next((known.run for known in runs.values()), None)


def _newest_of_others(run: Run, runs: dict[str, KnownRun]) -> list[Run]:
    """The newest run of each version but that of this one."""
    found: dict[str, Run] = {}
    try:
        version = run.config().preset
    except CharlabError:  # the panel says so
        return []
    for known in runs.values():
        if _configured(known, lambda config: config.preset != version):
            found.setdefault(known.config().preset, known.run)
    return list(found.values())


def _panel(run: Run, others: list[Run]) -> None:
    at = time.time()
    try:
        config, _, status = run.read()
    except CharlabError as problem:
        st.error(plain(str(problem)))
        return
    live = live_panel.follow(run, status, at, _UNIT, "epochs", others)
    with present.details("lab-progress"):
        left, middle, right = st.columns([3.6, 5.6, 6.3], vertical_alignment="center")
    with left:
        live.part("progress")
    with middle:
        live.part("figures")
    with right:
        run_controls.buttons(run, config, status)
    live.part("chart", key=f"lab-chart-{run.id}", height=_PRESENT_HEIGHT if present.is_on() else _CHART_HEIGHT)
    with present.details("lab-caption"):
        live.part("caption")
        _export(run, status)


def _export(run: Run, status: Status) -> None:
    """The formats that a lab's run has, once it has ended and its weights are there."""
    if not run.weight_names() or status.state in store.ACTIVE:
        return
    export = st.expander("Export", icon=":material/download:", key="lab_export", on_change="rerun")
    if export.open:
        with export:
            export_import.show(run)
