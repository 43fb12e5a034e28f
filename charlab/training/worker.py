"""A process that trains one run: it holds the run's lock and turns signals, its parent's end and the server's
limit into a StopSignal.

`serve` trains a queued run for a server, unless another worker was faster; `work` trains a run for the command
line.
"""

from __future__ import annotations

import atexit
import dataclasses
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from charlab import os_errors
from charlab.core import kinds
from charlab.core.vocab import Vocab
from charlab.corpora.catalogue import CORPORA
from charlab.errors import RunError
from charlab.runs import cluster, control, devices, limits, models, quotas, store
from charlab.runs.stop_signal import StopSignal
from charlab.runs.store import Run, RunConfig, Status
from charlab.training import strategies, train
from charlab.training.learners import Learners
from charlab.training.parent import Parent

# Why a run was stopped by a signal, as its status says it
STOPPED_BY = {
    signal.SIGINT: "It was stopped with Ctrl-C.",
    signal.SIGTERM: "It was stopped from outside (SIGTERM).",
}
_CLAIM_SECONDS = 10.0  # at most, to wait for a lock that a page may hold for a moment


def check(config: RunConfig) -> None:
    """Raises UnavailableError where this machine cannot train that: TensorFlow or the accelerator is missing."""
    if kinds.of(config.model).trained:
        strategies.check(config.train.accelerator)


def make(config: RunConfig, vocab: Vocab) -> Run:
    """Create a run that this process trains itself, so that no server's queue takes it.

    On several machines only the first one's stays: the others train in a temporary folder and write nothing.
    Raises UnavailableError where TensorFlow or the accelerator is missing: then no run is created.
    """
    check(config)
    if cluster.is_chief(config.train.accelerator):
        return store.create(config, vocab, state="running")
    temporary = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return store.create(config, vocab, temporary, state="running")


def work(
    run: Run,
    started: float,
    on_event: Callable[[dict[str, Any]], None] | None = None,
    learners: Learners | None = None,
) -> Status:
    """Train a run in this process to its end, or until Ctrl-C or SIGTERM stops it. Raises RunError where another
    process has it. `started` is when the command began, in seconds since 1970; `learners` know the tasks of
    labs."""
    stop = StopSignal(run)
    for number in STOPPED_BY:
        signal.signal(number, partial(_stop_or_interrupt, stop))
    try:
        with run.lock().acquire(timeout=2.0):
            return _train(run, started, on_event, stop, learners)
    except Timeout:
        raise RunError(f"Run {run.id} is being trained by another process. Pause or stop it first.") from None


def exit_code(status: Status) -> int:
    """What a command exits with after its training: 0, or 128 + n where signal n stopped it."""
    return next((128 + number for number, reason in STOPPED_BY.items() if reason == status.reason), os_errors.DONE)


def _train(
    run: Run,
    started: float,
    on_event: Callable[[dict[str, Any]], None] | None,
    stop: StopSignal,
    learners: Learners | None,
) -> Status:
    """Train with errors of the operating system as RunError, in the words that the run's status has."""
    try:
        return train.train_run(run, started=started, on_event=on_event, stop=stop, learners=learners)
    except Exception as error:
        if os_errors.sentence(error) is None:
            raise
        raise RunError(f"Run {run.id} failed. {train.why_failed(error)}") from error


def _stop_or_interrupt(stop: StopSignal, number: int, frame: object) -> None:
    """Stop at the first signal; at the second end at once. Raises KeyboardInterrupt."""
    if stop.reason:
        raise KeyboardInterrupt
    stop.send("stop", STOPPED_BY[signal.Signals(number)])


def resume(
    run: Run,
    started: float,
    on_event: Callable[[dict[str, Any]], None] | None = None,
    epochs: int | None = None,
    minutes: float | None = None,
    learners: Learners | None = None,
) -> Status:
    """Resume a run in this process; train a finished one for so many more epochs or minutes."""
    config = run.config()
    check(config)
    if (corpus := CORPORA.get(config.corpus)) and not corpus.is_here():
        models.training_text(config)  # downloaded before anything is changed
    if not cluster.is_chief(config.train.accelerator):
        return work(make(config, run.vocab()), started, on_event, learners)
    try:
        with run.lock().acquire(timeout=2.0):
            if epochs or minutes:
                control.raise_budget(run, epochs, minutes)
            else:
                control.check_resumable(run, run.recorded_status())
            run.ask(None)
            run.write_status(dataclasses.replace(run.recorded_status(), state="running", pid=os.getpid()))
    except Timeout:
        raise RunError(f"Run {run.id} is being trained by another process. Pause or stop it first.") from None
    return work(run, started, on_event, learners)


def serve(
    run: Run, started: float, parent: Parent | None = None, learners: Learners | None = None
) -> Status | None:
    """Train a queued run for a server; None where another worker has taken it. `learners` are those of the
    process, with the tasks of labs.

    With a `parent` it pauses when that has ended.
    """
    lock = _claim(run)
    if lock is None:
        return None
    stop = StopSignal(run)
    if (cap := limits.minutes_cap()) is not None:
        stop.stop_after(60 * cap, limits.cap_in_words() + " The run was stopped, and its model is saved.")
    terminated = signal.signal(signal.SIGTERM, lambda *_: stop.send("pause", control.SERVER_STOPPED))
    if parent:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server answers Ctrl-C in its terminal
        parent.pauses(stop)

    def check_room(event: dict[str, Any]) -> None:
        if event["event"] == "epoch" and (reason := quotas.outgrown(run)):
            stop.send("stop", reason)

    try:
        return train.train_run(run, started=started, stop=stop, on_event=check_room, learners=learners)
    finally:
        signal.signal(signal.SIGTERM, terminated)
        lock.release()


def _claim(run: Run) -> FileLock | None:
    """Take the run's lock and return it if the run is still queued then; else None. Two servers may have seen it
    in the queue: the one that gets the lock first trains it, and the other finds it no longer queued. Nor is one
    that has left the queue for its owner's device."""
    lock, deadline = run.lock(), time.monotonic() + _CLAIM_SECONDS
    while _waits(run) and time.monotonic() < deadline:
        try:
            lock.acquire(timeout=0.25)
        except Timeout:
            continue
        if _waits(run):
            return lock
        lock.release()
    return None


def _waits(run: Run) -> bool:
    return run.recorded_status().state == "queued" and not devices.is_for(run.config())
