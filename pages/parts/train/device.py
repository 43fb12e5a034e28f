"""This device, which is the browser's: how fast it trains, and the run that it trains. The work is in device.js.

A run is opened for training here by a secret of the server, which a page has for the session. So a browser that
opens the page anew asks for one: where it has stored the run's state, or the reader presses the button.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from charlab.browser import device_runs, device_session
from charlab.errors import CharlabError
from charlab.runs import control, devices, liveness, store, time_estimate
from charlab.runs.plan import RunPlan
from charlab.runs.store import Run, RunConfig, Status
from pages.parts.shared import browser_cookie, chart, engine_files, served_files

# Reasons of a pause that nobody has asked for
_LOST = (device_session.LOST, control.SERVER_STOPPED, liveness.SERVER_KILLED)
_SECRETS = "device_secrets"  # of the runs that this session has opened, by their ids
_mount = st.components.v2.component("charlab_device", js=served_files.loader("device.js"), isolate_styles=False)


def show_speed(planned: RunPlan, started: Run | None) -> None:
    """Measure the browser's device for this plan, and say what its budget will do. A run that was started just now
    and opened here begins meanwhile: it does not wait for its panel."""
    train, size = planned.train, planned.text.vocabulary_size
    try:
        steps = time_estimate.steps(train, planned.text.characters)
    except CharlabError:
        return  # the text is too short, as the page says elsewhere
    data = _engine() | {
        "model": planned.model.to_json(),
        "train": train.to_json(),
        "vocabulary_size": size,
        "characters": steps * train.batch_size * train.sequence_length,
        "minutes": train.minutes,
        "epochs": train.epochs,
        "plotly": chart.script_address(),
        "begins": _given(started) if started else None,
    }
    _mount(key="device-speed", data=data, on_asked_change=lambda: None)


def show_training(
    run: Run, config: RunConfig, status: Status, attempt: Callable[[Callable[[], None]], None]
) -> None:
    """Train the run in this tab where it is to be trained here, and say how that goes. `attempt` calls what may
    be refused, and shows why."""
    data = _given(run) | {
        "active": status.state in store.ACTIVE,
        "lost": status.state == "paused" and status.reason in _LOST,
        "mine": is_mine(config),
    }
    key = f"device-{run.id}"
    _mount(key=key, data=data, on_asked_change=partial(_hear, run, key, attempt))


def may_train(config: RunConfig) -> bool:
    """Whether this browser may train the run further: one for a device belongs to the browser that started it."""
    return not devices.is_for(config) or is_mine(config)


def is_mine(config: RunConfig) -> bool:
    """Whether the run is this browser's own."""
    return device_runs.is_owner(browser_cookie.actor(), config.owner)


def open_here(run: Run) -> None:
    """Let this tab train a run that waits for a device. Raises RunError where it may not."""
    secret = device_runs.pool().open(run, browser_cookie.actor())
    st.session_state[_SECRETS] = st.session_state.get(_SECRETS, {}) | {run.id: secret}


def take_over(run: Run) -> None:
    """Let this tab train a run that waits for the server. Raises RunError where that cannot be."""
    control.move_to_device(run, browser_cookie.actor())
    open_here(run)


def _continue(run: Run) -> None:
    control.resume(run, browser_cookie.actor())
    open_here(run)


_ACTS = {"open": open_here, "continue": _continue}  # what the browser asks for


def _hear(run: Run, component: str, attempt: Callable[[Callable[[], None]], None]) -> None:
    asked = st.session_state.get(component, {}).get("asked")
    if asked in _ACTS:
        attempt(partial(_ACTS[asked], run))


def _given(run: Run) -> dict[str, str]:
    """What the browser needs to train the run, if it was opened here."""
    return _engine() | {
        "run": run.id,
        "address": f"{served_files.root()}/device/{run.id}",
        "secret": st.session_state.get(_SECRETS, {}).get(run.id, ""),
    }


def _engine() -> dict[str, str]:
    """Where a worker finds the engine."""
    return {
        "script": engine_files.address(engine_files.SCRIPT),
        "kernels": engine_files.address(engine_files.KERNELS),
    }
