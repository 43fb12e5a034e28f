"""TensorFlow's tutorial "Text generation with an RNN": a model of stock Keras layers, trained with `fit`.

Embedding 256, a GRU of 1024, chunks of 100 characters shuffled in a buffer of 10,000, batches of 64, Adam at
0.001; `fit` until the time is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

# From rows of ids [W, L + 1] to the surprise of all but the first, -ln p [W, L]; the context; the steps taken.
Trained = tuple[Callable[[np.ndarray], np.ndarray], int, int]
_SAVING_SECONDS = 0.5
_ROWS_AT_ONCE = 64
_READS_BACK = 256  # a recurrent network has no fixed context; evaluated like ours


def train(ids: np.ndarray, vocabulary_size: int, seed: int, deadline: float, folder: Path) -> Trained:
    """Train on ids [n] until just before `deadline`, in seconds since 1970, by which the weights are saved."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.layers.Embedding(vocabulary_size, 256),
            keras.layers.GRU(1024, return_sequences=True),
            keras.layers.Dense(vocabulary_size),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(), loss, jit_compile=False)  # XLA makes a recurrent network slower
    chunks = tf.data.Dataset.from_tensor_slices(ids.astype(np.int32)).batch(101, drop_remainder=True)
    pairs = chunks.map(lambda chunk: (chunk[:-1], chunk[1:])).cache()
    feed = pairs.shuffle(10_000, seed=seed).batch(64, drop_remainder=True).prefetch(tf.data.AUTOTUNE)
    clock = _Clock(deadline - _SAVING_SECONDS)
    model.fit(feed, epochs=1_000_000, verbose=0, callbacks=[clock])
    model.save_weights(folder / "tutorial.weights.h5")

    def surprises(rows: np.ndarray) -> np.ndarray:
        parts = []
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            part = rows[first : first + _ROWS_AT_ONCE]
            logits = model(part[:, :-1])
            parts.append(tf.nn.sparse_softmax_cross_entropy_with_logits(part[:, 1:], logits).numpy())
        return np.concatenate(parts).astype(np.float64)

    return surprises, _READS_BACK, clock.steps


class _Clock(keras.callbacks.Callback):
    """Ends `fit` when another step as long as the last one would miss the deadline."""

    def __init__(self, deadline: float) -> None:
        super().__init__()
        self.deadline, self.steps, self._began = deadline, 0, 0.0

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        self._began = time.time()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self.steps += 1
        now = time.time()
        if now + (now - self._began) > self.deadline:
            self.model.stop_training = True
