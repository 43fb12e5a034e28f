"""A predictor writes: it reads the seed text, then each chosen character, and every step is kept to be looked at.

Text and charts are made from the same Steps, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from charlab import sampling
from charlab.config import SampleConfig
from charlab.networks import Predictor, softmax
from charlab.vocab import Vocab


@dataclass(frozen=True)
class Step:
    """One character in each of N samples."""

    position: int  # 0 for the first written character
    ids: np.ndarray  # [N] what was chosen
    draws: np.ndarray  # [N] the random numbers that chose
    probabilities: np.ndarray  # [N, V] the model's own
    shaped: np.ndarray  # [N, V] after temperature and cut-offs, the unknown character left out


def generate(predictor: Predictor, vocab: Vocab, seed_text: str, config: SampleConfig) -> Iterator[Step]:
    """Write `config.length` characters after the seed text in `config.samples` samples, a Step each.

    Characters of the seed text that the alphabet lacks are read as unknown. An empty seed text is read as a
    line's end, so that the model begins as at a line's beginning.
    """
    state = predictor.start(config.samples)
    for i in vocab.encode(seed_text or beginning(vocab)):
        logits, state = predictor.step(np.full(config.samples, i), state)
    random_numbers = sampling.draws(config.seed, config.samples, config.length)
    for position in range(config.length):
        shaped = sampling.shape(logits, config, vocab.unknown_id)
        ids = sampling.choose(shaped, random_numbers[:, position])
        yield Step(position, ids, random_numbers[:, position], softmax(logits), shaped)
        if position + 1 < config.length:
            logits, state = predictor.step(ids, state)


def texts(steps: Iterable[Step], vocab: Vocab) -> list[str]:
    """The written text of each sample."""
    ids = np.stack([step.ids for step in steps], axis=1)  # [N, length]
    return [vocab.decode(row) for row in ids]


def beginning(vocab: Vocab) -> str:
    """What is read where there is no seed text: a line's end, or the alphabet's first character."""
    return "\n" if "\n" in vocab.characters else vocab.characters[0]
