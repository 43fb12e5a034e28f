"""From logits to a chosen character: temperature, top-k, top-p, then one random number a sample.

Probabilities are computed apart from choosing, so that a page can show both. Knows nothing of networks or text.
Names in shape comments: N samples side by side, V ids.
"""

from __future__ import annotations

import numpy as np

from charlab.core.config import SampleConfig


class Sampler:
    """Chooses the characters of N samples side by side, in arrays that are made once. Each belongs to one thread.

    The unknown character is never drawn. Temperature divides the logits; 0 gives all to the likeliest
    character. top_k keeps the k likeliest; top_p then the fewest whose probabilities reach p together
    (nucleus sampling, Holtzman et al., 2020).
    """

    def __init__(self, config: SampleConfig, unknown_id: int, shape: tuple[int, int]) -> None:
        N = shape[0]
        wanted = np.array(config.temperatures or [config.temperature])[:, None]  # [N, 1], or [1, 1] for all alike
        # A smaller temperature would overflow, and chooses the same.
        self._temperatures = _column(np.maximum(wanted, 1e-200))
        self._greedy = np.flatnonzero(np.broadcast_to(wanted == 0, (N, 1)))
        self._top_k, self._top_p = config.top_k, config.top_p
        self._weights, self._edges, self._beyond = np.empty(shape), np.empty(shape), np.empty(shape, bool)
        self._unknown, self._ends = self._weights[:, unknown_id], self._edges[:, -1]
        self._greatest, self._needles = np.empty((N, 1)), np.empty(N)
        self._greatest_beside, self._needles_beside = _column(self._greatest), _column(self._needles[:, None])

    def unnormalized_probabilities(self, logits: np.ndarray) -> np.ndarray:
        """What the characters' probabilities are in proportion to, row by row: logits [N, V] -> [N, V].

        The next call overwrites the array. It is all that `choose` needs: rows need not add up to 1.
        """
        weights = self._weights
        weights[:] = logits
        self._unknown.fill(-np.inf)
        np.maximum.reduce(weights, axis=1, out=self._greatest, keepdims=True)
        weights -= self._greatest_beside  # so that exp cannot overflow
        weights /= self._temperatures
        np.exp(weights, out=weights)
        if len(self._greedy):
            likeliest = weights[self._greedy].argmax(axis=1)
            weights[self._greedy] = 0.0
            weights[self._greedy, likeliest] = 1.0
        if self._top_k is not None or self._top_p is not None:
            self._cut(weights)
        return weights

    def choose(self, weights: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        """The ids that random numbers from [0, 1) fall on: weights [N, V], draws [N] -> [N].

        The weights lie side by side in the alphabet's order; the number is a needle on that bar.
        """
        np.add.accumulate(weights, 1, None, self._edges)  # each character's right end
        np.multiply(uniforms, self._ends, self._needles)  # below the end, as a draw is 1 - 2^-53 at most
        np.greater(self._edges, self._needles_beside, self._beyond)
        return self._beyond.argmax(1)  # the first whose right end lies beyond the needle

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """What characters are drawn from: logits [N, V] -> [N, V], each row adding up to 1."""
        weights = self.unnormalized_probabilities(logits)
        return weights / weights.sum(axis=1, keepdims=True)

    def _cut(self, weights: np.ndarray) -> None:
        order = np.argsort(-weights, axis=1, kind="stable")
        ranked = np.take_along_axis(weights, order, axis=1)  # [N, V], the likeliest first
        if self._top_k is not None:
            ranked[:, self._top_k :] = 0.0
        if self._top_p is not None:
            ranked /= ranked.sum(axis=1, keepdims=True)
            before = np.cumsum(ranked, axis=1) - ranked  # what the likelier ones reach without this one
            ranked[before >= self._top_p] = 0.0
        np.put_along_axis(weights, order, ranked, axis=1)


def sampling_probabilities(logits: np.ndarray, config: SampleConfig, unknown_id: int) -> np.ndarray:
    """What a Sampler draws from: logits [N, V] -> probabilities [N, V], the unknown character's 0."""
    return Sampler(config, unknown_id, logits.shape).probabilities(logits)


def uniforms(config: SampleConfig) -> np.ndarray:
    """The random numbers from [0, 1) that choose the characters: [N, length].

    Row i depends on the seed and i alone. Where temperatures are compared, every row is the first.
    """
    indices = [0] * config.rows if config.temperatures else range(config.rows)
    return np.stack([np.random.default_rng([config.seed, i]).random(config.length) for i in indices])


def _column(numbers: np.ndarray) -> np.ndarray:
    """A number a row, [N, 1]; of a single row the number itself, with which NumPy begins at once."""
    return numbers.reshape(()) if len(numbers) == 1 else numbers
