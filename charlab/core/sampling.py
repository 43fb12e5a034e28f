"""From logits to a chosen character: temperature, top-k, top-p, then one random number per sample.

`plain_probabilities` and `plain_choose` say what is computed; a `Sampler` computes the same for many samples at
once, faster. Probabilities are computed apart from choosing, so that a page can show both.
Names in shape comments: N samples side by side, V ids.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from charlab.core.config import SampleConfig

_DRAWN_AT_ONCE = 500  # random numbers of a sample


def plain_probabilities(logits: np.ndarray, config: SampleConfig, unknown_id: int) -> np.ndarray:
    """What one sample's next character is drawn from: logits [V] -> probabilities [V]."""
    logits = logits.astype(float)
    logits[unknown_id] = -np.inf  # never drawn
    order = np.argsort(-logits, kind="stable")  # the most likely character first
    ranked = np.exp((logits - logits.max())[order] / max(config.temperature, 1e-200))
    if config.temperature == 0:
        ranked[1:] = 0
    if config.top_k is not None:
        ranked[config.top_k :] = 0
    if config.top_p is not None:
        ranked /= ranked.sum()
        ranked[np.cumsum(ranked) - ranked >= config.top_p] = 0  # where the more likely ones already reach p
    probabilities = np.empty(len(logits))
    probabilities[order] = ranked / ranked.sum()
    return probabilities


def plain_choose(probabilities: np.ndarray, uniform: float) -> int:
    """The id that a random number from [0, 1) falls on when the probabilities [V] are laid end to end."""
    return int(np.searchsorted(np.cumsum(probabilities), uniform, side="right"))


class Sampler:
    """Chooses the characters of N samples side by side, in arrays that are made once. Use one for each thread.

    The unknown character is never drawn. Temperature divides the logits; 0 gives everything to the most likely
    character. top_k keeps the k most likely ones; top_p then the smallest set whose probabilities sum to at least
    p (nucleus sampling, Holtzman et al., 2020). Of the configuration's `temperatures`, each sample has its own.
    """

    def __init__(self, config: SampleConfig, unknown_id: int, shape: tuple[int, int]) -> None:
        N = shape[0]
        temperatures = np.array(config.temperatures or [config.temperature])[:, None]  # [N, 1], or [1, 1] for all
        # A smaller temperature would overflow, and chooses the same.
        self._temperatures = _column(np.maximum(temperatures, 1e-200))
        self._greedy = np.flatnonzero(np.broadcast_to(temperatures == 0, (N, 1)))
        self._top_k, self._top_p = config.top_k, config.top_p
        self._weights, self._edges, self._beyond = np.empty(shape), np.empty(shape), np.empty(shape, bool)
        self._unknown, self._ends = self._weights[:, unknown_id], self._edges[:, -1]
        self._greatest, self._points = np.empty((N, 1)), np.empty(N)
        self._greatest_column, self._points_column = _column(self._greatest), _column(self._points[:, None])

    def unnormalized_probabilities(self, logits: np.ndarray) -> np.ndarray:
        """What the characters' probabilities are in proportion to, row by row: logits [N, V] -> [N, V].

        The next call overwrites the array. It is all that `choose` needs: rows need not sum to 1.
        """
        weights = self._weights
        weights[:] = logits
        self._unknown.fill(-np.inf)
        np.maximum.reduce(weights, axis=1, out=self._greatest, keepdims=True)
        weights -= self._greatest_column  # so that exp cannot overflow
        weights /= self._temperatures
        np.exp(weights, out=weights)
        if len(self._greedy):
            most_likely = weights[self._greedy].argmax(axis=1)
            weights[self._greedy] = 0.0
            weights[self._greedy, most_likely] = 1.0
        if self._top_k is not None or self._top_p is not None:
            self._cut(weights)
        return weights

    def choose(self, weights: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        """The ids that random numbers from [0, 1) fall on: weights [N, V], uniforms [N] -> [N].

        The weights are laid end to end in the alphabet's order; the number is a point on that line.
        """
        np.add.accumulate(weights, 1, None, self._edges)  # each character's right end
        np.multiply(uniforms, self._ends, self._points)  # below the end, as a number is 1 - 2^-53 at most
        np.greater(self._edges, self._points_column, self._beyond)
        return self._beyond.argmax(1)  # the first whose right end is beyond the point

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """What characters are drawn from: logits [N, V] -> [N, V], each row with the sum 1."""
        weights = self.unnormalized_probabilities(logits)
        return weights / weights.sum(axis=1, keepdims=True)

    def _cut(self, weights: np.ndarray) -> None:
        order = np.argsort(-weights, axis=1, kind="stable")
        ranked = np.take_along_axis(weights, order, axis=1)  # [N, V], the most likely first
        if self._top_k is not None:
            ranked[:, self._top_k :] = 0.0
        if self._top_p is not None:
            ranked /= ranked.sum(axis=1, keepdims=True)
            before = np.cumsum(ranked, axis=1) - ranked  # what the more likely ones reach without this one
            ranked[before >= self._top_p] = 0.0
        np.put_along_axis(weights, order, ranked, axis=1)


def sampling_probabilities(logits: np.ndarray, config: SampleConfig, unknown_id: int) -> np.ndarray:
    """What a Sampler draws from: logits [N, V] -> probabilities [N, V], the unknown character's 0."""
    return Sampler(config, unknown_id, logits.shape).probabilities(logits)


def uniforms(config: SampleConfig) -> np.ndarray:
    """All random numbers of `each_uniforms`, which choose the characters of each sample: [N, length]."""
    return np.stack(list(each_uniforms(config)), axis=1)


def each_uniforms(config: SampleConfig) -> Iterator[np.ndarray]:
    """The random numbers from [0, 1) that choose the characters, [N] for each step, drawn some hundred at a time.

    Those of sample i depend on the seed and i alone. Where temperatures are compared, all have the first's.
    """
    indices = [0] * config.rows if config.temperatures else range(config.rows)
    streams = [np.random.default_rng([config.seed, i]) for i in indices]
    for first in range(0, config.length, _DRAWN_AT_ONCE):
        number = min(_DRAWN_AT_ONCE, config.length - first)
        yield from np.stack([stream.random(number) for stream in streams], axis=1)  # [number, N]


def _column(numbers: np.ndarray) -> np.ndarray:
    """A number per row, [N, 1]; of a single row the number itself, with which NumPy starts at once."""
    return numbers.reshape(()) if len(numbers) == 1 else numbers
