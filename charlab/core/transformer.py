"""A Transformer like GPT in NumPy: every character looks back at all before it, up to `context`.

Names in shape comments: N samples side by side, V ids, D numbers in a character's vector, H heads, P characters
read so far, T characters read at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from charlab.core.config import ModelConfig
from charlab.core.ops import dense, gelu, layer_norm, softmax

# The dense layers of a block: name, and the rows and columns of the kernel in multiples of D.
_DENSE = (("attention", 1, 3), ("projection", 1, 1), ("expand", 1, 4), ("contract", 4, 1))


def transformer_shapes(config: ModelConfig, V: int) -> dict[str, tuple[int, ...]]:
    """Every weight by name, with its shape."""
    D = config.units
    result: dict[str, tuple[int, ...]] = {"embedding": (V, D), "position": (config.context, D)}
    for i in range(config.layers):
        for name, rows, columns in _DENSE:
            result[f"block_{i}/{name}/kernel"] = (rows * D, columns * D)
            result[f"block_{i}/{name}/bias"] = (columns * D,)
        for name in ("norm_1", "norm_2"):
            result |= {f"block_{i}/{name}/scale": (D,), f"block_{i}/{name}/offset": (D,)}
    return result | {"norm/scale": (D,), "norm/offset": (D,), "head/kernel": (D, V), "head/bias": (V,)}


@dataclass
class Cache:
    """What a Transformer keeps of the characters it has read: their ids, and each layer's keys and values."""

    read: int  # characters in the cache: P
    ids: np.ndarray  # [N, context]
    keys: np.ndarray  # [layers, N, H, context, D / H]
    values: np.ndarray  # the same


class TransformerNetwork:
    """Pre-norm decoder with learned positions (Radford et al., 2019), with a cache of keys and values.

    The cache holds `context` characters. When it is full it is rebuilt from the last half of them, now at
    positions 0 and up, and reading continues there. Explaining, evaluating and generating share this rule.
    """

    def __init__(self, config: ModelConfig, vocabulary_size: int, weights: dict[str, np.ndarray]) -> None:
        self.vocabulary_size = vocabulary_size
        self.layers, self.heads, self.context = config.layers, config.heads, config.context
        self._weights = weights

    def start(self, samples: int) -> Cache:
        """An empty cache for N samples."""
        width = self._weights["embedding"].shape[1] // self.heads
        shape = (self.layers, samples, self.heads, self.context, width)
        ids = np.zeros((samples, self.context), np.int64)
        return Cache(0, ids, np.zeros(shape, np.float32), np.zeros(shape, np.float32))

    def step(self, ids: np.ndarray, state: Cache) -> tuple[np.ndarray, Cache]:
        """Read ids [N] -> logits of the next character [N, V]; the cache is changed in place."""
        self._make_room(state)
        return self._read(ids[:, None], state)[0][:, -1], state

    def activations(self, ids: np.ndarray) -> dict[str, np.ndarray]:
        """Where each character's attention went, by layer ("block_0/attention"): [H, T, T] each.

        Row t belongs to ids[t] and sums to 1. It is 0 for later characters, and for those that the cache no longer
        held (before `oldest(t)`). Memory grows with T squared: give at most a few hundred characters.
        """
        result = np.zeros((self.layers, self.heads, len(ids), len(ids)), np.float32)
        cache, first = self.start(1), 0
        while first < len(ids):
            self._make_room(cache)
            piece = ids[None, first : first + self.context - cache.read]
            first, start = first + piece.shape[1], first - cache.read
            attention = self._read(piece, cache)[1]
            result[:, :, first - piece.shape[1] : first, start:first] = [layer[0] for layer in attention]
        return {f"block_{i}/attention": layer for i, layer in enumerate(result)}

    def oldest(self, place: int) -> int:
        """The first character that the cache still holds when the one at `place` in a text has been read."""
        step = self.context - self.context // 2
        return 0 if place < self.context else step * ((place - self.context) // step + 1)

    def _make_room(self, cache: Cache) -> None:
        if cache.read == self.context:
            half = cache.ids[:, -(self.context // 2) :].copy()
            cache.read = 0
            self._read(half, cache)

    def _read(self, ids: np.ndarray, cache: Cache) -> tuple[np.ndarray, list[np.ndarray]]:
        """Read ids [N, T]: logits [N, T, V], and the attention of each layer [N, H, T, P + T]."""
        first, last = cache.read, cache.read + ids.shape[1]
        cache.ids[:, first:last] = ids
        x = self._weights["embedding"][ids] + self._weights["position"][first:last]  # [N, T, D]
        attention = []
        for i in range(self.layers):
            seen, weights = self._attend(i, self._norm(f"block_{i}/norm_1", x), cache, first, last)
            attention.append(weights)
            x = x + seen
            wide = gelu(self._dense(f"block_{i}/expand", self._norm(f"block_{i}/norm_2", x)))  # [N, T, 4D]
            x = x + self._dense(f"block_{i}/contract", wide)
        cache.read = last
        return self._dense("head", self._norm("norm", x)), attention

    def _attend(self, i: int, x: np.ndarray, cache: Cache, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        N, T, D = x.shape
        split = self._dense(f"block_{i}/attention", x).reshape(N, T, 3, self.heads, D // self.heads)
        query, key, value = split.transpose(2, 0, 3, 1, 4)  # [N, H, T, D / H] each
        cache.keys[i, :, :, first:last], cache.values[i, :, :, first:last] = key, value
        keys, values = cache.keys[i, :, :, :last], cache.values[i, :, :, :last]  # [N, H, P + T, D / H]
        scores = query @ keys.swapaxes(-1, -2) / np.float32(np.sqrt(D // self.heads))  # [N, H, T, P + T]
        if T > 1:  # no character may look at later ones
            later = np.arange(last)[None, :] > np.arange(first, last)[:, None]  # [T, P + T]
            scores = np.where(later, np.float32(-np.inf), scores)
        weights = softmax(scores)
        seen = (weights @ values).swapaxes(1, 2).reshape(N, T, D)
        return self._dense(f"block_{i}/projection", seen), weights

    def _dense(self, name: str, x: np.ndarray) -> np.ndarray:
        rows = x.reshape(-1, x.shape[-1])
        result = dense(rows, self._weights[f"{name}/kernel"], self._weights[f"{name}/bias"])
        return result.reshape(*x.shape[:-1], -1)

    def _norm(self, name: str, x: np.ndarray) -> np.ndarray:
        return layer_norm(x, self._weights[f"{name}/scale"], self._weights[f"{name}/offset"])
