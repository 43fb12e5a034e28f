"""Turns: threads of one process that compute one at a time, each session for a few milliseconds, then the next."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque

SECONDS = 0.01  # of a turn: some hundred steps of a small network, one of a large one


class Cancelled(Exception):
    """Raised in a thread whose work nobody waits for any more."""


class Turns:
    """Whose turn it is. A session that comes newly is next, so that its first characters come soon; after its turn
    it waits until every other session has had one. Several threads of a session share its turns."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self._lock = threading.Lock()
        self._waiting: OrderedDict[str, deque[Turn]] = OrderedDict()  # the next session first
        self._is_taken = False

    def begin(self, turn: Turn) -> None:
        """Wait for a thread's first turn."""
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return
            is_new = turn.session not in self._waiting
            self._waiting.setdefault(turn.session, deque()).append(turn)
            if is_new:
                self._waiting.move_to_end(turn.session, last=False)
        turn.wait()

    def go_on(self, turn: Turn) -> None:
        """Let the others have a turn each, where there are any."""
        with self._lock:
            if not self._waiting:
                return
            following = self._take_next()
            self._waiting.setdefault(turn.session, deque()).append(turn)
        following.wake()
        turn.wait()

    def end(self) -> None:
        """Leave the turn to the next thread."""
        with self._lock:
            self._is_taken = bool(self._waiting)
            following = self._take_next() if self._waiting else None
        if following:
            following.wake()

    def _take_next(self) -> Turn:
        session, threads = self._waiting.popitem(last=False)
        found = threads.popleft()
        if threads:
            self._waiting[session] = threads  # behind all others
        return found


class Turn:
    """A thread's place among the others: it computes inside a `with` block, and calls `step` before each step."""

    def __init__(self, turns: Turns, session: str) -> None:
        self.session, self.is_cancelled = session, False
        self._turns, self._mine = turns, threading.Semaphore(0)
        self._before, self._began = 0.0, 0.0

    @property
    def seconds(self) -> float:
        """How long it has computed, without what it waited."""
        return self._before + time.perf_counter() - self._began

    def count_from_here(self) -> None:
        """Let `seconds` be 0 now: what came before was preparation."""
        self._before -= self.seconds

    def step(self) -> None:
        """Go on with the same turn, or after the turns of others. Raises Cancelled."""
        if time.perf_counter() - self._began >= self._turns.seconds:
            self._before = self.seconds
            self._turns.go_on(self)
            self._began = time.perf_counter()
        if self.is_cancelled:
            raise Cancelled

    def wait(self) -> None:
        self._mine.acquire()

    def wake(self) -> None:
        self._mine.release()

    def __enter__(self) -> Turn:
        self._turns.begin(self)
        self._began = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self._turns.end()
