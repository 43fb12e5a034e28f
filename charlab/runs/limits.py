"""A server's limits: how many runs train at once, and for how many minutes each."""

from __future__ import annotations

import math
import os

from charlab.core.config import TrainConfig
from charlab.errors import ConfigError
from charlab.runs.store import Status
from charlab.runs.typed_values import parse_number


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
        cap = parse_number(text, "CHARLAB_MINUTES")
    except ConfigError:
        cap = 0.0
    if not 0 < cap < math.inf:
        raise ConfigError(f"CHARLAB_MINUTES must be a number of minutes above 0. Received: {text!r}.")
    return cap


def cap_in_words() -> str:
    """A sentence on the server's time limit; "" where there is none."""
    cap = minutes_cap()
    if cap is None:
        return ""
    return f"This server trains each run for at most {cap:g} {'minute' if cap == 1 else 'minutes'}."


def within_cap(train: TrainConfig) -> TrainConfig:
    """The training with its budget in minutes lowered to this server's cap, so that the learning rate decays to
    its end within it. A budget in epochs stays: the worker stops the run at the cap."""
    cap = minutes_cap()
    if cap is None or train.minutes is None or train.minutes <= cap:
        return train
    return train.replace(minutes=max(0.05, cap))


def is_used_up(status: Status) -> bool:
    """Whether a run has used this server's limit."""
    cap = minutes_cap()
    return cap is not None and status.seconds >= 60 * cap - 1
