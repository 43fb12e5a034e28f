"""How a translator's probabilities become a date: greedily, by temperature, or by beam search.

A translator is anything with `read` and `step` as in network.py. The id 0, which is padding, is never written.
Names in shape comments: N dates, T characters read, L characters written, V ids, W texts in a beam.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from charlab.core.config import SampleConfig
from charlab.core.ops import softmax
from charlab.core.sampling import Sampler
from charlab.errors import ConfigError
from charlab.labs.dates import data
from charlab.labs.dates.data import Dates

GREEDY = SampleConfig(temperature=0)
MAX_WIDTH = 10


class Decodable(Protocol):
    """What decoding needs of a network."""

    start_id: int

    def read(self, ids: np.ndarray) -> Any:
        """Ids [N, T] -> the state before the first character, whose `select(rows)` copies rows."""

    def step(self, ids: np.ndarray, state: Any) -> tuple[np.ndarray, Any, np.ndarray | None]:
        """Ids [N] and state -> logits [N, V], state, and attention [N, T] or None."""


@dataclass(frozen=True)
class Written:
    """Texts that were written, and what the network computed on the way."""

    ids: np.ndarray  # [N, L]
    probabilities: np.ndarray  # [N, L, V] of the network, before temperature
    attention: np.ndarray | None  # [N, L, T]

    @property
    def log_probability(self) -> np.ndarray:
        """Of each whole text, by the network's own probabilities: [N], natural logarithm."""
        chosen = np.take_along_axis(self.probabilities, self.ids[:, :, None], 2)[:, :, 0]
        return np.log(np.maximum(chosen, np.finfo(np.float64).tiny)).sum(1)

    def texts(self) -> list[str]:
        """What was written."""
        return [data.written_text(row) for row in self.ids]


def write(
    translator: Decodable, rows: np.ndarray, sampling: SampleConfig = GREEDY, length: int = data.WRITTEN
) -> Written:
    """Translate dates, ids [N, T], all side by side: greedily, or with `sampling`'s temperature, top-k, top-p and
    seed; its length and number of samples are not used."""
    state, written = translator.read(rows), np.full(len(rows), translator.start_id)
    uniforms = np.random.default_rng(sampling.seed).random((len(rows), length))
    sampler: Sampler | None = None
    ids, probabilities, attention = [], [], []
    for position in range(length):
        logits, state, weights = translator.step(written, state)
        sampler = sampler or Sampler(sampling, 0, logits.shape)
        written = sampler.choose(sampler.unnormalized_probabilities(logits), uniforms[:, position])
        ids.append(written)
        probabilities.append(softmax(logits.astype(np.float64)))
        attention.append(weights)
    whole = None if attention[0] is None else np.stack(attention, 1)  # type: ignore[arg-type] # none is None
    return Written(np.stack(ids, 1), np.stack(probabilities, 1), whole)


@dataclass(frozen=True)
class Node:
    """One text of a beam: the text it continues, by its place in the step before, and its last character."""

    parent: int
    id: int
    log_probability: float  # of the whole text up to here, natural logarithm


@dataclass(frozen=True)
class Beam:
    """The tree of a beam search: the texts kept at each step, most likely first."""

    steps: tuple[tuple[Node, ...], ...]

    def ids(self, place: int = 0, step: int = -1) -> tuple[int, ...]:
        """A text of a step, by default the most likely of the last one."""
        found = []
        for nodes in self.steps[step % len(self.steps) :: -1]:
            found.append(nodes[place].id)
            place = nodes[place].parent
        return tuple(reversed(found))

    def text(self, place: int = 0) -> str:
        """The same as characters."""
        return data.written_text(np.array(self.ids(place)))

    def path(self, ids: Sequence[int]) -> list[int | None]:
        """The place of a text's beginnings in each step; None from where the beam has dropped it."""
        places: list[int | None] = []
        parent: int | None = 0
        for nodes, i in zip(self.steps, ids, strict=True):
            same = (place for place, node in enumerate(nodes) if (node.parent, node.id) == (parent, i))
            parent = None if parent is None else next(same, None)
            places.append(parent)
        return places


def beam_search(translator: Decodable, row: np.ndarray, width: int, length: int = data.WRITTEN) -> Beam:
    """Translate one date, ids [T], keeping the `width` most likely texts at each step. Width 1 is greedy.

    Raises ConfigError where the width is not between 1 and MAX_WIDTH.
    """
    if not 1 <= width <= MAX_WIDTH:
        raise ConfigError(f"The beam's width must lie between 1 and {MAX_WIDTH}. Received: {width}.")
    state, written, sums, steps = translator.read(row[None]), np.array([translator.start_id]), np.zeros(1), []
    for _ in range(length):
        logits, state, _ = translator.step(written, state)
        after = sums[:, None] + _log_probabilities(logits)  # [W, V]
        best = np.argsort(-after, axis=None, kind="stable")[:width]
        best = best[np.isfinite(after.ravel()[best])]  # at first there may be fewer
        parents, written = np.unravel_index(best, after.shape)
        sums, state = after[parents, written], state.select(parents)
        nodes = zip(parents.tolist(), written.tolist(), sums.tolist(), strict=True)
        steps.append(tuple(Node(*node) for node in nodes))
    return Beam(tuple(steps))


def exact_share(written: Written, dates: Dates) -> float:
    """The share of dates whose every character is right, 0 to 1."""
    return float((written.ids == data.written_ids(dates.isos)).all(1).mean())


@dataclass(frozen=True)
class AtTemperature:
    """What becomes of dates at one temperature: shares of those that are right, and of those that are dates."""

    temperature: float
    exact: float
    valid: float


def temperature_curve(
    translator: Decodable, dates: Dates, temperatures: Sequence[float], seed: int = 1
) -> list[AtTemperature]:
    """How many translations are right, and how many are dates at all, at each of some temperatures. All have the
    same random numbers, so that only temperature differs."""
    rows, found = data.ids(dates.texts), []
    for temperature in temperatures:
        written = write(translator, rows, SampleConfig(temperature=temperature, seed=seed))
        valid = float(np.mean([data.is_date(text) for text in written.texts()]))
        found.append(AtTemperature(temperature, exact_share(written, dates), valid))
    return found


def _log_probabilities(logits: np.ndarray) -> np.ndarray:
    """Logits [W, V] -> log probabilities [W, V]; minus infinity for padding."""
    logits = logits.astype(np.float64)
    logits = logits - logits.max(-1, keepdims=True)
    found = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    found[:, 0] = -np.inf
    return found
