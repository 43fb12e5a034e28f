"""Where in the text the rows of each batch start: three orders of offsets, and one gather.

A row at offset o reads ids[o : o + T] and predicts ids[o + 1 : o + T + 1]. The offsets of a step are a pure
function of seed, epoch and step, so that a resumed run continues with exactly the next batch. No order holds
more than one batch of offsets, however long the text.
Names in shape comments: B rows per batch, T characters per row, W rows of a validation set.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Protocol

import numpy as np

from charlab.core.config import TrainConfig
from charlab.corpora import batch_means
from charlab.errors import CorpusError

VALIDATION_WINDOW = 256
_ROUNDS = 6  # of the Feistel cipher; four are enough to look random


class BatchOffsets(Protocol):
    """The offsets of one epoch's batches: len() steps, and [step] -> offsets [B], int64."""

    def __len__(self) -> int: ...

    def __getitem__(self, step: int) -> np.ndarray: ...


def offsets(config: TrainConfig, characters: int, epoch: int) -> BatchOffsets:
    """The offsets of the batches of one epoch (counted from 0) over a training text of this many characters.

    `steps_per_epoch` ends chunks and streams early.
    Raises CorpusError if the text is too short for one batch.
    """
    makers: dict[str, Callable[[TrainConfig, int, int], BatchOffsets]]
    makers = {"windows": Windows, "chunks": Chunks, "streams": Streams}
    result = makers[config.batches](config, characters, epoch)
    if characters < config.sequence_length + 1 or len(result) < 1:
        raise CorpusError(
            f"The text is too short for these batches: {characters} characters to train on give no "
            f"{config.batch_size} rows of {config.sequence_length} as {config.batches}. Take a longer text, fewer "
            "rows (batch_size) or shorter ones (sequence_length)."
        )
    return result


def gather(ids: np.ndarray, offsets: np.ndarray, sequence_length: int) -> np.ndarray:
    """The rows of one batch with the character after each: ids [n], offsets [B] -> [B, T + 1], int32."""
    return ids[offsets[:, None] + np.arange(sequence_length + 1)].astype(np.int32)


@dataclass(frozen=True)
class Windows:
    """Uniformly random offsets; rows may overlap (as in the Cloud TPU notebook)."""

    config: TrainConfig
    characters: int
    epoch: int

    def __len__(self) -> int:
        batch = self.config.batch_size * self.config.sequence_length
        return self.config.steps_per_epoch or ceil(self.characters / batch)

    def __getitem__(self, step: int) -> np.ndarray:
        _check(step, len(self))
        generator = np.random.default_rng([self.config.seed, self.epoch, step])
        return generator.integers(self.characters - self.config.sequence_length, size=self.config.batch_size)


@dataclass(frozen=True)
class Chunks:
    """The text cut every `shift` characters and shuffled; full batches, the remainder dropped.

    A shift of 0 means T + 1: adjacent chunks, the last character of each only predicted, as in TensorFlow's
    tutorial. A shift of 1 gives every possible window, as in the lecture's chapter 16.
    """

    config: TrainConfig
    characters: int
    epoch: int

    @property
    def chunks(self) -> int:
        """How many whole chunks the text has."""
        length = self.config.sequence_length + 1
        return max(0, (self.characters - length) // self._shift + 1)

    @property
    def _shift(self) -> int:
        return self.config.shift or self.config.sequence_length + 1

    def __len__(self) -> int:
        return _at_most(self.chunks // self.config.batch_size, self.config.steps_per_epoch)

    def __getitem__(self, step: int) -> np.ndarray:
        _check(step, len(self))
        places = np.arange(step * self.config.batch_size, (step + 1) * self.config.batch_size)
        return shuffled(places, self.chunks, (self.config.seed, self.epoch)) * self._shift


@dataclass(frozen=True)
class Streams:
    """The text cut into B equal streams: row b of step s + 1 starts where row b of step s ended.

    The rest of a stream after its last whole window is dropped, and so is the text after the last stream. The
    hidden state is passed from step to step and reset at each epoch (the lecture's stateful network).
    """

    config: TrainConfig
    characters: int
    epoch: int

    @property
    def stream_length(self) -> int:
        """Characters of the text in each stream."""
        return self.characters // self.config.batch_size

    def __len__(self) -> int:
        steps = max(0, self.stream_length - 1) // self.config.sequence_length
        return _at_most(steps, self.config.steps_per_epoch)

    def __getitem__(self, step: int) -> np.ndarray:
        _check(step, len(self))
        starts = np.arange(self.config.batch_size, dtype=np.int64) * self.stream_length
        return starts + step * self.config.sequence_length


def shuffled(places: np.ndarray, count: int, key: tuple[int, ...]) -> np.ndarray:
    """Where `places` [B] of 0 ... count - 1 land when all are shuffled, without making the others: [B], int64.

    A Feistel cipher (Luby and Rackoff, 1988) permutes the next power of four; whatever lands outside `count` is
    sent through again until it lands inside. A shuffled list of every window of a long text would take hundreds
    of megabytes; this takes none.
    """
    half = max(1, ceil(np.log2(max(2, count)) / 2))
    mask = np.uint64((1 << half) - 1)
    keys = np.random.default_rng(key).integers(2**63, size=_ROUNDS, dtype=np.uint64)
    result = places.astype(np.uint64)
    outside = np.ones(len(result), bool)
    while outside.any():
        left, right = result[outside] >> np.uint64(half), result[outside] & mask
        for round_key in keys:
            left, right = right, left ^ (mix(right ^ round_key) & mask)
        result[outside] = left << np.uint64(half) | right
        outside = result >= count
    return result.astype(np.int64)


def mix(x: np.ndarray) -> np.ndarray:
    """Stir a number's bits until each depends on all others: SplitMix64's last step (Steele et al., 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@dataclass(frozen=True)
class ValidationRows:
    """A validation set as rows to be read from a zero state, and which of their predictions count."""

    ids: np.ndarray  # [W, L + 1] int32, L the row length; filled up with zeros after the text's end
    counts: np.ndarray  # [W, L] bool
    blocks: np.ndarray  # [W, L] in which block of the text a prediction is: see batch_means

    @property
    def characters(self) -> int:
        """The number of characters that are evaluated."""
        return int(self.counts.sum())


def validation_rows(
    ids: np.ndarray, unknown_id: int, context: int | None = None, window: int = VALIDATION_WINDOW
) -> ValidationRows:
    """A validation set, ids [n], cut as `reading.evaluate` reads it.

    Windows of `window` characters that do not overlap, each read from a zero state, the last perhaps short: every
    character but the first is predicted once. Predictions of unknown characters do not count.

    A Transformer whose `context` is shorter than the window reads it in several rows: when its cache is full it
    is rebuilt from the last context // 2 characters, so each further row of a window starts that much earlier,
    and its predictions of those characters do not count a second time.
    Raises CorpusError if there is nothing to evaluate.
    """
    result = _rows(ids, unknown_id, context, window)
    if not result.characters:
        raise CorpusError(
            "The validation set cannot be evaluated: it is one character long, or none of its characters is in "
            "the alphabet. Choose a longer text or a greater validation_share."
        )
    return result


def sample_rows(
    ids: np.ndarray, unknown_id: int, context: int | None, validation: np.ndarray, windows: int
) -> ValidationRows:
    """A sample of the training set, ids [n], to be evaluated as the validation set, ids [v], is: at most as many
    windows, spread evenly over it. Perhaps nothing in them can be read: then no prediction counts."""
    window = min(VALIDATION_WINDOW, max(1, len(validation) - 1), len(ids) - 1)
    number = max(1, min(windows, (len(ids) - 1) // window, ceil((len(validation) - 1) / window)))
    starts = np.linspace(0, len(ids) - 1 - window, number).astype(int)
    parts = [_rows(ids[start : start + window + 1], unknown_id, context, window) for start in starts]
    together = ([getattr(part, name) for part in parts] for name in ("ids", "counts", "blocks"))
    return ValidationRows(*map(np.concatenate, together))


def _rows(ids: np.ndarray, unknown_id: int, context: int | None, window: int) -> ValidationRows:
    last = len(ids) - 1  # the last character has nothing after it
    length = min(window, context or window, max(1, last))
    again = (context // 2) if context and context < window else 0
    starts, first_counted, ends = [], [], []
    for begin in range(0, last, window):
        end = min(begin + window, last)
        fresh = begin
        while fresh < end:
            starts.append(fresh if fresh == begin else fresh - again)
            first_counted.append(fresh)
            fresh = min(starts[-1] + length, end)
            ends.append(fresh)
    places = np.array(starts, np.int64)[:, None] + np.arange(length + 1)  # [W, L + 1]
    rows = ids[np.minimum(places, last)].astype(np.int32)
    counts = (places[:, :-1] >= np.array(first_counted)[:, None]) & (places[:, :-1] < np.array(ends)[:, None])
    counts &= rows[:, 1:] != unknown_id
    blocks = batch_means.block_of(np.minimum(places[:, :-1], last - 1), last)
    return ValidationRows(rows, counts, blocks.astype(np.uint8))


def _at_most(steps: int, limit: int) -> int:
    return min(steps, limit) if limit else steps


def _check(step: int, steps: int) -> None:
    if not 0 <= step < steps:
        raise IndexError(f"step must be between 0 and {steps - 1}. Received: {step}.")
