"""Encoder and decoder translate dates, in plain Keras: CharLab's lab as one program.

It needs TensorFlow and nothing else. Run it:

    python this_file.py

It draws its dates, prints after each epoch how many of 2,000 others it writes without a fault, and then translates
a few.
"""

import os
import time
from datetime import date

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from keras import layers, ops

# Settings

REPEATS = False  # The decoder reads the encoder's last state at every step, and not what it has written.
SAMPLES = False  # In training it reads, more and more often, what it has written itself.
ATTENDS = True  # It looks back at all states of the encoder.
READS_BOTH_WAYS = False  # A second encoder reads the date from its end.
EMBEDDING = 32
UNITS = 128
EMBEDDING_RANGE = 0.5
EPOCHS = 3
MINUTES = None  # None is as long as the epochs take.
STEPS_PER_EPOCH = 0  # 0 is once through the dates.
BATCH_SIZE = 32
LEARNING_RATE = 0.003
BETA_1 = 0.9
BETA_2 = 0.999
CLIP_NORM = None
SEED = 1

# Dates

MONTHS = "January February March April May June July August September October November December".split()
READ = "".join(sorted(set("".join(MONTHS)))) + "0123456789, "  # their ids are 1 to 38; 0 fills up
WRITTEN = "0123456789-"  # their ids are 1 to 11
START = len(WRITTEN) + 1  # what the decoder reads first
LENGTH, STEPS = 18, 10  # characters of the longest date, and of one in ISO form


def draw(random, number):
    """Days of the years 1000 to 9999: ids in words [N, LENGTH], filled with zeros, and in ISO form [N, STEPS]."""
    days = random.integers(date(1000, 1, 1).toordinal(), date(9999, 12, 31).toordinal() + 1, size=number)
    days = [date.fromordinal(day) for day in days.tolist()]
    words = [f"{MONTHS[day.month - 1]} {day.day:02d}, {day.year:04d}" for day in days]
    return ids(words), np.array([[WRITTEN.index(c) + 1 for c in day.isoformat()] for day in days], np.int32)


def ids(texts):
    rows = np.zeros((len(texts), LENGTH), np.int32)
    for row, text in zip(rows, texts, strict=True):
        row[: len(text)] = [READ.index(character) + 1 for character in text]
    return rows


def given(isos):
    """What the decoder reads: START, and then each character before the one that it is to write."""
    return np.column_stack([np.full(len(isos), START, np.int32), isos[:, :-1]])


# Network


def embedding(number):
    initializer = keras.initializers.RandomUniform(-EMBEDDING_RANGE, EMBEDDING_RANGE)
    return layers.Embedding(number, EMBEDDING, embeddings_initializer=initializer)


class Sampler(layers.Layer):
    """A decoder that reads its own characters with the probability `share`, in training."""

    def __init__(self):
        super().__init__()
        self.table, self.cell = embedding(START + 1), layers.LSTMCell(UNITS)
        self.head = layers.Dense(len(WRITTEN) + 1, activation="softmax")
        self.share = self.add_weight(shape=(), initializer="zeros", trainable=False)
        self.random = keras.random.SeedGenerator(SEED)

    def call(self, before, hidden, cell, training=None):
        states, read, written = [hidden, cell], before[:, 0], []
        for step in range(STEPS):
            output, states = self.cell(self.table(read), states)
            written.append(self.head(output))
            if step + 1 < STEPS:
                read = before[:, step + 1]
                if training:
                    own = ops.cast(ops.argmax(written[-1][:, 1:], -1) + 1, "int32")
                    is_own = keras.random.uniform(ops.shape(own), seed=self.random) < self.share
                    read = ops.where(is_own, own, read)
        return ops.stack(written, 1)


def build():
    words, before = keras.Input([LENGTH], dtype="int32"), keras.Input([STEPS], dtype="int32")
    vectors = embedding(len(READ) + 1)(words)
    mask = ops.not_equal(words, 0) if ATTENDS else None
    encoder = layers.LSTM(UNITS // 2 if READS_BOTH_WAYS else UNITS, return_sequences=True, return_state=True)
    if READS_BOTH_WAYS:
        seen, *states = layers.Bidirectional(encoder)(vectors, mask=mask)
        hidden, cell = layers.Concatenate()(states[0::2]), layers.Concatenate()(states[1::2])
    else:
        seen, hidden, cell = encoder(vectors, mask=mask)
    if SAMPLES:
        sampler = Sampler()
        return keras.Model([words, before], sampler(before, hidden, cell)), sampler
    decoder = layers.LSTM(UNITS, return_sequences=True)
    if REPEATS:
        output = decoder(layers.RepeatVector(STEPS)(hidden))
    else:
        output = decoder(embedding(START + 1)(before), initial_state=[hidden, cell])
    if ATTENDS:
        context = layers.Attention(score_mode="dot")([output, seen], mask=[None, mask])
        output = layers.Dense(UNITS, activation="tanh", use_bias=False)(layers.Concatenate()([context, output]))
    probabilities = layers.Dense(len(WRITTEN) + 1, activation="softmax")(output)
    return keras.Model([words, before], probabilities), None


def write(network, words):
    """Greedy: each character is the most likely one after those before it, ids [N, STEPS]."""
    before = np.full((len(words), STEPS), START, np.int32)
    for step in range(STEPS):
        chosen = network.predict([words, before], batch_size=500, verbose=0)[:, step, 1:].argmax(-1) + 1
        if step + 1 < STEPS:
            before[:, step + 1] = chosen
    return np.column_stack([before[:, 1:], chosen])


# Training


class Budget(keras.callbacks.Callback):
    """Ends the training after so many minutes, counted from its first step."""

    def on_train_batch_end(self, batch, logs=None):
        self.began = getattr(self, "began", time.monotonic())
        if MINUTES and time.monotonic() - self.began >= 60 * MINUTES:
            self.model.stop_training = True


class Exact(keras.callbacks.Callback):
    """Lets the share of own characters rise over ten epochs, and says how many dates are exact after each one."""

    def __init__(self, sampler, validation):
        super().__init__()
        self.sampler, self.validation = sampler, validation

    def on_epoch_begin(self, epoch, logs=None):
        if self.sampler:
            self.sampler.share.assign(min(1.0, epoch / 10))

    def on_epoch_end(self, epoch, logs=None):
        words, isos = self.validation
        exact = (write(self.model, words) == isos).all(axis=1).mean()
        print(f"epoch {epoch + 1}: loss {logs['loss']:.4f}, {exact:.2%} of the dates exact", flush=True)


def main():
    keras.utils.set_random_seed(SEED)
    random = np.random.default_rng(SEED)
    (words, isos), validation = draw(random, 10_000), draw(random, 2_000)
    network, sampler = build()
    print(f"{sum(np.prod(weight.shape) for weight in network.trainable_weights):,} parameters")
    steps = EPOCHS * (STEPS_PER_EPOCH or len(words) // BATCH_SIZE + 1)
    schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    optimizer = keras.optimizers.Adam(schedule, beta_1=BETA_1, beta_2=BETA_2, global_clipnorm=CLIP_NORM or None)
    network.compile(optimizer, "sparse_categorical_crossentropy")
    network.fit(
        [words, given(isos)],
        isos,
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        steps_per_epoch=STEPS_PER_EPOCH or None,
        callbacks=[Exact(sampler, validation), Budget()],
        verbose=0,
    )
    for text in ("April 22, 2019", "July 14, 1789", "May 01, 2020"):
        print(text, "->", "".join(WRITTEN[i - 1] for i in write(network, ids([text]))[0]))


if __name__ == "__main__":
    main()
