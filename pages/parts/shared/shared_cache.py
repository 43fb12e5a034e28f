"""What takes long to compute, computed once for everyone on this server and bounded in bytes."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from threading import Lock
from types import ModuleType
from typing import Any, Generic, TypeVar

import numpy as np

Value = TypeVar("Value")


def size_of(value: Any) -> int:
    """The bytes of a value with all arrays and texts in it, each once."""
    return _size_of(value, set())


def _size_of(value: Any, seen: set[int]) -> int:
    if id(value) in seen or isinstance(value, type | ModuleType):
        return 0
    seen.add(id(value))
    if isinstance(value, np.ndarray | memoryview):
        return value.nbytes
    if isinstance(value, Mapping):
        inside: Iterable[Any] = value.values()
    elif isinstance(value, list | tuple):
        inside = value
    else:
        inside = vars(value).values() if hasattr(value, "__dict__") else ()
    return sys.getsizeof(value) + sum(_size_of(inner, seen) for inner in inside)


class SharedCache(Generic[Value]):
    """Values by key, which nobody may change. Of many who ask for the same at once, one computes it.

    Together the values have at most `most_bytes`, by `size`: those that were not asked for the longest time leave
    first, and the newest one stays whatever its size. What fails is not kept: the next one to ask tries again.
    """

    def __init__(self, most_bytes: int, size: Callable[[Value], int] = size_of) -> None:
        self._most_bytes, self._size = most_bytes, size
        self._values: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()  # of everything here
        self._in_progress: dict[Hashable, tuple[Lock, int]] = {}  # a key's own lock, and how many want it

    @property
    def bytes(self) -> int:
        """The size of all values together."""
        return self._bytes

    def find(self, key: Hashable) -> Value | None:
        """The value that is kept under a key; None where there is none."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key][0]

    def drop(self, key: Hashable) -> None:
        """Forget the value under a key, where there is one."""
        with self._lock:
            _, size = self._values.pop(key, (None, 0))
            self._bytes -= size

    def clear(self) -> None:
        """Forget every value."""
        with self._lock:
            self._values.clear()
            self._bytes = 0

    def get(
        self, key: Hashable, compute: Callable[[], Value], while_computing: AbstractContextManager | None = None
    ) -> Value:
        """The value under a key, computed where it is not there: within `while_computing`, such as a spinner."""
        found = self.find(key)
        if found is not None:
            return found
        turn = self._line_up(key)
        try:
            with while_computing or nullcontext(), turn:
                found = self.find(key)  # somebody else computed it meanwhile
                if found is None:
                    found = compute()
                    self._keep(key, found)
                return found
        finally:
            self._leave(key)

    def _line_up(self, key: Hashable) -> Lock:
        with self._lock:
            lock, waiting = self._in_progress.get(key, (Lock(), 0))
            self._in_progress[key] = lock, waiting + 1
            return lock

    def _leave(self, key: Hashable) -> None:
        with self._lock:
            lock, waiting = self._in_progress.pop(key)
            if waiting > 1:
                self._in_progress[key] = lock, waiting - 1

    def _keep(self, key: Hashable, value: Value) -> None:
        size = self._size(value)
        with self._lock:
            self._values[key] = value, size
            self._bytes += size
            while len(self._values) > 1 and self._bytes > self._most_bytes:
                _, (_, gone) = self._values.popitem(last=False)
                self._bytes -= gone
