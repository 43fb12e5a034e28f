"""Encoder and decoder in Keras's own layers, as the lecture puts them together: what a run's .keras file holds.

Names in shape comments: N dates, L characters written, V characters that can be written.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from charlab.core.config import ModelConfig
from charlab.labs.dates import network
from charlab.labs.dates.data import INPUT_IDS, OUTPUT_IDS, START, WRITTEN
from charlab.labs.dates.network import Version


def encoder_decoder(
    version: Version, read: int, given: int, written: int, embedding: int, units: int
) -> keras.Model:
    """Encoder and decoder in Keras's own layers, for any numbers of ids: those that are read, those that the
    decoder is given, and those that it may write. The lecture's general one has 100 of each, embeddings of 10 and
    LSTMs of 512: ids read [N, T] and ids before each character [N, L] -> probabilities [N, L, V]. With a repeated
    vector it takes only ids read."""
    layers = keras.layers
    x, before = keras.Input([None], dtype="int32"), keras.Input([None], dtype="int32")
    embedded = layers.Embedding(read, embedding, mask_zero=version.attends, name="encoder_embedding")(x)
    each = units // len(version.encoders)
    lstm: keras.layers.Layer = layers.LSTM(each, return_sequences=True, return_state=True, name="encoder")
    if version.reads_both_ways:
        lstm = layers.Bidirectional(lstm, name="encoder")
    seen, *states = lstm(embedded)
    hidden, cell = (states[i::2] for i in (0, 1))  # of each direction
    hidden, cell = (layers.Concatenate()(part) if len(part) > 1 else part[0] for part in (hidden, cell))
    decoder = layers.LSTM(units, return_sequences=True, name="decoder")
    if version.repeats:
        output = decoder(layers.RepeatVector(WRITTEN)(hidden))
    else:
        table = layers.Embedding(given, embedding, name="decoder_embedding")
        output = decoder(table(before), initial_state=[hidden, cell])
    if version.attends:
        context = layers.Attention(score_mode="dot")([output, seen])
        joined = layers.Concatenate()([context, output])
        output = layers.Dense(units, activation="tanh", use_bias=False, name="combine")(joined)
    probabilities = layers.Dense(written, activation="softmax", name="head")(output)
    return keras.Model(x if version.repeats else [x, before], probabilities)


def stock_network(version: Version, model: ModelConfig, weights: dict[str, np.ndarray]) -> keras.Model:
    """A trained translator in Keras's own layers: `encoder_decoder` with the weights of a run."""
    stock = encoder_decoder(version, INPUT_IDS, START + 1, OUTPUT_IDS, model.embedding, model.units)
    for layer in stock.layers:
        if layer.weights:
            layer.set_weights([weights[name] for name in _names(layer.name, version, weights)])
    return stock


def _names(layer: str, version: Version, weights: dict[str, np.ndarray]) -> list[str]:
    """The names of the weights that a layer of `encoder_decoder` has, in Keras's order."""
    if layer.endswith("_embedding"):
        return [layer.replace("_", "/")]
    parts = version.encoders if layer == "encoder" else (layer,)
    kinds = ("kernel", "recurrent_kernel", "bias")
    return [name for part in parts for kind in kinds if (name := f"{part}/{kind}") in weights]


def write_keras(path: Path, model: ModelConfig, weights: dict[str, np.ndarray]) -> None:
    """A .keras file of `stock_network`."""
    stock_network(network.version_of(model, weights), model, weights).save(path)
