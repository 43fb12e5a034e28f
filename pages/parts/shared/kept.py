"""What is made once for all readers: a bounded cache that lets those who ask for the same wait for one of them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """The `most` values that were asked for last, by their keys. They are shared: nobody changes them."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._futures: OrderedDict[Hashable, Future[Value]] = OrderedDict()  # the one asked for last is the last

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of a key: `make` is called where it is not kept. What it raises is raised to all who wait, and
        not kept."""
        with self._lock:
            future = self._futures.get(key)
            if is_new := future is None:
                future = self._futures[key] = Future()
            self._futures.move_to_end(key)
            while len(self._futures) > self._most:
                self._futures.popitem(last=False)
        if is_new:
            try:
                future.set_result(make())
            except BaseException as error:
                self.drop(key)
                future.set_exception(error)
        return future.result()

    def drop(self, key: Hashable) -> None:
        """Forget a value."""
        with self._lock:
            self._futures.pop(key, None)
