"""How others generate text with Keras and TensorFlow, by their published recipes: `writer(way, ...)` makes one.

Weights are random, because speed does not depend on them. Only ModelConfig is shared with this project.
Names in shape comments: N samples, V ids, D embedding width, H heads, P positions in the cache.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import keras
import numpy as np
import tensorflow as tf

from charlab.core.config import ModelConfig

TEMPERATURE = 1.0
State = tuple[tf.Tensor, ...]


def writer(way: str, config: ModelConfig, vocabulary_size: int, samples: int, length: int) -> Callable[[], int]:
    """A function that generates text and returns the number of characters; the last id is never generated."""
    if way == "predict":
        return _predict_loop(config, vocabulary_size, samples)
    network = GptStep if config.kind == "transformer" else RecurrentStep
    step = network(config, vocabulary_size, samples)
    mask = tf.one_hot(vocabulary_size - 1, vocabulary_size, on_value=-np.inf, off_value=0.0)  # [V]
    return {"onestep": _one_step, "xla": _xla_loop}[way](step, mask, samples, length)


def layer(config: ModelConfig, **settings) -> keras.layers.Layer:
    kind = {"gru": keras.layers.GRU, "lstm": keras.layers.LSTM}[config.kind]
    return kind(config.units, return_sequences=True, **settings)


# (a) The Cloud TPU notebook: a stateful model, `predict` for each character, sampling in NumPy


def _predict_loop(config: ModelConfig, vocabulary_size: int, samples: int) -> Callable[[], int]:
    choose = np.random.default_rng(1).choice
    characters = 20  # every character takes the same time

    def chosen(probabilities: np.ndarray) -> np.ndarray:
        wide = probabilities.astype(np.float64)
        wide /= wide.sum(axis=1, keepdims=True)
        return np.array([choose(vocabulary_size, p=row) for row in wide], np.int32)

    if config.kind == "transformer":  # as Keras's own example of a small GPT: the padded window, every time
        gpt = windowed_gpt(config, vocabulary_size)

        def write() -> int:
            ids = np.zeros((samples, config.context), np.int32)
            for place in range(characters):
                probabilities = keras.ops.softmax(gpt.predict(ids, verbose=0)[:, place]).numpy()
                ids[:, place + 1] = chosen(probabilities)
            return characters * samples

        return write
    model = keras.Sequential([keras.Input(batch_shape=(samples, 1), dtype="int32")])
    model.add(keras.layers.Embedding(vocabulary_size, config.embedding))
    for _ in range(config.layers):
        model.add(layer(config, stateful=True))
    model.add(keras.layers.Dense(vocabulary_size, activation="softmax"))

    def write() -> int:
        ids = np.zeros((samples, 1), np.int32)
        for _ in range(characters):
            ids = chosen(model.predict(ids, verbose=0)[:, 0])[:, None]
        return characters * samples

    return write


# (b) The TensorFlow tutorial's OneStep: a tf.function for each character, called in a Python loop


def _one_step(step: RecurrentStep | GptStep, mask: tf.Tensor, samples: int, length: int) -> Callable[[], int]:
    @tf.function
    def one_step(ids: tf.Tensor, state: State) -> tuple[tf.Tensor, State]:
        logits, state = step(ids, state)
        return tf.random.categorical(logits / TEMPERATURE + mask, 1, dtype=tf.int32)[:, 0], state

    def write() -> int:
        ids, state, written = tf.zeros(samples, tf.int32), step.start(), []
        for _ in range(length):
            ids, state = one_step(ids, state)
            written.append(ids)
        return tf.stack(written, 1).numpy().size

    return write


# (c) The same inside one tf.while_loop that XLA compiles


def _xla_loop(step: RecurrentStep | GptStep, mask: tf.Tensor, samples: int, length: int) -> Callable[[], int]:
    step.in_loop = True

    @tf.function(jit_compile=True)
    def write_all(ids: tf.Tensor, state: State) -> tf.Tensor:
        written = tf.TensorArray(tf.int32, length, element_shape=(samples,))

        def body(place: tf.Tensor, ids: tf.Tensor, state: State, written: tf.TensorArray):
            logits, state = step(ids, state)
            ids = tf.random.categorical(logits / TEMPERATURE + mask, 1, dtype=tf.int32)[:, 0]
            return place + 1, ids, state, written.write(place, ids)

        loop = tf.while_loop(
            lambda place, *_: place < length, body, (0, ids, state, written), maximum_iterations=length
        )
        return loop[3].stack()  # [length, N]

    return lambda: write_all(tf.zeros(samples, tf.int32), step.start()).numpy().size


class RecurrentStep:
    """One character through embedding, recurrent layers and head: ids [N], state -> logits [N, V], state."""

    in_loop = False  # inside a compiled loop the bare cell is fastest; outside it the tutorial calls the layer

    def __init__(self, config: ModelConfig, vocabulary_size: int, samples: int) -> None:
        self.embedding = keras.layers.Embedding(vocabulary_size, config.embedding)
        self.layers = [layer(config, return_state=True) for _ in range(config.layers)]
        self.head = keras.layers.Dense(vocabulary_size)
        self._shape, self._each = (samples, config.units), 2 if config.kind == "lstm" else 1
        self(tf.zeros(samples, tf.int32), self.start())  # builds the layers

    def start(self) -> State:
        return tuple(tf.zeros(self._shape) for _ in range(self._each * len(self.layers)))

    def __call__(self, ids: tf.Tensor, state: State) -> tuple[tf.Tensor, State]:
        x, after = self.embedding(ids), []  # [N, D]
        for i, recurrent in enumerate(self.layers):
            before = list(state[self._each * i : self._each * (i + 1)])
            if self.in_loop:
                x, own = recurrent.cell(x, before)
            else:
                sequence, *own = recurrent(x[:, None], initial_state=before)
                x = sequence[:, 0]
            after += own
        return self.head(x), tuple(after)


# A small GPT: pre-norm blocks, learned positions


class GptStep:
    """One character through a small GPT that caches keys and values: ids [N], state -> logits [N, V], state."""

    in_loop = False

    def __init__(self, config: ModelConfig, vocabulary_size: int, samples: int) -> None:
        D, self.heads, self.config = config.units, config.heads, config
        self.characters = keras.layers.Embedding(vocabulary_size, D)
        self.places = keras.layers.Embedding(config.context, D)
        names = {"attention": 3 * D, "projection": D, "expand": 4 * D, "contract": D}
        self.blocks = [
            {name: keras.layers.Dense(width) for name, width in names.items()}
            | {name: keras.layers.LayerNormalization(epsilon=1e-5) for name in ("norm_1", "norm_2")}
            for _ in range(config.layers)
        ]
        self.norm, self.head = keras.layers.LayerNormalization(epsilon=1e-5), keras.layers.Dense(vocabulary_size)
        self.samples = samples
        self(tf.zeros(samples, tf.int32), self.start())  # builds the layers

    def start(self) -> State:
        config = self.config
        shape = (config.context, self.samples, self.heads, config.units // self.heads)  # [P, N, H, D / H]
        return (tf.constant(0), *(tf.zeros(shape) for _ in range(2 * config.layers)))

    def __call__(self, ids: tf.Tensor, state: State) -> tuple[tf.Tensor, State]:
        place, *caches = state
        x, after = self.characters(ids) + self.places(place), []  # [N, D]
        for block, keys, values in zip(self.blocks, caches[::2], caches[1::2], strict=True):
            split = tf.reshape(block["attention"](block["norm_1"](x)), (self.samples, 3, self.heads, -1))
            keys = tf.tensor_scatter_nd_update(keys, [[place]], split[None, :, 1])
            values = tf.tensor_scatter_nd_update(values, [[place]], split[None, :, 2])
            scores = tf.einsum("nhd,pnhd->nhp", split[:, 0], keys) / sqrt(split.shape[-1])
            scores = tf.where(tf.range(self.config.context) <= place, scores, -np.inf)
            seen = tf.einsum("nhp,pnhd->nhd", tf.nn.softmax(scores), values)
            x += block["projection"](tf.reshape(seen, (self.samples, -1)))
            x += block["contract"](keras.activations.gelu(block["expand"](block["norm_2"](x))))
            after += [keys, values]
        return self.head(self.norm(x)), (place + 1, *after)


def windowed_gpt(config: ModelConfig, vocabulary_size: int) -> keras.Model:
    """A small GPT of stock layers over whole windows: ids [N, context] -> logits [N, context, V]."""
    D = config.units
    ids = keras.Input((config.context,), dtype="int32")
    places = keras.layers.Embedding(config.context, D)(keras.ops.arange(config.context))
    x = keras.layers.Embedding(vocabulary_size, D)(ids) + places
    for _ in range(config.layers):
        normed = keras.layers.LayerNormalization(epsilon=1e-5)(x)
        x = x + keras.layers.MultiHeadAttention(config.heads, D // config.heads)(
            normed, normed, use_causal_mask=True
        )
        normed = keras.layers.LayerNormalization(epsilon=1e-5)(x)
        x = x + keras.layers.Dense(D)(keras.layers.Dense(4 * D, activation="gelu")(normed))
    return keras.Model(ids, keras.layers.Dense(vocabulary_size)(keras.layers.LayerNormalization(epsilon=1e-5)(x)))
