"""The n-gram model: it counts what followed the last few characters in the text, and mixes the counts.

There are no gradients: the counts are the model. It is a Predictor like the networks.
Names in shape comments: N samples, V ids, K different n-grams of one order.
"""

from __future__ import annotations

import numpy as np

from charlab.core.config import ModelConfig
from charlab.errors import ModelError


def longest_order(vocabulary_size: int) -> int:
    """The longest n-gram whose ids, read as digits to the base V, fit in 64 bits."""
    return int(64 // np.log2(vocabulary_size))


def count(ids: np.ndarray, vocabulary_size: int, order: int) -> dict[str, np.ndarray]:
    """Count all n-grams of 1 to `order` characters in ids [T] but those that end with the unknown character, which
    is never to be predicted.

    An n-gram is kept as one number, its ids as digits to the base V. The result has, for each order k, the
    distinct n-grams "order_k/keys" (uint64, sorted) [K] and how often each occurs, "order_k/counts" (uint32) [K].
    Time is linear in T apart from the sorting; memory is 24 bytes per character while it counts.
    """
    ids = np.asarray(ids).astype(np.uint64)
    keys = np.zeros(len(ids), np.uint64)
    result: dict[str, np.ndarray] = {}
    for k in range(1, min(order, len(ids)) + 1):
        shifted = keys[: len(ids) - k + 1]  # n-grams of k - 1 characters that have one more after them
        keys = shifted * np.uint64(vocabulary_size) + ids[k - 1 :]
        different, counts = np.unique(keys[ids[k - 1 :] != vocabulary_size - 1], return_counts=True)
        result |= {f"order_{k}/keys": different, f"order_{k}/counts": counts.astype(np.uint32)}
    return result


class NgramPredictor:
    """Witten-Bell interpolation (Witten and Bell, 1991, as in Chen and Goodman, 1998).

    p(c | h) = (count(hc) + different(h) * p(c | h without its first character)) / (count(h) + different(h)),
    where count(h) is how often anything followed the context h, and different(h) how many distinct characters did.
    The empty context falls back on the uniform distribution over V.
    """

    def __init__(self, config: ModelConfig, vocabulary_size: int, weights: dict[str, np.ndarray]) -> None:
        self.vocabulary_size = vocabulary_size
        self.order = config.order
        orders = [k for k in range(1, config.order + 1) if f"order_{k}/keys" in weights]
        if orders != list(range(1, len(orders) + 1)) or not orders or len(weights) != 2 * len(orders):
            raise ModelError("An n-gram model needs the keys and counts of every order from 1 on.")
        self._keys = [weights[f"order_{k}/keys"].astype(np.uint64) for k in orders]
        self._counts = [weights[f"order_{k}/counts"].astype(np.float64) for k in orders]

    def start(self, samples: int) -> np.ndarray:
        """The last characters read: ids [N, up to order - 1]."""
        return np.zeros((samples, 0), np.uint64)

    def step(self, ids: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Read ids [N] -> ln of the next character's probabilities [N, V], and the last characters read."""
        state = np.concatenate([state, np.asarray(ids, np.uint64)[:, None]], axis=1)
        state = state[:, max(0, state.shape[1] - (len(self._keys) - 1)) :]
        return np.log(self._probabilities(state)).astype(np.float32), state

    @property
    def longest_context(self) -> int:
        """How many characters the model looks back at most."""
        return len(self._keys) - 1

    def followers(self, context: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What followed one context (at most `longest_context` ids) in the text: ids and their counts."""
        rows, ids, counts = self._continuations(np.asarray(context, np.uint64)[None])
        return ids, counts

    def cross_entropy(self, ids: np.ndarray) -> float:
        """Mean -ln p of ids [T] read as one stream, from the first position whose whole context is known."""
        ids, back, V = np.asarray(ids).astype(np.uint64), len(self._keys) - 1, self.vocabulary_size
        targets = np.arange(max(back, 1), len(ids))
        targets = targets[ids[targets] != V - 1]
        p = np.full(len(targets), 1.0 / V)  # of the targets alone, so that a large alphabet takes no more time
        for length, keys in enumerate(self._keys):
            up_to = np.append(0.0, np.cumsum(self._counts[length]))
            first, last, key = self._places(ids[targets[:, None] + np.arange(-length, 0)])
            total, different, key = up_to[last] - up_to[first], last - first, key + ids[targets]
            count = up_to[np.searchsorted(keys, key, "right")] - up_to[np.searchsorted(keys, key)]
            p = np.where(total > 0, (count + different * p) / np.maximum(total + different, 1), p)
        return float(-np.log(p).sum()) / max(1, len(targets))

    def _probabilities(self, history: np.ndarray) -> np.ndarray:
        N, V = len(history), self.vocabulary_size
        p = np.full((N, V), 1.0 / V)
        for length in range(history.shape[1] + 1):
            rows, ids, counts = self._continuations(history[:, history.shape[1] - length :])
            total = np.bincount(rows, counts, N)[:, None]
            different = np.bincount(rows, minlength=N)[:, None].astype(float)
            seen = total[:, 0] > 0  # an unseen context leaves the shorter one's prediction as it is
            p[seen] *= (different / np.maximum(total + different, 1))[seen]
            p[rows, ids] += counts / (total + different)[rows, 0]
        return p

    def _continuations(self, contexts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For contexts [N, k]: of every n-gram that begins with one, its row, its last id and its count."""
        keys, counts = self._keys[contexts.shape[1]], self._counts[contexts.shape[1]]
        first, last, key = self._places(contexts)
        lengths = last - first  # keys are sorted: those that share a context are neighbours
        rows = np.repeat(np.arange(len(contexts)), lengths)
        places = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths) + first[rows]
        return rows, (keys[places] - key[rows]).astype(np.int64), counts[places]

    def _places(self, contexts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For contexts [N, k]: the first n-gram that begins with each, the one after the last, the least key."""
        keys, V = self._keys[contexts.shape[1]], np.uint64(self.vocabulary_size)
        key = np.zeros(len(contexts), np.uint64)
        for column in contexts.T:
            key = (key + column) * V
        return np.searchsorted(keys, key), np.searchsorted(keys, key + (V - np.uint64(1)), "right"), key


def baselines(training: np.ndarray, validation: np.ndarray, vocabulary_size: int, orders: int = 3) -> list[float]:
    """Loss in nats per character of the uniform baseline, then of n-gram models of order 1 to `orders`.

    A network should beat these on the same text: counted on training ids [T], measured on validation ids [S].
    Characters that the alphabet lacks are left out, as in `reading.evaluate`.
    """
    losses = [float(np.log(vocabulary_size - 1))]  # without the unknown character
    for order in range(1, orders + 1):
        config = ModelConfig(kind="ngram", order=order)
        predictor = NgramPredictor(config, vocabulary_size, count(training, vocabulary_size, order))
        losses.append(predictor.cross_entropy(validation))
    return losses
