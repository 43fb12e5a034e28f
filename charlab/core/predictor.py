"""The networks behind one Predictor: which there are, what weights each has, and one made of them.

What a step computes stands in recurrent.py (GRU, LSTM) and transformer.py: NumPy alone, no training, no text, no
files. The Keras twins that are trained are in keras_networks.py; a test compares the two. Names in shape comments:
N samples side by side, V ids, D numbers an input vector, U units, H heads, T characters of a text.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np

from charlab.core.config import RECURRENT, ModelConfig
from charlab.core.ops import sigmoid as sigmoid
from charlab.core.ops import softmax as softmax  # what turns any predictor's logits into probabilities
from charlab.core.recurrent import RecurrentNetwork
from charlab.core.transformer import TransformerNetwork, transformer_shapes
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


class HasActivations(Predictor, Protocol):
    """A predictor that can be looked into as well. Ask for the method, not for the kind of network."""

    def activations(self, ids: np.ndarray) -> dict[str, np.ndarray]:
        """What happened inside while ids [T] were read from nothing: named arrays, row t after ids[t] was read.

        A layer's units: "layer_0/hidden" [T, U] and what made it, such as "layer_0/update". A layer's attention:
        "block_0/attention" [H, T, T], from each character (row) back to those before it and to itself.
        """


def weight_shapes(config: ModelConfig, vocabulary_size: int) -> dict[str, tuple[int, ...]]:
    """Every weight of a network by name, with its shape."""
    V, U = vocabulary_size, config.units
    if config.kind == "transformer":
        return transformer_shapes(config, V)
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


def largest_kernel(config: ModelConfig, vocabulary_size: int) -> int:
    """How many numbers the largest kernel has that a step multiplies by: what `matmul.blas_threads` asks for."""
    if config.kind == "ngram":
        return 0
    sizes = {name: math.prod(shape) for name, shape in weight_shapes(config, vocabulary_size).items()}
    if config.kind in RECURRENT:  # a layer's own kernel and the one above it are multiplied as one
        above = [f"layer_{i}/kernel" for i in range(1, config.layers)] + ["head/kernel"]
        sizes |= {name: sizes[f"layer_{i}/recurrent_kernel"] + sizes[name] for i, name in enumerate(above)}
    return max(sizes.values())


def build_predictor(config: ModelConfig, vocabulary_size: int, weights: Weights) -> Predictor:
    """The predictor of a configuration with these weights. Raises ModelError where a name or shape is off."""
    if config.kind == "ngram":
        from charlab.core.ngram import NgramPredictor

        return NgramPredictor(config, vocabulary_size, weights)
    wanted = weight_shapes(config, vocabulary_size)
    for name in sorted(set(wanted) | set(weights)):
        received = weights[name].shape if name in weights else None
        if received != wanted.get(name):
            raise ModelError(
                f"The weights do not fit the model: {name!r} should be "
                f"{wanted.get(name, 'absent')}. Received: {received or 'nothing'}."
            )
    weights = {name: np.asarray(array, dtype=np.float32) for name, array in weights.items()}
    network = TransformerNetwork if config.kind == "transformer" else RecurrentNetwork
    return network(config, vocabulary_size, weights)
