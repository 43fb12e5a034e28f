"""Runs as they are now, read once for everyone who watches them.

A server answers many pages each second. However many ask, a run's files are looked at once per LOOK_SECONDS, and
of its events only those are read that are new.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from charlab.errors import RunError
from charlab.runs.store import Run, RunConfig, Status

LOOK_SECONDS = 0.5
FORGET_SECONDS = 60.0  # after the last one who asked
_MOST_EVENTS = 200_000  # of all runs together: about 100 MB

Event = dict[str, Any]


@dataclass(frozen=True)
class Snapshot:
    """A run as it was at one moment. What it holds is shared: nobody changes it."""

    run: Run
    config: RunConfig
    status: Status
    alphabet_size: int
    weight_names: tuple[str, ...]
    events: list[Event]
    reading: int  # differs where earlier events may differ: when they were read from the first one on, in ms
    problem: str  # why its events cannot be read, in a sentence, or ""
    at: float  # when it was read, in seconds since 1970


class Snapshots:
    """The runs that somebody watches. A run that nobody asked for in FORGET_SECONDS is dropped, and so are those
    asked for longest ago where all together have more events than `most_events`."""

    def __init__(self, most_events: int = _MOST_EVENTS, clock: Callable[[], float] = time.monotonic) -> None:
        self._most_events, self._clock = most_events, clock
        self._lock = threading.Lock()
        self._watched: dict[Path, _Watched] = {}  # the one asked for last is the last

    def of(self, run: Run) -> Snapshot:
        """The run, read at most LOOK_SECONDS ago. Raises RunError where it cannot be read, or is gone."""
        now = self._clock()
        with self._lock:
            watched = self._watched.pop(run.path, None) or _Watched(run)
            watched.asked = now
            self._watched[run.path] = watched
            self._drop(now)
        return watched.look(now)

    def watched(self) -> list[str]:
        """The ids of the runs that are kept, the one asked for last at the end."""
        with self._lock:
            return [path.name for path in self._watched]

    def _drop(self, now: float) -> None:
        events = sum(watched.length for watched in self._watched.values())
        for path, watched in list(self._watched.items())[:-1]:
            if now - watched.asked > FORGET_SECONDS or events > self._most_events:
                events -= watched.length
                del self._watched[path]


@dataclass
class _Watched:
    """A run, and how far it has been read."""

    run: Run
    asked: float = 0.0
    length: int = 0  # events
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _looked: float = float("-inf")
    _snapshot: Snapshot | None = None
    _events: list[Event] = field(default_factory=list)
    _reading: int = field(default_factory=lambda: _now_ms())
    _end: int = 0  # byte up to which the events were read
    _last: tuple[int, int] = (0, 0)  # byte and index from which the last of them were read

    def look(self, now: float) -> Snapshot:
        """The run, read anew where the last look is too long ago; others who ask meanwhile wait for it."""
        with self._lock:
            if self._snapshot is None or now - self._looked >= LOOK_SECONDS:
                self._snapshot = self._read()
                self._looked = now
            return self._snapshot

    def _read(self) -> Snapshot:
        at = time.time()
        config, vocab, status = self.run.read()
        try:
            self._read_events()
            problem = ""
        except RunError as error:
            self._forget_events()
            problem = str(error)
        self.length = len(self._events)
        names = tuple(self.run.weight_names())
        size = len(vocab.characters)
        return Snapshot(self.run, config, status, size, names, self._events, self._reading, problem, at)

    def _read_events(self) -> None:
        """Read what is new where the file is longer or shorter. A resume removes events and records them again:
        where those that were read last are no longer there, all are read again."""
        length = self.run.events_length()
        if length == self._end:
            return
        if length < self._end or not self._read_on():
            self._forget_events()
            self._read_on()

    def _read_on(self) -> bool:
        """Read from the last events on; False where they differ from those that are known."""
        byte, index = self._last
        known = self._events[index:]
        try:
            found, end = self.run.events(byte)
        except RunError:
            if byte:
                return False
            raise
        if found[: len(known)] != known:
            return False
        if len(found) > len(known):
            self._last = (self._end, len(self._events))
            self._events = self._events + found[len(known) :]  # a new list: snapshots share the old one
            self._end = end
        return True

    def _forget_events(self) -> None:
        if self._end:
            self._reading = max(self._reading + 1, _now_ms())
        self._events, self._end, self._last = [], 0, (0, 0)


def _now_ms() -> int:
    """Milliseconds since 1970, which a server that was started again does not count anew."""
    return time.time_ns() // 1_000_000
