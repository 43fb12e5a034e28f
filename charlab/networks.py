"""The networks in NumPy, one character at a time: GRU, LSTM and a small Transformer behind one Predictor.

What each step computes is all there is to see here: no training, no text, no files. The Keras twins that are
trained are in models.py; a test compares the two. Names in shape comments: N samples side by side, V ids,
D numbers an input vector, U units, H heads, P characters read so far, T characters read at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from charlab.config import ModelConfig
from charlab.errors import ModelError

Weights = dict[str, np.ndarray]


class Predictor(Protocol):
    """What reads characters and says what may come next: the one thing every model here can do."""

    vocabulary_size: int

    def start(self, samples: int) -> Any:
        """The state before anything was read, for N samples side by side."""

    def step(self, ids: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        """Read one character a sample: ids [N] -> logits of the next one [N, V], and the state after it.

        The state that was passed in may be overwritten: go on with the one that comes back.
        """


def shapes(config: ModelConfig, vocabulary_size: int) -> dict[str, tuple[int, ...]]:
    """Every weight of a network by name, with its shape."""
    V, U = vocabulary_size, config.units
    if config.kind == "transformer":
        return _transformer_shapes(config, V)
    if config.kind == "ngram":
        raise ModelError("An n-gram model has counts, not weights of fixed shapes.")
    gates = {"gru": 3, "lstm": 4}[config.kind]
    D = config.embedding or V
    result: dict[str, tuple[int, ...]] = {"embedding": (V, D)} if config.embedding else {}
    for i in range(config.layers):
        result[f"layer_{i}/kernel"] = (U if i else D, gates * U)
        result[f"layer_{i}/recurrent_kernel"] = (U, gates * U)
        result[f"layer_{i}/bias"] = (2, gates * U) if config.kind == "gru" else (gates * U,)
    return result | {"head/kernel": (U, V), "head/bias": (V,)}


def parameter_count(config: ModelConfig, vocabulary_size: int) -> int:
    return sum(int(np.prod(shape)) for shape in shapes(config, vocabulary_size).values())


def build(config: ModelConfig, vocabulary_size: int, weights: Weights) -> Predictor:
    """The predictor of a configuration with these weights. Raises ModelError where a name or shape is off."""
    if config.kind == "ngram":
        from charlab.ngrams import NgramPredictor

        return NgramPredictor(config, vocabulary_size, weights)
    wanted = shapes(config, vocabulary_size)
    for name in sorted(set(wanted) | set(weights)):
        received = weights[name].shape if name in weights else None
        if received != wanted.get(name):
            raise ModelError(
                f"The weights do not fit the model: {name!r} should be "
                f"{wanted.get(name, 'absent')}. Received: {received or 'nothing'}."
            )
    weights = {name: np.asarray(array, dtype=np.float32) for name, array in weights.items()}
    network = {"gru": GruNetwork, "lstm": LstmNetwork, "transformer": TransformerNetwork}[config.kind]
    return network(config, vocabulary_size, weights)


# The pieces that all networks are made of


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * np.tanh(0.5 * x) + 0.5  # the same as 1 / (1 + exp(-x)), and cannot overflow


def gelu(x: np.ndarray) -> np.ndarray:
    """The Gaussian error linear unit in its tanh form (Hendrycks and Gimpel, 2016)."""
    return 0.5 * x * (1.0 + np.tanh(0.7978845608 * (x + 0.044715 * x * x * x)))


def softmax(x: np.ndarray) -> np.ndarray:
    """Over the last axis; the greatest value is taken off first, so that exp cannot overflow."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def layer_norm(x: np.ndarray, scale: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Mean 0 and variance 1 over the last axis, then a learned scale and offset (Ba et al., 2016)."""
    x = x - x.mean(axis=-1, keepdims=True)
    variance = np.einsum("...i,...i->...", x, x)[..., None] / x.shape[-1]
    return x / np.sqrt(variance + 1e-5) * scale + offset


# Recurrent networks: all that was read is kept in a hidden state of U numbers a layer


class _RecurrentNetwork:
    """What GRU and LSTM share: stacked layers, the character looked up in a table, a dense head."""

    states_per_layer = 1

    def __init__(self, config: ModelConfig, vocabulary_size: int, weights: Weights) -> None:
        self.vocabulary_size = vocabulary_size
        self.layers, self.units = config.layers, config.units
        self._weights = weights
        # Embedding times kernel has only V different rows: computed once, a step then looks its row up. With
        # one-hot input the kernel itself is that table.
        kernel, bias = weights["layer_0/kernel"], self._input_bias(0)
        embedding = weights.get("embedding")
        self._table = (kernel if embedding is None else embedding @ kernel) + bias  # [V, gates * U]

    def start(self, samples: int) -> list[np.ndarray]:
        shape = (self.states_per_layer, samples, self.units)
        return [np.zeros(shape, np.float32) for _ in range(self.layers)]

    def step(self, ids: np.ndarray, state: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        inputs = self._table[ids]  # [N, gates * U]
        after = []
        for i in range(self.layers):
            if i:
                inputs = after[-1][0] @ self._weights[f"layer_{i}/kernel"] + self._input_bias(i)
            after.append(self._cell(i, inputs, state[i]))
        return after[-1][0] @ self._weights["head/kernel"] + self._weights["head/bias"], after

    def _input_bias(self, i: int) -> np.ndarray:
        return self._weights[f"layer_{i}/bias"]

    def _cell(self, i: int, inputs: np.ndarray, state: np.ndarray) -> np.ndarray:
        raise NotImplementedError


class GruNetwork(_RecurrentNetwork):
    """Gated recurrent units (Cho et al., 2014), in the form whose reset gate acts after the matrix product."""

    def _input_bias(self, i: int) -> np.ndarray:
        return self._weights[f"layer_{i}/bias"][0]

    def _cell(self, i: int, inputs: np.ndarray, state: np.ndarray) -> np.ndarray:
        U, hidden = self.units, state[0]  # [N, U]
        memory = hidden @ self._weights[f"layer_{i}/recurrent_kernel"] + self._weights[f"layer_{i}/bias"][1]
        gates = sigmoid(inputs[:, : 2 * U] + memory[:, : 2 * U])  # [N, 2U]
        update, reset = gates[:, :U], gates[:, U:]
        candidate = np.tanh(inputs[:, 2 * U :] + reset * memory[:, 2 * U :])
        return (candidate + update * (hidden - candidate))[None]  # keep where update is 1, replace where 0


class LstmNetwork(_RecurrentNetwork):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997; forget gate: Gers et al., 2000)."""

    states_per_layer = 2  # what the layer says, and the cell in which it remembers

    def _cell(self, i: int, inputs: np.ndarray, state: np.ndarray) -> np.ndarray:
        U, (hidden, cell) = self.units, state  # [N, U] each
        z = inputs + hidden @ self._weights[f"layer_{i}/recurrent_kernel"]  # [N, 4U]
        let_in, forget = sigmoid(z[:, :U]), sigmoid(z[:, U : 2 * U])
        candidate, let_out = np.tanh(z[:, 2 * U : 3 * U]), sigmoid(z[:, 3 * U :])
        cell = forget * cell + let_in * candidate
        return np.stack([let_out * np.tanh(cell), cell])


# A Transformer of the GPT kind: every character looks back at all before it, up to `context`


def _transformer_shapes(config: ModelConfig, V: int) -> dict[str, tuple[int, ...]]:
    D = config.units
    result: dict[str, tuple[int, ...]] = {"embedding": (V, D), "position": (config.context, D)}
    for i in range(config.layers):
        for name, rows, columns in _DENSE:
            result[f"block_{i}/{name}/kernel"] = (rows * D, columns * D)
            result[f"block_{i}/{name}/bias"] = (columns * D,)
        for name in ("norm_1", "norm_2"):
            result |= {f"block_{i}/{name}/scale": (D,), f"block_{i}/{name}/offset": (D,)}
    return result | {"norm/scale": (D,), "norm/offset": (D,), "head/kernel": (D, V), "head/bias": (V,)}


_DENSE = (("attention", 1, 3), ("projection", 1, 1), ("expand", 1, 4), ("contract", 4, 1))


@dataclass
class Cache:
    """What a Transformer keeps of the characters read: their ids, and each layer's keys and values."""

    read: int  # characters in the cache: P
    ids: np.ndarray  # [N, context]
    keys: np.ndarray  # [layers, N, H, context, D / H]
    values: np.ndarray  # the same


class TransformerNetwork:
    """Pre-norm decoder with learned positions (Radford et al., 2019), with a cache of keys and values.

    The cache holds `context` characters. When it is full it is rebuilt from the last half of them, which then
    stand at positions 0 and on, and reading goes on from there: one rule for all that reads or writes.
    """

    def __init__(self, config: ModelConfig, vocabulary_size: int, weights: Weights) -> None:
        self.vocabulary_size = vocabulary_size
        self.layers, self.heads, self.context = config.layers, config.heads, config.context
        self._weights = weights

    def start(self, samples: int) -> Cache:
        width = self._weights["embedding"].shape[1] // self.heads
        shape = (self.layers, samples, self.heads, self.context, width)
        ids = np.zeros((samples, self.context), np.int64)
        return Cache(0, ids, np.zeros(shape, np.float32), np.zeros(shape, np.float32))

    def step(self, ids: np.ndarray, state: Cache) -> tuple[np.ndarray, Cache]:
        if state.read == self.context:
            half = state.ids[:, -(self.context // 2) :].copy()
            state.read = 0
            self._read(half, state)
        return self._read(ids[:, None], state)[:, -1], state

    def _read(self, ids: np.ndarray, cache: Cache) -> np.ndarray:
        """Read ids [N, T] after what the cache holds; logits [N, T, V]."""
        first, last = cache.read, cache.read + ids.shape[1]
        cache.ids[:, first:last] = ids
        x = self._weights["embedding"][ids] + self._weights["position"][first:last]  # [N, T, D]
        for i in range(self.layers):
            x = x + self._attend(i, self._norm(f"block_{i}/norm_1", x), cache, first, last)
            wide = gelu(self._dense(f"block_{i}/expand", self._norm(f"block_{i}/norm_2", x)))  # [N, T, 4D]
            x = x + self._dense(f"block_{i}/contract", wide)
        cache.read = last
        return self._dense("head", self._norm("norm", x))

    def _attend(self, i: int, x: np.ndarray, cache: Cache, first: int, last: int) -> np.ndarray:
        N, T, D = x.shape
        split = self._dense(f"block_{i}/attention", x).reshape(N, T, 3, self.heads, D // self.heads)
        query, key, value = split.transpose(2, 0, 3, 1, 4)  # [N, H, T, D / H] each
        cache.keys[i, :, :, first:last], cache.values[i, :, :, first:last] = key, value
        keys, values = cache.keys[i, :, :, :last], cache.values[i, :, :, :last]  # [N, H, P + T, D / H]
        scores = query @ keys.swapaxes(-1, -2) / np.float32(np.sqrt(D // self.heads))  # [N, H, T, P + T]
        if T > 1:  # no character may look at what comes after it
            later = np.arange(last)[None, :] > np.arange(first, last)[:, None]  # [T, P + T]
            scores = np.where(later, np.float32(-np.inf), scores)
        seen = (softmax(scores) @ values).swapaxes(1, 2).reshape(N, T, D)
        return self._dense(f"block_{i}/projection", seen)

    def _dense(self, name: str, x: np.ndarray) -> np.ndarray:
        return x @ self._weights[f"{name}/kernel"] + self._weights[f"{name}/bias"]

    def _norm(self, name: str, x: np.ndarray) -> np.ndarray:
        return layer_norm(x, self._weights[f"{name}/scale"], self._weights[f"{name}/offset"])
