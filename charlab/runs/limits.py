"""A server's limits: how many runs train at once, for how many minutes of training each, whether a process stands
ready for the next one, and whether it serves a class."""

from __future__ import annotations

import ipaddress
import math
import os

from charlab.core.config import TrainConfig
from charlab.errors import ConfigError
from charlab.runs.store import Status
from charlab.runs.typed_values import parse_number

_FEW_STEPS = 50  # fewer hardly change a network


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
    """The most minutes of training that a server gives one run: CHARLAB_MINUTES, or None for no cap. Raises
    ConfigError."""
    return _positive("CHARLAB_MINUTES", "minutes")


def cap_in_words() -> str:
    """A sentence on the server's time limit; "" where there is none."""
    cap = minutes_cap()
    if cap is None:
        return ""
    return f"This server trains each run for at most {in_minutes(cap)}."


def in_minutes(minutes: float) -> str:
    """A number of minutes with its unit: "1 minute", "1.5 minutes"."""
    return f"{minutes:g} {'minute' if minutes == 1 else 'minutes'}"


def within_cap(train: TrainConfig) -> TrainConfig:
    """The training with its budget in minutes lowered to this server's cap, so that the learning rate decays to
    its end within it. A budget in epochs stays: the worker stops the run at the cap."""
    cap = minutes_cap()
    if cap is None or train.minutes is None or train.minutes <= cap:
        return train
    return train.replace(minutes=max(0.05, cap))


def seconds_left(status: Status) -> float | None:
    """The seconds that a run in training has left, within this server's limit; None where that is unknown."""
    cap = minutes_cap()
    if status.seconds_left is None or cap is None:
        return status.seconds_left
    return min(status.seconds_left, max(0.0, 60 * cap - status.seconds))


def is_used_up(status: Status) -> bool:
    """Whether a run has used this server's limit: less than a second, or than a step of it, is left."""
    cap = minutes_cap()
    step_seconds = status.seconds / max(1, status.step)
    return cap is not None and status.seconds > 0 and status.seconds >= 60 * cap - max(1.0, step_seconds)


def few_steps(train: TrainConfig, steps: int, most_seconds: float = math.inf) -> str:
    """A sentence on a run whose minutes were enough for few steps only, with what to do; else "". A run is trained
    for `most_seconds` at most: on a server up to its limit."""
    if train.minutes is None or steps >= _FEW_STEPS:
        return ""
    counted = "1 step" if steps == 1 else f"{steps} steps"
    longer = "" if 60 * train.minutes >= most_seconds else "train longer, or "
    return f"Only {counted} in {in_minutes(train.minutes)} of training: {longer}choose a smaller model."


def is_warm() -> bool:
    """Whether a server keeps a process ready for the next run, with TensorFlow loaded: unless CHARLAB_WARM is 0.
    Raises ConfigError."""
    text = os.environ.get("CHARLAB_WARM", "").strip()
    if text not in ("", "0", "1"):
        raise ConfigError(f"CHARLAB_WARM must be 1, or 0 for no process that stands ready. Received: {text!r}.")
    return text != "0"


def is_class(address: str | None = "127.0.0.1", name: str | None = None) -> bool:
    """Whether a server serves a class: then runs belong to the browsers that started them.

    CHARLAB_CLASS decides, 1 or 0. Where it is not set, a server is one person's only if it listens on this
    machine alone and has no other `name` for visitors, as one behind a proxy has. Raises ConfigError.
    """
    text = os.environ.get("CHARLAB_CLASS", "").strip()
    if text in ("0", "1"):
        return text == "1"
    if text:
        raise ConfigError(f"CHARLAB_CLASS must be 1 for a class, or 0 for one person. Received: {text!r}.")
    return not (is_this_machine(address) and (name is None or is_this_machine(name)))


def is_this_machine(host: str | None) -> bool:
    """Whether a host's name or address always means the machine itself."""
    host = (host or "").strip("[]").lower().rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    return is_address(host) and ipaddress.ip_address(host).is_loopback


def is_address(host: str) -> bool:
    """Whether a host is given by its IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def megabytes_each() -> float:
    """The megabytes that each student's runs and texts may take: CHARLAB_MEGABYTES, or 500. Raises ConfigError."""
    megabytes = _positive("CHARLAB_MEGABYTES", "megabytes")
    return 500.0 if megabytes is None else megabytes


def _positive(variable: str, unit: str) -> float | None:
    """The number above 0 that an environment variable holds; None where it is not set. Raises ConfigError."""
    text = os.environ.get(variable, "").strip()
    if not text:
        return None
    try:
        number = parse_number(text, variable)
    except ConfigError:
        number = 0.0
    if not 0 < number < math.inf:
        raise ConfigError(f"{variable} must be a number of {unit} above 0. Received: {text!r}.")
    return number
