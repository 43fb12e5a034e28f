"""Parameters of which some are tested each time, and all among the slow tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def one_in(every: int, values: Iterable[Any]) -> list[Any]:
    """The first value and each `every`-th after it as they are, the others marked as slow. A tuple is a value for
    each of several arguments."""
    return [value if i % every == 0 else slow(value) for i, value in enumerate(values)]


def slow(value: Any) -> Any:
    """A parameter that is tested among the slow tests only."""
    return pytest.param(*(value if isinstance(value, tuple) else (value,)), marks=pytest.mark.slow)
