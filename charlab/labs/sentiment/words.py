"""Texts as words, and words as ids: a vocabulary, and buckets that all other words share.

Id 0 fills up. The most frequent words of the training texts follow, each with an id of its own. A word outside
the vocabulary gets the id of one of the buckets, by a checksum of its letters: so an unknown word is always in the
same bucket, together with others that have nothing to do with it.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from charlab.core.vocab import Vocab
from charlab.errors import ConfigError
from charlab.runs import schema

KNOWN, BUCKETS = 10_000, 1_000  # words with an id of their own, at most, and buckets: the lecture's numbers
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")  # letters, with apostrophes inside
_LONGEST = 40  # characters of a word that is kept


def split(text: str) -> list[str]:
    """The words of a text, in small letters; signs and digits are left out."""
    plain = unicodedata.normalize("NFC", text).replace("’", "'").lower()
    return [word[:_LONGEST] for word in _WORD.findall(plain)]


@dataclass(frozen=True)
class Words(Vocab):
    """A vocabulary of words, as a run's directory keeps it: the first `known` of `words` have an id of their own,
    the others of the training texts are in the buckets. `characters` are the letters that the words have."""

    words: tuple[str, ...] = ()
    known: int = 0
    buckets: int = BUCKETS

    @classmethod
    def of(cls, texts: Iterable[Sequence[str]], known: int = KNOWN, buckets: int = BUCKETS) -> Words:
        """The vocabulary of texts, its words sorted by how often they occur, and then by alphabet."""
        counts = Counter(word for text in texts for word in text)
        return cls.of_words(sorted(counts, key=lambda word: (-counts[word], word)), known, buckets)

    @classmethod
    def of_words(cls, words: Sequence[str], known: int = KNOWN, buckets: int = BUCKETS) -> Words:
        """The vocabulary of words in this order. Raises ConfigError where there are none."""
        if not words:
            raise ConfigError("There are no words to make a vocabulary of.")
        letters = "".join(sorted(set("".join(words))))
        return cls(letters, True, tuple(words), min(known, len(words)), buckets)

    @property
    def ids_in_all(self) -> int:
        """The number of ids: V in shape comments."""
        return 1 + self.known + self.buckets

    def id(self, word: str) -> int:
        """The id of a word: its own, or its bucket's."""
        return self._ids.get(word) or 1 + self.known + self.bucket(word)

    def is_known(self, word: str) -> bool:
        """Whether a word has an id of its own."""
        return word in self._ids

    def bucket(self, word: str) -> int:
        """The bucket that a word outside the vocabulary is in, from 0."""
        return zlib.crc32(word.encode("utf-8")) % self.buckets

    def in_bucket(self, bucket: int) -> list[str]:
        """The words of the training texts that are in a bucket, the most frequent first."""
        return self._in_buckets.get(bucket, [])

    def ids(self, texts: Sequence[Sequence[str]], length: int) -> np.ndarray:
        """Texts as ids [N, length]: cut there, or filled up with zeros."""
        found = np.zeros((len(texts), length), np.int32)
        for row, text in zip(found, texts, strict=True):
            shown = text[:length]
            row[: len(shown)] = [self.id(word) for word in shown]
        return found

    def to_json(self) -> dict[str, Any]:
        """The content of vocab.json."""
        return super().to_json() | {"words": list(self.words), "known": self.known, "buckets": self.buckets}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Words:
        """The reverse of `to_json`. Raises ConfigError where there are no words."""
        words, known, buckets = data.get("words"), data.get("known"), data.get("buckets")
        if not words or known is None or not buckets:
            raise ConfigError("A vocabulary of this lab needs words, how many of them are known, and buckets.")
        return cls.of_words(words, known, buckets)

    @classmethod
    def read(cls, run: Path) -> Words:
        """The words of a run's directory. Raises ConfigError where there are none."""
        try:
            return schema.read(run / "vocab.json", schema.check_vocab, cls.from_json)
        except schema.Invalid as problem:
            raise ConfigError(f"The words of run {run.name} cannot be read: {problem}.") from problem

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.words[: self.known], start=1)}

    @cached_property
    def _in_buckets(self) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for word in self.words[self.known :]:
            found.setdefault(self.bucket(word), []).append(word)
        return found
