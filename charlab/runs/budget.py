"""The training budget, its clock, the learning rate at each point of it, and the training speed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import cos, pi

from charlab.core.config import TrainConfig

_END_OF_COSINE = 0.01  # the share of the learning rate at the end


@dataclass(frozen=True)
class Budget:
    """What a run may spend: steps, or seconds of training as a Clock counts them. With `minutes`, `epochs` is
    ignored."""

    config: TrainConfig
    steps_per_epoch: int

    @property
    def total_steps(self) -> int | None:
        """None where the budget is a time."""
        return self._steps_of_epochs if self.config.minutes is None else None

    @property
    def _steps_of_epochs(self) -> int:
        return self.config.epochs * self.steps_per_epoch

    def progress(self, step: int, seconds: float) -> float:
        """The share of the budget that is spent, 0 to 1, after `step` steps and `seconds` seconds."""
        if self.config.minutes is None:
            return min(1.0, step / self._steps_of_epochs)
        return min(1.0, seconds / (self.config.minutes * 60))

    def is_spent(self, step: int, seconds: float, step_seconds: float = 0.0) -> bool:
        """Whether training ends nearer to its budget now than after another step, which takes `step_seconds`. One
        step is always taken."""
        if self.config.minutes is None:
            return step >= self._steps_of_epochs
        return step > 0 and self.progress(step, seconds + step_seconds / 2) >= 1.0


def learning_rate(config: TrainConfig, step: int, progress: float) -> float:
    """The rate of a step (counted from 0) where the share `progress` of the budget is spent.

    It rises in a line over `warm_up_steps`; "cosine" then falls along half a cosine (Loshchilov and Hutter, 2017)
    to a hundredth.
    """
    rise = min(1.0, (step + 1) / config.warm_up_steps) if config.warm_up_steps else 1.0
    if config.learning_rate_schedule == "constant":
        return config.learning_rate * rise
    fall = 0.5 * (1.0 + cos(pi * min(1.0, max(0.0, progress))))
    return config.learning_rate * rise * (_END_OF_COSINE + (1.0 - _END_OF_COSINE) * fall)


def log_interval(steps_per_epoch: int) -> int:
    """Steps between two events: about fifty events per epoch, and never more than twenty steps apart."""
    return min(20, max(1, steps_per_epoch // 50))


class Clock:
    """Seconds of training over all sessions of a run. In each, the clock runs from the end of the first step,
    which traces and compiles, to the end of the last one: evaluation and saving in between are inside, what comes
    after is not."""

    def __init__(self) -> None:
        self._before = 0.0  # of earlier sessions
        self._started: float | None = None  # by time.monotonic()
        self._last_step = 0.0
        self._is_over = False

    def continue_from(self, seconds: float) -> None:
        """Count on from what earlier sessions took."""
        self._before = seconds

    def step_ended(self) -> None:
        """Note that the latest step ends now; the first one starts the clock."""
        self._last_step = time.monotonic()
        if self._started is None:
            self._started = self._last_step

    def stop(self) -> None:
        """Set the clock to the end of the latest step, where it stays."""
        self._is_over = True

    def seconds(self) -> float:
        """What the clock shows."""
        if self._started is None:
            return self._before
        return self._before + (self._last_step if self._is_over else time.monotonic()) - self._started


class Stopwatch:
    """Times training only: it is restarted after evaluation and saving."""

    def __init__(self, characters_per_step: int) -> None:
        self.characters_per_step = characters_per_step
        self.characters_per_second = 0.0  # since the last lap
        self.step_seconds = 0.0
        self._first = True
        self.restart()

    def restart(self) -> None:
        """Start timing here: the time before was no training."""
        self._since = time.perf_counter()

    def is_first(self) -> bool:
        """Whether the step just begun is this session's first one, which compiles and is not timed."""
        return self._first

    def lap(self, steps: int) -> float:
        """Seconds that so many steps since the last lap took; 0 for the first one."""
        now = time.perf_counter()
        seconds, self._since = now - self._since, now
        if self._first or not steps:
            self._first = False
            return 0.0
        self.step_seconds = seconds / steps
        self.characters_per_second = self.characters_per_step / self.step_seconds
        return seconds
