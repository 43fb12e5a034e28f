"""Evidence for a prediction: n-gram counts, what followed in the corpus, and another model's prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from charlab.core.predictor import Predictor
from charlab.core.reading import Reading
from charlab.errors import CharlabError


@runtime_checkable
class Counting(Predictor, Protocol):
    """A predictor made of counts of what followed which context."""

    @property
    def longest_context(self) -> int: ...

    def followers(self, context: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What followed one context of at most `longest_context` ids in the text: ids and their counts."""


@dataclass(frozen=True)
class Difference:
    """How much less the first of two readings of one text was surprised, where both have a value."""

    bits: np.ndarray  # [T - 1] the other's surprise minus the first's: positive where the first was better
    mean: float  # the first's mean surprise over the positions that both have
    other_mean: float
    characters: int  # the number of positions where both have a value


class HasFollowers(Protocol):
    """A corpus that can tell what followed a passage of it."""

    def followers(self, context: str) -> dict[str, int]: ...


def difference(reading: Reading, other: Reading) -> Difference:
    """The difference of two models on one text, over the characters that both alphabets have.

    Raises CharlabError if the two read different texts.
    """
    if reading.text != other.text:
        raise CharlabError("Two models can only be compared on one text. Received two different texts.")
    bits = other.bits - reading.bits  # NaN where either is NaN
    both = ~np.isnan(bits)
    if not both.any():
        return Difference(bits, float("nan"), float("nan"), 0)
    return Difference(bits, float(reading.bits[both].mean()), float(other.bits[both].mean()), int(both.sum()))


def counts_behind(predictor: Predictor, ids: np.ndarray) -> list[tuple[int, np.ndarray, np.ndarray]] | None:
    """The counts of an n-gram model after the ids read [T], the longest context that it knows first.

    For each length of context down to 0: the length, the ids that followed, and their counts. None for any other
    model.
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
    """What followed in a corpus after the longest context that occurs there at least `least` times.

    The context is an end of `read` of at most `longest` characters. Returns it with the count of each following
    character, the most frequent first; None if not even the last character occurs that often.
    """
    for length in range(min(longest, len(read)), 0, -1):
        context = read[len(read) - length :]
        counts = index.followers(context)
        if sum(counts.values()) >= least:
            return context, dict(sorted(counts.items(), key=lambda item: -item[1]))
    return None
