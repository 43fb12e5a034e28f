"""Which part of a text is held out for validation: its end, whole lines of it, or blocks spread over it.

What is held out is moved to the end of the text's ids. Training, evaluation and resuming then work in the same way
for every split. Names in shape comments: T characters of a text.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from charlab.core.config import TrainConfig
from charlab.core.vocab import Vocab
from charlab.corpora.batching import mix
from charlab.corpora.encoding import split_at
from charlab.errors import CorpusError

BLOCKS = 20  # held out at most: each in another twentieth of the text
SHORTEST_BLOCK = 512  # characters
FEWEST_LINES = 10
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: SplitMix64's step from number to number


@dataclass(frozen=True, eq=False)
class Division:
    """A text in two parts.

    In shuffled lines, a row of a batch or a window of the evaluation may hold several lines that are not
    neighbours in the text: in a list, no line depends on the one before it. Where a block was taken out, and from
    each block to the next, the text has a seam: at most 2 * BLOCKS places at which it breaks off.
    """

    ids: np.ndarray  # [T], what is held out at its end
    start: int  # of the validation part
    spans: tuple[tuple[int, int], ...]  # where that is in the text; for lines, in the shuffled text

    @property
    def training(self) -> np.ndarray:
        return self.ids[: self.start]

    @property
    def validation(self) -> np.ndarray:
        return self.ids[self.start :]

    def places(self, positions: np.ndarray) -> np.ndarray:
        """Where positions [N] of the training part are in the text; for lines, in the shuffled text."""
        lengths = np.cumsum([0] + [end - start for start, end in self.spans])
        seams = np.array([start for start, _ in self.spans]) - lengths[:-1]
        return positions + lengths[np.searchsorted(seams, positions, "right")]


def divide(ids: np.ndarray, vocab: Vocab, train: TrainConfig) -> Division:
    """Divide the ids [T] of a text as `train.split` says, with about `train.validation_share` of it held out.

    "end" leaves the ids as they are. "lines" shuffles them, always in the same way, and holds out whole lines.
    "blocks" cuts the text into up to BLOCKS equal parts and holds out the end of each.
    Raises CorpusError where no whole lines make up about that share.
    """
    makers = {"end": _end, "lines": _lines, "blocks": _blocks}
    return makers[train.split](np.asanyarray(ids), vocab, train.validation_share)


def described(train: TrainConfig) -> str:
    """What is held out, in a phrase: "the last 10% of the text"."""
    share = f"{train.validation_share:.0%} of"
    return {
        "end": f"the last {share} the text",
        "lines": f"{share} the lines, chosen at random",
        "blocks": f"blocks spread evenly over the text, {share} it",
    }[train.split]


def blocks(characters: int, validation_share: float) -> int:
    """How many blocks a text is long enough for: in short ones, the seams would count too much."""
    held_out = characters - split_at(characters, validation_share)
    return max(1, min(BLOCKS, held_out // SHORTEST_BLOCK))


def line_lengths(ids: np.ndarray, newline: int) -> np.ndarray:
    """Characters of each line of ids [T], its line end included; blank lines belong to the line before them."""
    ends = np.flatnonzero((ids[:-1] == newline) & (ids[1:] != newline)) + 1
    return np.diff(ends, prepend=0, append=len(ids))


def _end(ids: np.ndarray, vocab: Vocab, share: float) -> Division:
    start = split_at(len(ids), share)
    return Division(ids, start, ((start, len(ids)),))


def _blocks(ids: np.ndarray, vocab: Vocab, share: float) -> Division:
    size, start = len(ids), split_at(len(ids), share)
    number = blocks(size, share)
    ends = [size * (k + 1) // number for k in range(number)]
    lengths = np.diff([(size - start) * k // number for k in range(number + 1)]).tolist()
    spans = tuple((end - length, end) for end, length in zip(ends, lengths, strict=True))
    begins = [0, *ends[:-1]]
    training = [ids[begin:first] for begin, (first, _) in zip(begins, spans, strict=True)]
    return Division(np.concatenate(training + [ids[first:end] for first, end in spans]), start, spans)


def _lines(ids: np.ndarray, vocab: Vocab, share: float) -> Division:
    size, newline = len(ids), vocab.characters.find("\n")
    is_whole = size > 0 and ids[-1] == newline
    lines = ids if is_whole else np.append(ids, np.asarray(newline).astype(ids.dtype))
    lengths = line_lengths(lines, newline) if newline >= 0 else np.array([size])
    order = np.argsort(mix(np.arange(1, len(lengths) + 1, dtype=np.uint64) * _GOLDEN))
    ends = np.cumsum(lengths[order])
    wanted = split_at(size, share)
    start = int(ends[np.abs(ends - wanted).argmin()])
    if len(lengths) < FEWEST_LINES or not (size - wanted) / 2 <= size - start <= 2 * (size - wanted):
        raise CorpusError(_no_lines(lengths, size, share))
    first = np.cumsum(lengths) - lengths
    shuffled = np.concatenate([lines[first[k] : first[k] + lengths[k]] for k in order])
    return Division(shuffled[:size], start, ((start, size),))  # without the line end that was added


def _no_lines(lengths: np.ndarray, size: int, share: float) -> str:
    lines = "1 line" if len(lengths) == 1 else f"{len(lengths):,} lines"
    return (
        f"The split “lines” needs many short lines to hold out about {share:.0%} of the text. This one has "
        f"{lines} in {size:,} characters, the longest of {int(lengths.max()):,}. Set the split to end or blocks."
    )
