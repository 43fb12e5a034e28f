"""The judge of reviews in Keras: its network, its learner and its batches, for the training loop.

Rows are filled up with zeros behind the last word. With masking, the state after the last word is judged: what
Keras's layers compute with `mask_zero`, which stop there. Without, the state after the whole row is.
Names in shape comments: B texts a batch, L words of the longest text, V ids, D numbers of a word vector, U units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from charlab.core.config import ModelConfig
from charlab.corpora import batch_means
from charlab.corpora.batching import ValidationRows
from charlab.labs.sentiment import network
from charlab.labs.sentiment.data import Data, Texts
from charlab.labs.sentiment.forms import Form
from charlab.runs.store import RunConfig
from charlab.training import bptt, keras_networks
from charlab.training.keras_networks import drop
from charlab.training.learner import Learner
from charlab.training.learners import Learners
from charlab.training.tasks import Task

_SAMPLED = 1_000  # texts of the training set, evaluated after each epoch
_PARTS = ("kernel", "recurrent_kernel", "bias")


class JudgeNetwork(keras_networks.Network):
    """Word vectors, their mean or GRUs, and one output: ids [B, L] -> logits [B]."""

    def __init__(
        self,
        config: ModelConfig,
        vocabulary_size: int,
        seeds: Iterator[int],
        policy: keras.DTypePolicy,
        form: Form,
        use_manual_bptt: bool,
    ) -> None:
        super().__init__(config, vocabulary_size, seeds, policy)
        self.form, self.use_manual_bptt = form, use_manual_bptt
        shape = (vocabulary_size, config.embedding)
        self.embedding = self.add_weight(
            shape=shape, initializer="zeros", name="embedding", trainable=form.vectors == "learned"
        )
        self.read_by: dict[str, keras.layers.GRU] = {}  # layers by the names of their weights
        for name in [name.removesuffix("/kernel") for name in network.shapes(form, 1) if name.endswith("/kernel")]:
            if name != "head":
                self.read_by[name] = self._layer(name, seeds, policy)
        width = network.shapes(form, 1)["head/kernel"][0]
        self.head = keras.layers.Dense(
            1, kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)), dtype="float32", name="head"
        )
        self.head.build((None, width))
        self.built = True

    def _layer(self, name: str, seeds: Iterator[int], policy: keras.DTypePolicy) -> keras.layers.GRU:
        layer = keras.layers.GRU(
            self.config.units,
            kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
            recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
            return_sequences=True,
            dtype=policy,
        )
        layer.build((None, None, network.shapes(self.form, 1)[f"{name}/kernel"][0]))
        return layer

    def named(self) -> dict[str, keras.Variable]:
        """Every weight by its name in network.shapes."""
        found = {"embedding": self.embedding}
        for name, layer in self.read_by.items():
            found |= {f"{name}/{part}": getattr(layer.cell, part) for part in _PARTS}
        return found | {"head/kernel": self.head.kernel, "head/bias": self.head.bias}

    def start(self, rows: int) -> keras_networks.State:
        """An empty tuple: no text goes on from another."""
        return ()

    def call(self, ids: tf.Tensor, key: tf.Tensor | None = None) -> tf.Tensor:
        """Read texts: ids [B, L] -> logits [B] float32. A key means training."""
        is_word = ids > 0
        lengths = tf.reduce_sum(tf.cast(is_word, tf.int32), 1)  # [B]
        if not self.form.masked:
            lengths = tf.fill(tf.shape(lengths), ids.shape[1])
        x = tf.cast(_look_up(tf.convert_to_tensor(self.embedding), ids), self.compute_dtype)  # [B, L, D]
        x = drop(x, self.config.input_dropout, key, 0, same_along=1)
        if not self.form.record.recurrent:
            counts = tf.cast(tf.sequence_mask(lengths, ids.shape[1]), x.dtype)  # [B, L]
            summary = tf.reduce_sum(x * counts[..., None], 1) / tf.maximum(tf.reduce_sum(counts, 1), 1)[:, None]
        else:
            summary = self._read("layer_", x, lengths)
            if self.form.record.both_ways:
                turned = tf.reverse_sequence(x, lengths, seq_axis=1)
                summary = tf.concat([summary, self._read("backward_", turned, lengths)], 1)
        return self.head(summary)[:, 0]

    def _read(self, prefix: str, x: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """The state of the last layer after the last word: x [B, L, D] -> [B, U]."""
        x = tf.transpose(x, (1, 0, 2))  # [L, B, D]
        for i in range(self.config.layers):
            x = self._read_layer(self.read_by[f"{prefix}{i}"], x)  # [L, B, U]
        is_last = tf.one_hot(lengths - 1, x.shape[0], axis=0, dtype=x.dtype)  # [L, B]
        return tf.reduce_sum(x * is_last[..., None], 0)

    def _read_layer(self, layer: keras.layers.GRU, x: tf.Tensor) -> tf.Tensor:
        """x [L, B, D] -> the states after each word [L, B, U]."""
        if not self.use_manual_bptt:
            return tf.transpose(layer(tf.transpose(x, (1, 0, 2))), (1, 0, 2))
        kernel, recurrent_kernel, bias = (getattr(layer.cell, part).value for part in _PARTS)
        L, B, D = x.shape
        into = tf.reshape(tf.reshape(x, (L * B, D)) @ kernel, (L, B, kernel.shape[1]))  # as one product
        return bptt.gru(into, tf.zeros((B, layer.units), x.dtype), recurrent_kernel, bias)[0]


@tf.custom_gradient
def _look_up(table: tf.Tensor, ids: tf.Tensor) -> tuple[tf.Tensor, Callable]:
    """Rows of a table [V, D] by ids [B, L]: [B, L, D]. The gradient has the table's shape, so that it can be
    summed over groups of rows and replicas like any other."""

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, None]:
        flat = tf.reshape(upstream, (-1, table.shape[1]))
        return tf.math.unsorted_segment_sum(flat, tf.reshape(ids, [-1]), table.shape[0]), None

    return tf.gather(table, ids), gradient


class JudgeLearner(Learner):
    """Learns rows of ids with the judgement at the end, [B, L + 1], by binary cross-entropy. One prediction counts
    per row: in the last column, where there is one for each character of a language model."""

    form: Form

    def _build_network(self, model: ModelConfig, vocabulary_size: int, on_cpu: bool) -> keras_networks.Network:
        def make(config, size, seeds, policy, **_):
            return JudgeNetwork(config, size, seeds, policy, self.form, on_cpu)

        config = self.train_config
        return keras_networks.build(model, vocabulary_size, config.seed, config.precision, network_class=make)

    def _losses(
        self, rows: tf.Tensor, state: keras_networks.State, key: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor, keras_networks.State]:
        ids, positive = rows[:, :-1], rows[:, -1]
        logits = self.network(ids, key=key)  # [B]
        losses = tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(positive, tf.float32), logits)
        correct = tf.cast((logits > 0) == (positive > 0), tf.float32)
        columns = [tf.broadcast_to(one[:, None], tf.shape(ids)) for one in (losses, correct)]  # [B, L]
        return columns[0], columns[1], state

    def _counted(self, rows: tf.Tensor) -> tf.Tensor:
        last = tf.range(rows.shape[1] - 1) == rows.shape[1] - 2
        return tf.broadcast_to(last, (tf.shape(rows)[0], rows.shape[1] - 1))  # [B, L]


class SentimentTask(Task):
    """Texts in an order that is drawn anew for each pass through them; those that fill no batch wait for the next
    one. An epoch is one pass, or as many steps as the configuration says."""

    def __init__(self, config: RunConfig, data: Data) -> None:
        self._train, length = config.train, config.train.sequence_length
        self._rows = data.training.rows(data.words, length)
        self._size = min(config.train.batch_size, len(self._rows))
        self._whole = len(self._rows) // self._size  # batches of a pass
        self.steps_per_epoch = config.train.steps_per_epoch or self._whole
        read = (self._rows[:, :-1] > 0).sum()
        self.characters_per_step = round(config.train.batch_size * read / len(self._rows))  # words, here
        self.validation, self._test = (_evaluated(part, data, length) for part in (data.validation, data.test))
        step = max(1, len(self._rows) // _SAMPLED)
        self.sample = _evaluated(data.training.some(slice(None, None, step)), data, length)
        self._order: tuple[int, np.ndarray] = (-1, np.empty(0, int))  # of a pass

    def rows(self, step: int) -> np.ndarray:
        """Texts with their judgements: [B, L + 1]."""
        through, within = divmod(step, self._whole)
        if through != self._order[0]:
            self._order = through, np.random.default_rng([self._train.seed, through]).permutation(len(self._rows))
        return self._rows[self._order[1][within * self._size : (within + 1) * self._size]]

    def more_figures(self, learner: Learner) -> dict[str, float]:
        """The accuracy on the test set, which chooses nothing, and on texts that the network learned from."""
        test, known = (learner.evaluate(rows)[1] for rows in (self._test, self.sample))
        return {"test_accuracy": test, "training_accuracy": known}


@cache
def _learner_class(form: Form) -> type[JudgeLearner]:
    """The learner of a form: a class of its own, so that a warm process does not take one for another."""
    return type("JudgeLearner", (JudgeLearner,), {"form": form})


def build(config: RunConfig, data: Data, learners: Learners) -> tuple[Task, Learner]:
    """The task of a run, and a learner at its beginning."""
    form, V = Form.from_code(config.preset), data.words.ids_in_all
    learner = learners.learner(config, V, learner_class=_learner_class(form))
    table = network.first_vectors(form, config.train.seed, V) if data.table is None else data.table
    learner.network.embedding.assign(table)
    return SentimentTask(config, data), learner


def stock_network(form: Form, weights: dict[str, np.ndarray]) -> keras.Sequential:
    """The same network in Keras's own layers: ids [N, L], filled up with zeros -> probabilities [N, 1]."""
    model, record = form.model, form.record
    layers: list[keras.layers.Layer] = [
        keras.Input([None], dtype="int32"),
        keras.layers.Embedding(len(weights["embedding"]), model.embedding, mask_zero=form.masked),
    ]
    if not record.recurrent:
        layers.append(keras.layers.GlobalAveragePooling1D())
    for i in range(model.layers if record.recurrent else 0):
        gru = keras.layers.GRU(model.units, return_sequences=i < model.layers - 1)
        layers.append(keras.layers.Bidirectional(gru) if record.both_ways else gru)
    built = keras.Sequential([*layers, keras.layers.Dense(1, activation="sigmoid")])
    built.set_weights([weights[name] for name in network.shapes(form, 1)])
    return built


def write_keras(path: Path, form: Form, weights: dict[str, np.ndarray]) -> None:
    """A .keras file of `stock_network`."""
    stock_network(form, weights).save(path)


def _evaluated(texts: Texts, data: Data, length: int) -> ValidationRows:
    """Texts to be evaluated, each with one prediction that counts: in the last column."""
    rows = texts.rows(data.words, length)
    counts = np.zeros((len(rows), length), bool)
    counts[:, -1] = True
    # Texts are independent, so blocks of any of them give the standard error of the mean.
    blocks = np.arange(len(rows))[:, None] % batch_means.BLOCKS + np.zeros((1, length), int)
    return ValidationRows(rows, counts, blocks.astype(np.uint8))
