"""The runs of a folder as lists show them: what is known of a run is read again only after its files have changed.

However many pages ask, the looks at a folder take a small share of the time, and never more than half a second
passes between them; after this process has changed a run, the next to ask looks at once. Acts on a run read the
run itself (store.py), under its lock.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from charlab.errors import RunError
from charlab.files import Mark, mark
from charlab.folders import runs_folder
from charlab.runs import changes, liveness, store
from charlab.runs.store import Run, RunConfig, Status

Answer = TypeVar("Answer")
_SHARE = 0.02  # of the time, for looks at a folder: longer lists are looked at less often
_SECONDS = (0.1, 0.5)  # between two looks: at least, and at most
_MAX_FOLDERS = 8
_TRAINING = "running"  # only then a run's state depends on more than its status.json


class KnownRun:
    """One version of a run's files, each of them read once, when it is first asked for.

    The reads are those of `store.Run`: they raise RunError where the run cannot be read.
    """

    def __init__(self, run: Run, marks: tuple[Mark | None, ...] = (), is_settled: bool = False) -> None:
        self.run = run
        self._marks, self._is_settled = marks, is_settled
        self._answers: dict[Callable, tuple[Any, str | None]] = {}
        self._lock = threading.RLock()

    @property
    def id(self) -> str:
        """The folder's name, by which links and commands know the run."""
        return self.run.id

    def get(self, read: Callable[[KnownRun], Answer]) -> Answer:
        """The answer of `read`, a function of the run's files alone, or the RunError that it raises."""
        with self._lock:
            if read not in self._answers:
                try:
                    self._answers[read] = read(self), None
                except RunError as error:
                    self._answers[read] = None, str(error)
                    if _may_pass(error):
                        self._is_settled = False
            answer, problem = self._answers[read]
        if problem is not None:
            raise RunError(problem)
        return answer

    def config(self) -> RunConfig:
        """The run's configuration."""
        return self.get(_config)

    def task(self) -> str:
        """The lab whose task the run learns; "" for a language model, and where that cannot be read."""
        with suppress(RunError):
            return self.config().task
        return ""

    def status(self) -> Status:
        """The run's state; failed where no worker holds a run in training."""
        return self.get(_status)

    def recorded_status(self) -> Status:
        """The content of status.json, whether or not a worker is still alive."""
        return self.get(_recorded_status)

    def vocabulary_size(self) -> int:
        """V, the number of ids."""
        return self.get(_vocabulary_size)

    def weight_names(self) -> tuple[str, ...]:
        """The names of the stored weights: epoch-001 ..., best, last."""
        return self.get(_weight_names)

    def read(self) -> tuple[RunConfig, int, Status]:
        """The configuration, the number of ids and the state, all of which every list needs."""
        return self.config(), self.vocabulary_size(), self.status()

    def is_still(self, marks: tuple[Mark | None, ...]) -> bool:
        """Whether all that is known still holds. Whether a worker is alive, or what was asked of it, is in none of
        these files."""
        recorded, _ = self._answers.get(_recorded_status, (None, None))
        is_training = recorded is not None and recorded.state == _TRAINING
        return self._is_settled and self._marks == marks and not is_training


class Listing:
    """The runs of a folder, newest first. It is the same object as long as nothing has changed."""

    def __init__(self, runs: tuple[KnownRun, ...]) -> None:
        self.runs = runs
        self._answers: dict[Hashable, Any] = {}
        self._lock = threading.RLock()

    def get(self, compute: Callable[..., Answer], *more: Hashable) -> Answer:
        """`compute(runs, *more)`, once for all who ask: a function of these runs and of nothing else. Nobody may
        change its answer, which they share."""
        key = (compute, *more)
        with self._lock:
            if key not in self._answers:
                self._answers[key] = compute(self.runs, *more)
            return self._answers[key]


class RunsWatcher:
    """Looks at one folder of runs, for all threads of this process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listing = Listing(())
        self._look: tuple[float, object] = (float("-inf"), None)  # when the last one began, and the change before
        self._pause = 0.0  # seconds until the next one
        self._lock = threading.Lock()

    def listing(self, now: bool = False) -> Listing:
        """The runs as they are, or, where only other processes have changed them, as they were a moment ago; with
        `now` as they are in any case. Raises OSError where the folder cannot be read."""
        since = time.monotonic() - (0.0 if now else self._pause)
        if not self._has_looked(since):
            with self._lock:
                if not self._has_looked(since):
                    began, change = time.monotonic(), changes.last()
                    self._listing = self._looked_at()
                    self._pause = min(max(_SECONDS[0], (time.monotonic() - began) / _SHARE), _SECONDS[1])
                    self._look = began, change
        return self._listing

    def _has_looked(self, since: float) -> bool:
        began, change = self._look
        return began >= since and change is changes.last()

    def _looked_at(self) -> Listing:
        """The listing as before where nothing has changed."""
        known = {run.id: run for run in self._listing.runs}
        names = sorted(os.listdir(self._folder), reverse=True) if self._folder.is_dir() else []
        found = []
        for name in names:
            if marks := _marks(os.path.join(self._folder, name)):
                run = known.get(name)
                if run is None or not run.is_still(marks):
                    is_settled = all(each is None or each.is_settled() for each in marks)
                    run = KnownRun(Run(self._folder / name), marks, is_settled)
                found.append(run)
        same = len(found) == len(known) and all(run is known.get(run.id) for run in found)
        return self._listing if same else Listing(tuple(found))


_watchers: OrderedDict[Path, RunsWatcher] = OrderedDict()
_lock = threading.Lock()


def listing(folder: Path | None = None, now: bool = False) -> Listing:
    """The runs of a folder, by default the server's: see `RunsWatcher.listing`. `now` is for acts, which must not
    miss what another process has just done."""
    folder = folder or runs_folder()
    with suppress(FileNotFoundError):  # the current folder was deleted: nothing is in it
        folder = folder.absolute()
    with _lock:
        watcher = _watchers.setdefault(folder, RunsWatcher(folder))
        _watchers.move_to_end(folder)
        while len(_watchers) > _MAX_FOLDERS:
            _watchers.popitem(last=False)
    return watcher.listing(now)


def runs(folder: Path | None = None) -> tuple[KnownRun, ...]:
    """The runs of a folder, newest first."""
    return listing(folder).runs


def of_task(runs: tuple[KnownRun, ...], task: str = "") -> tuple[KnownRun, ...]:
    """The runs that learn a lab's task, by default language models; unreadable ones count as these."""
    return tuple(run for run in runs if run.task() == task)


def _may_pass(error: BaseException | None) -> bool:
    """Whether the operating system refused to read, for example because too many files were open: no file need
    change before it reads them."""
    return error is not None and (isinstance(error, OSError) or _may_pass(error.__cause__))


def _marks(folder: str) -> tuple[Mark | None, ...]:
    """Marks of the files that lists read, None for one that is missing; empty where the folder is no run."""
    marks = [mark(f"{folder}/{name}") for name in store.LISTED]
    return tuple(marks) if marks[0] else ()


# What `KnownRun` reads


def _config(known: KnownRun) -> RunConfig:
    return known.run.config()


def _status(known: KnownRun) -> Status:
    recorded = known.recorded_status()
    return liveness.status(known.run, recorded)


def _recorded_status(known: KnownRun) -> Status:
    return known.run.recorded_status()


def _vocabulary_size(known: KnownRun) -> int:
    return len(known.run.vocab())


def _weight_names(known: KnownRun) -> tuple[str, ...]:
    return tuple(known.run.weight_names())
