"""A text written one character at a time, by random numbers or by hand, with every branch that was taken.

Branches never change: each choice makes new Branches, so that every earlier path can be returned to.
"""

from __future__ import annotations

import copy
import re
import threading
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from charlab.core import sampling
from charlab.core.config import SampleConfig
from charlab.core.generation import beginning
from charlab.core.predictor import Predictor
from charlab.core.vocab import Vocab
from charlab.errors import CharlabError, ConfigError

MAX_CHOICES = 200  # in one branch
MAX_BRANCHES = 12  # the latest are kept
_MAX_REMEMBERED = 4 * MAX_CHOICES
_CODE_WORD = re.compile(r"([sthn])([0-9][0-9.]*)")  # seed, temperature, by hand, number chosen at random


@dataclass(frozen=True)
class Choice:
    """One character that was chosen, and everything that the choice depended on."""

    id: int  # the character chosen
    uniform: float  # the random number of this position, from [0, 1)
    sampling_probabilities: np.ndarray  # [V] after temperature, without the unknown character
    temperature: float
    seed: int
    manual: bool = False  # chosen by a person

    @property
    def probability(self) -> float:
        """The sampling probability of the chosen character."""
        return float(self.sampling_probabilities[self.id])

    @property
    def bits(self) -> float:
        """Surprise at the temperature of this choice; infinite where a person chose what had probability 0."""
        return float(-np.log2(self.probability)) if self.probability > 0 else float("inf")

    @property
    def span(self) -> tuple[float, float]:
        """The chosen character's segment of the cumulative probability: its left and its right end."""
        right = float(self.sampling_probabilities[: self.id + 1].sum())
        return right - self.probability, right


@dataclass(frozen=True)
class Branches:
    """All paths of choices from one beginning, and the current position: after `position` choices of `branch`."""

    paths: tuple[tuple[Choice, ...], ...] = ((),)
    branch: int = 0  # the index of the current path
    position: int = 0

    @property
    def path(self) -> tuple[Choice, ...]:
        """The current branch from the beginning to its end."""
        return self.paths[self.branch]

    @property
    def ids(self) -> tuple[int, ...]:
        """The characters chosen up to the current position."""
        return _ids(self.path[: self.position])

    @property
    def is_full(self) -> bool:
        """Whether the current position is at a branch's greatest length."""
        return self.position >= MAX_CHOICES


class Reader:
    """A model's logits after a text and further characters, at one network step per character where possible.

    Continuing from the last question costs one step; earlier answers are remembered; anything else is read again
    from the end of the text, whose state is kept. An empty text is read as the end of a line, as in `generate`.
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

    def fork(self) -> Reader:
        """An independent reader of the same text, which is not read again."""
        result = copy.copy(self)
        result._known, result._end = {}, ((), copy.deepcopy(self._beginning))
        result._one_at_a_time = threading.Lock()
        return result

    def logits(self, ids: tuple[int, ...]) -> np.ndarray:
        """Logits of the next character after the text and these ids: [V]."""
        if not ids:
            return self._first
        with self._one_at_a_time:
            if ids not in self._known:
                read, state = self._end
                if len(read) >= len(ids) or read != ids[: len(read)]:
                    read, state = (), copy.deepcopy(self._beginning)  # a step may overwrite its state
                for position in range(len(read), len(ids)):
                    logits, state = self._predictor.step(np.array([ids[position]]), state)
                    self._end = (ids[: position + 1], state)
                    self._remember(ids[: position + 1], logits[0])
            return self._known[ids]

    def _remember(self, ids: tuple[int, ...], logits: np.ndarray) -> None:
        while len(self._known) >= _MAX_REMEMBERED:
            self._known.pop(next(iter(self._known)))
        self._known[ids] = logits


@lru_cache(maxsize=64)
def random_numbers(seed: int) -> np.ndarray:
    """The random number from [0, 1) of each position: [MAX_CHOICES + 1], in double precision.

    They are those of `generate`'s first sample, so that the same settings write the same text. Raises ConfigError
    for a seed that is not allowed.
    """
    return sampling.uniforms(SampleConfig(seed=seed, length=MAX_CHOICES + 1))[0]


def next_choice(logits: np.ndarray, vocab: Vocab, temperature: float, seed: int, position: int) -> Choice:
    """The choice that the random number of a position makes: logits [V] after `position` characters.

    Raises ConfigError for a temperature or a seed that is not allowed.
    """
    config = SampleConfig(temperature=temperature, seed=seed)
    sampler = sampling.Sampler(config, vocab.unknown_id, (1, len(logits)))
    uniform = random_numbers(seed)[position : position + 1]
    chosen = int(sampler.choose(sampler.unnormalized_probabilities(logits[None]), uniform)[0])
    return Choice(chosen, float(uniform[0]), sampler.probabilities(logits[None])[0], config.temperature, seed)


def choose_manually(choice: Choice, chosen: int, vocab: Vocab) -> Choice:
    """The same position with a character that a person chose. Raises ConfigError for an id out of range."""
    if not 0 <= chosen < vocab.unknown_id:
        raise ConfigError(f"A character's id lies between 0 and {vocab.unknown_id - 1}. Received: {chosen}.")
    return replace(choice, id=chosen, manual=True)


def append_choice(branches: Branches, choice: Choice) -> Branches:
    """One character further. Where the path already continues differently, this starts a new branch.

    Raises CharlabError at a branch's greatest length.
    """
    if branches.is_full:
        raise CharlabError(f"A branch has at most {MAX_CHOICES} characters. Go back, or restart.")
    wanted = (*branches.ids, choice.id)
    order = sorted(range(len(branches.paths)), key=lambda i: i != branches.branch)  # the current one first
    for i in order:
        path = branches.paths[i]
        if _ids(path[: branches.position + 1]) == wanted:  # taken before: what follows there stays
            path = (*branches.path[: branches.position], choice, *path[branches.position + 1 :])
            return Branches(_with(branches.paths, i, path), i, branches.position + 1)
    path = (*branches.path[: branches.position], choice)
    if branches.position == len(branches.path):
        return Branches(_with(branches.paths, branches.branch, path), branches.branch, len(path))
    paths = (*branches.paths, path)[-MAX_BRANCHES:]
    return Branches(paths, len(paths) - 1, len(path))


def move_to(branches: Branches, position: int) -> Branches:
    """To another position of the current path, or to the nearest one that it has."""
    return replace(branches, position=max(0, min(position, len(branches.path))))


def step_back(branches: Branches) -> Branches:
    """One character back."""
    return move_to(branches, branches.position - 1)


def switch_branch(branches: Branches, branch: int) -> Branches:
    """To the end of another branch. Raises ConfigError for a number out of range."""
    if not 0 <= branch < len(branches.paths):
        raise ConfigError(f"Branches are numbered from 0 to {len(branches.paths) - 1}. Received: {branch}.")
    return replace(branches, branch=branch, position=len(branches.paths[branch]))


def decode(path: tuple[Choice, ...], vocab: Vocab) -> str:
    """The text of a path."""
    return vocab.decode(_ids(path))


def to_code(branches: Branches) -> str:
    """The path up to the current position as a short text for a link: "s1t0.8n12h34t1.2n3".

    In words: seed 1, temperature 0.8, twelve characters by random numbers, character 34 by hand, three more at
    temperature 1.2. It holds no text; with the same model it gives the same characters.
    """
    code, seed, temperature, random_choices = "", None, None, 0
    for choice in branches.path[: branches.position]:
        changed = (f"s{choice.seed}" if choice.seed != seed else "") + (
            f"t{choice.temperature:g}" if choice.temperature != temperature else ""
        )
        if random_choices and (changed or choice.manual):
            code, random_choices = f"{code}n{random_choices}", 0
        code, seed, temperature = code + changed, choice.seed, choice.temperature
        if choice.manual:
            code += f"h{choice.id}"
        else:
            random_choices += 1
    return f"{code}n{random_choices}" if random_choices else code


def position_of(branches: Branches, code: str) -> int | None:
    """The position of the current path that has this code; None where it is that of another path."""
    codes = (to_code(move_to(branches, position)) for position in range(len(branches.path) + 1))
    return next((position for position, known in enumerate(codes) if known == code), None)


def from_code(code: str, reader: Reader, vocab: Vocab) -> Branches:
    """The branches that a code describes; where part of it makes no sense, those up to there."""
    branches, seed, temperature, read = Branches(), 1, 1.0, 0
    for word in _CODE_WORD.finditer(code):
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
                choice = next_choice(reader.logits(branches.ids), vocab, temperature, seed, branches.position)
                branches = append_choice(branches, choose_manually(choice, int(number), vocab))
            else:
                for _ in range(min(int(number), MAX_CHOICES)):
                    choice = next_choice(reader.logits(branches.ids), vocab, temperature, seed, branches.position)
                    branches = append_choice(branches, choice)
        except (ValueError, CharlabError):
            break
    return branches


def _ids(path: tuple[Choice, ...]) -> tuple[int, ...]:
    return tuple(choice.id for choice in path)


def _with(paths: tuple[tuple[Choice, ...], ...], branch: int, path: tuple[Choice, ...]) -> tuple:
    return (*paths[:branch], path, *paths[branch + 1 :])
