"""What a network is made of: its layers, parameters and operations per character."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from charlab.core import predictor
from charlab.core.config import ModelConfig, TrainConfig


@dataclass(frozen=True)
class Layer:
    """One layer, in words: what it does, the shape of what leaves it for each character, its parameters."""

    name: str
    does: str
    leaves: int  # numbers for each character
    parameters: int


def layers(model: ModelConfig, vocabulary_size: int) -> list[Layer]:
    """A network's layers in the order in which a character passes them; none for an n-gram model."""
    if model.kind == "ngram":
        return []
    sizes: dict[str, int] = {}
    for name, shape in predictor.weight_shapes(model, vocabulary_size).items():
        place = name.split("/")[0].replace("position", "embedding").replace("norm", "head")
        sizes[place] = sizes.get(place, 0) + math.prod(shape)
    V, U, D = vocabulary_size, model.units, model.embedding or vocabulary_size
    found = []
    if model.kind == "transformer":
        does = f"a character and its place become {U} numbers"
        found.append(Layer("Embedding", does, U, sizes["embedding"]))
    elif model.embedding:
        found.append(Layer("Embedding", f"a character becomes {D} numbers", D, sizes["embedding"]))
    else:
        found.append(Layer("One-hot", f"a single 1 among {V} numbers", V, 0))
    for i in range(model.layers):
        if model.kind == "transformer":
            does = f"looks back over up to {model.context} characters, {model.heads} heads"
            found.append(Layer(f"Attention block {i + 1}", does, U, sizes[f"block_{i}"]))
        else:
            number = f" {i + 1}" if model.layers > 1 else ""
            does = f"{U if i else D} numbers in, {U} that it remembers"
            found.append(Layer(f"{model.kind.upper()}{number}", does, U, sizes[f"layer_{i}"]))
    return [*found, Layer("Dense", f"a score for each of {V} characters", V, sizes["head"])]


def parameter_count(config: ModelConfig, vocabulary_size: int) -> int:
    return sum(int(np.prod(shape)) for shape in predictor.weight_shapes(config, vocabulary_size).values())


def describe_parameters(model: ModelConfig, vocabulary_size: int) -> str:
    if model.kind == "ngram":
        return f"counts of up to {model.order} characters"
    return f"{parameter_count(model, vocabulary_size) / 1e6:.2f} M parameters"


def operations(model: ModelConfig, train: TrainConfig, vocabulary_size: int) -> float:
    """Floating-point operations of a training step a character, about: two a weight that is multiplied and twice
    that for the gradients; embeddings are only looked up, and attention multiplies the window with itself."""
    looked_up = vocabulary_size * (model.units if model.kind == "transformer" else model.embedding)
    attention = 0.0
    if model.kind == "transformer":
        looked_up += model.context * model.units
        attention = 12.0 * model.layers * model.units * train.sequence_length
    return 6.0 * (parameter_count(model, vocabulary_size) - looked_up) + attention
