"""The state of a run that is recorded as running: whether a process has it, and what was asked of it.

A server or a worker that is killed records nothing more, and leaves the run's lock: by that it is told.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from charlab.errors import RunError
from charlab.runs import devices

if TYPE_CHECKING:
    from charlab.runs.store import Run, Status

WORKER_KILLED = (
    "The worker process stopped unexpectedly: it was killed, ran out of memory, or the machine was switched off. "
    "Its last checkpoint is saved."
)
SERVER_KILLED = (
    "The server stopped unexpectedly while a device trained it. It goes on by itself once that device's page "
    "reaches the server again; resume it in that browser to go on."
)


def status(run: Run, recorded: Status) -> Status:
    """A run's state, where `recorded` is what its status.json has. Raises RunError where that cannot be read."""
    if recorded.state == "running" and not run.is_held():
        recorded = run.recorded_status()  # again: it may have ended since the first look
    if recorded.state != "running":
        return recorded
    if not run.is_held():
        return _left(run, recorded)
    request = run.request()
    return replace(recorded, state={"pause": "pausing", "stop": "stopping"}[request]) if request else recorded


def _left(run: Run, recorded: Status) -> Status:
    """The state of a run that nobody has any more: a device's can go on."""
    try:
        is_for_device = devices.is_for(run.config())
    except RunError:
        is_for_device = False
    if is_for_device:
        return replace(recorded, state="paused", reason=SERVER_KILLED)
    return replace(recorded, state="failed", reason=WORKER_KILLED)
