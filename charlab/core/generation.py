"""A predictor writes: it reads the seed text, then each chosen character, and every step is kept to be looked at.

Text and charts are made from the same Steps, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from charlab.core import sampling
from charlab.core.config import SampleConfig
from charlab.core.ops import softmax
from charlab.core.predictor import Predictor
from charlab.core.sampling import Sampler
from charlab.core.vocab import Vocab


class Step(NamedTuple):
    """One character in each of N samples."""

    position: int  # 0 for the first written character
    ids: np.ndarray  # [N] what was chosen
    uniforms: np.ndarray  # [N] the random numbers that chose
    logits: np.ndarray  # [N, V] what the model said

    @property
    def probabilities(self) -> np.ndarray:
        """The model's own, [N, V]: made of the logits when they are asked for."""
        return softmax(self.logits)


def generate(
    predictor: Predictor,
    vocab: Vocab,
    seed_text: str,
    config: SampleConfig,
    on_read: Callable[[int], None] | None = None,
) -> Iterator[Step]:
    """Write `config.length` characters after the seed text, a Step each.

    Characters of the seed text that the alphabet lacks are read as unknown. An empty seed text is read as a
    newline, so that the model begins as at the start of a line. `on_read` is called with the number of characters
    of the seed text that have been read.
    """
    sampler = Sampler(config, vocab.unknown_id, (config.rows, len(vocab)))
    uniforms = sampling.uniforms(config).T.copy()  # [length, N]
    state = predictor.start(config.rows)
    for number, i in enumerate(vocab.encode(seed_text or beginning(vocab)), 1):
        logits, state = predictor.step(np.full(config.rows, i), state)
        if on_read:
            on_read(number)
    for position, uniform in enumerate(uniforms):  # [N] each
        ids = sampler.choose(sampler.unnormalized_probabilities(logits), uniform)
        yield Step(position, ids, uniform, logits)
        if position + 1 < config.length:
            logits, state = predictor.step(ids, state)


def texts(steps: Iterable[Step], vocab: Vocab) -> list[str]:
    """The written text of each sample."""
    ids = np.stack([step.ids for step in steps], axis=1)  # [N, length]
    return [vocab.decode(row) for row in ids]


def beginning(vocab: Vocab) -> str:
    """What is read where there is no seed text: a line's end, or the alphabet's first character."""
    return "\n" if "\n" in vocab.characters else vocab.characters[0]


def chosen_probabilities(step: Step) -> np.ndarray:
    """The model's own probability of the character that each sample took: [N]."""
    return step.probabilities[np.arange(len(step.ids)), step.ids]
