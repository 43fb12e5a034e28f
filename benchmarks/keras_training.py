"""The same networks trained with a bare Keras `fit`: from stock layers, except for the Transformer, where the
project's own network is faster.

The input pipeline is the cheapest possible: rows in memory, batched and prefetched by tf.data.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from charlab.core.config import ModelConfig, TrainConfig


def fitting(
    config: ModelConfig, train: TrainConfig, vocabulary_size: int, x: np.ndarray, y: np.ndarray
) -> Callable[[int], None]:
    """A function that trains for a number of steps on rows x and their targets y [rows, T]."""
    model = network(config, train, vocabulary_size)
    compile_for(model, train, jit=config.kind == "transformer")
    shape = (-1, train.batch_size, train.sequence_length)
    feed = tf.data.Dataset.from_tensor_slices((x.reshape(shape), y.reshape(shape))).repeat()
    feed = feed.prefetch(tf.data.AUTOTUNE)

    def work(steps: int) -> None:
        model.fit(feed, steps_per_epoch=steps, epochs=1, verbose=0)

    return work


def network(config: ModelConfig, train: TrainConfig, vocabulary_size: int) -> keras.Model:
    """Embedding or one-hot, recurrent layers, dense head; or the Transformer, as in training/keras_networks.py."""
    if config.kind == "transformer":
        return _Whole(config, vocabulary_size)
    ids = keras.Input(batch_shape=(train.batch_size, train.sequence_length), dtype="int32")
    if config.embedding:
        x = keras.layers.Embedding(vocabulary_size, config.embedding)(ids)
    else:
        x = keras.ops.one_hot(ids, vocabulary_size)
    kind = {"gru": keras.layers.GRU, "lstm": keras.layers.LSTM}[config.kind]
    for _ in range(config.layers):
        x = kind(
            config.units,
            return_sequences=True,
            stateful=train.batches == "streams",
            dropout=config.input_dropout,
            recurrent_dropout=config.recurrent_dropout,
        )(x)
    x = keras.layers.Dropout(config.output_dropout)(x) if config.output_dropout else x
    return keras.Model(ids, keras.layers.Dense(vocabulary_size)(x))


def compile_for(model: keras.Model, train: TrainConfig, jit: bool) -> None:
    """Compile with the recipe's optimizer, and with XLA where that is faster: for the Transformer only."""
    kind = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "muon": keras.optimizers.Muon,
        "rmsprop": keras.optimizers.RMSprop,
        "sgd": keras.optimizers.SGD,
    }[train.optimizer]
    settings = {"beta_1": train.beta_1, "beta_2": train.beta_2} if train.optimizer.startswith("adam") else {}
    if train.optimizer == "muon":
        settings = {"adam_beta_1": train.beta_1, "adam_beta_2": train.beta_2, "momentum": train.beta_1}
        settings |= {"adam_weight_decay": train.weight_decay, "exclude_layers": ["bias", "position", "head"]}
    if train.weight_decay:
        settings["weight_decay"] = train.weight_decay
    optimizer = kind(learning_rate=train.learning_rate, global_clipnorm=train.clip_norm, **settings)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, jit_compile=jit)


class _Whole(keras.Model):
    """charlab's own network in the form that `fit` expects: windows in, logits out."""

    def __init__(self, config: ModelConfig, vocabulary_size: int) -> None:
        super().__init__(name="whole")  # Keras would use the class's name, which TensorFlow refuses
        from charlab.training import keras_networks

        self.network = keras_networks.build(config, vocabulary_size)

    def call(self, ids: tf.Tensor) -> tf.Tensor:
        return self.network(ids, ())[0]
