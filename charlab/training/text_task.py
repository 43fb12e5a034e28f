"""The task of a language model: to predict the next character of a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from charlab.core import kinds
from charlab.core.predictor import Predictor, build_predictor
from charlab.core.vocab import Vocab
from charlab.corpora import batching, splits
from charlab.corpora.splits import Division
from charlab.errors import ConfigError
from charlab.runs import grading, plan
from charlab.runs.store import RunConfig
from charlab.training.tasks import Task, Trainer

if TYPE_CHECKING:
    from charlab.training.learner import Learner
    from charlab.training.learners import Learners


class TextTask(Task):
    """Windows of the training part of a text; rows are ids with the character after each window."""

    def __init__(self, config: RunConfig, vocab: Vocab, division: Division) -> None:
        self.config, self.vocab, self.training_ids = config, vocab, division.training
        context = kinds.of(config.model).context(config.model)
        self.validation = batching.validation_rows(division.validation, vocab.unknown_id, context)
        self.sample = batching.sample_rows(
            division.training, vocab.unknown_id, context, division.validation, grading.SAMPLED_WINDOWS
        )
        self._epoch, self._offsets = 0, batching.offsets(config.train, len(self.training_ids), epoch=0)
        self.steps_per_epoch = len(self._offsets)
        self.characters_per_step = config.train.batch_size * config.train.sequence_length

    def rows(self, step: int) -> np.ndarray:
        """Windows of the text: [B, T + 1]."""
        epoch, within = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._epoch = epoch
            self._offsets = batching.offsets(self.config.train, len(self.training_ids), epoch)
        return batching.gather(self.training_ids, self._offsets[within], self.config.train.sequence_length)

    def shown(self, weights: dict[str, np.ndarray]) -> tuple[Predictor, Vocab, str]:
        """The network of these weights, and the run's prompt."""
        predictor = build_predictor(self.config.model, len(self.vocab), weights)
        return predictor, self.vocab, self.config.train.seed_text


def _build(config: RunConfig, vocab: Vocab, ids: np.ndarray, learners: Learners) -> tuple[Task, Learner]:
    """The task of a text, ids [n], and a learner at its beginning. Raises ConfigError where they do not fit."""
    kind = kinds.of(config.model)
    context = kind.context(config.model)
    if context is not None and config.train.sequence_length > context:
        raise ConfigError(
            f"A {kind.title} that looks back over {context} characters cannot be trained on windows of "
            f"{config.train.sequence_length}. Lower sequence_length or raise context."
        )
    division = splits.divide(ids, vocab, config.train)
    # Decided once, so that a text without unknown characters is trained on by the simpler steps.
    skips_unknown = bool((division.training == vocab.unknown_id).any())
    learner = learners.learner(config, len(vocab), skips_unknown)
    return TextTask(config, vocab, division), learner


TEXT = Trainer(plan.run_ids, _build)
