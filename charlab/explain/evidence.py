"""Evidence for a prediction: n-gram counts, what followed in the corpus, and another model's prediction."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np

from charlab.core.predictor import Predictor
from charlab.core.reading import Reading
from charlab.errors import CharlabError

_PER_STEP = ("logits", "probabilities", "entropies")  # arrays of a Reading, [T] first
_PER_PREDICTION = ("next_probabilities", "bits", "ranks")  # [T - 1]


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


def aligned(reading: Reading, other: Reading) -> Reading:
    """Another model's reading of the same text with accents in another form, in the positions of the first.

    Where one of them reads a letter as several characters, there is no value (NaN; id -1). Raises CharlabError if
    the two read different texts.
    """
    if reading.text == other.text:
        return other
    if not (isinstance(reading.text, str) and isinstance(other.text, str)):
        return _of_tokens(reading, other)
    mine, theirs = _decomposed_lengths(reading.text), _decomposed_lengths(other.text)
    if mine[-1] != theirs[-1]:
        raise CharlabError("Two models can only be compared on one text. Received two different texts.")
    at = np.searchsorted(theirs, mine)  # the other's position for each of the first's, [T + 1]
    common = theirs[at] == mine
    steps, after = at[1:] - 1, common[1:]  # [T]
    characters = [other.text[place : place + 1] for place in at[1:-1]]
    same = np.array([a == b for a, b in zip(reading.text[1:], characters, strict=True)], dtype=bool)
    predicted = same & common[1:-1] & common[2:]  # [T - 1]
    per_step = {name: _taken(getattr(other, name), steps, after) for name in _PER_STEP}
    per_prediction = {name: _taken(getattr(other, name), steps[:-1], predicted) for name in _PER_PREDICTION}
    next_ids = np.where(predicted, other.next_ids[np.minimum(steps[:-1], len(other.next_ids) - 1)], -1)
    return replace(other, text=reading.text, next_ids=next_ids, **per_step, **per_prediction)


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


def _of_tokens(reading: Reading, other: Reading) -> Reading:
    """As `aligned`, where one reads characters and the other tokens.

    The surprise at a token is compared with the sum over its characters; inside a token of the other is no value.
    """
    mine, theirs = _ends(reading.text), _ends(other.text)
    if mine[-1] != theirs[-1]:
        raise CharlabError("Two models can only be compared on one text. Received two different texts.")
    at = np.searchsorted(theirs, mine)  # the other's part that ends where each of the first's does, or next, [T]
    common = theirs[at] == mine
    before, last = at[:-1], at[1:]  # the next part of the first consists of the other's between these: [T - 1]
    unknown, sums = (_sums(values) for values in (np.isnan(other.bits), np.nan_to_num(other.bits)))
    known = common[:-1] & common[1:] & (unknown[last] == unknown[before])
    alone, places = known & (last == before + 1), np.minimum(before, max(0, len(other.bits) - 1))
    bits = np.where(known, sums[last] - sums[before], np.nan)
    return replace(
        other,
        text=reading.text,
        **{name: _taken(getattr(other, name), at, common) for name in _PER_STEP},
        bits=bits,
        next_probabilities=np.exp2(-bits),
        ranks=_taken(other.ranks, places, alone),
        next_ids=np.where(alone, other.next_ids[places], -1) if len(other.next_ids) else np.full(len(bits), -1),
    )


def _sums(values: np.ndarray) -> np.ndarray:
    """The sum of the first values, from none of them to all: [T + 1]."""
    return np.concatenate([np.zeros(1), np.cumsum(values)])


def _ends(text: Sequence[str]) -> np.ndarray:
    """Where each character or token of a text ends, in bytes of UTF-8: [T]."""
    sizes = getattr(text, "sizes", None) or [len(c.encode("utf-8", "surrogatepass")) for c in text]
    return np.cumsum(sizes)


def _decomposed_lengths(text: str) -> np.ndarray:
    """How many characters each beginning of a text has with accents apart (NFD): [T + 1], from 0."""
    return np.cumsum([0, *(len(unicodedata.normalize("NFD", character)) for character in text)])


def _taken(values: np.ndarray, places: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The values at some places, NaN where they are not known."""
    taken = np.full((len(places), *values.shape[1:]), np.nan)
    taken[known] = values[places[known]]
    return taken
