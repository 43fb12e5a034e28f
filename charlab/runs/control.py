"""The actions on a run, from a page or the command line: pause, resume, stop, train longer, rename, delete.

Each takes the actor who asks for it and raises RunError where permissions.py does not allow it. Requests to a
running run go into its control.json; changes to a run that no worker has are written here, under its lock.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections.abc import Iterator

from filelock import FileLock, Timeout

from charlab.core import kinds
from charlab.corpora import catalogue
from charlab.errors import RunError
from charlab.runs import checkpoints, devices, models, permissions, quotas, schema, store
from charlab.runs.permissions import Actor
from charlab.runs.store import Run, RunConfig, Status

RESUMABLE = ("paused", "stopped", "failed")
SERVER_STOPPED = "The server was stopped; resume it to go on."
MAX_NAME_LENGTH = 80
_LOCK_SECONDS = 2.0  # a page that checks whether a run is held has its lock for a moment


def pause(run: Run, actor: Actor) -> None:
    """Let a run write a checkpoint and end; a queued one leaves the queue. Else raises RunError."""
    permissions.check(actor, run, "pause it")
    _ask(run, actor, "pause", "paused")


def stop(run: Run, actor: Actor) -> None:
    """Let a run evaluate and save its weights and end; a queued one leaves the queue."""
    permissions.check(actor, run, "stop it")
    _ask(run, actor, "stop", "stopped")


def resume(run: Run, actor: Actor) -> None:
    """Put a run that was paused, stopped or failed at the end of the queue; it continues from its checkpoint."""
    permissions.check(actor, run, "resume it")
    with quotas.joining_queue(actor, run.config(), run.path.parent), _held(run):
        status = run.recorded_status()
        check_resumable(run, status)
        _queue(run, status)


def move_to_device(run: Run, actor: Actor) -> None:
    """Take a run that waits in the queue and has not begun out of it: its owner's device trains it. Raises
    RunError where it has begun, and ConfigError where no device can train it."""
    permissions.check(actor, run, "move it")
    config = run.config()
    train, versions = config.train.replace(accelerator=devices.NAME), devices.versions(config.versions)
    config = dataclasses.replace(config, train=train, versions=versions)
    devices.check(config, len(run.vocab()))
    with quotas.joining_queue(actor, config, run.path.parent), _held(run), _changing(run):
        status = run.recorded_status()
        if status.state != "queued" or status.step:
            raise RunError(f"{run.called} has begun: it stays where it is.")
        run.write_config(config)


def check_resumable(run: Run, status: Status) -> None:
    """Raises RunError where there is nothing to resume. `status` is the recorded one, read under the run's lock:
    then a run that is recorded as running was left by its worker."""
    if status.state == "done":
        raise RunError(f"{run.called} is done: it can be trained longer, but not resumed.")
    if status.state == "queued":
        raise RunError(f"{run.called} is already in the queue: it starts automatically.")
    check_readable(run)


def check_readable(run: Run) -> None:
    """Raises RunError or CorpusError where what training goes on with cannot be read, or its text has changed:
    before anything is changed. A text that has to be downloaded first is not looked at."""
    config, _, _ = run.read()
    run.events()
    if checkpoints.exists(run):
        checkpoints.load(run)
    corpus = catalogue.CORPORA.get(config.corpus)
    if not config.task and (corpus is None or corpus.is_here()):
        models.training_text(config, download=False)


def train_longer(run: Run, actor: Actor, epochs: int | None = None, minutes: float | None = None) -> None:
    """Raise a finished run's budget by `epochs`, or by `minutes` for a time budget, and queue it again."""
    permissions.check(actor, run, "train it longer")
    with quotas.joining_queue(actor, run.config(), run.path.parent), _held(run):
        raise_budget(run, epochs, minutes)
        _queue(run, run.recorded_status())


def raise_budget(run: Run, epochs: int | None = None, minutes: float | None = None) -> None:
    """Raise the budget without queueing the run; the caller holds the lock. The run's notes record it."""
    with _changing(run):
        _raise_budget(run, epochs, minutes)


def _raise_budget(run: Run, epochs: int | None, minutes: float | None) -> None:
    config, status = run.config(), run.recorded_status()
    if status.state != "done":
        raise RunError(f"{run.called} is {status.state}: only a run that is done can be trained longer.")
    if reason := why_not_longer(run, config):
        raise RunError(reason)
    budget = config.train.minutes
    unit, more = ("epochs", epochs) if budget is None else ("minutes", minutes)
    if not more or more < 0:
        raise RunError(f"This run's budget is in {unit}: give how many to add, for example 5. Received: {more}.")
    if budget is None:
        begun = math.ceil(status.epoch)  # fewer than its budget where patience ended it
        train = config.train.replace(epochs=begun + more, patience=None)
    else:
        train = config.train.replace(minutes=max(budget, status.seconds / 60) + more)
    note = f"Trained longer: {more:g} {unit[:-1] if more == 1 else unit} more after epoch {status.epoch:g}."
    if train.learning_rate_schedule == "cosine":
        note += " The learning rate restarted higher there, then decays again."
    if config.train.patience and unit == "epochs":
        note += " Early stopping is now off."
    check_readable(run)
    run.write_config(dataclasses.replace(config, train=train, notes=(*config.notes, note)))


def why_not_longer(run: Run, config: RunConfig) -> str:
    """Why a finished run cannot be trained longer, in a sentence; "" where it can."""
    if not kinds.of(config.model).trained:
        return "An n-gram model has already counted the whole text: counting it again changes nothing."
    if not checkpoints.exists(run):
        return (
            "This model has no checkpoint, since it was imported or ships with CharLab, so it cannot be trained "
            "longer here. Start a new run with the same settings."
        )
    return ""


def rename(run: Run, actor: Actor, name: str) -> None:
    """Rename a run; its id, which links and its folder use, stays the same."""
    permissions.check(actor, run, "rename it")
    name = checked_name(name)
    with _changing(run):
        run.write_config(dataclasses.replace(run.config(), name=name))


def checked_name(name: str) -> str:
    """A run's name on one line, without spaces at its ends. Raises RunError where a run cannot have it."""
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME_LENGTH:
        raise RunError(f"A name must have 1 to {MAX_NAME_LENGTH} characters. Received: {len(name)}.")
    if not schema.CONFIG["name"].fits(name):
        raise RunError(f"A name must be a text without control characters. Received: {ascii(name)}.")
    return name


def shortened(words: str) -> str:
    """These words as a run's name: cut to its length, with a sign for each character that no name can have."""
    allowed = schema.CONFIG["name"].fits
    return checked_name("".join(c if allowed(c) else "\ufffd" for c in words)[:MAX_NAME_LENGTH])


def delete(run: Run, actor: Actor) -> None:
    """Delete a run and its weights permanently. Raises RunError while a worker has it."""
    permissions.check(actor, run, "delete it")
    store.delete(run)


def _ask(run: Run, actor: Actor, request: str, ended: str) -> None:
    by_teacher = permissions.is_teachers_act(actor, run)
    done = {"pause": "paused", "stop": "stopped"}[request]
    status = run.status()
    if status.state not in store.ACTIVE:
        raise RunError(f"{run.called} is {status.state}: there is nothing to {request}.")
    run.ask(request, f"The teacher {done} this run." if by_teacher else "")
    if status.state != "queued":
        return
    # A worker that takes the run at this moment has the lock, and handles the request itself.
    with contextlib.suppress(Timeout), run.lock().acquire(timeout=_LOCK_SECONDS):
        status = run.recorded_status()
        if status.state == "queued":
            run.ask(None)
            reason = f"{'The teacher removed it' if by_teacher else 'It was removed'} from the queue."
            run.write_status(dataclasses.replace(status, state=ended, reason=reason, ended=time.time()))


def _queue(run: Run, status: Status) -> None:
    """Put a run at the end of the queue, without its earlier request."""
    run.ask(None)
    run.write_status(
        dataclasses.replace(status, state="queued", reason="", queued=time.time(), ended=None, pid=None)
    )


@contextlib.contextmanager
def _changing(run: Run) -> Iterator[None]:
    """Hold this while config.json is read, changed and written: a run in training can be renamed, although its
    worker has the run's lock all the time."""
    run.recorded_status()  # raises RunError where it was deleted; a lock would create its folder again
    try:
        with FileLock(run.path / ".config.lock", timeout=_LOCK_SECONDS, is_singleton=False):
            yield
    except Timeout:
        raise RunError(f"{run.called} is being changed by somebody else. Try again in a moment.") from None


@contextlib.contextmanager
def _held(run: Run) -> Iterator[None]:
    run.recorded_status()  # raises RunError where it was deleted; a lock would create its folder again
    try:
        with run.lock().acquire(timeout=_LOCK_SECONDS):
            yield
    except Timeout:
        raise RunError(f"{run.called} is being trained. Pause or stop it first.") from None
