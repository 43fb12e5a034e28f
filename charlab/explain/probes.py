"""Probes: which units of a network track a feature of the text, and which characters a head attends to.

Their input are a predictor's `activations`, named arrays, whichever network they come from. A unit tracks a
feature if the two rise and fall together along a text: Pearson's correlation r, from -1 to 1 (Karpathy, Johnson
and Fei-Fei, 2015, found such units by eye). Correlation is no proof of meaning.
Names in shape comments: T characters of a text, U units, F features, H heads.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from charlab.core.predictor import Predictor
from charlab.errors import CharlabError

MIN_CHARACTERS = 40  # in a shorter text some unit correlates with any feature
_MIN_OCCURRENCES = 3  # how often a feature must be present, and how often absent
_SHIFTS = 19  # the true position and 19 wrong ones: the best by chance is one in twenty
_STATES = ("hidden", "cell")  # a layer's output, as opposed to the gates that computed it

Activations = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Unit:
    """One number of a layer's state. Counted from 0 here, from 1 in everything shown to people."""

    state: str  # "hidden" or "cell"
    layer: int
    index: int

    @classmethod
    def parse(cls, name: str) -> Unit:
        """The unit with a name such as "hidden-1-37". Raises CharlabError for any other text."""
        found = re.fullmatch(r"(hidden|cell)-([1-9]\d{0,5})-([1-9]\d{0,5})", name, re.ASCII)
        if not found:
            raise CharlabError(f"A unit is named like hidden-1-37: state, layer, number. Received: {name!r}.")
        return cls(found[1], int(found[2]) - 1, int(found[3]) - 1)

    @property
    def name(self) -> str:
        """As `parse` takes it: "hidden-1-37"."""
        return f"{self.state}-{self.layer + 1}-{self.index + 1}"

    @property
    def array(self) -> str:
        """The name of the activations of which it is a column."""
        return f"layer_{self.layer}/{self.state}"

    @property
    def label(self) -> str:
        """As people read it: "layer 1, hidden, unit 37"."""
        return f"layer {self.layer + 1}, {self.state}, unit {self.index + 1}"


@dataclass(frozen=True)
class FeatureMatch:
    """The units that track one feature best, each with Pearson's r, the greatest |r| first."""

    feature: str
    units: list[tuple[Unit, float]]
    by_chance: float  # the greatest |r| of any unit with the feature at wrong positions


def states(activations: Activations) -> dict[str, np.ndarray]:
    """The activations that are states of units [T, U], "layer_0/hidden" and so on; empty if there are none."""
    return {name: array for name, array in activations.items() if name.endswith(tuple(f"/{s}" for s in _STATES))}


def attention(activations: Activations) -> dict[str, np.ndarray]:
    """The activations that are attention weights [H, T, T], by layer."""
    return {name: array for name, array in activations.items() if name.endswith("/attention")}


def column(activations: Activations, unit: Unit) -> np.ndarray | None:
    """A unit's state after each character [T]; None if the network has no such unit."""
    array = activations.get(unit.array)
    return array[:, unit.index] if array is not None and unit.index < array.shape[1] else None


def of_layer(activations: Activations, layer: int, step: int) -> dict[str, np.ndarray]:
    """All activations of one layer's units after one character, gates before states: [U] each."""
    prefix = f"layer_{layer}/"
    found = {
        name.removeprefix(prefix): array[step] for name, array in activations.items() if name.startswith(prefix)
    }
    return dict(sorted(found.items(), key=lambda item: item[0] in _STATES))


@runtime_checkable
class LimitedContext(Predictor, Protocol):
    """A predictor that sees no more than the last `context` characters."""

    context: int

    def oldest(self, position: int) -> int:
        """The first character that it still sees after reading the one at `position` in a text."""


def context_window(predictor: Predictor, length: int, position: int) -> range:
    """The part of a text to read for the activations at one position: all of it, or the context of that moment.

    A network with a limited context reads this part exactly as it reads the whole text, and its arrays stay small.
    """
    if not isinstance(predictor, LimitedContext):
        return range(length)
    first = predictor.oldest(position)
    return range(first, min(length, first + predictor.context))


# Features: what a person can name


def features(text: str) -> dict[str, np.ndarray]:
    """Every feature of a text by name, with its value after each character, [T] float.

    1 where it is present, 0 where it is absent, or a count. Features that hardly vary in this text are left out.
    """
    if not text:
        return {}
    found = {name: np.array(list(make(text)), dtype=float) for name, make in _FEATURES.items()}
    return {name: values for name, values in found.items() if _varies(values)}


def _varies(values: np.ndarray) -> bool:
    least = int(np.count_nonzero(values == values.min()))
    return min(least, len(values) - least) >= _MIN_OCCURRENCES


def _each(test: Callable[[str], bool]) -> Callable[[str], list[bool]]:
    return lambda text: [test(character) for character in text]


def _word(text: str) -> list[int]:
    """The number of letters read of the current word, 0 outside; an apostrophe between letters belongs to it."""
    result, count = [], 0
    for i, character in enumerate(text):
        joins = character in "'’" and count and i + 1 < len(text) and text[i + 1].isalpha()
        count = count + 1 if character.isalpha() or joins else 0
        result.append(count)
    return result


def _line(text: str) -> list[int]:
    """The number of characters read of the current line: 0 right after a newline."""
    result, count = [], 0
    for character in text:
        count = 0 if character == "\n" else count + 1
        result.append(count)
    return result


def _quoted(text: str) -> list[bool]:
    """Inside quotation marks, the opening one included; a blank line closes an open quotation."""
    result, closing = [], ""
    for i, character in enumerate(text):
        if closing and (character == closing or text[i - 1 : i + 1] == "\n\n"):
            closing = ""
        elif not closing:
            closing = {'"': '"', "“": "”", "„": "“", "«": "»"}.get(character, "")
        result.append(bool(closing))
    return result


def _speaker(text: str) -> np.ndarray:
    """In a line that holds only a name and a colon, the colon included: "ROMEO:", "First Citizen:"."""
    result = np.zeros(len(text))
    for line in re.finditer(r"^[^\W\d_a-z][^\n:]{0,30}:(?=\n|$)", text, re.MULTILINE):
        result[line.start() : line.end()] = 1
    return result


def _vowel(character: str) -> bool:
    return unicodedata.normalize("NFD", character)[0].lower() in "aeiou"


_FEATURES: dict[str, Callable[[str], Iterable[float]]] = {
    "inside a word": lambda text: [count > 0 for count in _word(text)],
    "letters of the word so far": _word,
    "capital letter": _each(str.isupper),
    "vowel": _each(_vowel),
    "space": _each(lambda character: character == " "),
    "punctuation mark": _each(lambda character: unicodedata.category(character).startswith("P")),
    "end of a sentence": _each(lambda character: character in ".!?"),
    "digit": _each(str.isdigit),
    "just after a newline": _each(lambda character: character == "\n"),
    "after a blank line": lambda text: [text[max(0, i - 1) : i + 1] == "\n\n" for i in range(len(text))],
    "position in the line": _line,
    "inside quotation marks": _quoted,
    "inside a speaker's name": _speaker,
}


# Units that track a feature


def correlations(values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Pearson's r of every unit [T, U] with every feature [T, F]: [U, F]; 0 where either is constant."""
    return _standardised(values).T @ _standardised(wanted)


def _standardised(columns: np.ndarray) -> np.ndarray:
    """The columns shifted to mean 0 and scaled to length 1."""
    columns = columns - columns.mean(axis=0, dtype=np.float64)
    lengths = np.sqrt((columns**2).sum(axis=0))
    return np.where(lengths > 1e-9, columns / np.maximum(lengths, 1e-9), 0.0)


def best_units(activations: Activations, text: str, most: int = 6) -> list[FeatureMatch]:
    """For each feature that varies in the text, the units that track it best, the clearest feature first.

    The best of many units correlates a little with anything. So the same search is repeated 19 times with the
    feature shifted along the text to wrong positions: `by_chance` is the best result of these (a Monte Carlo
    test, Barnard, 1963: where there is nothing to find, one search in twenty exceeds it).
    Empty for texts shorter than MIN_CHARACTERS and for activations without units.
    """
    arrays, wanted = states(activations), features(text)
    if not arrays or not wanted or len(text) < MIN_CHARACTERS:
        return []
    units = [_unit(name, u) for name, array in arrays.items() for u in range(array.shape[1])]
    values = _standardised(np.concatenate(list(arrays.values()), axis=1))  # [T, U of all layers]
    standardised = _standardised(np.stack(list(wanted.values()), axis=1))  # [T, F]
    r = values.T @ standardised
    shifts = [round(k * len(text) / (_SHIFTS + 1)) for k in range(1, _SHIFTS + 1)]
    chance = np.max([np.abs(values.T @ np.roll(standardised, p, axis=0)).max(axis=0) for p in shifts], axis=0)
    matches = []
    for f, feature in enumerate(wanted):
        best = np.argsort(-np.abs(r[:, f]), kind="stable")[:most]
        matches.append(FeatureMatch(feature, [(units[u], float(r[u, f])) for u in best], float(chance[f])))
    return sorted(matches, key=lambda match: -abs(match.units[0][1]))


def correlate(values: np.ndarray, text: str) -> dict[str, float]:
    """Pearson's r of one unit [T] with each feature that varies in the text, the greatest |r| first."""
    wanted = features(text)
    if not wanted:
        return {}
    r = correlations(values[:, None], np.stack(list(wanted.values()), axis=1))[0]
    return dict(sorted(zip(wanted, r.tolist(), strict=True), key=lambda item: -abs(item[1])))


def _unit(array: str, index: int) -> Unit:
    layer, state = array.removeprefix("layer_").split("/")
    return Unit(state, int(layer), index)


def attention_summaries(weights: np.ndarray) -> np.ndarray:
    """A head's attention [T, T] from each character, as three numbers [T, 3]: the position with the greatest
    share, that share, and the mean distance in characters."""
    steps = np.arange(len(weights))
    values, distances = weights.astype(float), steps[:, None] - steps  # [T, T]
    return np.stack([values.argmax(axis=1), values.max(axis=1), (values * distances).sum(axis=1)], axis=1)
