"""Characters and their ids: one sorted alphabet, and one more id for every character outside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from charlab.errors import ConfigError

ALPHABET_LIMIT, MAX_ALPHABET = 512, 8_192  # characters: by default, and at most
_CODE_POINTS = 0x110000
UNKNOWN_CHARACTER = "\ufffd"  # the replacement character, wherever the unknown one is shown


@dataclass(frozen=True)
class Vocab:
    """An alphabet: the character at index i has id i, and all other characters share the last id, `unknown_id`.

    The unknown character is read but never generated. With `lower_case`, capitals are read as lowercase letters;
    that never changes the length of a text.

    Raises ConfigError where the alphabet is empty or has a character twice.
    """

    characters: str
    lower_case: bool = False
    unit = "character"  # what people call what an id stands for

    def __post_init__(self) -> None:
        if not self.characters:
            raise ConfigError("The alphabet is empty. It needs at least one character.")
        if len(set(self.characters)) != len(self.characters):
            raise ConfigError("The alphabet has a character twice. Each character may occur in it once.")

    @classmethod
    def from_text(cls, text: str, lower_case: bool = False, maximum: int = ALPHABET_LIMIT) -> Vocab:
        """The sorted alphabet of a text: all its characters, or the `maximum` most frequent ones."""
        counts = np.zeros(_CODE_POINTS, dtype=np.int64)
        for piece in _pieces(text):
            counts += np.bincount(_code_points(piece), minlength=_CODE_POINTS)
        total: dict[str, int] = {}
        for code_point in np.flatnonzero(counts).tolist():
            character = _lower(chr(code_point)) if lower_case else chr(code_point)
            total[character] = total.get(character, 0) + int(counts[code_point])
        kept = sorted(total, key=lambda character: (-total[character], character))[:maximum]
        return cls("".join(sorted(kept)), lower_case)

    @classmethod
    def from_code_points(cls, number: int = 255) -> Vocab:
        """The first `number` code points as they are, as in the Cloud TPU notebook: id = code point."""
        return cls("".join(map(chr, range(number))))

    @property
    def unknown_id(self) -> int:
        """The last id, which all characters outside the alphabet share."""
        return len(self.characters)

    def __len__(self) -> int:
        """The number of ids, including the unknown character's: V in shape comments."""
        return len(self.characters) + 1

    def encode(self, text: str) -> np.ndarray:
        """The ids of a text, one per character, in the smallest unsigned type that holds them: [len(text)]."""
        ids = np.empty(len(text), dtype=self._table.dtype)
        position = 0
        for piece in _pieces(text):
            ids[position : position + len(piece)] = self._table[_code_points(piece)]
            position += len(piece)
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids; the unknown id becomes U+FFFD."""
        return "".join(self.alphabet[i] for i in ids)

    @cached_property
    def alphabet(self) -> tuple[str, ...]:
        """What each id stands for, the unknown one last: [V]."""
        return *self.characters, UNKNOWN_CHARACTER

    def split(self, text: str) -> str:
        """The part of a text that each id stands for, in order: its characters."""
        return text

    def unknown_in(self, text: str) -> list[str]:
        """The distinct characters of a text that the alphabet lacks, sorted."""
        return sorted({text[i] for i in np.flatnonzero(self.encode(text) == self.unknown_id)})

    def to_json(self) -> dict:
        """The content of vocab.json."""
        return {"characters": self.characters, "lower_case": self.lower_case}

    @classmethod
    def from_json(cls, data: dict) -> Vocab:
        """The reverse of `to_json`. Raises ConfigError where a field is missing or of another type."""
        characters, lower_case = data.get("characters"), data.get("lower_case", False)
        if not isinstance(characters, str) or not isinstance(lower_case, bool):
            raise ConfigError('A vocabulary needs "characters" (a text) and "lower_case" (true or false).')
        return cls(characters, lower_case)

    @cached_property
    def _table(self) -> np.ndarray:
        """Code point -> id, for every code point: [0x110000]."""
        table = np.full(_CODE_POINTS, self.unknown_id, dtype=np.min_scalar_type(self.unknown_id))
        table[_code_points(self.characters)] = np.arange(self.unknown_id)
        if self.lower_case:
            for code_point in range(0x1FFFF):  # every letter that has two cases is below
                small = _lower(chr(code_point))
                table[code_point] = table[ord(small)]
        return table


def _pieces(text: str, size: int = 1 << 20) -> Iterator[str]:
    """A long text in pieces, so that only one piece at a time takes four bytes per character."""
    return (text[start : start + size] for start in range(0, len(text), size))


def _code_points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def _lower(character: str) -> str:
    small = character.lower()
    return small if len(small) == 1 else character
