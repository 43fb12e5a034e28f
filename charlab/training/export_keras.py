"""A trained network as files that TensorFlow and Keras load without CharLab: .keras and SavedModel.

Needs TensorFlow, so a worker process runs it.
Names in shape comments: N samples, T characters, V ids, U units, S numbers in a sample's state.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from charlab.core import generation, kinds
from charlab.core.config import ModelConfig
from charlab.core.predictor import Weights
from charlab.core.vocab import Vocab
from charlab.errors import ModelError
from charlab.training import keras_networks

ALPHABET_MEMBER = "alphabet.json"  # in the .keras file: the characters in the order of their ids


def write_keras(path: Path, config: ModelConfig, vocab: Vocab, weights: Weights) -> None:
    """A .keras file of stock layers: ids [N, T] -> logits [N, T, V], from a zero state.

    A Transformer takes at most `context` characters. Dropout is not in it. The file also holds the alphabet, as
    alphabet.json. Raises ModelError for an n-gram model.
    """
    _refuse_counts(config, ".keras")
    _EXPORTS[config.kind].stock(config, len(vocab), weights).save(path)
    with zipfile.ZipFile(path, "a") as archive:  # Keras reads the members that it knows
        archive.writestr(ALPHABET_MEMBER, json.dumps(vocab.to_json()))


def write_saved_model(path: Path, config: ModelConfig, vocab: Vocab, weights: Weights) -> None:
    """A SavedModel with the functions of OneStep. Raises ModelError for an n-gram model."""
    _refuse_counts(config, "SavedModel")
    module = OneStep(config, vocab, weights)
    tf.saved_model.save(module, str(path), signatures={"serving_default": module.serve})


def _refuse_counts(config: ModelConfig, format_name: str) -> None:
    if not kinds.of(config).trained:
        raise ModelError(
            f"{kinds.of(config).described.capitalize()} has counts and no layers, so there is no {format_name} "
            "file of it. Export it as a model file (bundle) instead."
        )


# .keras: the network in stock layers, so that loading it needs no source of ours


def _recurrent(config: ModelConfig, vocabulary_size: int, weights: Weights) -> keras.Model:
    ids = keras.Input((None,), dtype="int32", name="ids")
    width = config.embedding or vocabulary_size  # one-hot input: a table of unit vectors
    table = keras.layers.Embedding(vocabulary_size, width, name="embedding", trainable=bool(config.embedding))
    x = table(ids)
    table.set_weights([weights.get("embedding", np.eye(vocabulary_size, dtype=np.float32))])
    for i in range(config.layers):
        layer = keras_networks.TWINS[config.kind].layer(config.units, return_sequences=True, name=f"layer_{i}")
        x = layer(x)
        layer.set_weights([weights[f"layer_{i}/{part}"] for part in ("kernel", "recurrent_kernel", "bias")])
    return keras.Model(ids, _dense(x, weights, "head", vocabulary_size))


def _transformer(config: ModelConfig, vocabulary_size: int, weights: Weights) -> keras.Model:
    D, H = config.units, config.heads
    ids = keras.Input((None,), dtype="int32", name="ids")
    places = keras.ops.cumsum(keras.ops.ones_like(ids), axis=1) - 1  # 0, 1, 2, ... in every row
    table = keras.layers.Embedding(vocabulary_size, D, name="embedding")
    positions = keras.layers.Embedding(config.context, D, name="position")
    x = table(ids) + positions(places)
    table.set_weights([weights["embedding"]])
    positions.set_weights([weights["position"]])
    for i in range(config.layers):
        name = f"block_{i}"
        attention = keras.layers.MultiHeadAttention(H, D // H, name=f"{name}_attention")
        normed = _norm(x, weights, f"{name}/norm_1")
        x = x + attention(normed, normed, use_causal_mask=True)
        kernels = np.split(weights[f"{name}/attention/kernel"], 3, axis=1)  # of query, key and value
        biases = np.split(weights[f"{name}/attention/bias"], 3)
        parts = []
        for kernel, bias in zip(kernels, biases, strict=True):
            parts += [kernel.reshape(D, H, D // H), bias.reshape(H, D // H)]
        projection = weights[f"{name}/projection/kernel"].reshape(H, D // H, D)
        attention.set_weights([*parts, projection, weights[f"{name}/projection/bias"]])
        wide = _dense(_norm(x, weights, f"{name}/norm_2"), weights, f"{name}/expand", 4 * D)
        x = x + _dense(keras.ops.gelu(wide, approximate=True), weights, f"{name}/contract", D)
    return keras.Model(ids, _dense(_norm(x, weights, "norm"), weights, "head", vocabulary_size))


def _dense(x: keras.KerasTensor, weights: Weights, name: str, units: int) -> keras.KerasTensor:
    layer = keras.layers.Dense(units, name=name.replace("/", "_"))
    result = layer(x)
    layer.set_weights([weights[f"{name}/kernel"], weights[f"{name}/bias"]])
    return result


def _norm(x: keras.KerasTensor, weights: Weights, name: str) -> keras.KerasTensor:
    layer = keras.layers.LayerNormalization(epsilon=1e-5, name=name.replace("/", "_"))
    result = layer(x)
    layer.set_weights([weights[f"{name}/scale"], weights[f"{name}/offset"]])
    return result


# SavedModel: strings and a state in, strings and a state out


class OneStep(tf.Module):
    """One character a call, after TensorFlow's tutorial “Text generation with an RNN”.

    `start(samples)` -> state [N, S]; `step(texts [N], state, temperature)` -> (next characters [N], state);
    `logits(texts [N], state)` -> (logits [N, V], state). Texts may be of any length: a seed text in the first
    call, the character returned in the next. An empty one is read as a line's end. Temperature 0 takes the most
    likely character; the unknown one is never chosen.

    A recurrent network's state is its hidden numbers. A Transformer's holds the ids that it can look back on and
    how many those are, and it reads them again at each step.
    """

    def __init__(self, config: ModelConfig, vocab: Vocab, weights: Weights) -> None:
        super().__init__()
        network = keras_networks.build(config, len(vocab))
        keras_networks.load_arrays(network, weights)
        self._weights = [variable.value for variable in network.variables]  # what is saved with the functions
        self._read = _EXPORTS[config.kind].reader(network)
        width, self._state_type = _EXPORTS[config.kind].state(config)
        self._unknown_id = vocab.unknown_id
        self._points, self._ids = _code_points(vocab)
        self._characters = tf.constant(vocab.alphabet)
        self._beginning = int(vocab.encode(generation.beginning(vocab))[0])
        texts, state = tf.TensorSpec([None], tf.string), tf.TensorSpec([None, width], self._state_type)
        temperature = tf.TensorSpec([], tf.float32)
        self._width = width
        function = partial(tf.function, autograph=False)  # nothing here branches on a tensor's value
        self.start = function(self._start, input_signature=[tf.TensorSpec([], tf.int32)])
        self.logits = function(self._logits, input_signature=[texts, state])
        self.step = function(self._step, input_signature=[texts, state, temperature])
        self.serve = function(
            self._serve,
            input_signature=[
                tf.TensorSpec([None], tf.string, "texts"),
                tf.TensorSpec([None, width], self._state_type, "state"),
                tf.TensorSpec([], tf.float32, "temperature"),
            ],
        )

    def _start(self, samples: tf.Tensor) -> tf.Tensor:
        return tf.zeros((samples, self._width), self._state_type)

    def _step(self, texts: tf.Tensor, state: tf.Tensor, temperature: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        logits, state = self._logits(texts, state)
        known = logits[:, : self._unknown_id]
        # Adding noise of this kind and taking the greatest is drawing from the softmax (Gumbel, 1954).
        noise = -tf.math.log(-tf.math.log(tf.random.uniform(tf.shape(known), 1e-20, 1.0)))
        noise = tf.where(temperature > 0, noise, tf.zeros_like(noise))
        chosen = tf.argmax(known + temperature * noise, axis=1)
        return tf.gather(self._characters, chosen), state

    def _serve(self, texts: tf.Tensor, state: tf.Tensor, temperature: tf.Tensor) -> dict[str, tf.Tensor]:
        characters, state = self._step(texts, state, temperature)
        return {"characters": characters, "state": state}

    def _logits(self, texts: tf.Tensor, state: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        ids, lengths = self._encode(texts)
        logits = tf.zeros((tf.shape(ids)[0], self._unknown_id + 1))

        def read_one(t: tf.Tensor, logits: tf.Tensor, state: tf.Tensor) -> tuple[tf.Tensor, ...]:
            new_logits, new_state = self._read(ids[:, t], state)
            goes_on = (t < lengths)[:, None]  # a shorter text waits for the longer ones
            return t + 1, tf.where(goes_on, new_logits, logits), tf.where(goes_on, new_state, state)

        shapes = [tf.TensorShape([]), tf.TensorShape([None, self._unknown_id + 1])]
        shapes.append(tf.TensorShape([None, self._width]))
        _, logits, state = tf.while_loop(
            lambda t, *_: t < tf.shape(ids)[1], read_one, [tf.constant(0), logits, state], shapes
        )
        return logits, state

    def _encode(self, texts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Texts [N] -> ids [N, T] and how many of them are a text's own [N]."""
        points = tf.strings.unicode_decode(texts, "UTF-8")
        lengths = tf.cast(points.row_lengths(), tf.int32)
        points = points.to_tensor()  # [N, T]
        places = tf.minimum(tf.searchsorted(self._points, tf.reshape(points, [-1])), len(self._points) - 1)
        places = tf.reshape(places, tf.shape(points))
        is_known = tf.equal(tf.gather(self._points, places), points)
        ids = tf.where(is_known, tf.gather(self._ids, places), self._unknown_id)
        first = tf.fill((tf.shape(ids)[0], 1), self._beginning)
        empty = tf.equal(lengths, 0)[:, None]
        ids = tf.where(empty, first, tf.concat([ids, first], axis=1))  # never without a column
        return ids, tf.maximum(lengths, 1)


def _code_points(vocab: Vocab) -> tuple[tf.Tensor, tf.Tensor]:
    """The code points that have an id, sorted, and their ids; capitals among them where they read as small."""
    characters = "".join(chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000)
    ids = vocab.encode(characters)
    known = np.flatnonzero(ids != vocab.unknown_id)
    points = np.array([ord(characters[place]) for place in known], np.int32)
    return tf.constant(points), tf.constant(ids[known].astype(np.int32))


def _recurrent_state(config: ModelConfig) -> tuple[int, tf.DType]:
    """How many numbers a sample's state has, and their type."""
    return config.layers * keras_networks.TWINS[config.kind].states * config.units, tf.float32


def _window_state(config: ModelConfig) -> tuple[int, tf.DType]:
    """The same for a Transformer: the ids that it can look back on, and how many they are."""
    return config.context + 1, tf.int32


def _recurrent_reader(network: keras_networks.Network):
    """ids [N], state [N, S] -> logits [N, V] and the state after it."""
    parts = len(network.start(1))

    def read(ids: tf.Tensor, state: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        logits, after = network(ids[:, None], tuple(tf.split(state, parts, axis=1)))
        return logits[:, 0], tf.concat(after, axis=1)

    return read


def _window_reader(network: keras_networks.Network):
    """The same for a Transformer, whose state is the ids read [N, context] and their number, side by side.

    Where all places are taken, the last half of the ids is kept, as in core/transformer.py.
    """
    context = network.config.context
    half = context // 2

    def read(ids: tf.Tensor, state: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        window, number = state[:, :-1], state[:, -1:]  # [N, context], [N, 1]
        kept = tf.pad(window[:, context - half :], [[0, 0], [0, context - half]])
        full = tf.equal(number, context)
        window, number = tf.where(full, kept, window), tf.where(full, half, number)
        window = tf.where(tf.equal(tf.range(context)[None], number), ids[:, None], window)
        logits, _ = network(tf.ensure_shape(window, (None, context)), ())  # [N, context, V]
        last = tf.gather(logits, number[:, 0], axis=1, batch_dims=1)  # [N, V]
        return last, tf.concat([window, number + 1], axis=1)

    return read


@dataclass(frozen=True)
class _Export:
    """How a kind of network is written."""

    stock: Callable[[ModelConfig, int, Weights], keras.Model]
    reader: Callable[[keras_networks.Network], Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]]
    state: Callable[[ModelConfig], tuple[int, tf.DType]]


_EXPORTS = {
    "gru": _Export(_recurrent, _recurrent_reader, _recurrent_state),
    "lstm": _Export(_recurrent, _recurrent_reader, _recurrent_state),
    "transformer": _Export(_transformer, _window_reader, _window_state),
}
