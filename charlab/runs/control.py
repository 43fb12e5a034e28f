"""What people ask of a run, from a page or the command line: pause, resume, stop, train longer, rename, delete.

What a running run is asked goes into its control.json; what belongs to a run that nobody trains is written here,
under its lock. Knows nothing of queues, processes or TensorFlow.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections.abc import Iterator

from filelock import Timeout

from charlab.errors import RunError
from charlab.runs import checkpoints, store
from charlab.runs.store import Run, RunConfig, Status

RESUMABLE = ("paused", "stopped", "failed")
SERVER_STOPPED = "The server was stopped; resume it to go on."
MAX_NAME_LENGTH = 80
_LOCK_SECONDS = 2.0  # a page that only looks whether a run is held has its lock for a moment


def pause(run: Run) -> None:
    """Let a run write a checkpoint and end; one that waits leaves the queue. Else raises RunError."""
    _ask(run, "pause", "paused", "It was taken out of the queue.")


def stop(run: Run) -> None:
    """Let a run save its weights, grade them and end; one that waits leaves the queue."""
    _ask(run, "stop", "stopped", "It was taken out of the queue.")


def resume(run: Run) -> None:
    """Put a run that was paused, stopped or failed at the end of the queue; it goes on from its checkpoint."""
    with _held(run):
        status = run.recorded_status()
        check_resumable(run, status)
        _queue(run, status)


def check_resumable(run: Run, status: Status) -> None:
    """Raises RunError where there is nothing to resume. `status` is what is recorded, read under the run's lock:
    then a run that says it is running was left by its worker."""
    if status.state == "done":
        raise RunError(f"Run {run.id} is done: it can be trained longer, not resumed.")
    if status.state == "queued":
        raise RunError(f"Run {run.id} is waiting in the queue already: it starts by itself.")


def train_longer(run: Run, epochs: int | None = None, minutes: float | None = None) -> None:
    """Raise a finished run's budget by so many epochs, or minutes where it counts minutes, and queue it again."""
    with _held(run):
        raise_budget(run, epochs, minutes)
        _queue(run, run.recorded_status())


def raise_budget(run: Run, epochs: int | None = None, minutes: float | None = None) -> None:
    """The same without the queue; whoever calls holds the lock. Says in the run's notes what that means."""
    config, status = run.config(), run.recorded_status()
    if status.state != "done":
        raise RunError(f"Run {run.id} is {status.state}: only one that is done can be trained longer.")
    if reason := why_not_longer(run, config):
        raise RunError(reason)
    budget = config.train.minutes
    unit, more = ("epochs", epochs) if budget is None else ("minutes", minutes)
    if not more or more < 0:
        raise RunError(f"This run's budget counts {unit}: say how many more, 5 for example. Received: {more}.")
    if budget is None:
        begun = math.ceil(status.epoch)  # fewer than its budget where patience ended it
        train = config.train.replace(epochs=begun + more, patience=None)
    else:
        train = config.train.replace(minutes=max(budget, status.seconds / 60) + more)
    note = f"Trained longer: {more:g} {unit[:-1] if more == 1 else unit} more after epoch {status.epoch:g}."
    if train.learning_rate_schedule == "cosine":
        note += " The learning rate falls to the new end, so it rose again there."
    if config.train.patience and unit == "epochs":
        note += " It no longer ends by itself when validation stops improving."
    run.write_config(dataclasses.replace(config, train=train, notes=(*config.notes, note)))


def why_not_longer(run: Run, config: RunConfig) -> str:
    """A sentence where a finished run cannot go on, else nothing."""
    if config.model.kind == "ngram":
        return "An n-gram model has counted the whole text: counting it again changes nothing."
    if not checkpoints.exists(run):
        return (
            "This model came from elsewhere with its weights alone, without what its training remembers beside "
            "them, so it cannot be trained longer here. Start a new run with the same settings."
        )
    return ""


def rename(run: Run, name: str) -> None:
    """Give a run another name; its id, which is its folder's name and stands in links, stays."""
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME_LENGTH:
        raise RunError(f"A name has 1 to {MAX_NAME_LENGTH} characters. Received: {len(name)}.")
    run.write_config(dataclasses.replace(run.config(), name=name))


def delete(run: Run) -> None:
    """Remove a run and its weights for good. Raises RunError while a worker has it."""
    store.delete(run)


def _ask(run: Run, request: str, ended: str, reason: str) -> None:
    status = run.status()
    if status.state not in store.ACTIVE:
        raise RunError(f"Run {run.id} is {status.state}: there is nothing to {request}.")
    run.ask(request)
    if status.state != "queued":
        return
    # A worker that takes the run in this moment has the lock, and answers the request itself.
    with contextlib.suppress(Timeout), run.lock().acquire(timeout=_LOCK_SECONDS):
        status = run.recorded_status()
        if status.state == "queued":
            run.ask(None)
            run.write_status(dataclasses.replace(status, state=ended, reason=reason, ended=time.time()))


def _queue(run: Run, status: Status) -> None:
    """Back to the end of the queue, with no request left from before."""
    run.ask(None)
    run.write_status(
        dataclasses.replace(status, state="queued", reason="", queued=time.time(), ended=None, pid=None)
    )


@contextlib.contextmanager
def _held(run: Run) -> Iterator[None]:
    run.recorded_status()  # raises RunError where it was deleted; a lock would make its folder anew
    try:
        with run.lock().acquire(timeout=_LOCK_SECONDS):
            yield
    except Timeout:
        raise RunError(f"Run {run.id} is being trained. Pause or stop it first.") from None
