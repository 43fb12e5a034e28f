"""A predictor generates text: it reads the seed text, chooses a character, reads that, and so on.

Every step can be looked at: text and charts are made from the same Steps, so they cannot disagree.
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

    position: int  # 0 for the first generated character
    ids: np.ndarray  # [N] the chosen characters
    uniforms: np.ndarray  # [N] the random numbers that chose them
    logits: np.ndarray  # [N, V] the model's scores for them

    @property
    def model_probabilities(self) -> np.ndarray:
        """The softmax of the logits, before temperature, top-k and top-p: [N, V]."""
        return softmax(self.logits)


def generate(
    predictor: Predictor,
    vocab: Vocab,
    seed_text: str,
    config: SampleConfig,
    on_read: Callable[[int], None] | None = None,
) -> Iterator[Step]:
    """Generate `config.length` characters after the seed text, one Step for each.

    Characters of the seed text that the alphabet lacks are read as unknown. An empty seed text is read as a
    newline, so that the model begins as at the start of a line. `on_read` is called with the number of characters
    of the seed text that have been read.
    """
    sampler = Sampler(config, vocab.unknown_id, (config.rows, len(vocab)))
    state = predictor.start(config.rows)
    for number, i in enumerate(vocab.encode(seed_text or beginning(vocab)), 1):
        logits, state = predictor.step(np.full(config.rows, i), state)
        if on_read:
            on_read(number)
    for position, uniform in enumerate(sampling.each_uniforms(config)):  # [N] each
        ids = sampler.choose(sampler.unnormalized_probabilities(logits), uniform)
        yield Step(position, ids, uniform, logits)
        if position + 1 < config.length:
            logits, state = predictor.step(ids, state)


def texts(steps: Iterable[Step], vocab: Vocab) -> list[str]:
    """The generated text of each sample. Of the steps only the ids are kept, in the smallest type for them."""
    smallest = np.min_scalar_type(vocab.unknown_id)
    ids = np.array([step.ids.astype(smallest) for step in steps])  # [length, N]
    return [vocab.decode(row) for row in ids.T]


def beginning(vocab: Vocab) -> str:
    """What is read where there is no seed text: a newline, or else the alphabet's first character."""
    return "\n" if "\n" in vocab.characters else vocab.characters[0]


def chosen_probabilities(step: Step) -> np.ndarray:
    """The model probability of the character that each sample chose: [N]."""
    return step.model_probabilities[np.arange(len(step.ids)), step.ids]
