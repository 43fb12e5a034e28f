"""GPT-2's vocabulary: tokens, which are strings of bytes, where other models have characters.

The library `tokenizers` splits a text by byte-pair encoding (Sennrich et al., 2016; on bytes as in Radford et al.,
2019). Which tokens there are, and their ids, follow from one file: the list of merges.
"""

from __future__ import annotations

import codecs
import ctypes
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from charlab.core.vocab import UNKNOWN_CHARACTER, Vocab
from charlab.errors import ModelError, UnavailableError, install_command

if TYPE_CHECKING:
    from tokenizers import Tokenizer

END = "<|endoftext|>"  # the last id: it lies between two texts that GPT-2 learned from
_PRINTED = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]  # the list writes these bytes as Latin-1
_BYTES = [*_PRINTED, *(byte for byte in range(256) if byte not in _PRINTED)]  # in the order of their ids
_LETTERS = [*map(chr, _PRINTED), *map(chr, range(0x100, 0x100 + 256 - len(_PRINTED)))]  # how the list writes them
_SURROGATES = re.compile("[\ud800-\udfff]")  # halves of a character, which no text should hold


class Tokens(tuple[str, ...]):
    """The tokens of a text, which knows the text: a token may be bytes that are no whole character."""

    whole: str
    sizes: list[int]  # [T] the bytes of each

    def __new__(cls, whole: str, tokens: Iterable[str], sizes: list[int]) -> Tokens:
        result = super().__new__(cls, tokens)
        result.whole, result.sizes = whole, sizes
        return result


class TokenVocab(Vocab):
    """A vocabulary of tokens, which can do what a Vocab of characters can.

    `characters` has every token as a text, by id; bytes that are no whole character look there like "\\xf0". Every
    text can be read, so that nothing is unknown: the last id, which is read and never generated, is the end of a
    text. Raises ModelError where the list of merges is damaged, and UnavailableError without `tokenizers`.
    """

    characters: Sequence[str]  # type: ignore[assignment]  # a Vocab's are one string
    unit = "token"
    pieces: Sequence[bytes]  # [V] the bytes of each token, the end of a text included
    _tokenizer: Tokenizer

    def __init__(self, merges: str) -> None:
        tokenizer, pieces = _read(merges)
        _give_memory_back()
        found = {"characters": _Texts(pieces), "lower_case": False, "pieces": pieces, "_tokenizer": tokenizer}
        self.__dict__.update(found)  # a Vocab is frozen

    def encode(self, text: str | Tokens) -> np.ndarray:
        """The ids of a text's tokens: [T], usually a quarter as many as it has characters."""
        whole = _SURROGATES.sub(UNKNOWN_CHARACTER, text if isinstance(text, str) else text.whole)
        return np.array(self._tokenizer.encode(whole, add_special_tokens=False).ids, np.min_scalar_type(len(self)))

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids; bytes that are no whole character become U+FFFD."""
        return b"".join(self.pieces[i] for i in ids).decode("utf-8", "replace")

    def incremental_decoder(self) -> Callable[[int], str]:
        """A function to call with one id after the other, which returns the text that each one adds: nothing until
        a character's last byte is there. What was added lacks the bytes of a character that never ends."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        return lambda i: decoder.decode(self.pieces[i])

    @cached_property
    def alphabet(self) -> tuple[str, ...]:
        """What each id stands for, the end of a text last: [V]. It takes 4 MB, once it is asked for."""
        return *self.characters, END

    def split(self, text: str) -> Tokens:  # type: ignore[override]
        """The tokens of a text, as `characters` has them: [T]."""
        ids = self.encode(text)
        return Tokens(text, (self.characters[i] for i in ids), [len(self.pieces[i]) for i in ids])

    def unknown_in(self, text: str) -> list[str]:
        """Nothing: every text can be read."""
        return []


class _Pieces(Sequence[bytes]):
    """Many short strings of bytes as one long one, in a tenth of their memory."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        found = list(pieces)
        self._bytes = b"".join(found)
        self._ends = np.cumsum([0, *map(len, found)], dtype=np.uint32)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, i: int) -> bytes:  # type: ignore[override]
        if not 0 <= i < len(self):
            raise IndexError(i)
        return self._bytes[self._ends[i] : self._ends[i + 1]]


class _Texts(Sequence[str]):
    """All pieces but the last as texts, made when they are asked for."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces

    def __len__(self) -> int:
        return len(self._pieces) - 1

    def __getitem__(self, i: int) -> str:  # type: ignore[override]
        if not 0 <= i < len(self):
            raise IndexError(i)
        return self._pieces[i].decode("utf-8", "backslashreplace")


def _read(merges: str) -> tuple[Tokenizer, _Pieces]:
    """The tokenizer of a list of merges, and the bytes of its tokens; what it takes to make them is gone then."""
    names, pairs = _names(merges)
    byte_of = dict(zip(_LETTERS, _BYTES, strict=True))
    pieces = _Pieces([*(bytes(byte_of[letter] for letter in name) for name in names), END.encode("ascii")])
    return _tokenizer(names, pairs), pieces


def _give_memory_back() -> None:
    """What the library took to make its tables and has freed: 6 MB, which glibc would keep."""
    if trim := sys.platform == "linux" and getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)


def _names(merges: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Every token but the end, as the list of merges writes it, and the pairs that are merged."""
    names, pairs, known = list(_LETTERS), [], set(_LETTERS)
    for number, line in enumerate(merges.split("\n")[1:], 2):
        if not line:
            continue
        left, _, right = line.partition(" ")
        if not {left, right} <= known:
            raise ModelError(
                f"GPT-2's list of merges is damaged: line {number} is {line[:40]!r}. Download it again."
            )
        names.append(left + right)
        known.add(left + right)
        pairs.append((left, right))
    return names, pairs


def _tokenizer(names: list[str], pairs: list[tuple[str, str]]) -> Tokenizer:
    try:
        from tokenizers import Tokenizer, models, pre_tokenizers
    except ImportError as error:
        raise UnavailableError(f"GPT-2 needs the package tokenizers: {install_command('labs')}.") from error
    tokenizer = Tokenizer(models.BPE({name: i for i, name in enumerate(names)}, pairs))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return tokenizer
