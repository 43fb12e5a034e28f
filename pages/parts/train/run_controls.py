"""The controls of a run: buttons that are shown only where they apply, and the error of the last one pressed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import streamlit as st

from charlab import os_errors
from charlab.core import kinds
from charlab.runs import checkpoints, control, devices, limits, permissions, store
from charlab.runs.store import Run, RunConfig, Status
from charlab.runs.watch import KnownRun
from pages.parts.shared import browser_cookie, gone, present
from pages.parts.shared.safe_text import plain
from pages.parts.train import device

_PROBLEM = "asked_in_vain"
_IN_QUEUE = "Continues from its last checkpoint, after joining the end of the queue."
_ON_DEVICE = "Continues on this device: exactly where this browser stopped, or else from the last weights sent."
_ADVICE = re.compile(r"; resume it [^.]*| Then resume this run:[^.]*\.|train longer, or ")


def buttons(run: Run, config: RunConfig, status: Status) -> None:
    """Draw the run's controls, and the reason why the last one that was pressed failed."""
    if problem := st.session_state.pop(_PROBLEM, None):
        st.error(plain(problem))
    if not permissions.may_act(browser_cookie.actor(), run):
        st.caption(plain(f"This run {permissions.whose(run)}"))
        return
    with st.container(horizontal=True):
        if status.state in store.ACTIVE:
            with st.container(key="while-active", horizontal=True, width="content"):
                _while_active(run, config, status)
        elif (
            devices.is_for(config) and not device.is_mine(config) and status.state in (*control.RESUMABLE, "done")
        ):
            st.caption("Only the browser that started it can train it further: it was trained on that device.")
        elif status.state in control.RESUMABLE:
            _button(
                "Resume",
                ":material/play_arrow:",
                resume,
                run,
                disabled=limits.is_used_up(status),
                help=_ON_DEVICE if devices.is_for(config) else _IN_QUEUE,
            )
        elif kinds.of(config.model).trained and not limits.is_used_up(status):
            _train_longer(run, config)
        with present.details("rename-and-delete", horizontal=True, width="content"):
            _rename(run, config)
            if status.state in (*store.ENDED, "queued"):
                _delete(run)
    if status.state == "failed" and checkpoints.exists(run) and not limits.is_used_up(status):
        st.caption("Its last checkpoint is saved: Resume continues from there.")
    if status.state in (*control.RESUMABLE, "done") and limits.is_used_up(status):
        st.caption(plain(f"{limits.cap_in_words()} This run has used its limit; the command line has none."))


def resume(run: Run, actor: Any) -> None:
    """Let a run continue: in the queue, or on this device."""
    control.resume(run, actor)
    _open_on_device(run)


def train_longer(run: Run, actor: Any, **more: Any) -> None:
    """Train a run longer: in the queue, or on this device."""
    control.train_longer(run, actor, **more)
    _open_on_device(run)


def _open_on_device(run: Run) -> None:
    if devices.is_for(run.config()):
        device.open_here(run)


def reason_for_reader(status: Status, may_act: bool) -> str:
    """The status's reason; without its advice to resume or to train longer where the reader may not."""
    return status.reason if may_act else _ADVICE.sub("", status.reason)


def offer_to_resume(interrupted: list[KnownRun]) -> None:
    """After a restart: offer a button that resumes the runs which the server's end interrupted."""
    me = browser_cookie.actor()
    left = [
        run.id
        for run in interrupted
        if not limits.is_used_up(run.recorded_status())
        and permissions.may_act(me, run)
        and not devices.is_for(run.config())  # it continues on its own page, one at a time
    ]
    if not left:
        return
    words = f"{len(left)} runs were" if len(left) > 1 else "One run was"
    row = st.container(horizontal=True, vertical_alignment="center")
    row.info(f"{words} paused when the server stopped.")
    row.button(
        "Resume all" if len(left) > 1 else "Resume it",
        icon=":material/play_arrow:",
        key="resume-all",
        on_click=_resume_all,
        args=(left,),
        help="Each run continues from its checkpoint, one after the other.",
    )


def _resume_all(names: list[str]) -> None:
    for name in reversed(names):  # they are listed newest first
        run_action(lambda name=name: resume(store.find(name), browser_cookie.actor()))


def _while_active(run: Run, config: RunConfig, status: Status) -> None:
    asked = status.state in ("pausing", "stopping")
    if kinds.of(config.model).trained:
        _button(
            "Pausing ..." if status.state == "pausing" else "Pause",
            ":material/pause:",
            control.pause,
            run,
            disabled=asked,
            help="Writes a checkpoint and ends; Resume continues exactly there.",
        )
    _button(
        "Stopping ..." if status.state == "stopping" else "Stop",
        ":material/stop:",
        control.stop,
        run,
        disabled=asked,
        help="Evaluates and saves the model, then ends.",
    )


def _train_longer(run: Run, config: RunConfig) -> None:
    in_minutes = config.train.minutes is not None
    with st.popover("Train longer", icon=":material/fast_forward:"):
        if reason := control.why_not_longer(run, config):
            st.write(plain(reason))
            return
        st.caption("Continues where it ended.")
        with st.form(f"longer-{run.id}", border=False):
            if in_minutes:
                st.number_input("Additional minutes", 0.5, 600.0, 1.0, step=0.5, key=f"more-{run.id}")
            else:
                st.number_input("Additional epochs", 1, 1000, 5, key=f"more-{run.id}")
            if config.train.learning_rate_schedule == "cosine":
                st.caption("The learning rate restarts higher, then decays again.")
            given = {"minutes" if in_minutes else "epochs": f"more-{run.id}"}
            _submit("Train", ":material/play_arrow:", train_longer, run, given)


def _rename(run: Run, config: RunConfig) -> None:
    with st.popover("Rename", icon=":material/edit:"), st.form(f"rename-of-{run.id}", border=False):
        st.text_input("Name", config.name, max_chars=control.MAX_NAME_LENGTH, key=f"name-{run.id}")
        st.caption("Links to the run stay the same.")
        _submit("Save name", ":material/check:", control.rename, run, {"name": f"name-{run.id}"})


def _delete(run: Run) -> None:
    with st.popover("Delete", icon=":material/delete:"):
        st.write("Delete this run permanently, with its weights, metrics and generated text?")
        _button("Delete permanently", ":material/delete:", delete, run, primary=True)


def delete(run: Run, actor: Any) -> None:
    """Delete a run; where the teacher deletes somebody else's, the pages that show it say so."""
    by_teacher = permissions.is_teachers_act(actor, run)
    control.delete(run, actor)
    if by_teacher:
        gone.note_deletion(run.id)


def delete_unreadable(run: Run) -> None:
    """The one control that a run has which cannot be read, and the reason why it failed."""
    if problem := st.session_state.pop(_PROBLEM, None):
        st.error(plain(problem))
    if permissions.may_act(browser_cookie.actor(), run):
        _delete(run)
    else:
        st.caption(plain(f"This run {permissions.whose(run, 'delete it')}"))


def _submit(label: str, icon: str, action: Callable[..., None], run: Run, fields: dict[str, str]) -> None:
    """The button of a form: it acts with what the fields hold when it is pressed, by argument and key."""

    def act() -> None:
        action(run, browser_cookie.actor(), **{name: st.session_state[key] for name, key in fields.items()})

    st.form_submit_button(
        label, icon=icon, key=f"{action.__name__}-{run.id}", type="primary", on_click=run_action, args=(act,)
    )


def _button(
    label: str, icon: str, action: Callable[..., None], run: Run, *, primary: bool = False, **more: Any
) -> None:
    st.button(
        label,
        icon=icon,
        key=f"{action.__name__}-{run.id}",
        type="primary" if primary else "secondary",
        on_click=run_action,
        args=(lambda: action(run, browser_cookie.actor()),),
        **more,
    )


def run_action(action: Callable[[], None]) -> None:
    try:
        action()
    except os_errors.EXPECTED as error:
        st.session_state[_PROBLEM] = os_errors.sentence(error)
