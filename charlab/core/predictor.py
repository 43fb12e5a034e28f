"""One interface for every kind of model, the Predictor: which weights it has, and how one is built from them.

Names in shape comments: N samples, V ids, U units, H heads, T characters of a text.
"""

from __future__ import annotations

import math
from typing import Any, Protocol, runtime_checkable

import numpy as np

from charlab.core import kinds
from charlab.core.config import ModelConfig
from charlab.errors import ModelError

Weights = dict[str, np.ndarray]


class Predictor(Protocol):
    """Reads characters and predicts the next one: what every model here can do."""

    vocabulary_size: int

    def start(self, samples: int) -> Any:
        """The state before anything has been read, for N samples side by side."""

    def step(self, ids: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        """Read one character per sample: ids [N] -> logits of the next one [N, V], and the new state.

        The state that was passed in may be overwritten: continue with the one that is returned.
        """


@runtime_checkable
class HasActivations(Predictor, Protocol):
    """A predictor that shows what happens inside. Ask for the method, not for the kind of network."""

    def activations(self, ids: np.ndarray) -> dict[str, np.ndarray]:
        """What happens inside while ids [T] are read from an empty state: named arrays, row t after ids[t].

        A layer's units: "layer_0/hidden" [T, U] and its gates, such as "layer_0/update". A layer's attention:
        "block_0/attention" [H, T, T], from each character (row) to those before it and to itself.
        """


def weight_shapes(config: ModelConfig, vocabulary_size: int) -> dict[str, tuple[int, ...]]:
    """Every weight of a network by name, with its shape."""
    kind = kinds.of(config)
    if not kind.trained:
        raise ModelError(f"{kind.described.capitalize()} has counts, not weights of fixed shapes.")
    return kind.shapes(config, vocabulary_size)


def largest_kernel(config: ModelConfig, vocabulary_size: int) -> int:
    """How many numbers the largest matrix of weights has, which `matmul.blas_threads` asks for."""
    shapes = kinds.of(config).shapes(config, vocabulary_size)
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    above = [f"layer_{i}/kernel" for i in range(1, config.layers)] + ["head/kernel"]
    for i, name in enumerate(above):  # a recurrent layer's own kernel and the one above it are multiplied as one
        if f"layer_{i}/recurrent_kernel" in sizes:
            sizes[name] += sizes[f"layer_{i}/recurrent_kernel"]
    return max(sizes.values(), default=0)


def build_predictor(config: ModelConfig, vocabulary_size: int, weights: Weights) -> Predictor:
    """The predictor of a configuration with these weights. Raises ModelError where a name or shape is wrong."""
    kind = kinds.of(config)
    if not kind.trained:  # counts are checked by whoever reads them
        return kind.predictor(config, vocabulary_size, weights)
    wanted = kind.shapes(config, vocabulary_size)
    for name in sorted(set(wanted) | set(weights)):
        received = weights[name].shape if name in weights else None
        if received != wanted.get(name):
            raise ModelError(
                f"The weights do not fit the model: {name!r} should be "
                f"{wanted.get(name, 'absent')}. Received: {received or 'nothing'}."
            )
    weights = {name: np.asarray(array, dtype=np.float32) for name, array in weights.items()}
    return kind.predictor(config, vocabulary_size, weights)
