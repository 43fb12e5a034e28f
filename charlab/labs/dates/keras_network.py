"""The translators of dates in Keras, for the training loop and for one compiled graph.

LSTMs read whole windows by training/bptt.py, as language models do; stock.py has the same in Keras's own layers.
Names in shape comments: B dates a batch, T characters read, L characters written, V characters that can be
written, E numbers of an embedding, U units.
"""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

from charlab.core.config import ModelConfig
from charlab.labs.dates import network
from charlab.labs.dates.data import INPUT_IDS, LENGTH, START, WRITTEN
from charlab.labs.dates.network import BACKWARD, Version
from charlab.training import bptt, keras_networks

_CLOSED = 1e4  # the sum inside a gate that opens it altogether; with a minus it closes it


class DateNetwork(keras_networks.Network):
    """Encoder and decoder: rows [B, T + L ...] of ids -> logits [B, L, V]."""

    def __init__(
        self,
        version: Version,
        config: ModelConfig,
        vocabulary_size: int,
        seeds: Iterator[int],
        policy: keras.DTypePolicy,
        use_manual_bptt: bool,
        embedding_range: float,
    ) -> None:
        super().__init__(config, vocabulary_size, seeds, policy)
        self.version = version
        for name, shape in network.shapes(version, config).items():
            initializer = _initializer(name, next(seeds), embedding_range)
            weight = self.add_weight(shape=shape, initializer=initializer, name=_attribute(name))
            setattr(self, _attribute(name), weight)
        self.built = True

    def named(self) -> dict[str, keras.Variable]:
        return {name: getattr(self, _attribute(name)) for name in network.shapes(self.version, self.config)}

    def start(self, rows: int) -> keras_networks.State:
        """An empty tuple: rows are independent."""
        return ()

    def call(
        self, rows: tf.Tensor, state: keras_networks.State = (), key: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, keras_networks.State]:
        """Read dates [B, T] and write, each character after the right one before it: rows are the dates in words,
        [B, T], their ISO form [B, L], and in training with scheduled sampling 1 where the network is given what it
        has written itself, [B, L - 1]. A key means training."""
        encoded = self.encode(rows[:, :LENGTH])
        right = rows[:, LENGTH : LENGTH + WRITTEN]
        if key is not None and self.version.samples:
            return self._write(encoded, right, rows[:, LENGTH + WRITTEN :] > 0), ()
        _, _, hidden, cell = encoded
        if self.version.repeats:
            x = tf.tile((hidden @ self._weight("decoder/kernel"))[None], (WRITTEN, 1, 1))  # [L, B, 4U]
            hidden, cell = tf.zeros_like(hidden), tf.zeros_like(cell)
        else:
            given = tf.concat([tf.fill((rows.shape[0], 1), START), right[:, :-1]], 1)
            x = self._looked_up("decoder", given, START + 1)
        states, _, _ = self._lstm("decoder", x, hidden, cell)  # [L, B, U]
        return self._logits(self._attend(tf.transpose(states, (1, 0, 2)), encoded)), ()

    def greedy(self, ids: tf.Tensor) -> tf.Tensor:
        """Translate dates, ids [B, T] -> ids [B, L], each character the most likely one after those before it."""
        logits = self._write(self.encode(ids), None, None)
        return most_likely(logits)

    def encode(self, ids: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """Read ids [B, T] -> the states [B, T, U], where there are characters [B, T], and the last state and cell
        [B, U]. With attention padding changes nothing: its gates keep the cell as it is."""
        is_character = ids > 0
        is_last = is_character & ~tf.pad(is_character[:, 1:], [[0, 0], [0, 1]])
        parts = []
        for name in self.version.encoders:
            x = self._looked_up(name, ids, INPUT_IDS)  # [T, B, 4u]
            if self.version.attends:
                x = tf.where(tf.transpose(is_character)[:, :, None], x, _kept_as_it_is(x))
            x = x[::-1] if name == BACKWARD else x
            zeros = tf.zeros((ids.shape[0], x.shape[2] // 4), x.dtype)
            states, hidden, cell = self._lstm(name, x, zeros, zeros)
            if name == BACKWARD:
                states = states[::-1]
            elif self.version.attends:
                hidden = tf.einsum("bt,tbu->bu", tf.cast(is_last, states.dtype), states)
            parts.append((states, hidden, cell))
        states, hidden, cell = (tf.concat(part, -1) for part in zip(*parts, strict=True))
        return tf.transpose(states, (1, 0, 2)), is_character, hidden, cell

    def _write(
        self,
        encoded: tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor],
        right: tf.Tensor | None,
        is_own: tf.Tensor | None,
    ) -> tf.Tensor:
        """Write character by character, reading what was written: -> logits [B, L, V]. Where right characters
        [B, L] are given, they are read instead but where `is_own` [B, L - 1]."""
        _, _, hidden, cell = encoded
        given, logits = tf.fill(hidden.shape[:1], START), []
        repeated = hidden @ self._weight("decoder/kernel") if self.version.repeats else None
        if self.version.repeats:
            hidden, cell = tf.zeros_like(hidden), tf.zeros_like(cell)
        for position in range(WRITTEN):
            x = self._looked_up("decoder", given[:, None], START + 1)[0] if repeated is None else repeated
            hidden, cell = self._step(x, hidden, cell)
            logits.append(self._logits(self._attend(hidden[:, None], encoded))[:, 0])
            given = most_likely(logits[-1])
            if right is not None and is_own is not None and position + 1 < WRITTEN:
                given = tf.where(is_own[:, position], given, right[:, position])
        return tf.stack(logits, 1)

    def _attend(self, states: tf.Tensor, encoded: tuple[tf.Tensor, ...]) -> tf.Tensor:
        """What the head reads of the decoder's states [B, L, U]: with attention, joined with the context."""
        if not self.version.attends:
            return states
        seen, is_character = encoded[:2]
        scores = tf.matmul(states, seen, transpose_b=True)  # [B, L, T]
        scores = tf.where(is_character[:, None], scores, tf.cast(-_CLOSED, scores.dtype))
        context = tf.nn.softmax(scores) @ seen  # [B, L, U]
        return tf.tanh(tf.concat([context, states], -1) @ self._weight("combine/kernel"))

    def _logits(self, states: tf.Tensor) -> tf.Tensor:
        """The head: states [..., U] -> logits [..., V], float32 whatever the rest is."""
        kernel, bias = (tf.cast(self._weight(f"head/{part}"), tf.float32) for part in ("kernel", "bias"))
        return tf.cast(states, tf.float32) @ kernel + bias

    def _looked_up(self, name: str, ids: tf.Tensor, number: int) -> tf.Tensor:
        """What characters add to the sums inside an LSTM's gates: ids [B, T] -> [T, B, 4U]."""
        side = "decoder" if name == "decoder" else "encoder"
        table = self._weight(f"{side}/embedding") @ self._weight(f"{name}/kernel")
        return tf.one_hot(tf.transpose(ids), number, dtype=table.dtype) @ table

    def _lstm(
        self, name: str, x: tf.Tensor, hidden: tf.Tensor, cell: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        return bptt.lstm(x, hidden, cell, self._weight(f"{name}/recurrent_kernel"), self._weight(f"{name}/bias"))

    def _step(self, x: tf.Tensor, hidden: tf.Tensor, cell: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The decoder's LSTM over one character: what it adds x [B, 4U], state and cell before -> after [B, U]."""
        sums = x + hidden @ self._weight("decoder/recurrent_kernel") + self._weight("decoder/bias")
        enter, forget, candidate, leave = tf.split(sums, 4, 1)
        cell = tf.sigmoid(forget) * cell + tf.sigmoid(enter) * tf.tanh(candidate)
        return tf.sigmoid(leave) * tf.tanh(cell), cell

    def _weight(self, name: str) -> tf.Tensor:
        return tf.cast(getattr(self, _attribute(name)).value, self.compute_dtype)


def most_likely(logits: tf.Tensor) -> tf.Tensor:
    """The ids of the most likely characters: logits [..., V] -> [...]. Padding is none."""
    return tf.argmax(logits[..., 1:], -1, output_type=tf.int32) + 1


def _kept_as_it_is(x: tf.Tensor) -> tf.Tensor:
    """What closes an LSTM's input gate and opens its forget gate, so that its cell stays as it is: [1, 1, 4U]."""
    U = x.shape[2] // 4
    return tf.constant(np.repeat([-_CLOSED, _CLOSED, 0, 0], U)[None, None], x.dtype)


def _attribute(name: str) -> str:
    return "weight_" + name.replace("/", "_")


def _initializer(name: str, seed: int, embedding_range: float) -> keras.Initializer:
    """As Keras's layers begin; an LSTM's forget gates with a bias of 1 (Jozefowicz et al., 2015)."""
    layer, part = name.split("/")
    if part == "embedding":
        return keras.initializers.RandomUniform(-embedding_range, embedding_range, seed=seed)
    if part == "kernel":
        return keras.initializers.GlorotUniform(seed=seed)
    if part == "recurrent_kernel":
        return keras.initializers.Orthogonal(seed=seed)
    return keras.initializers.Zeros() if layer == "head" else _forgetting_little


def _forgetting_little(shape: tuple[int, ...], dtype: str | None = None) -> tf.Tensor:
    return tf.constant(np.repeat([0, 1, 0, 0], shape[0] // 4), dtype or "float32")
