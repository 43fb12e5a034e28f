"""The evaluation of a run's weights with NumPy: the figures and the text that a trainer records after an epoch.

For weights that came from a device: what it says of its own loss on the validation set counts nothing.
Names in shape comments: W rows, L characters of a row, N rows read at once, V ids.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from charlab.core import generation, kinds
from charlab.core.predictor import Predictor
from charlab.core.reading import log_softmax
from charlab.core.vocab import Vocab
from charlab.corpora import batch_means, batching, splits
from charlab.corpora.batching import ValidationRows
from charlab.corpora.splits import Division
from charlab.runs import plan
from charlab.runs.models import Model
from charlab.runs.recorder import SAMPLE
from charlab.runs.store import RunConfig

SAMPLED_WINDOWS = 64  # of the training set, evaluated after each epoch
_AT_ONCE = 128  # rows: twice as many take as long for each


@dataclass(frozen=True)
class RunText:
    """The text of a run as it is trained and evaluated on. Equal ones have the same parts, whichever run it is."""

    sha256: str
    vocab: Vocab
    alphabet: str
    validation_share: float
    split: str
    context: int | None
    config: RunConfig = field(compare=False, repr=False)

    @classmethod
    def of(cls, config: RunConfig, vocab: Vocab) -> RunText:
        """The text of a run of this configuration and vocabulary."""
        model, train = config.model, config.train
        context = kinds.of(model).context(model)
        return cls(
            config.corpus_sha256, vocab, model.alphabet, train.validation_share, train.split, context, config
        )

    def division(self) -> Division:
        """Its training and its validation part. Raises CorpusError where the text is not here any more."""
        return splits.divide(plan.run_ids(self.config, self.vocab), self.vocab, self.config.train)


@dataclass(frozen=True)
class Grade:
    """What was measured of some weights, losses in nats."""

    loss: float  # on the validation set
    accuracy: float
    error: float | None  # the standard error of the loss
    train_loss: float | None  # on a sample of the training set, in the same way; None where that cannot be read
    text: str  # generated after the run's prompt, with the same random numbers each time


def grade(model: Model, predictor: Predictor) -> Grade:
    """Evaluate a model, whose network is `predictor`. Raises CorpusError where its text is not here any more."""
    config, vocab = model.config, model.vocab
    validation, sample = _rows(RunText.of(config, vocab))
    loss, accuracy, error = evaluate(predictor, validation)
    train_loss = evaluate(predictor, sample)[0] if sample.characters else None
    text = generation.texts(generation.generate(predictor, vocab, config.train.seed_text, SAMPLE), vocab)[0]
    return Grade(loss, accuracy, error, train_loss, text)


@lru_cache(maxsize=4)
def _rows(text: RunText) -> tuple[ValidationRows, ValidationRows]:
    """The validation set, and a sample of the training set, as a trainer evaluates them."""
    division, unknown_id, context = text.division(), text.vocab.unknown_id, text.context
    return (
        batching.validation_rows(division.validation, unknown_id, context),
        batching.sample_rows(division.training, unknown_id, context, division.validation, SAMPLED_WINDOWS),
    )


def evaluate(predictor: Predictor, rows: ValidationRows) -> tuple[float, float, float | None]:
    """Mean loss in nats, accuracy, and the loss's standard error, over all predictions that count."""
    right, sums = 0, np.zeros(batch_means.BLOCKS)
    for first in range(0, len(rows.ids), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        ids, counts, blocks = rows.ids[part].astype(np.int64), rows.counts[part], rows.blocks[part]
        losses, correct = _read(predictor, ids)  # [N, L]
        sums += np.bincount(blocks[counts], losses[counts], minlength=batch_means.BLOCKS)
        right += int(correct[counts].sum())
    of_blocks = np.bincount(rows.blocks[rows.counts], minlength=batch_means.BLOCKS)
    error = batch_means.standard_error(sums, of_blocks)
    return float(sums.sum() / rows.characters), right / rows.characters, error


def _read(predictor: Predictor, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The loss of each prediction, and whether it is right: ids [N, L + 1] -> [N, L] each."""
    state, everyone = predictor.start(len(ids)), np.arange(len(ids))
    losses, correct = np.empty((len(ids), ids.shape[1] - 1)), np.empty((len(ids), ids.shape[1] - 1), bool)
    for t in range(ids.shape[1] - 1):
        logits, state = predictor.step(ids[:, t], state)  # [N, V]
        losses[:, t] = -log_softmax(logits)[everyone, ids[:, t + 1]]
        correct[:, t] = logits.argmax(axis=1) == ids[:, t + 1]
    return losses, correct
