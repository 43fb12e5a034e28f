"""Waiting for what another process or thread does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def wait_until(true: Callable[[], Found], seconds: float = 300, every: float = 0.05) -> Found:
    """The first answer of `true` that counts as true. Fails where that takes longer."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"waited {seconds:g} seconds in vain"
        time.sleep(every)
    return found
