"""Speeds measured for a page: in a process of its own, since TensorFlow never comes into the server's."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from charlab.errors import UnavailableError
from charlab.runs import accelerators, subprocesses

_SECONDS = 300.0  # that a measurement may take
_one_at_a_time = threading.Lock()  # two at once would measure each other


@dataclass(frozen=True)
class Speeds:
    """How long it takes to write the same dates in three ways, in milliseconds (median), compiled before."""

    predict: float  # Keras's `predict`, once per character
    graph: float  # one compiled graph
    numpy: float
    are_equal: bool  # whether all wrote the same

    @property
    def ratio(self) -> float:
        """How many times as long `predict` per character takes as one compiled graph."""
        return self.predict / self.graph


def measure(model: str, texts: tuple[str, ...]) -> Speeds:
    """The speeds of one of the lab's models, or of the run of that id, on some dates: about half a minute. Raises
    UnavailableError, also while somebody else measures."""
    if reason := accelerators.why_no_tensorflow():
        raise UnavailableError(reason)
    if not _one_at_a_time.acquire(blocking=False):
        raise UnavailableError("Somebody is measuring speeds on this server. Try again in half a minute.")
    try:
        found = subprocesses.document("lab", "dates", "speeds", *texts, "--run", model, time_limit=_SECONDS)
    except UnavailableError as error:
        raise UnavailableError(f"The speeds were not measured: {error}") from error
    finally:
        _one_at_a_time.release()
    return Speeds(**{name: found[name] for name in Speeds.__dataclass_fields__})
