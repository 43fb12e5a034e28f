"""From logits to a chosen character: temperature, top-k, top-p, then one random number a sample.

Probabilities are computed apart from choosing, so that a page can show both. Knows nothing of networks or text.
"""

from __future__ import annotations

import numpy as np

from charlab.config import SampleConfig


def shape(logits: np.ndarray, config: SampleConfig, unknown_id: int) -> np.ndarray:
    """The probabilities that characters are drawn from: logits [N, V] -> [N, V], each row adding up to 1.

    The unknown character is never drawn. Temperature divides the logits; 0 gives all to the likeliest
    character. top_k keeps the k likeliest; top_p then the fewest whose probabilities reach p together
    (nucleus sampling, Holtzman et al., 2020).
    """
    probabilities = np.array(logits, dtype=np.float64)  # logits at first, made into probabilities in their place
    probabilities[:, unknown_id] = -np.inf
    if config.temperature == 0:
        greedy = np.zeros(probabilities.shape)
        greedy[np.arange(len(greedy)), probabilities.argmax(axis=1)] = 1.0
        return greedy
    probabilities -= np.maximum.reduce(probabilities, axis=1, keepdims=True)
    probabilities /= max(config.temperature, 1e-200)  # a smaller one would overflow, and chooses the same
    np.exp(probabilities, out=probabilities)
    probabilities /= np.add.reduce(probabilities, axis=1, keepdims=True)
    if config.top_k is None and config.top_p is None:
        return probabilities
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=1)  # [N, V], the likeliest first
    if config.top_k is not None:
        ranked[:, config.top_k :] = 0.0
        ranked /= ranked.sum(axis=1, keepdims=True)
    if config.top_p is not None:
        before = np.cumsum(ranked, axis=1) - ranked  # what the likelier ones reach without this one
        ranked[before >= config.top_p] = 0.0
    np.put_along_axis(probabilities, order, ranked, axis=1)
    return probabilities / probabilities.sum(axis=1, keepdims=True)


def draws(seed: int, samples: int, length: int) -> np.ndarray:
    """Random numbers from [0, 1): [samples, length]. Row i depends on the seed and i alone."""
    return np.stack([np.random.default_rng([seed, i]).random(length) for i in range(samples)])


def choose(probabilities: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """The ids that the random numbers fall on: probabilities [N, V], draws [N] -> [N].

    The probabilities lie side by side from 0 to 1 in the alphabet's order; the number is a needle on that bar.
    """
    edges = np.add.accumulate(probabilities, axis=1)  # [N, V], each character's right end
    needles = draws * edges[:, -1]  # a number below 1, 1 - 2^-53 at most, stays below the end in rounding, too
    return (edges > needles[:, None]).argmax(axis=1)  # the first whose right end lies beyond the needle
