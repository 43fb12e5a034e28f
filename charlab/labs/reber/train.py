"""The judge of Reber strings in Keras: its network, its learner and its batches, for the training loop.

The learner is the language models', with another head, loss and optimizer: one number after each letter, of which
only the one after a string's last letter counts. That is what Keras's GRU with masking computes, without its mask:
the zeros that fill up a row come after the letter that counts.
Names in shape comments: B strings a batch, L letters of the longest string, U units.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from charlab.core.config import ModelConfig
from charlab.corpora import batch_means
from charlab.corpora.batching import ValidationRows
from charlab.labs.reber.data import IDS, LENGTH, Data, Strings
from charlab.runs.store import RunConfig
from charlab.training import keras_networks
from charlab.training.learner import Learner
from charlab.training.learners import Learners
from charlab.training.optimizers import make_optimizer
from charlab.training.tasks import Task

_SAMPLED = 1_000  # strings of the training set, evaluated after each epoch


class JudgeNetwork(keras_networks.RecurrentNetwork):
    """A GRU with one output: ids [B, L] -> logits [B, L, 1]."""

    def _head(self, width: int, initializer: keras.Initializer) -> keras.layers.Dense:
        head = keras.layers.Dense(1, kernel_initializer=initializer, dtype="float32", name="head")
        head.build((None, None, width))
        return head


class JudgeLearner(Learner):
    """Learns rows of ids with the judgement at the end, [B, L + 1], by binary cross-entropy."""

    def _build_network(self, model: ModelConfig, vocabulary_size: int, on_cpu: bool) -> keras_networks.Network:
        config = self.train_config
        return keras_networks.build(
            model, IDS, config.seed, config.precision, on_cpu, config.embedding_range, JudgeNetwork
        )

    def _build_optimizer(self) -> keras.Optimizer:
        return make_optimizer(self.train_config, momentum=self.train_config.beta_1, nesterov=True)

    def _losses(
        self, rows: tf.Tensor, state: keras_networks.State, key: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor, keras_networks.State]:
        logits, state = self.network(rows[:, :-1], state, key=key)
        logits = logits[:, :, 0]  # [B, L]
        good = tf.broadcast_to(rows[:, -1:], tf.shape(logits))
        losses = tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(good, tf.float32), logits)
        return losses, tf.cast((logits > 0) == (good > 0), tf.float32), state

    def _counted(self, rows: tf.Tensor) -> tf.Tensor:
        is_letter = rows[:, :-1] > 0
        after = tf.pad(is_letter[:, 1:], [[0, 0], [0, 1]])
        return is_letter & ~after  # [B, L]: the last letter


class ReberTask(Task):
    """Strings in an order that is drawn anew for each epoch; those that fill no batch wait for the next one."""

    def __init__(self, config: RunConfig, data: Data) -> None:
        self._train, self._rows = config.train, data.training.rows()
        whole = len(self._rows) // config.train.batch_size
        self.steps_per_epoch = min(whole, config.train.steps_per_epoch or whole)
        letters = sum(map(len, data.training.texts)) / len(data.training.texts)
        self.characters_per_step = round(config.train.batch_size * letters)
        self.validation, self._swaps = _evaluated(data.validation), _evaluated(data.swaps)
        self._originals = _evaluated(data.originals)
        sampled = slice(None, None, len(self._rows) // _SAMPLED)  # of both halves
        self.sample = _evaluated(Strings(data.training.texts[sampled], data.training.good[sampled]))
        self._order: tuple[int, np.ndarray] = (-1, np.empty(0, int))  # of an epoch

    def rows(self, step: int) -> np.ndarray:
        """Strings with their judgements: [B, L + 1]."""
        epoch, within = divmod(step, self.steps_per_epoch)
        if epoch != self._order[0]:
            self._order = epoch, np.random.default_rng([self._train.seed, epoch]).permutation(len(self._rows))
        size = self._train.batch_size
        return self._rows[self._order[1][within * size : (within + 1) * size]]

    def more_figures(self, learner: Learner) -> dict[str, float]:
        """The accuracy on strings that only memory tells from good ones, and on these and the good ones together:
        a network that calls every string bad is right about all swaps, and about half of the pairs."""
        swaps, originals = (learner.evaluate(rows)[1] for rows in (self._swaps, self._originals))
        return {"swap_accuracy": swaps, "pair_accuracy": (swaps + originals) / 2}


def build(config: RunConfig, data: Data, learners: Learners) -> tuple[Task, Learner]:
    """The task of a run, and a learner at its beginning."""
    return ReberTask(config, data), learners.learner(config, IDS, learner_class=JudgeLearner)


def stock_network(model: ModelConfig, weights: dict[str, np.ndarray]) -> keras.Sequential:
    """The same network in Keras's own layers, with masking, as the lecture builds it: ids [N, any length], filled
    up with zeros -> probabilities [N, 1]."""
    network = keras.Sequential(
        [
            keras.Input([None], dtype="int32"),
            keras.layers.Embedding(IDS, model.embedding, mask_zero=True),
            keras.layers.GRU(model.units),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    names = ("embedding", "layer_0/kernel", "layer_0/recurrent_kernel", "layer_0/bias", "head/kernel", "head/bias")
    network.set_weights([weights[name] for name in names])
    return network


def write_keras(path: Path, model: ModelConfig, weights: dict[str, np.ndarray]) -> None:
    """A .keras file of `stock_network`."""
    stock_network(model, weights).save(path)


def _evaluated(strings: Strings) -> ValidationRows:
    """Strings to be evaluated, of whose predictions only the one after the last letter counts."""
    rows = strings.rows()
    counts = np.zeros((len(rows), LENGTH), bool)
    counts[np.arange(len(rows)), [len(text) - 1 for text in strings.texts]] = True
    # Strings are independent, so blocks of any of them give the standard error of the mean; each has as many good
    # ones as another, since the whole has.
    blocks = np.arange(len(rows))[:, None] % batch_means.BLOCKS + np.zeros((1, LENGTH), int)
    return ValidationRows(rows, counts, blocks.astype(np.uint8))
