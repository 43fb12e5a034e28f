"""The ids that a device trains on: the training part of a run's text. What is held out stays here."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from charlab.runs.grading import RunText

_LEVEL = 4  # of gzip: a text of 1 MB in 50 ms, once for a class


@dataclass(frozen=True)
class TrainingIds:
    """Ids as little-endian whole numbers of `width` bytes each, and the same compressed by gzip."""

    characters: int
    width: int
    data: bytes
    packed: bytes


@lru_cache(maxsize=3)
def of(text: RunText) -> TrainingIds:
    """The training part of a run's text. Raises CorpusError where the text is not here any more."""
    ids = np.ascontiguousarray(text.division().training)
    data = ids.astype(ids.dtype.newbyteorder("<"), copy=False).tobytes()
    return TrainingIds(len(ids), ids.dtype.itemsize, data, gzip.compress(data, _LEVEL, mtime=0))
