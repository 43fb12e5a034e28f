"""What a network is made of: its layers, parameters and operations per character."""

from __future__ import annotations

import math
from dataclasses import dataclass

from charlab.core import kinds, predictor
from charlab.core.config import ModelConfig, TrainConfig


@dataclass(frozen=True)
class Layer:
    """One layer: what it does in words, how many numbers it gives for each character, its parameters."""

    name: str
    does: str
    outputs: int  # numbers for each character
    parameters: int


def layers(model: ModelConfig, vocabulary_size: int) -> list[Layer]:
    """A network's layers in the order in which a character passes them; none for an n-gram model."""
    kind = kinds.of(model)
    sizes: dict[str, int] = {}
    for name, shape in kind.shapes(model, vocabulary_size).items():
        part = name.split("/")[0]
        sizes[part] = sizes.get(part, 0) + math.prod(shape)
    return [
        Layer(name, does, outputs, sum(sizes[part] for part in parts))
        for name, does, outputs, parts in kind.layers(model, vocabulary_size)
    ]


def parameter_count(config: ModelConfig, vocabulary_size: int) -> int:
    """How many trainable numbers a network has. Raises ModelError for an n-gram model."""
    return sum(math.prod(shape) for shape in predictor.weight_shapes(config, vocabulary_size).values())


def describe_parameters(model: ModelConfig, vocabulary_size: int) -> str:
    """A model's size in words: its parameters in millions, or how far an n-gram model counts."""
    if not kinds.of(model).trained:
        return f"counts of up to {model.order} characters"
    return f"{parameter_count(model, vocabulary_size) / 1e6:.2f} M parameters"


def operations(model: ModelConfig, train: TrainConfig, vocabulary_size: int) -> float:
    """Floating-point operations per character of a training step, approximately.

    Two for each weight that is multiplied, and twice that for its gradients. Embeddings are only looked up;
    attention also multiplies the window by itself.
    """
    tables = kinds.of(model).shapes(model, vocabulary_size)
    looked_up = sum(math.prod(tables[name]) for name in ("embedding", "position") if name in tables)
    attention = 12.0 * model.layers * model.units * train.sequence_length if model.uses("heads") else 0.0
    return 6.0 * (parameter_count(model, vocabulary_size) - looked_up) + attention
