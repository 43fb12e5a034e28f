"""Training in a lab: the few settings that may differ from its recipe, Start, and the panel of one of its runs."""

from __future__ import annotations

import time

import streamlit as st

from charlab import os_errors
from charlab.core.config import SETTINGS
from charlab.errors import CharlabError
from charlab.labs.catalogue import Lab
from charlab.runs import accelerators
from charlab.runs.store import Run
from pages.parts.shared import browser_cookie, present
from pages.parts.shared.page_words import in_page_words
from pages.parts.shared.safe_text import plain
from pages.parts.train import live_panel, run_controls

_CHART_HEIGHT = 290
_UNIT = "accuracy"


def show(lab: Lab) -> None:
    """Draw the settings and Start, and below them the run that was started last in this browser."""
    with present.details("lab-settings", horizontal=True, vertical_alignment="bottom"):
        epochs = st.number_input("Epochs", 1, 200, lab.train.epochs, key="lab_epochs", width=140)
        seed = st.number_input(
            "Random seed", *SETTINGS["seed"].limits or (), lab.train.seed, key="lab_seed", width=140
        )
        reason = accelerators.why_no_tensorflow()
        pressed = st.button(
            "Start",
            type="primary",
            icon=":material/play_arrow:",
            disabled=bool(reason),
            help=f"A GRU of {lab.model.units} units learns from 10,000 strings, half of them corrupted. "
            f"{lab.train.epochs} epochs take about a minute.",
        )
    if reason:
        st.warning(plain(reason))
    if pressed:
        _start(lab, epochs, seed)
    if run := _shown(lab):
        _panel(run)
    else:
        st.info(
            "Press Start: the accuracy appears here within a few seconds. Watch for two steps: first the network "
            "learns what may follow what, then to remember the second letter."
        )


def _start(lab: Lab, epochs: int, seed: int) -> None:
    try:
        run = lab.create(lab.config(epochs=epochs, seed=seed), browser_cookie.actor())
        st.session_state.lab_trained = run.id
    except os_errors.EXPECTED as error:
        st.error(plain(f"No run was started. {in_page_words(os_errors.sentence(error) or '')}"))


def _shown(lab: Lab) -> Run | None:
    """The run that this browser started or chose last, else the newest of its own."""
    runs = {known.id: known for known in lab.runs()}
    me = browser_cookie.actor().owner
    for name in (st.session_state.get("lab_trained"), st.session_state.get("lab_run")):
        if name in runs:
            return runs[name].run
    mine = (known for known in runs.values() if not browser_cookie.is_class() or known.config().owner == me)
    return next((known.run for known in mine), None)


def _panel(run: Run) -> None:
    at = time.time()
    try:
        config, _, status = run.read()
    except CharlabError as problem:
        st.error(plain(str(problem)))
        return
    live = live_panel.follow(run, status, at, _UNIT, "epochs", [])
    with present.details("lab-progress"):
        left, middle, right = st.columns([3.6, 5.6, 6.3], vertical_alignment="center")
    with left:
        live.part("progress")
    with middle:
        live.part("figures")
    with right:
        run_controls.buttons(run, config, status)
    live.part("chart", key=f"lab-chart-{run.id}", height=present.taller(_CHART_HEIGHT))
    with present.details("lab-caption"):
        live.part("caption")
