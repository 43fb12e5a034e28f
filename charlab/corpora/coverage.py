"""How much of a text an alphabet has: counted once, where a text meets a vocabulary, and told in the same words.

Names in shape comments: T characters of a text as the model reads it.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from charlab.core.config import ModelConfig
from charlab.core.display import isolated
from charlab.core.vocab import MAX_ALPHABET, Vocab
from charlab.errors import CorpusError

WARN_BELOW, REFUSE_BELOW = 0.9, 0.5  # shares of a text
OFFERED_LIMITS = (128, 256, 512, 1_024, 2_048, 4_096, MAX_ALPHABET)
_ENOUGH = 0.99  # of a text, for an alphabet that is offered
_KEPT, _NAMED = 10, 3  # of the characters left out: in files, and in a sentence
_PIECE = 1 << 20  # characters looked at together


@dataclass(frozen=True)
class Coverage:
    """What an alphabet leaves out of a text of `characters` characters.

    `replaced` are read as the unknown character, `dropped` not at all, `distinct` of them are different, and
    `commonest` are the first of these with their numbers, the most frequent first.
    """

    characters: int
    replaced: int = 0
    dropped: int = 0
    distinct: int = 0
    commonest: tuple[tuple[str, int], ...] = ()

    @property
    def read(self) -> int:
        """How many characters are in the alphabet: those that losses are counted over."""
        return self.characters - self.replaced - self.dropped

    @property
    def share(self) -> float:
        """The share of the text that is in the alphabet, 0 to 1."""
        return self.read / self.characters if self.characters else 1.0

    @property
    def is_little(self) -> bool:
        """Whether so little is read that a warning is due."""
        return self.share < WARN_BELOW

    @property
    def is_whole(self) -> bool:
        """Whether every character is in the alphabet."""
        return self.read == self.characters

    def sentence(self, model: str = "This model", text: str = "this text") -> str:
        """How much of the text is read, and what is left out, by name; "" where nothing is."""
        if self.is_whole:
            return ""
        become = "left out" if self.dropped else "read as one unknown character"
        named = [
            f"{code_point(character)} ({_shown(character)}{_times(count)}, {percent(count / self.characters)})"
            for character, count in self.commonest[:_NAMED]
        ]
        listed = ", ".join(named) + (f" and {more:,} more" if (more := self.distinct - len(named)) else "")
        return f"{self.figure(model, text)}. The others are {become}: {listed}."

    def before_figures(self) -> str:
        """The sentence for a text that a model is evaluated on, with a warning where it reads little of it.

        Raises CorpusError where it can read nothing of it: there is nothing to measure.
        """
        said = self.sentence()
        if self.characters and not self.read:
            raise CorpusError(f"{said} There is nothing to measure: choose a text in the model's alphabet.")
        return (
            f"{said} The figures say little about this text: they count only what is read."
            if self.is_little
            else said
        )

    def counted(self) -> str:
        """What a run's figures count; "" where that is the whole text."""
        if self.is_whole:
            return ""
        numbers = f"{percent(self.share)} of the text ({self.read:,} of {self.characters:,} characters)"
        return f"Training, validation and baselines count only what the model can read: {numbers}."

    def figure(self, model: str = "This model", text: str = "this text") -> str:
        """The one figure, without a full stop."""
        numbers = f"{self.read:,} of {self.characters:,} characters"
        return f"{model} can read {percent(self.share)} of {text} ({numbers})"

    def to_json(self) -> dict[str, Any]:
        """For config.json and the documents of the command line; only what `from_json` reads is not derived."""
        return {
            "characters": self.characters,
            "read": self.read,
            "share": self.share,
            "replaced": self.replaced,
            "dropped": self.dropped,
            "distinct_left_out": self.distinct,
            "left_out": [
                {"character": character, "name": code_point(character), "count": count}
                for character, count in self.commonest
            ],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Coverage:
        """The reverse of `to_json`."""
        return cls(
            data["characters"],
            data["replaced"],
            data["dropped"],
            data["distinct_left_out"],
            tuple((one["character"], one["count"]) for one in data["left_out"]),
        )


def drops_unknown(model: ModelConfig) -> bool:
    """Whether training and evaluation leave out what the alphabet lacks, as in the Cloud TPU notebook; else they
    read it as the unknown character."""
    return model.alphabet == "code-points"


def read(text: str, vocab: Vocab, model: ModelConfig) -> tuple[np.ndarray, Coverage]:
    """A text for training or evaluation, as the model reads it: ids [T], and what its alphabet leaves out."""
    ids = vocab.encode(text)
    unknown = ids == vocab.unknown_id
    number = int(unknown.sum())
    if not number:
        return ids, Coverage(len(text))
    drops, counts = drops_unknown(model), _counts(text, unknown)
    left_out = (0, number) if drops else (number, 0)
    found = Coverage(len(text), *left_out, len(counts), tuple(counts.most_common(_KEPT)))
    return (ids[~unknown] if drops else ids), found


def of_prompt(text: str, vocab: Vocab) -> Coverage:
    """What the alphabet leaves out of a prompt or of a text to explain: it is read as the unknown character."""
    return read(text, vocab, ModelConfig())[1]


def fitting_limit(text: str, lower_case: bool) -> tuple[int, float]:
    """The smallest alphabet limit offered with which a model reads at least 99% of a text, else the greatest; and
    the share that it reads."""
    vocab = Vocab.from_text(text, lower_case, maximum=MAX_ALPHABET)
    counts = -np.sort(-np.bincount(vocab.encode(text), minlength=len(vocab))[: vocab.unknown_id])
    for limit in OFFERED_LIMITS:
        share = float(counts[:limit].sum()) / max(1, len(text))
        if share >= _ENOUGH:
            break
    return limit, share


def percent(share: float) -> str:
    """A share with one decimal that is never rounded to all or to nothing: "93.4%", "over 99.9%", "under 0.1%"."""
    if 0.9995 <= share < 1:
        return "over 99.9%"
    return "under 0.1%" if 0 < share < 0.0005 else f"{share:.1%}".replace(".0%", "%")


def code_point(character: str) -> str:
    """A character's number and its name in Unicode: "U+2014 EM DASH"."""
    number = f"{ord(character):04X}"
    return f"U+{number} {unicodedata.name(character, '').removesuffix(f'-{number}')}".rstrip()


def _counts(text: str, unknown: np.ndarray) -> Counter[str]:
    """How often each of the unknown characters occurs; `unknown` [len(text)] is true at them."""
    counts: Counter[str] = Counter()
    for first in range(0, len(text), _PIECE):
        points = np.frombuffer(text[first : first + _PIECE].encode("utf-32-le", "surrogatepass"), "<u4")
        found, numbers = np.unique(points[unknown[first : first + _PIECE]], return_counts=True)
        for point, number in zip(found.tolist(), numbers.tolist(), strict=True):
            counts[chr(point)] += number
    return counts


def _shown(character: str) -> str:
    """The character where it can be seen by itself, kept from turning round what follows it."""
    if not character.isprintable() or character.isspace() or unicodedata.category(character).startswith("M"):
        return ""
    return f"{isolated(character)}, "


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
