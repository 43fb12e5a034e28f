"""A text written one character at a time, by hand or by a random number, and every path that was taken.

Knows nothing of pages. Paths never change: each move makes a new Walk, so that one can always go back.
"""

from __future__ import annotations

import copy
import re
import threading
from dataclasses import dataclass, replace

import numpy as np

from charlab.core import sampling
from charlab.core.config import SampleConfig
from charlab.core.generation import beginning
from charlab.core.predictor import Predictor
from charlab.core.vocab import Vocab
from charlab.errors import CharlabError, ConfigError

MAX_CHOICES = 200  # in one path
MAX_BRANCHES = 12  # the latest are kept
_MAX_REMEMBERED = 4 * MAX_CHOICES
_WORDS = re.compile(r"([sthn])([0-9][0-9.]*)")  # seed, temperature, by hand, how many by the needle


@dataclass(frozen=True)
class Move:
    """One character that was written, and all that its choice came from."""

    id: int  # the character chosen
    uniform: float  # the random number of this place, from [0, 1)
    shaped: np.ndarray  # [V] after temperature, the unknown character left out
    temperature: float
    seed: int
    by_hand: bool = False

    @property
    def probability(self) -> float:
        return float(self.shaped[self.id])

    @property
    def bits(self) -> float:
        """Surprise at the temperature that was in force; infinite where a person chose the impossible."""
        return float(-np.log2(self.probability)) if self.probability > 0 else float("inf")

    @property
    def span(self) -> tuple[float, float]:
        """Where the chosen character lies on the bar from 0 to 1: its left and its right end."""
        right = float(self.shaped[: self.id + 1].sum())
        return right - self.probability, right


@dataclass(frozen=True)
class Walk:
    """Paths from one beginning, and where one stands: after `place` moves of path number `at`."""

    paths: tuple[tuple[Move, ...], ...] = ((),)
    at: int = 0
    place: int = 0

    @property
    def path(self) -> tuple[Move, ...]:
        return self.paths[self.at]

    @property
    def ids(self) -> tuple[int, ...]:
        """What is written up to where one stands."""
        return _ids(self.path[: self.place])

    @property
    def is_full(self) -> bool:
        return self.place >= MAX_CHOICES


class Reader:
    """What a model expects after a text and some characters more, at one network step a character where it can.

    Going on from the last question is one step; what was asked before is remembered; anything else is read
    anew from the text's end, whose state is kept. An empty text is read as a line's end, as in `generate`.
    """

    def __init__(self, predictor: Predictor, vocab: Vocab, text: str) -> None:
        self._predictor = predictor
        state = predictor.start(1)
        for i in vocab.encode(text or beginning(vocab)):
            logits, state = predictor.step(np.array([int(i)]), state)
        self._first, self._beginning = logits[0], state
        self._known: dict[tuple[int, ...], np.ndarray] = {}
        self._one_at_a_time = threading.Lock()  # a step works on its state in place
        self._end: tuple[tuple[int, ...], object] = ((), copy.deepcopy(state))

    def another(self) -> Reader:
        """A reader of the same text that goes ways of its own; nothing is read anew."""
        result = copy.copy(self)
        result._known, result._end = {}, ((), copy.deepcopy(self._beginning))
        result._one_at_a_time = threading.Lock()
        return result

    def logits(self, ids: tuple[int, ...]) -> np.ndarray:
        """Logits of what comes after the text and these ids: [V]."""
        if not ids:
            return self._first
        with self._one_at_a_time:
            if ids not in self._known:
                read, state = self._end
                if len(read) >= len(ids) or read != ids[: len(read)]:
                    read, state = (), copy.deepcopy(self._beginning)  # a step may overwrite its state
                for place in range(len(read), len(ids)):
                    logits, state = self._predictor.step(np.array([ids[place]]), state)
                    self._end = (ids[: place + 1], state)
                    self._remember(ids[: place + 1], logits[0])
            return self._known[ids]

    def _remember(self, ids: tuple[int, ...], logits: np.ndarray) -> None:
        while len(self._known) >= _MAX_REMEMBERED:
            self._known.pop(next(iter(self._known)))
        self._known[ids] = logits


def expect(logits: np.ndarray, vocab: Vocab, temperature: float, seed: int, place: int) -> Move:
    """The move that the random number of a place makes: logits [V] after `place` characters.

    The numbers are those of `generate`'s first sample, so that the same settings write the same text. Raises
    ConfigError for a temperature or a seed that cannot be.
    """
    config = SampleConfig(temperature=temperature, seed=seed)
    sampler = sampling.Sampler(config, vocab.unknown_id, (1, len(logits)))
    uniform = sampling.uniforms(SampleConfig(seed=seed, length=place + 1))[:, place]
    chosen = int(sampler.choose(sampler.unnormalized_probabilities(logits[None]), uniform)[0])
    return Move(chosen, float(uniform[0]), sampler.probabilities(logits[None])[0], config.temperature, seed)


def by_hand(move: Move, chosen: int, vocab: Vocab) -> Move:
    """The same place, but the character is chosen by a person. Raises ConfigError where there is no such one."""
    if not 0 <= chosen < vocab.unknown_id:
        raise ConfigError(f"A character's id lies between 0 and {vocab.unknown_id - 1}. Received: {chosen}.")
    return replace(move, id=chosen, by_hand=True)


def likeliest(logits: np.ndarray, vocab: Vocab, most: int) -> list[int]:
    """Ids of the characters that a person would choose first, the unknown one left out."""
    order = np.argsort(-np.asarray(logits, dtype=float), kind="stable")
    return [int(i) for i in order if i != vocab.unknown_id][:most]


def go_on(walk: Walk, move: Move) -> Walk:
    """One character further. Where the path went on otherwise, a new one branches off and the old one stays.

    Raises CharlabError at a path's greatest length.
    """
    if walk.is_full:
        raise CharlabError(f"A path has at most {MAX_CHOICES} characters. Go back, or start again.")
    wanted = (*walk.ids, move.id)
    order = sorted(range(len(walk.paths)), key=lambda i: i != walk.at)  # the one that one stands on first
    for i in order:
        path = walk.paths[i]
        if _ids(path[: walk.place + 1]) == wanted:  # taken before: what follows there stays
            path = (*walk.path[: walk.place], move, *path[walk.place + 1 :])
            return Walk(_with(walk.paths, i, path), i, walk.place + 1)
    path = (*walk.path[: walk.place], move)
    if walk.place == len(walk.path):
        return Walk(_with(walk.paths, walk.at, path), walk.at, len(path))
    paths = (*walk.paths, path)[-MAX_BRANCHES:]
    return Walk(paths, len(paths) - 1, len(path))


def go_to(walk: Walk, place: int) -> Walk:
    """To another place of the same path, or to the nearest that it has."""
    return replace(walk, place=max(0, min(place, len(walk.path))))


def back(walk: Walk) -> Walk:
    return go_to(walk, walk.place - 1)


def switch(walk: Walk, at: int) -> Walk:
    """To the end of another path. Raises ConfigError where there is no such path."""
    if not 0 <= at < len(walk.paths):
        raise ConfigError(f"Paths are numbered from 0 to {len(walk.paths) - 1}. Received: {at}.")
    return replace(walk, at=at, place=len(walk.paths[at]))


def written(moves: tuple[Move, ...], vocab: Vocab) -> str:
    return vocab.decode(_ids(moves))


def to_code(walk: Walk) -> str:
    """What is written up to where one stands, as a short text for a link: "s1t0.8n12h34t1.2n3".

    In words: seed 1, temperature 0.8, twelve characters by the random numbers, character 34 by hand, three more
    at temperature 1.2. Holds no text, and whoever has the model writes the same with it.
    """
    code, seed, temperature, needles = "", None, None, 0
    for move in walk.path[: walk.place]:
        changed = (f"s{move.seed}" if move.seed != seed else "") + (
            f"t{move.temperature:g}" if move.temperature != temperature else ""
        )
        if needles and (changed or move.by_hand):
            code, needles = f"{code}n{needles}", 0
        code, seed, temperature = code + changed, move.seed, move.temperature
        if move.by_hand:
            code += f"h{move.id}"
        else:
            needles += 1
    return f"{code}n{needles}" if needles else code


def from_code(code: str, reader: Reader, vocab: Vocab) -> Walk:
    """The walk that a code tells of; where the code makes no sense, as far as it did."""
    walk, seed, temperature, read = Walk(), 1, 1.0, 0
    for word in _WORDS.finditer(code):
        kind, number = word.groups()
        if word.start() != read:
            break
        read = word.end()
        try:
            if kind == "s":
                seed = int(number)
            elif kind == "t":
                temperature = float(number)
            elif kind == "h":
                needle = expect(reader.logits(walk.ids), vocab, temperature, seed, walk.place)
                walk = go_on(walk, by_hand(needle, int(number), vocab))
            else:
                for _ in range(min(int(number), MAX_CHOICES)):
                    walk = go_on(walk, expect(reader.logits(walk.ids), vocab, temperature, seed, walk.place))
        except (ValueError, CharlabError):
            break
    return walk


def _ids(moves: tuple[Move, ...]) -> tuple[int, ...]:
    return tuple(move.id for move in moves)


def _with(paths: tuple[tuple[Move, ...], ...], at: int, path: tuple[Move, ...]) -> tuple:
    return (*paths[:at], path, *paths[at + 1 :])
