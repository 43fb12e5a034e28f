"""What a device sends of a run that it trains, checked before anything of it is written, as an import is.

A body is one line of JSON, and behind its line end, where there are any, weights as a safetensors file.
Refusals say what is wrong, and have the status that HTTP has for it.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from charlab.core.config import ModelConfig
from charlab.core.predictor import weight_shapes
from charlab.errors import CharlabError
from charlab.export import received_weights
from charlab.runs import schema

MAX_LINE = 300_000  # bytes of JSON
MAX_EVENTS = 1_000
ENDS = ("done", "paused", "stopped", "failed")
_STEP = ("event", "step", "epoch", "loss", "accuracy", "learning_rate", "characters_per_second", "seconds")
_PLACE = {"step": schema.whole(0, 10**12), "epoch": schema.number(0, 10**7), "seconds": schema.number(0, 10**8)}
_REASON = schema.text(300, 0, schema.CONTROL_CHARACTERS)


class Refused(CharlabError):
    """A request that is refused: why, the status of the answer, and what else the answer has."""

    def __init__(self, status: int, problem: str, **more: Any) -> None:
        super().__init__(problem)
        self.status, self.more = status, more


class Pace:
    """How often one run's device may ask, and how many of its messages may be on their way. For one thread."""

    def __init__(self) -> None:
        self._next, self._reading = 0.0, 0  # by time.monotonic(); messages

    def wait(self, least: float, at_once: int = 1) -> float:
        """The seconds until a request may be answered that comes now: `at_once` are after a while without any, and
        from there on each comes `least` after the one before it."""
        now = time.monotonic()
        self._next = max(now - (at_once - 1) * least, self._next + least)
        return max(0.0, self._next - now)

    @contextlib.contextmanager
    def reading(self, most: int) -> Iterator[None]:
        """Hold this while a message comes. Raises Refused where as many do already."""
        if self._reading >= most:
            raise Refused(429, "The device has sent more messages than it has waited for.")
        self._reading += 1
        try:
            yield
        finally:
            self._reading -= 1


@dataclass(frozen=True)
class Place:
    """How far training is: steps, seconds of training, and epochs."""

    step: int = 0
    seconds: float = 0.0
    epoch: float = 0.0


@dataclass(frozen=True)
class Upload:
    """One request of a device. `weights` are those at `place`; `begins` is where its session went on from."""

    number: int
    events: list[dict[str, Any]]
    place: Place | None = None
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    begins: Place | None = None
    state: str = ""  # one of ENDS, in the last one
    problem: str = ""


def limit(model: ModelConfig, vocabulary_size: int) -> int:
    """The most bytes that a device has to send at once."""
    numbers = sum(math.prod(shape) for shape in weight_shapes(model, vocabulary_size).values())
    return MAX_LINE + received_weights.HEADER_LIMIT + 4 * numbers


def read(body: bytes, model: ModelConfig, vocabulary_size: int) -> Upload:
    """Check a body by itself: names, types, sizes, numbers. Whether it comes in its turn is for the session to
    say. Raises Refused."""
    line, _, data = body.partition(b"\n")
    try:
        found = _upload(line)
        if not data:
            if found.place is not None:
                raise schema.Invalid("it has a place without weights")
            return found
        if found.place is None:
            raise schema.Invalid("its weights have no place")
        found.weights.update(received_weights.read(io.BytesIO(data), len(data), "it", model, vocabulary_size))
    except schema.Invalid as problem:
        raise Refused(400, f"What the device sent cannot be taken: {problem}.") from None
    return found


def _upload(line: bytes) -> Upload:
    if len(line) > MAX_LINE:
        raise schema.Invalid(f"its first line has more than {MAX_LINE:,} bytes")
    data = received_weights.parsed(line, "its first line")
    unknown = sorted(set(data) - {"number", "events", "place", "begins", "ended"})
    if unknown:
        raise schema.Invalid(f"{unknown[0][:40]!r} is not known")
    if not schema.whole(1, 10**9).fits(data.get("number")):
        raise schema.Invalid("its number is not a whole number from 1 on")
    events = data.get("events", [])
    if not isinstance(events, list) or len(events) > MAX_EVENTS:
        raise schema.Invalid(f"its events are not a list of at most {MAX_EVENTS:,}")
    state, problem = _ended(data.get("ended"))
    return Upload(
        number=data["number"],
        events=[_event(event, number) for number, event in enumerate(events, start=1)],
        place=_place(data.get("place")),
        begins=_place(data.get("begins")),
        state=state,
        problem=problem,
    )


def _event(data: Any, number: int) -> dict[str, Any]:
    """A step's event with exactly the fields that those of the trainer have."""
    if not isinstance(data, dict) or data.get("event") != "step" or set(data) != set(_STEP):
        raise schema.Invalid(f"event {number} is not a step with {', '.join(_STEP[1:])}")
    event = schema.event(json.dumps(data).encode(), number)
    return {name: event[name] for name in _STEP}


def _place(data: Any) -> Place | None:
    if data is None:
        return None
    if not isinstance(data, dict) or not set(_PLACE) <= set(data) <= {*_PLACE, "whole_epoch"}:
        raise schema.Invalid(f"a place in training is not described by {', '.join(_PLACE)}")
    for name, wanted in _PLACE.items():
        if not wanted.fits(data[name]):
            raise schema.Invalid(f"{name!r} of a place is not {wanted.words}")
    return Place(**{name: data[name] for name in _PLACE})


def _ended(data: Any) -> tuple[str, str]:
    """The state in which a device has ended, and a problem in words; both "" where it goes on."""
    if data is None:
        return "", ""
    if not isinstance(data, dict) or not {"state"} <= set(data) <= {"state", "problem"}:
        raise schema.Invalid("its end has no state")
    problem = data.get("problem") or ""
    if data["state"] not in ENDS or not _REASON.fits(problem):
        raise schema.Invalid(f"its end is not one of {', '.join(ENDS)} with a short sentence")
    return data["state"], problem
