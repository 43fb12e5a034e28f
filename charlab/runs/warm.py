"""Warm workers: processes that stand ready with TensorFlow imported while somebody has the Train page open.

The queue gives them runs. One is a child process with two pipes: it reads the folder of a run, one per line, and
answers READY once it can take one (at first, and after each run), UNFIT where a run needs a process of its own, or
DIVIDED where the run needs a new one, since earlier runs have divided the machine in another way: then it ends.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time

from charlab.runs import limits, memory, subprocesses
from charlab.runs.accelerators import why_no_tensorflow
from charlab.runs.store import Run

log = logging.getLogger(__name__)

READY, UNFIT, DIVIDED = "ready", "unfit", "divided"
STARTS_WITH_BYTES, STAYS_WITH_BYTES = 3e9, 1.2e9  # of free memory; a process takes about a third of the difference
PAGE_SECONDS = 300.0  # that it stays after the Train page was last seen open
_RETRY_SECONDS = 60.0  # after a process that ended before it was ready

_page_seen_at = float("-inf")  # by time.monotonic()


def page_is_open() -> None:
    """Note that somebody has the Train page open now."""
    global _page_seen_at
    _page_seen_at = time.monotonic()


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
        self.state = "starting"
        self.is_ending = False  # whatever it was doing: it takes no more runs
        self.has_refused = False  # the run that it was given last
        threading.Thread(target=self._listen, daemon=True).start()

    def is_alive(self) -> bool:
        """Whether its process runs."""
        return self.popen.poll() is None

    def give(self, run: Run) -> None:
        """Let it train a run. Raises OSError where it has just ended."""
        self.state, self.has_refused = "has a run", False
        self._requests.write(json.dumps(str(run.path)).encode("ascii") + b"\n")
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

    def ready(self) -> Process | None:
        """One that can take a run."""
        return next((process for process in self._idle() if process.state == "ready"), None)

    def tend(self) -> None:
        """Start a process where one is wanted, and end those that are not."""
        for process in self._processes:
            if process.state == "starting" and not process.is_ending and not process.is_alive():
                self._retry_at = time.monotonic() + _RETRY_SECONDS
                code = process.popen.returncode
                log.warning("A process that was to be ready for the next run ended at once, with code %s.", code)
        self._processes = self._alive()
        idle = self._idle()
        if not is_wanted(STAYS_WITH_BYTES if idle else STARTS_WITH_BYTES):
            self._end(idle)
        elif idle:
            self._end(idle[1:])
        elif len(self._processes) < self._most and time.monotonic() >= self._retry_at:
            self._processes.append(Process())

    def close(self) -> None:
        """End the processes that have no run; the others end with theirs."""
        self._end([process for process in self._processes if process.state != "has a run"])

    def wait(self, deadline: float) -> None:
        """Wait until all have ended; kill those that take longer than until `deadline`, by time.monotonic()."""
        for process in self._processes:
            subprocesses.wait_or_kill(process.popen, deadline)

    def _alive(self) -> list[Process]:
        return [process for process in self._processes if process.is_alive()]

    def _idle(self) -> list[Process]:
        return [process for process in self._alive() if process.state != "has a run" and not process.is_ending]

    def _end(self, processes: list[Process]) -> None:
        for process in processes:
            process.end()
