"""What a server gives each run: how many train at once, and for how many minutes."""

from __future__ import annotations

import math
import os

from charlab.core.config import TrainConfig
from charlab.errors import ConfigError
from charlab.runs.store import Status


def at_once() -> int:
    """How many runs a server trains at once: CHARLAB_AT_ONCE, or one on up to seven cores and a quarter of them
    above. Raises ConfigError."""
    text = os.environ.get("CHARLAB_AT_ONCE", "").strip()
    if not text:
        return max(1, (os.cpu_count() or 1) // 4)
    if not text.isdigit() or int(text) < 1:
        raise ConfigError(f"CHARLAB_AT_ONCE must be a whole number from 1 on. Received: {text!r}.")
    return int(text)


def minutes_cap() -> float | None:
    """The most minutes that a server trains one run: CHARLAB_MINUTES, or None for no cap. Raises ConfigError."""
    text = os.environ.get("CHARLAB_MINUTES", "").strip()
    if not text:
        return None
    try:
        cap = float(text)
    except ValueError:
        cap = 0.0
    if not 0 < cap < math.inf:
        raise ConfigError(f"CHARLAB_MINUTES must be a number of minutes above 0. Received: {text!r}.")
    return cap


def cap_in_words() -> str:
    """The sentence that everybody on a server with a cap reads; nothing where there is none."""
    cap = minutes_cap()
    if cap is None:
        return ""
    return f"This server gives each run {cap:g} {'minute' if cap == 1 else 'minutes'}."


def within_cap(train: TrainConfig) -> TrainConfig:
    """A budget in minutes that this server can keep, so that the learning rate falls to the end of what there is.
    One in epochs stays as it is: its worker stops it at the cap."""
    cap = minutes_cap()
    if cap is None or train.minutes is None or train.minutes <= cap:
        return train
    return train.replace(minutes=max(0.05, cap))


def is_used_up(status: Status) -> bool:
    """Whether a run has had all the time that this server gives one."""
    cap = minutes_cap()
    return cap is not None and status.seconds >= 60 * cap - 1
