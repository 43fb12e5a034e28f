"""Training in the dates lab: its learners, its batches, and the share of exact dates, for the training loop.

Names in shape comments: B dates a batch, T characters read, L characters written.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import tensorflow as tf

from charlab.core.config import ModelConfig
from charlab.corpora import batch_means
from charlab.corpora.batching import ValidationRows
from charlab.labs.dates import data, decoding, network
from charlab.labs.dates.data import LENGTH, OUTPUT_IDS, WRITTEN, Data
from charlab.labs.dates.keras_network import DateNetwork, most_likely
from charlab.labs.dates.network import Translator, Version
from charlab.runs.store import RunConfig
from charlab.training import keras_networks
from charlab.training.learner import Learner
from charlab.training.learners import Learners
from charlab.training.tasks import Task

_SAMPLED = 1_000  # dates of the training set, evaluated after each epoch
_RISE = 10  # epochs until scheduled sampling gives the network only what it has written itself


class DateLearner(Learner):
    """Learns rows of dates in words with their ISO form, by the cross-entropy of each character written."""

    version: Version

    def _build_network(self, model: ModelConfig, vocabulary_size: int, on_cpu: bool) -> keras_networks.Network:
        config = self.train_config
        make = partial(DateNetwork, self.version)
        return keras_networks.build(
            model, OUTPUT_IDS, config.seed, config.precision, on_cpu, config.embedding_range, make
        )

    def _losses(
        self, rows: tf.Tensor, state: keras_networks.State, key: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor, keras_networks.State]:
        logits, state = self.network(rows, state, key=key)
        targets = rows[:, LENGTH : LENGTH + WRITTEN]
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
        return losses, tf.cast(most_likely(logits) == targets, tf.float32), state


LEARNERS: dict[str, type[DateLearner]] = {  # by version: a kept learner is found again by its class
    name: type("DateLearner", (DateLearner,), {"version": version}) for name, version in network.VERSIONS.items()
}


class DateTask(Task):
    """Dates in an order that is drawn anew for each epoch; those that fill no batch wait for the next one."""

    def __init__(self, config: RunConfig, drawn: Data, version: Version) -> None:
        self._config, self._drawn, self._version = config, drawn, version
        self._rows, size = drawn.training.rows(), config.train.batch_size
        whole = len(self._rows) // size
        self.steps_per_epoch = min(whole, config.train.steps_per_epoch or whole)
        letters = sum(map(len, drawn.training.texts)) / len(self._rows)
        self.characters_per_step = round(size * (letters + WRITTEN))
        self.validation = _evaluated(drawn.validation.rows())
        self.sample = _evaluated(self._rows[:: len(self._rows) // _SAMPLED])
        self._order: tuple[int, np.ndarray] = (-1, np.empty(0, int))  # of an epoch

    def rows(self, step: int) -> np.ndarray:
        """Dates in words and in ISO form [B, T + L], and with scheduled sampling where the network is given its
        own characters [B, L - 1], with a probability that rises from 0 to 1 over ten epochs."""
        epoch, within = divmod(step, self.steps_per_epoch)
        seed, size = self._config.train.seed, self._config.train.batch_size
        if epoch != self._order[0]:
            self._order = epoch, np.random.default_rng([seed, epoch]).permutation(len(self._rows))
        rows = self._rows[self._order[1][within * size : (within + 1) * size]]
        if not self._version.samples:
            return rows
        uniforms = np.random.default_rng([seed, step, 1]).random((size, WRITTEN - 1))
        return np.column_stack([rows, uniforms < own_share(epoch)]).astype(np.int32)

    def more_figures(self, learner: Learner) -> dict[str, float]:
        """The share of the validation set's dates that the network translates without a fault by itself."""
        translator = Translator(self._version, self._config.model, learner.weights())
        written = decoding.write(translator, data.ids(self._drawn.validation.texts))
        return {"exact": decoding.exact_share(written, self._drawn.validation)}


def own_share(epoch: int) -> float:
    """With scheduled sampling (Bengio et al., 2015), how often the network reads what it has written itself in an
    epoch, counted from 0."""
    return min(1.0, epoch / _RISE)


def build(config: RunConfig, drawn: Data, learners: Learners) -> tuple[Task, Learner]:
    """The task of a run, and a learner at its beginning. Raises ConfigError where its version is not known."""
    version = network.find_version(config.preset)
    network.shapes(version, config.model)
    learner = learners.learner(config, OUTPUT_IDS, learner_class=LEARNERS[version.name])
    return DateTask(config, drawn, version), learner


def _evaluated(rows: np.ndarray) -> ValidationRows:
    """Dates to be evaluated, every character of whose ISO form counts."""
    # Dates are independent, so blocks of any of them give the standard error of the mean.
    blocks = np.arange(len(rows))[:, None] % batch_means.BLOCKS + np.zeros((1, WRITTEN), int)
    return ValidationRows(rows, np.ones((len(rows), WRITTEN), bool), blocks.astype(np.uint8))
