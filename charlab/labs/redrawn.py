"""Data that a lab draws from a run's seed: the same ones, whenever the run goes on."""

from __future__ import annotations

from typing import Protocol, TypeVar

from charlab.errors import CorpusError
from charlab.runs.store import RunConfig


class Drawn(Protocol):
    """Data with a checksum."""

    @property
    def sha256(self) -> str: ...


Data = TypeVar("Data", bound=Drawn)


def checked(data: Data, config: RunConfig, what: str) -> Data:
    """These data, called `what`. Raises CorpusError where they are not those that the run began with."""
    if data.sha256 != config.corpus_sha256:
        raise CorpusError(
            f"The {what} of this run cannot be drawn again: their checksum differs, so this version of CharLab or "
            "of NumPy draws others. Start a new run."
        )
    return data
