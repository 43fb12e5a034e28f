"""Time estimates before a run starts: how long it will take on this machine, and how much it will read.

Times come from earlier runs on this machine, never from a table.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from charlab.core import kinds
from charlab.core.config import ModelConfig, TrainConfig
from charlab.core.summary import operations
from charlab.corpora import batching, encoding
from charlab.errors import CharlabError
from charlab.runs import checkpoints, devices
from charlab.runs.watch import KnownRun

_MIN_SPEED = 1.0  # characters per second; speeds are written as whole numbers


@dataclass(frozen=True)
class MeasuredSpeed:
    """The speed of one earlier run on this machine."""

    model: ModelConfig
    train: TrainConfig
    vocabulary_size: int
    characters_per_second: float


def measured_speeds(runs: Iterable[KnownRun], most: int = 30) -> list[MeasuredSpeed]:
    """The speeds of earlier runs of language models, in their order. Runs without a measurement, unreadable ones,
    imported ones (which have no checkpoint) and those that a device trained are skipped."""
    found: list[MeasuredSpeed] = []
    for run in runs:
        if len(found) == most:
            break
        with contextlib.suppress(CharlabError):
            if speed := run.get(_speed):
                found.append(speed)
    return found


def _speed(known: KnownRun) -> MeasuredSpeed | None:
    if known.task() or not checkpoints.exists(known.run):
        return None
    (config, size, _), (events, _) = known.read(), known.run.events()
    if devices.is_for(config):
        return None
    evaluations = [e for e in events if e["event"] == "epoch"]
    measured = [
        e["characters_per_second"]
        for e in evaluations[1:] or events
        if e.get("characters_per_second", 0) >= _MIN_SPEED
    ]
    return MeasuredSpeed(config.model, config.train, size, measured[-1]) if measured and evaluations else None


def steps(train: TrainConfig, characters: int) -> int:
    """Steps of an epoch over a text of that many characters. Raises CorpusError where the text is too short."""
    return len(batching.offsets(train, encoding.split_at(characters, train.validation_share), 0))


def characters_seen(
    model: ModelConfig,
    train: TrainConfig,
    characters: int,
    vocabulary_size: int,
    measured: Sequence[MeasuredSpeed],
) -> int | None:
    """Characters that training will read, repeats included; None where it depends on a speed not measured yet."""
    if not kinds.of(model).trained:
        return encoding.split_at(characters, train.validation_share)
    if train.minutes is None:
        return train.epochs * steps(train, characters) * train.batch_size * train.sequence_length
    speed = expected_speed(model, train, vocabulary_size, measured)
    if speed is None:
        return None
    return round(speed * train.minutes * 60)


def estimate_seconds(
    model: ModelConfig,
    train: TrainConfig,
    characters: int,
    vocabulary_size: int,
    measured: Sequence[MeasuredSpeed],
) -> float | None:
    """Seconds that training will take on this machine, from the first step on; None where nothing was measured.

    A budget in minutes is itself the estimate. Otherwise: the characters at the measured speed, and an evaluation
    after each epoch, which needs a third of a training step's work per character.
    """
    if not kinds.of(model).trained:
        return None  # it takes seconds, and depends on the text more than on its length
    if train.minutes is not None:
        return train.minutes * 60
    speed = expected_speed(model, train, vocabulary_size, measured)
    if speed is None:
        return None
    seen = train.epochs * steps(train, characters) * train.batch_size * train.sequence_length
    evaluated = (characters - encoding.split_at(characters, train.validation_share)) * train.epochs
    return (seen + evaluated / 3) / speed


def expected_speed(
    model: ModelConfig, train: TrainConfig, vocabulary_size: int, measured: Sequence[MeasuredSpeed]
) -> float | None:
    """Characters per second of training on this machine: from runs of the same model, else from the run nearest in
    floating-point operations per character, scaled by these."""
    alike = [s for s in _of_same_machinery(train, measured) if kinds.of(s.model).trained]
    same = [s for s in alike if s.model == model and s.vocabulary_size == vocabulary_size]
    if same:
        shape = (train.batch_size, train.sequence_length)
        closest = [s for s in same if (s.train.batch_size, s.train.sequence_length) == shape] or same
        return median(s.characters_per_second for s in closest[:5])
    if not alike:
        return None
    wanted = operations(model, train, vocabulary_size)
    works = [operations(s.model, s.train, s.vocabulary_size) for s in alike]
    nearest = min(range(len(alike)), key=lambda i: abs(math.log(works[i] / wanted)))
    return alike[nearest].characters_per_second * works[nearest] / wanted


def was_measured(model: ModelConfig, train: TrainConfig, measured: Sequence[MeasuredSpeed]) -> bool:
    """Whether an estimate is a budget, or comes from runs of the same model; else it is a rough one."""
    return train.minutes is not None or any(s.model == model for s in _of_same_machinery(train, measured))


def _of_same_machinery(train: TrainConfig, measured: Sequence[MeasuredSpeed]) -> list[MeasuredSpeed]:
    wanted = (train.accelerator, train.precision)
    return [s for s in measured if (s.train.accelerator, s.train.precision) == wanted]


def duration(seconds: float) -> str:
    """A rounded time in words: "a few seconds", "about 1 minute 40 seconds", "about 2 hours 10 minutes"."""
    if seconds < 8:
        return "a few seconds"
    if seconds < 58:
        return f"about {5 * round(seconds / 5)} seconds"
    if seconds < 600:
        minutes, rest = divmod(10 * round(seconds / 10), 60)
        return f"about {_counted(minutes, 'minute')}" + (f" {rest} seconds" if rest else "")
    minutes = round(seconds / 60) if seconds < 3600 else 10 * round(seconds / 600)
    if minutes < 60:
        return f"about {minutes} minutes"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"about {_counted(hours, 'hour')}" + (f" {minutes} minutes" if minutes else "")
    return f"about {round(hours / 24)} days"


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
