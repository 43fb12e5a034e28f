"""The training queue: gives each queued run a worker process, a few at a time, and watches them.

A worker is `python -m charlab work <run>`, or one that stands ready (warm.py); it shares only the run directory
with this process. The process that holds a run's lock owns it: two queues on one folder never train a run twice.
"""

from __future__ import annotations

import contextlib
import logging
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from filelock import Timeout

from charlab import os_errors
from charlab.core import kinds
from charlab.errors import CharlabError
from charlab.runs import cluster, control, devices, quotas, startup, store, subprocesses, warm, watch
from charlab.runs.limits import at_once, minutes_cap, seconds_left
from charlab.runs.store import Run, RunConfig, Status
from charlab.runs.watch import KnownRun

log = logging.getLogger(__name__)

_TICK_SECONDS = 0.5
_RETRY_SECONDS = 30.0  # until a worker that the operating system did not let start is started again
_COUNTING_SECONDS = 5.0  # of an n-gram run, most of them to start its process
_LOG_CHARACTERS = 300  # of the log of a worker that failed


@dataclass(frozen=True)
class Worker:
    """A worker process, and the run that it was started for, or given."""

    run: Run
    process: subprocess.Popen
    started: float  # seconds since 1970
    warm: warm.Process | None = None  # where the process may train more runs

    def exit_code(self) -> int | None:
        """What it exited with; None while it has the run."""
        return self.warm.exit_code() if self.warm else self.process.poll()


class Queue:
    """First come, first served, `places` workers at a time (by default `at_once()`), on one runs folder.

    `start` returns at once; `close` asks the workers to write a checkpoint and waits for them.
    """

    def __init__(self, folder: Path | None = None, places: int | None = None) -> None:
        self.folder = Path(folder or store.runs_folder()).resolve()
        self.at_once = places or at_once()
        self._workers: list[Worker] = []
        self._warm = warm.Pool(self.at_once)
        self._retry_at: dict[Path, float] = {}  # of runs whose worker could not be started, by time.monotonic()
        self._logged: dict[str, str] = {}  # what could not be done, and why
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="training-queue", daemon=True)

    def start(self) -> None:
        """Watch the runs folder from a thread of its own."""
        self._thread.start()

    def has_warm_worker(self) -> bool:
        """Whether a process stands ready for the next run."""
        return self._warm.ready() is not None

    def has_prepared(self) -> bool:
        """Whether it has also done what a run that the Train page shows does before its first step."""
        return self._warm.has_prepared()

    def close(self, patience: float = 30.0) -> None:
        """Stop starting runs, let the workers pause at a checkpoint, and kill those that take longer."""
        self._closing.set()
        quotas.joined.set()  # so that the thread looks up
        if self._thread.is_alive():
            self._thread.join()
        for worker in self._workers:
            with contextlib.suppress(OSError):
                if worker.process.stdin:
                    worker.process.stdin.close()  # tells it that its parent has ended
        self._warm.close()
        deadline = time.monotonic() + patience
        for worker in self._workers:
            subprocesses.wait_or_kill(worker.process, deadline)
            self._record_or_wait(worker)
        self._warm.wait(deadline)
        self._workers.clear()

    def _loop(self) -> None:
        while not self._closing.is_set():
            quotas.joined.wait(_TICK_SECONDS)
            quotas.joined.clear()
            if self._closing.is_set():
                return
            self._attempt("No process could be made ready for the next run", self._warm.tend)
            self._attempt("The training queue could not check its runs; it tries again", self._tick)
            if not self._workers:
                self._attempt("Nothing could be prepared for the next run", self._warm.prepare)

    def _tick(self) -> None:
        for worker in [worker for worker in self._workers if worker.exit_code() is not None]:
            self._workers.remove(worker)
            if worker.warm and worker.warm.has_refused:
                self._workers.append(Worker(worker.run, start_worker(worker.run), worker.started))
            else:
                self._record_or_wait(worker)
        busy = [worker.run.path for worker in self._workers]
        for run in [run for run in waiting(self.folder) if run.path not in busy]:
            if len(self._workers) >= self.at_once:
                return
            if time.monotonic() < self._retry_at.get(run.path, 0.0):
                continue
            if not self._attempt(
                f"Run {run.id} could not be started; it stays in the queue", partial(self._start, run)
            ):
                self._retry_at[run.path] = time.monotonic() + _RETRY_SECONDS

    def _start(self, run: Run) -> None:
        """Give a run to a process that stands ready, or start one for it. It waits for one that will soon be
        ready: that has TensorFlow earlier."""
        now = time.time()
        ready = self._warm.ready()
        if not ready and self._warm.is_starting() and kinds.of(run.config().model).trained:
            return
        if ready:
            with contextlib.suppress(OSError):  # it has just ended
                ready.give(run)
                self._workers.append(Worker(run, ready.popen, now, ready))
                return
        self._workers.append(Worker(run, start_worker(run), now))

    def _record_or_wait(self, worker: Worker) -> None:
        """Record how a worker ended. Where that is impossible, its run may still be queued: try it again later."""
        if not self._attempt(
            f"The end of run {worker.run.id} could not be recorded", partial(self._record_death, worker)
        ):
            self._retry_at[worker.run.path] = time.monotonic() + _RETRY_SECONDS

    def _attempt(self, failure: str, act: Callable[[], None]) -> bool:
        """Whether an act succeeds. An error of the operating system is logged in a sentence, once as long as it
        lasts, and any other as the defect that it is; the queue goes on."""
        try:
            act()
            self._logged.pop(failure, None)
            return True
        except Exception as error:
            said = os_errors.sentence(error)
            if said is None or os_errors.may_be_defect(error):
                log.exception("%s.", failure)
            elif self._logged.get(failure) != said:
                log.warning("%s: %s", failure, said)
                self._logged[failure] = said
            return False

    def _record_death(self, worker: Worker) -> None:
        """Record in the run why its worker ended, if the worker could not."""
        code = worker.exit_code() or 0
        try:
            worker.run.recorded_status()  # raises RunError where it was deleted
            with worker.run.lock().acquire(timeout=1.0):
                status = worker.run.recorded_status()
                queued_again = status.state == "queued" and (status.queued or 0.0) > worker.started
                if status.state not in store.ACTIVE or code == 0 or queued_again:
                    return
                if self._closing.is_set():  # it took too long to end, and this queue ended it
                    ended = {"state": "paused", "reason": control.SERVER_STOPPED}
                else:
                    ended = {"state": "failed", "reason": _reason(worker.run, code)}
                worker.run.write_status(Status(**status.__dict__ | ended | {"ended": time.time()}))
        except (Timeout, CharlabError, FileNotFoundError):  # another worker has it, or it was deleted
            log.info("Run %s is owned by another worker.", worker.run.id)


def waiting(folder: Path | None = None) -> list[Run]:
    """The queued runs, in the order in which they will start: first come, first served. Those for a device wait
    for that, and for no place here."""
    # Of several machines the first one's worker writes the run: any other would train it unrecorded.
    queued = watch.listing(folder).get(_queued)
    return [run for run, config in queued if cluster.is_chief(config.train.accelerator)]


def _queued(runs: tuple[KnownRun, ...]) -> list[tuple[Run, RunConfig]]:
    found = []
    for known in runs:
        with contextlib.suppress(CharlabError):
            status = known.recorded_status()
            if status.state == "queued" and not devices.is_for(config := known.config()):
                found.append((status.queued or config.created, known.id, known.run, config))
    return [(run, config) for _, _, run, config in sorted(found, key=lambda entry: entry[:2])]


def running(folder: Path | None = None, task: str | None = None) -> list[tuple[Run, Status]]:
    """The runs that are being trained: all, or those of one task ("" for language models)."""
    return list(watch.listing(folder).get(_running, task))


def _running(runs: tuple[KnownRun, ...], task: str | None) -> list[tuple[Run, Status]]:
    found = []
    for known in runs if task is None else watch.of_task(runs, task):
        with contextlib.suppress(CharlabError):
            status = known.status()
            if status.state in ("running", "pausing", "stopping"):
                found.append((known.run, status))
    return found


def expected_starts(folder: Path | None = None) -> dict[str, float | None]:
    """In how many seconds each waiting run will start, by its id and in the order of the queue; None where that
    cannot be estimated.

    Running runs record the time they have left, after their start-up. For runs earlier in the queue a budget in
    minutes is known, and one in epochs if the same model was trained on the same text before.
    """
    return _schedule(folder)[0]


def expected_wait(folder: Path | None = None) -> float | None:
    """In how many seconds a run would start that joined the queue now; None where that cannot be estimated."""
    return watch.listing(folder).get(_wait, folder)


def _wait(_: tuple[KnownRun, ...], folder: Path | None) -> float | None:
    return _schedule(folder)[1]


def _schedule(folder: Path | None) -> tuple[dict[str, float | None], float | None]:
    """When each waiting run will start, and when the next one would."""
    here = [other for other in running(folder) if not devices.is_for(other[0].config())]
    left = [_left(other, status) for other, status in here]
    known = [seconds for seconds in left if seconds is not None]
    free = sorted(known + [0.0] * max(0, at_once() - len(left)))  # when each place becomes free
    is_known, starts = len(known) == len(left), {}
    for run in waiting(folder):
        starts[run.id] = free[0] if is_known else None
        takes = _expected_seconds(run) if is_known else None
        if takes is None:
            is_known = False
        else:
            free = sorted([free[0] + takes, *free[1:]])
    return starts, free[0] if is_known else None


def start_worker(run: Run) -> subprocess.Popen:
    """Start a worker process on one run; it ends when this process does."""
    return subprocesses.start("work", str(run.path), "--parent-pipe", log=run.log_path)


def _left(run: Run, status: Status) -> float | None:
    """How many seconds a running run still takes, within the server's limit."""
    return _expected_seconds(run) if startup.is_under_way(status) else seconds_left(status)


def _expected_seconds(run: Run) -> float | None:
    """How many seconds a run that waits or starts will take: its start and its training, within the server's
    limit."""
    if not kinds.of(run.config().model).trained:
        return _COUNTING_SECONDS
    takes = _training_seconds(run)
    return None if takes is None else startup.expected_seconds(watch.runs(run.path.parent)) + takes


def _training_seconds(run: Run) -> float | None:
    config, status, cap = run.config(), run.recorded_status(), minutes_cap()
    limit = None if cap is None else max(0.0, 60 * cap - status.seconds)
    if config.train.minutes is not None:
        takes = max(0.0, 60 * config.train.minutes - status.seconds)
    elif seconds := _seconds_per_epoch(run, config):
        takes = seconds * max(0.0, config.train.epochs - status.epoch)
    else:
        return limit
    return takes if limit is None else min(takes, limit)


def _seconds_per_epoch(run: Run, config: RunConfig) -> float | None:
    """Seconds per epoch in the latest run of the same model on the same text."""
    same = ("batch_size", "sequence_length", "batches", "shift", "steps_per_epoch", "precision", "accelerator")
    for other in watch.runs(run.path.parent):
        with contextlib.suppress(CharlabError):
            results, known = other.recorded_status().results, other.config()
            if not results.get("epochs") or not results.get("seconds") or known.model != config.model:
                continue
            if (known.corpus_sha256, known.task) != (config.corpus_sha256, config.task):
                continue
            if all(getattr(known.train, name) == getattr(config.train, name) for name in same):
                return results["seconds"] / results["epochs"]
    return None


def _reason(run: Run, code: int) -> str:
    if code == -9:
        return "Its worker process was killed: most likely the machine ran out of memory, or someone ended it."
    words = run.log_path.read_text(encoding="utf-8", errors="replace").strip()[-_LOG_CHARACTERS:]
    last_line = words.splitlines()[-1] if words else "(empty)"
    return f"Its worker process ended with code {code}. The last line of its log: {last_line}"
