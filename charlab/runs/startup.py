"""The start of a run: what its worker does until its first step has ended, and how long that takes here.

It stands in the run's status as `start_up`: under way {"doing", "began", "warm"}, later {"seconds", "warm"}, where
`warm` is whether the worker had imported TensorFlow before. Lengths come from earlier starts on this machine.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

from charlab.core import kinds
from charlab.errors import CharlabError
from charlab.runs.store import Run, Status
from charlab.runs.watch import KnownRun

DOING = {"tensorflow": "Starting TensorFlow", "text": "Reading the text", "first step": "Preparing the first step"}
_UNMEASURED = {False: 5.0, True: 2.0}  # seconds, by whether the worker is warm
_COUNTED = 5  # of the latest starts


@dataclass(frozen=True)
class StartUp:
    """A start that is under way: what is being done in words, and the share of its expected length, 0 to 1."""

    words: str
    share: float


def under_way(doing: str, began: float, warm: bool) -> dict[str, Any]:
    """The record of a start that began then, in seconds since 1970, and does one of DOING now."""
    return {"doing": doing, "began": began, "warm": warm}


def ended(began: float, warm: bool) -> dict[str, Any]:
    """The record of a start that ends now."""
    return {"seconds": round(max(0.0, time.time() - began), 3), "warm": warm}


def is_under_way(status: Status) -> bool:
    """Whether the run's worker has not ended its first step yet."""
    return "doing" in status.start_up


def shown(status: Status, expected: float) -> StartUp | None:
    """A start under way that takes `expected` seconds; None where the run is not starting."""
    if not is_under_way(status) or status.state not in ("running", "pausing", "stopping"):
        return None
    passed = max(0.0, time.time() - status.start_up.get("began", time.time()))
    doing = DOING.get(status.start_up["doing"], "Starting")
    left = math.ceil(expected - passed)
    return StartUp(f"{doing}: about {left} s" if left > 0 else f"{doing} ...", min(0.95, passed / expected))


def is_warm(status: Status) -> bool:
    """Whether the run's latest start was that of a warm worker."""
    return status.start_up.get("warm", False)


def expected_seconds(runs: Iterable[Run | KnownRun], warm: bool = False) -> float:
    """How long the start of a network's training takes on this machine: the median of the latest starts of these
    runs, newest first, in cold or in warm workers. N-gram runs need no TensorFlow, and do not count."""
    known = list(itertools.islice(_lengths(runs, warm), _COUNTED))
    return max(1.0, median(known)) if known else _UNMEASURED[warm]


def _lengths(runs: Iterable[Run | KnownRun], warm: bool) -> Iterable[float]:
    for run in runs:
        with contextlib.suppress(CharlabError):
            status = run.recorded_status()
            if "seconds" not in status.start_up or is_warm(status) != warm:
                continue
            if kinds.of(run.config().model).trained:
                yield status.start_up["seconds"]
