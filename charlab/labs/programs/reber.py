"""A GRU that judges strings of the embedded Reber grammar, in plain Keras: CharLab's lab as one program.

It needs TensorFlow and nothing else. Run it:

    python this_file.py

It draws its strings, prints loss and accuracy after each epoch, and then how well it tells strings that differ in
their last but one letter only: for these it has to remember the second.
"""

import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np

# Settings

EMBEDDING = 5
UNITS = 30
EPOCHS = 20
MINUTES = None  # None is as long as the epochs take.
STEPS_PER_EPOCH = 0  # 0 is once through the strings.
BATCH_SIZE = 32
LEARNING_RATE = 0.02
MOMENTUM = 0.95
SEED = 1

# Strings

LETTERS = "BEPSTVX"  # their ids are 1 to 7; 0 fills up
LENGTH = 47  # letters of the longest string
GRAPH = (  # Reber's: from each state two ways, a letter and the next state; 5 is the end
    (("T", 1), ("P", 2)),
    (("S", 1), ("X", 3)),
    (("T", 2), ("V", 4)),
    (("X", 2), ("S", 5)),
    (("P", 3), ("V", 5)),
)


def good_string(random):
    """B, then T or P, then B, a path through the graph and E, then the same T or P again, then E."""
    while True:
        frame, state, path = "TP"[random.integers(2)], 0, ""
        while state != 5 and len(path) <= LENGTH:
            letter, state = GRAPH[state][random.integers(2)]
            path += letter
        string = f"B{frame}B{path}E{frame}E"
        if state == 5 and len(string) <= LENGTH:
            return string


def is_good(string):
    if len(string) < 7 or string[0] + string[2] + string[-3] + string[-1] != "BBEE":
        return False
    state = 0
    for letter in string[3:-3]:
        state = dict(GRAPH[state]).get(letter, 6) if state < 5 else 6
    return state == 5 and string[1] == string[-2] and string[1] in "TP"


def corrupted_string(random):
    """A good string with one letter changed, so that it is no longer good."""
    string = good_string(random)
    while True:
        place, letter = random.integers(len(string)), LETTERS[random.integers(len(LETTERS))]
        bad = string[:place] + letter + string[place + 1 :]
        if not is_good(bad):
            return bad


def swapped(string):
    """T in place of P, or P in place of T, as the last but one letter."""
    return string[:-2] + {"T": "P", "P": "T"}[string[-2]] + string[-1]


def ids(strings):
    """[N, LENGTH], filled up with zeros."""
    rows = np.zeros((len(strings), LENGTH), np.int32)
    for row, string in zip(rows, strings, strict=True):
        row[: len(string)] = [LETTERS.index(letter) + 1 for letter in string]
    return rows


def half_and_half(random, number):
    """Ids of good and of corrupted strings, and 1 for the good ones."""
    strings = [good_string(random) for _ in range(number // 2)]
    strings += [corrupted_string(random) for _ in range(number - number // 2)]
    return ids(strings), (np.arange(number) < number // 2).astype(np.float32)


# Training


class Budget(keras.callbacks.Callback):
    """Ends the training after so many minutes, counted from its first step."""

    def on_train_batch_end(self, batch, logs=None):
        self.began = getattr(self, "began", time.monotonic())
        if MINUTES and time.monotonic() - self.began >= 60 * MINUTES:
            self.model.stop_training = True


def main():
    keras.utils.set_random_seed(SEED)
    random = np.random.default_rng(SEED)
    training, validation = half_and_half(random, 10_000), half_and_half(random, 2_000)
    network = keras.Sequential(
        [
            keras.Input([LENGTH], dtype="int32"),
            keras.layers.Embedding(len(LETTERS) + 1, EMBEDDING, mask_zero=True),
            keras.layers.GRU(UNITS),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    print(f"{network.count_params():,} parameters")
    optimizer = keras.optimizers.SGD(LEARNING_RATE, momentum=MOMENTUM, nesterov=True)
    network.compile(optimizer, "binary_crossentropy", metrics=["accuracy"], jit_compile=True)
    network.fit(
        *training,
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        steps_per_epoch=STEPS_PER_EPOCH or None,
        validation_data=validation,
        callbacks=[Budget()],
        verbose=2,
    )
    pairs = [good_string(random) for _ in range(1_000)]
    right = network.predict(ids(pairs), verbose=0) > 0.5
    wrong = network.predict(ids([swapped(string) for string in pairs]), verbose=0) > 0.5
    print(f"With the wrong last but one letter: right about {1 - wrong.mean():.1%}; without: {right.mean():.1%}")


if __name__ == "__main__":
    main()
