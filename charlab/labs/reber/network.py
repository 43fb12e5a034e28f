"""The judge of Reber strings in NumPy: a GRU reads a string letter by letter, and one number says how good it is.

The GRU is that of the language models (core/recurrent.py); only the head differs, which has one output.
Names in shape comments: N strings, T letters, U units.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from charlab.core import kinds
from charlab.core.config import ModelConfig
from charlab.core.ops import sigmoid
from charlab.core.recurrent import RecurrentNetwork
from charlab.errors import ConfigError, ModelError
from charlab.labs.reber import data

MODEL = ModelConfig(kind="gru", units=30, embedding=5)


def shapes(model: ModelConfig = MODEL) -> dict[str, tuple[int, ...]]:
    """Every weight by name, with its shape."""
    heads: dict[str, tuple[int, ...]] = {"head/kernel": (model.units, 1), "head/bias": (1,)}
    return kinds.of(model).shapes(model, data.IDS) | heads


def parameter_count(model: ModelConfig = MODEL) -> int:
    """How many numbers training changes: 3,401 in the lecture's network."""
    return sum(math.prod(shape) for shape in shapes(model).values())


@dataclass(frozen=True)
class Judgement:
    """What the judge makes of one string, letter by letter.

    `good` [T] is the probability that the string is good if it ended there. Training has only ever asked for it at
    the end of a string: in its middle it is what the head reads from the state, and nothing was learned about it.
    """

    text: str
    good: np.ndarray
    activations: dict[str, np.ndarray]  # states and gates [T, U]: see core.recurrent

    @property
    def verdict(self) -> float:
        """The probability after the last letter."""
        return float(self.good[-1])


class Judge:
    """A trained network. Raises ModelError where weights are missing, or have other shapes."""

    def __init__(self, model: ModelConfig, weights: dict[str, np.ndarray]) -> None:
        wanted, received = shapes(model), {name: array.shape for name, array in weights.items()}
        if wrong := sorted(name for name in wanted | received if wanted.get(name) != received.get(name)):
            name = wrong[0]
            raise ModelError(
                f"The weights do not fit the lab's network: {name!r} should be {wanted.get(name, 'absent')}. "
                f"Received: {received.get(name, 'nothing')}."
            )
        self._network = RecurrentNetwork(model, data.IDS, weights)
        self._kernel, self._bias = weights["head/kernel"], weights["head/bias"]

    def judge(self, text: str) -> Judgement:
        """Read one string. Raises ConfigError where it is empty or has other characters than the grammar's."""
        check(text)
        activations = self._network.activations(data.ids([text])[0])
        logits = activations["layer_0/hidden"] @ self._kernel + self._bias  # [T, 1]
        return Judgement(text, sigmoid(logits[:, 0]), activations)

    def verdicts(self, texts: Sequence[str]) -> np.ndarray:
        """The probability after the last letter of each string, [N]: all are read side by side."""
        rows, lengths = data.ids(texts), np.array([len(text) for text in texts])
        state, found = self._network.start(len(texts)), np.empty(len(texts), np.float32)
        for t in range(rows.shape[1]):
            logits, state = self._network.step(rows[:, t], state)  # [N, 1]
            ends = lengths == t + 1
            found[ends] = logits[ends, 0]
        return sigmoid(found)


def check(text: str) -> None:
    """Raises ConfigError where a string cannot be read."""
    if not text:
        raise ConfigError("There is no string to judge. Type letters of the grammar, for example BTBTXSETE.")
    if unknown := data.unknown_letters(text):
        raise ConfigError(
            f"Strings of this grammar have only the capital letters {', '.join(data.LETTERS)}. Received: "
            f"{unknown!r}."
        )


def memory_curve(judge: Judge, distances: Sequence[int]) -> list[float]:
    """How well the second letter is remembered over so many letters: for each distance the accuracy on the good
    strings of both frames and the same with their last but one letters exchanged, 0 to 1 (mere guessing: 0.5)."""
    good = [data.with_distance(frame, distance) for distance in distances for frame in "TP"]
    says_good = judge.verdicts([*good, *map(data.swap, good)]) > 0.5
    right = np.concatenate([says_good[: len(good)], ~says_good[len(good) :]]).reshape(2, len(distances), 2)
    return right.mean(axis=(0, 2)).tolist()
