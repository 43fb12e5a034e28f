"""Warm workers: processes that stand ready with TensorFlow imported while somebody has a page with Start open.

The queue gives them runs. One is a child process with two pipes: it reads requests, one JSON object per line, and
answers each with a word. `{"train": folder}` is a run. The answer is READY once the process can take the next one
(also said at first), UNFIT where the run needs a process of its own, or DIVIDED where it needs a new one, since
earlier runs have divided the machine in another way: then the process ends. `{"prepare": configuration, "vocab":
vocabulary}` is what Start would begin now: while nothing trains, the process does what such a run does before its
first step, and answers PREPARED or DIVIDED.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from collections.abc import Hashable
from typing import Any

from charlab.core import kinds
from charlab.runs import devices, limits, memory, subprocesses
from charlab.runs.accelerators import why_no_tensorflow
from charlab.runs.plan import RunPlan
from charlab.runs.store import Run

log = logging.getLogger(__name__)

READY, UNFIT, DIVIDED, PREPARED = "ready", "unfit", "divided", "prepared"
STARTS_WITH_BYTES, STAYS_WITH_BYTES = 3e9, 1.2e9  # of free memory; a process takes about a third of the difference
PAGE_SECONDS = 300.0  # that it stays after such a page was last seen open
_RETRY_SECONDS = 60.0  # after a process that ended before it was ready
_STARTING_SECONDS = 20.0  # that a run waits for a process which is starting
_SETTLED_SECONDS = 1.0  # that a Train page shows the same settings before they are prepared

_page_seen_at = float("-inf")  # by time.monotonic()
_shown: tuple[RunPlan, float] | None = None  # what Start would begin, and since when, by time.monotonic()


def page_is_open() -> None:
    """Note that somebody has a page open now on which a run can be started."""
    global _page_seen_at
    _page_seen_at = time.monotonic()


def page_shows(planned: RunPlan | None) -> None:
    """Note what Start would begin on the Train page that was changed last; None where nothing can be prepared."""
    global _shown
    if planned is None or not kinds.of(planned.model).trained or planned.train.accelerator == devices.NAME:
        _shown = None
    elif _shown is None or _work_of(_shown[0]) != _work_of(planned):
        _shown = planned, time.monotonic()


def _work_of(planned: RunPlan) -> Hashable:
    """Plans of which this is equal have the same work before their first step."""
    return planned.model, planned.train.replace(epochs=1, minutes=None), planned.text.sha256


def is_wanted(bytes_wanted: float) -> bool:
    """Whether a process should stand ready, where so much memory has to be free: by CHARLAB_WARM, and while
    somebody may press Start. Where the free memory is unknown, none should."""
    if not limits.is_warm() or time.monotonic() > _page_seen_at + PAGE_SECONDS:
        return False
    free = memory.free_bytes()
    return free is not None and free >= bytes_wanted and not why_no_tensorflow()


class Process:
    """One warm worker, and what it is doing: it is starting, is ready, or has a run."""

    def __init__(self) -> None:
        self.popen, self._requests, self._answers = subprocesses.start_answering("stand-ready")
        self.state, self.began = "starting", time.monotonic()
        self.is_ending = False  # whatever it was doing: it takes no more runs
        self.has_refused = False  # the run that it was given last
        self.prepares: Hashable = None  # the work that it was given to prepare last
        self.is_preparing = False
        threading.Thread(target=self._listen, daemon=True).start()

    def is_alive(self) -> bool:
        """Whether its process runs."""
        return self.popen.poll() is None

    def give(self, run: Run) -> None:
        """Let it train a run. Raises OSError where it has just ended."""
        self.state, self.has_refused = "has a run", False
        self._ask({"train": str(run.path)})

    def prepare(self, planned: RunPlan) -> None:
        """Let it prepare for such a run. Raises OSError where it has just ended."""
        self.prepares, self.is_preparing = _work_of(planned), True
        self._ask({"prepare": planned.config().to_json(), "vocab": planned.text.known_vocab().to_json()})

    def _ask(self, request: dict[str, Any]) -> None:
        self._requests.write(json.dumps(request).encode("ascii") + b"\n")
        self._requests.flush()

    def exit_code(self) -> int | None:
        """What a worker of its run alone would have exited with; None while it has the run."""
        return self.popen.poll() if self.state == "has a run" else 0

    def end(self) -> None:
        """Tell it to end, while it has no run."""
        self.is_ending = True
        with contextlib.suppress(OSError):
            self._requests.close()

    def _listen(self) -> None:
        for line in self._answers:
            answer = line.decode("ascii").strip()
            self.is_preparing = False  # a run that was given meanwhile comes after it
            if answer == PREPARED:
                continue
            self.has_refused = answer in (UNFIT, DIVIDED)
            if answer == DIVIDED:
                self.is_ending = True
            self.state = "ready"


class Pool:
    """The warm workers of a queue, `most` at most: while they are wanted, one without a run stands ready."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._processes: list[Process] = []
        self._retry_at = float("-inf")  # by time.monotonic()
        self._fatal: set[Hashable] = set()  # work that ended a process which prepared it

    def ready(self) -> Process | None:
        """One that can take a run."""
        return next((process for process in self._idle() if process.state == "ready"), None)

    def is_starting(self) -> bool:
        """Whether one will soon be ready."""
        since = time.monotonic() - _STARTING_SECONDS
        return any(process.state == "starting" and process.began > since for process in self._idle())

    def tend(self) -> None:
        """Start a process where one is wanted, and end those that are not."""
        for process in [process for process in self._processes if not process.is_alive()]:
            self._note_end(process)
        self._processes = self._alive()
        idle = self._idle()
        if not is_wanted(STAYS_WITH_BYTES if idle else STARTS_WITH_BYTES):
            self._end(idle)
        elif idle:
            self._end(idle[1:])
        elif len(self._processes) < self._most and time.monotonic() >= self._retry_at:
            self._processes.append(Process())

    def prepare(self) -> None:
        """Let the process that stands ready prepare for what Start would begin, while nothing trains."""
        process = self.ready()
        if process is None or _shown is None or time.monotonic() < _shown[1] + _SETTLED_SECONDS:
            return
        work = _work_of(_shown[0])
        if process.prepares != work and work not in self._fatal:
            with contextlib.suppress(OSError):  # it has just ended
                process.prepare(_shown[0])

    def has_prepared(self) -> bool:
        """Whether the process that stands ready has prepared for what Start would begin."""
        process = self.ready()
        shown = _work_of(_shown[0]) if _shown else None
        return process is not None and process.prepares == shown is not None and not process.is_preparing

    def close(self) -> None:
        """End the processes that have no run; the others end with theirs."""
        self._end([process for process in self._processes if process.state != "has a run"])

    def wait(self, deadline: float) -> None:
        """Wait until all have ended; kill those that take longer than until `deadline`, by time.monotonic()."""
        for process in self._processes:
            subprocesses.wait_or_kill(process.popen, deadline)

    def _note_end(self, process: Process) -> None:
        if process.is_ending:
            return
        code = process.popen.returncode
        if process.is_preparing:
            self._fatal.add(process.prepares)
            log.warning("A process that prepared for a run ended with code %s. The run may fail, too.", code)
        elif process.state == "starting":
            self._retry_at = time.monotonic() + _RETRY_SECONDS
            log.warning("A process that was to be ready for the next run ended at once, with code %s.", code)

    def _alive(self) -> list[Process]:
        return [process for process in self._processes if process.is_alive()]

    def _idle(self) -> list[Process]:
        return [process for process in self._alive() if process.state != "has a run" and not process.is_ending]

    def _end(self, processes: list[Process]) -> None:
        for process in processes:
            process.end()
