"""Strings of the embedded Reber grammar (Reber, 1967; Hochreiter and Schmidhuber, 1997), good and corrupted.

A good string is B, then T or P, then a string of Reber's grammar, then the same T or P again, then E: to judge
one, its second letter must be remembered until its last but one. The grammar is an automaton here: states, and the
letters that lead from one to the next.
Names in shape comments: N strings, L letters of the longest string.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from charlab.core.vocab import Vocab
from charlab.corpora.synthetic import REBER_END, REBER_GRAPH
from charlab.labs import redrawn
from charlab.runs.store import RunConfig

LETTERS = "BEPSTVX"  # their ids are 1 to 7; 0 fills up
IDS = len(LETTERS) + 1
LENGTH = 47  # letters of the longest string: of 10,000, about one is longer, and is drawn again
TRAINING, VALIDATION, SWAPS = 10_000, 2_000, 1_000  # strings
# The lecture's book has these two (Géron, 2022, chapter 15): only their last but one letters differ.
TRICKY = ("BPBTSSSSSSSXXTTVPXVPXTTTTTVVETE", "BPBTSSSSSSSXXTTVPXVPXTTTTTVVEPE")
SHORTEST = 5  # letters between the second one and the last but one
START, FRAME, LAST, END = "start", "frame", "last", "end"  # the states that both halves of the graph share


def _transitions() -> dict[str, dict[str, str]]:
    """The automaton: from each state the letters that may come, and where they lead. The states "T ..." and
    "P ..." are two copies of Reber's graph: which of them the string is in is what has to be remembered."""
    found: dict[str, dict[str, str]] = {START: {"B": FRAME}, FRAME: {f: f"{f} begin" for f in "TP"}}
    for frame in "TP":
        found[f"{frame} begin"] = {"B": f"{frame} 0"}
        for state, ways in enumerate(REBER_GRAPH):
            found[f"{frame} {state}"] = {letter: f"{frame} {after}" for letter, after in ways}
        found[f"{frame} {REBER_END}"] = {"E": f"{frame} again"}
        found[f"{frame} again"] = {frame: LAST}
    return found | {LAST: {"E": END}, END: {}}


TRANSITIONS = _transitions()


def path(text: str) -> list[str | None]:
    """The state after each letter; None from the first letter on that the grammar does not allow."""
    state: str | None = START
    found = []
    for letter in text:
        state = TRANSITIONS[state].get(letter) if state is not None else None
        found.append(state)
    return found


def allowed_after(text: str) -> dict[str, float]:
    """What may follow in a text of strings, one per line, and how likely: all letters that the grammar allows are
    as likely, and after a whole string its line ends. Empty where the last line does not begin a string."""
    line = text.rpartition("\n")[2]
    state = path(line)[-1] if line else START
    if state is None:
        return {}
    letters = ["\n"] if state == END else list(TRANSITIONS[state])
    return {letter: 1 / len(letters) for letter in letters}


def is_good(text: str) -> bool:
    """Whether this is a whole string of the grammar."""
    return bool(text) and path(text)[-1] == END


def unknown_letters(text: str) -> str:
    """The characters that no string has, each once, in the order of the text."""
    return "".join(dict.fromkeys(character for character in text if character not in LETTERS))


@dataclass(frozen=True)
class Strings:
    """Strings and whether each is good [N]."""

    texts: tuple[str, ...]
    good: np.ndarray

    def rows(self) -> np.ndarray:
        """As a network reads them: ids, zeros up to L, and 1 at the end where the string is good, [N, L + 1]."""
        return np.column_stack([ids(self.texts, LENGTH), self.good]).astype(np.int32)


@dataclass(frozen=True)
class Data:
    """What one run learns from and is measured on, drawn from its seed. Good and corrupted strings are half and
    half; the `swaps` are good ones whose last but one letter is exchanged, T for P or P for T, and so bad."""

    training: Strings
    validation: Strings
    swaps: Strings

    @property
    def originals(self) -> Strings:
        """The good strings that the swaps were made of, in their order."""
        return Strings(tuple(map(swap, self.swaps.texts)), ~self.swaps.good)

    @property
    def sha256(self) -> str:
        """Of all strings and judgements."""
        lines = [
            f"{text} {int(good)}\n"
            for part in (self.training, self.validation, self.swaps)
            for text, good in zip(part.texts, part.good, strict=True)
        ]
        return hashlib.sha256("".join(lines).encode("ascii")).hexdigest()


def draw(seed: int) -> Data:
    """The data of a seed, always the same."""
    random = np.random.default_rng([seed, 16])  # apart from the seed's other random numbers
    good = _good_strings(random)
    training, validation = (_half_and_half(good, random, number) for number in (TRAINING, VALIDATION))
    swapped = tuple(swap(next(good)) for _ in range(SWAPS))
    return Data(training, validation, Strings(swapped, np.zeros(SWAPS, bool)))


def one(random: np.random.Generator, good: bool) -> str:
    """A single string, good or with one letter corrupted."""
    text = next(_good_strings(random))
    return text if good else _corrupted(text, random)


def of_run(config: RunConfig, vocab: Vocab) -> Data:
    """The data of a run. Raises CorpusError where they are not those that it began with."""
    return redrawn.checked(draw(config.train.seed), config, "strings")


def swap(text: str) -> str:
    """A string with its last but one letter exchanged, T for P or P for T."""
    return text[:-2] + {"T": "P", "P": "T"}[text[-2]] + text[-1]


def with_distance(frame: str, letters: int) -> str:
    """The good string of this frame, T or P, whose second letter has to be remembered over so many letters, at
    least SHORTEST: the letter S is repeated as often as that takes."""
    return f"B{frame}BT{'S' * (letters - SHORTEST)}XSE{frame}E"


def ids(texts: Sequence[str], length: int | None = None) -> np.ndarray:
    """Texts as ids [N, L], filled up with zeros behind their ends."""
    length = length or max(map(len, texts))
    found = np.zeros((len(texts), length), np.int32)
    for row, text in zip(found, texts, strict=True):
        row[: len(text)] = [LETTERS.index(letter) + 1 for letter in text]
    return found


def counting_accuracy(data: Data, letters: int = 3) -> float:
    """The accuracy on the validation set of mere counting: a string is held to be good if each of its pieces of so
    many letters occurs in a good string of the training set. It remembers nothing beyond such a piece."""
    training, validation = data.training, data.validation
    good = (text for text, is_one in zip(training.texts, training.good, strict=True) if is_one)
    known = {piece for text in good for piece in _pieces(text, letters)}
    says_good = np.array([_pieces(text, letters) <= known for text in validation.texts])
    return float((says_good == validation.good).mean())


def _pieces(text: str, letters: int) -> set[str]:
    return {text[first : first + letters] for first in range(len(text) - letters + 1)}


def _good_strings(random: np.random.Generator) -> Iterator[str]:
    """Good strings of at most LENGTH letters; where two letters may come, each has probability 1/2."""
    coins = _coins(random)
    while True:
        state, letters = START, ""
        while state != END and len(letters) <= LENGTH:
            ways = list(TRANSITIONS[state].items())
            letter, state = ways[next(coins)] if len(ways) > 1 else ways[0]
            letters += letter
        if len(letters) <= LENGTH:
            yield letters


def _half_and_half(good: Iterator[str], random: np.random.Generator, number: int) -> Strings:
    half = number // 2
    texts = [next(good) for _ in range(half)] + [_corrupted(next(good), random) for _ in range(number - half)]
    return Strings(tuple(texts), np.arange(number) < half)


def _corrupted(text: str, random: np.random.Generator) -> str:
    """A string with one letter changed, so that it is no longer good."""
    while True:
        place, letter = int(random.integers(len(text))), LETTERS[random.integers(len(LETTERS))]
        bad = text[:place] + letter + text[place + 1 :]
        if not is_good(bad):
            return bad


def _coins(random: np.random.Generator) -> Iterator[int]:
    while True:
        yield from random.integers(0, 2, size=4096).tolist()
