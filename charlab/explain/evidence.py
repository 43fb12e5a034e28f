"""Where a prediction comes from: counts, what followed in the corpus, and another model's view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from charlab.core.predictor import Predictor
from charlab.core.reading import Reading
from charlab.errors import CharlabError


@runtime_checkable
class Counting(Predictor, Protocol):
    """A predictor that has counted what followed what. Ask for this, not for a kind."""

    @property
    def longest_context(self) -> int: ...

    def followers(self, context: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What followed one context, at most `longest_context` ids, in the text: ids and their counts."""


@dataclass(frozen=True)
class Difference:
    """Two readings of one text: by how much less the first was surprised, where both have a figure."""

    bits: np.ndarray  # [T - 1] the other's surprise minus the first's: positive where the first knew better
    mean: float  # the first's mean surprise over the places that both have
    other_mean: float
    characters: int  # how many places both have a figure for


class HasFollowers(Protocol):
    """A corpus that can be asked what came after a piece of it."""

    def followers(self, context: str) -> dict[str, int]: ...


def difference(reading: Reading, other: Reading) -> Difference:
    """Compare two models on one text, on the characters that both alphabets have.

    Raises CharlabError where the two have not read the same text.
    """
    if reading.text != other.text:
        raise CharlabError("Two models are compared on one text. Received two different texts.")
    bits = other.bits - reading.bits  # NaN where either has none
    both = ~np.isnan(bits)
    if not both.any():
        return Difference(bits, float("nan"), float("nan"), 0)
    return Difference(bits, float(reading.bits[both].mean()), float(other.bits[both].mean()), int(both.sum()))


def counts_behind(predictor: Predictor, ids: np.ndarray) -> list[tuple[int, np.ndarray, np.ndarray]] | None:
    """What a counting model has counted after the ids read [T]: the longest context that it knows first.

    For each number of characters looked back, down to none: that number, the ids that followed and how often.
    None where the model does not count.
    """
    if not isinstance(predictor, Counting):
        return None
    result = []
    for length in range(min(predictor.longest_context, len(ids)), -1, -1):
        following, counts = predictor.followers(ids[len(ids) - length :])
        if len(following):
            order = np.argsort(-counts, kind="stable")
            result.append((length, following[order], counts[order]))
    return result


def followers_in(
    index: HasFollowers, read: str, longest: int = 20, least: int = 5
) -> tuple[str, dict[str, int]] | None:
    """What followed in a corpus after the longest end of `read` that was followed at least `least` times there.

    Returns that end, at most `longest` characters, and how often each character followed, the most frequent
    first; None where not even the last character came so often.
    """
    for length in range(min(longest, len(read)), 0, -1):
        context = read[len(read) - length :]
        counts = index.followers(context)
        if sum(counts.values()) >= least:
            return context, dict(sorted(counts.items(), key=lambda item: -item[1]))
    return None
