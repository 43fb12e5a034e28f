"""The first weights of a network without TensorFlow: the numbers that Keras draws from the same seed.

A browser that trains a run begins with them, and so learns what the server would have. TensorFlow's stateless
numbers are Philox's (Salmon et al., 2011); its normal ones, and the orthogonal kernels made of them, are the same
to rounding.
Names in shape comments: V ids, D numbers in an input vector, U units.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import lru_cache
from math import prod

import numpy as np
from safetensors.numpy import save

from charlab.core import kinds
from charlab.core.config import ModelConfig, TrainConfig

_LOW = np.uint64(0xFFFFFFFF)
_MULTIPLIERS, _INCREMENTS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)), (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_ADDING = ("projection/kernel", "contract/kernel")
_drawing = threading.Lock()


def first_weights(model: ModelConfig, vocabulary_size: int, train: TrainConfig) -> dict[str, np.ndarray]:
    """Every weight by its name in `core.predictor.weight_shapes`, float32."""
    seeds, result = _seeds(train.seed), {}
    first = _first_of_recurrent if model.kind in kinds.CELLS else _first_of_transformer
    for name, shape in kinds.of(model).shapes(model, vocabulary_size).items():
        result[name] = first(model, name, shape, seeds, train)
    return result


def as_file(model: ModelConfig, vocabulary_size: int, train: TrainConfig) -> bytes:
    """The same as a safetensors file, drawn once for a class that begins with the same settings."""
    drawn_with = TrainConfig(seed=train.seed, embedding_range=train.embedding_range)
    with _drawing:  # thirty who begin at once wait for one drawing
        return _file(model, vocabulary_size, drawn_with)


@lru_cache(maxsize=4)  # of at most 8 MB each
def _file(model: ModelConfig, vocabulary_size: int, train: TrainConfig) -> bytes:
    return save(first_weights(model, vocabulary_size, train))


def stateless_uniform(count: int, key: tuple[int, int]) -> np.ndarray:
    """TensorFlow's `tf.random.stateless_uniform([count], key)`: float32 [count] from [0, 1)."""
    bits = _philox_bits(count, key) & 0x7FFFFF | 0x3F800000  # 1 to 2, as a float's bits
    return bits.view(np.float32)[:count] - np.float32(1)


def stateless_normal(count: int, key: tuple[int, int]) -> np.ndarray:
    """TensorFlow's `tf.random.stateless_normal([count], key)`, by Box and Muller (1958): float32 [count]."""
    uniforms = stateless_uniform(count + count % 2, key).astype(float)
    radius = np.sqrt(-2 * np.log(np.maximum(uniforms[0::2], 1e-7)))
    angle = 2 * np.pi * uniforms[1::2]
    both = np.stack([np.sin(angle) * radius, np.cos(angle) * radius], axis=1)
    return both.ravel()[:count].astype(np.float32)


def _seeds(seed: int) -> Iterator[int]:
    """A seed for each weight, as `training.keras_networks` draws them."""
    generator = np.random.default_rng(seed)
    while True:
        yield int(generator.integers(2**31))


def _first_of_recurrent(
    model: ModelConfig, name: str, shape: tuple[int, ...], seeds: Iterator[int], train: TrainConfig
) -> np.ndarray:
    part = name.rpartition("/")[2]
    if part == "embedding":
        return _uniform(shape, train.embedding_range, next(seeds))
    if part == "recurrent_kernel":
        return _orthogonal(shape, next(seeds))
    if part == "kernel":
        return _uniform(shape, np.sqrt(6 / sum(shape)), next(seeds))  # Glorot and Bengio, 2010
    return _bias(model, name, shape)


def _first_of_transformer(
    model: ModelConfig, name: str, shape: tuple[int, ...], seeds: Iterator[int], train: TrainConfig
) -> np.ndarray:
    """Normal numbers, as in GPT-2: smaller where a block adds to what the others have added."""
    if len(shape) == 1:
        return np.full(shape, name.endswith("scale"), np.float32)
    smaller = 1 / np.sqrt(2 * model.layers) if name.endswith(_ADDING) else 1
    return (stateless_normal(prod(shape), (next(seeds), 0)) * np.float32(0.02 * smaller)).reshape(shape)


def _bias(model: ModelConfig, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Zeros, but for an LSTM's forget gate, which begins open (Jozefowicz et al., 2015)."""
    bias = np.zeros(shape, np.float32)
    if "forget" in kinds.CELLS[model.kind].gate_names and name.startswith("layer_"):
        bias[model.units : 2 * model.units] = 1
    return bias


def _uniform(shape: tuple[int, ...], limit: float, seed: int) -> np.ndarray:
    least = np.float32(-limit)
    numbers = stateless_uniform(prod(shape), (seed, 0)) * (np.float32(limit) - least) + least
    return numbers.reshape(shape)


def _orthogonal(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Rows at right angles to each other, of length 1 (Saxe et al., 2014): [R, C], R at most C."""
    rows, columns = shape
    normal = stateless_normal(prod(shape), (seed, 0)).reshape(columns, rows).astype(float)
    q, r = np.linalg.qr(normal)
    return np.ascontiguousarray((q * np.sign(np.diag(r))).T, np.float32)


def _philox_bits(count: int, key: tuple[int, int]) -> np.ndarray:
    """At least `count` numbers of 32 bits: Philox counts, from a key that it has made of the given one."""
    halves = [np.array([word >> shift & 0xFFFFFFFF], np.uint64) for word in key for shift in (0, 32)]
    key_0, key_1, counter_2, counter_3 = (int(word[0]) for word in _philox(halves, (0x3EC8F720, 0x02461E29)))
    counter = np.arange(-(-count // 4), dtype=np.uint64)
    rest = [np.full_like(counter, word) for word in (0, counter_2, counter_3)]
    return np.stack(_philox([counter, *rest], (key_0, key_1)), axis=1).ravel().astype(np.uint32)


def _philox(counter: list[np.ndarray], key: tuple[int, int]) -> list[np.ndarray]:
    for _ in range(_ROUNDS):
        first, second = counter[0] * _MULTIPLIERS[0], counter[2] * _MULTIPLIERS[1]
        counter = [
            second >> np.uint64(32) ^ counter[1] ^ np.uint64(key[0]),
            second & _LOW,
            first >> np.uint64(32) ^ counter[3] ^ np.uint64(key[1]),
            first & _LOW,
        ]
        key = tuple((word + more) & 0xFFFFFFFF for word, more in zip(key, _INCREMENTS, strict=True))  # type: ignore[assignment]
    return counter
