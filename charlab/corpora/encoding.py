"""How a text becomes ids: the vocabulary of a model, and where the validation set starts."""

from __future__ import annotations

import tempfile
import unicodedata

import numpy as np

from charlab.core.config import ModelConfig
from charlab.core.vocab import Vocab
from charlab.corpora import coverage
from charlab.os_errors import naming


def make_vocab(text: str, model: ModelConfig) -> Vocab:
    """The vocabulary with which a model reads this text."""
    if model.alphabet == "code-points":
        return Vocab.from_code_points()
    return Vocab.from_text(text, model.lower_case, model.alphabet_limit)


def text_ids(text: str, vocab: Vocab, model: ModelConfig) -> np.ndarray:
    """A text as the model reads it: ids [T]. With code points, characters above them are left out, as in the
    Cloud TPU notebook."""
    return coverage.read(text, vocab, model)[0]


def in_alphabet(text: str, vocab: Vocab) -> str:
    """A prompt with each letter in the form that the alphabet has: composed with its accents (NFC), or apart."""
    composed = unicodedata.normalize("NFC", text)
    forms = {}
    for character in vocab.unknown_in(composed):
        apart = unicodedata.normalize("NFD", character)
        if not vocab.unknown_in(apart):
            forms[ord(character)] = apart
    return composed.translate(forms)


def mapped(ids: np.ndarray) -> np.ndarray:
    """The same ids, memory-mapped from a temporary file, so that a long text need not fit into memory."""
    with tempfile.TemporaryFile() as file:
        with naming(tempfile.gettempdir()):
            file.write(np.ascontiguousarray(ids).data)  # unlike tofile, it says why there was no room
            file.flush()
        return np.memmap(file, ids.dtype, "r", shape=ids.shape)  # the file lives as long as the map


def split_at(characters: int, validation_share: float) -> int:
    """The position at which the validation set starts; the text before it is for training."""
    return characters - max(2, round(characters * validation_share))
