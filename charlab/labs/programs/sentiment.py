"""A network that judges film reviews, in plain Keras: CharLab's lab as one program.

It needs TensorFlow and nothing else. Run it with the file of the texts, sentence_polarity.zip (Pang and Lee,
2005, CC BY 4.0) or aclImdb_v1.tar.gz (Maas et al., 2011), and where it begins with pretrained vectors, with
glove20k.npz:

    python this_file.py sentence_polarity.zip

It prints the accuracy on training and validation texts after each epoch, and at the end that on the test set.
"""

import os
import re
import sys
import tarfile
import time
import unicodedata
import zipfile
import zlib
from collections import Counter

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np

# Settings

RECURRENT = True  # A GRU reads the words in order; else their mean is judged.
BOTH_WAYS = False  # A second GRU reads the text from its end.
MASKED = True  # What fills up a row is not read.
GLOVE = False  # Word vectors are pretrained, and stay as they are.
LABELS = 0  # Texts to learn from, half of them positive; 0 is all.
LAYERS = 1
UNITS = 32
EMBEDDING = 32
DROPOUT = 0.5
LENGTH = 52  # words that are read of a text
EPOCHS = 4
MINUTES = None  # None is as long as the epochs take.
STEPS_PER_EPOCH = 0  # 0 is once through the texts.
BATCH_SIZE = 32
LEARNING_RATE = 0.0005
BETA_1 = 0.9
BETA_2 = 0.999
CLIP_NORM = None
SEED = 1

# Texts

KNOWN, BUCKETS = 10_000, 1_000  # words with an id of their own, and ids that all other words share


def split(text):
    """The words of a text, in small letters."""
    plain = unicodedata.normalize("NFC", text).replace("\u2019", "'").lower()
    return [word[:40] for word in re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", plain)]


def sentences(path):
    with zipfile.ZipFile(path) as archive:
        for name in ("pos", "neg"):
            for line in archive.read(f"sentence_polarity/rt-polarity.{name}").decode("utf-8").strip().split("\n"):
                yield "", line, name == "pos"


def reviews(path):
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            place = member.name.split("/")[1:]
            if len(place) == 3 and place[0] in ("train", "test") and place[1] in ("pos", "neg"):
                text = archive.extractfile(member).read().decode("utf-8", "replace")
                yield place[0], text.replace("<br />", " "), place[1] == "pos"


def shuffled(found):
    """Texts as words, and whether each is positive, in an order that is always the same."""
    found = [found[place] for place in np.random.default_rng(16).permutation(len(found))]
    return [(words, positive) for text, positive in found if (words := split(text))]


def parts(path):
    """Training, validation and test texts."""
    if path.endswith(".zip"):
        every = shuffled([(text, positive) for _, text, positive in sentences(path)])
        learned, test, held_out = every[:-2_000], every[-2_000:], 662
    else:
        every = list(reviews(path))
        learned, test = (
            shuffled([(text, positive) for part, text, positive in every if part == name])
            for name in ("train", "test")
        )
        held_out = 2_500
    training = learned[held_out:]
    if LABELS:
        random = np.random.default_rng(SEED)
        some = [[one for one in training if one[1] == positive] for positive in (True, False)]
        training = [one[i] for one in some for i in random.permutation(len(one))[: LABELS // 2]]
    return training, learned[:held_out], test, learned


def vocabulary(texts):
    """Words with an id, the most frequent first."""
    counts = Counter(word for words, _ in texts for word in words)
    return sorted(counts, key=lambda word: (-counts[word], word))


def rows(texts, ids):
    """Ids [N, LENGTH], filled up with zeros, and 1 for a positive text."""
    found = np.zeros((len(texts), LENGTH), np.int32)
    for row, (words, _) in zip(found, texts, strict=True):
        for i, word in enumerate(words[:LENGTH]):
            row[i] = ids.get(word) or 1 + len(ids) + zlib.crc32(word.encode("utf-8")) % BUCKETS
    return found, np.array([positive for _, positive in texts], np.float32)


# Network


def build(number, table):
    """`table` has the pretrained vectors of all ids, or is None."""
    x = ids = keras.Input([LENGTH], dtype="int32")
    initializer = (
        keras.initializers.RandomUniform(-0.05, 0.05) if table is None else keras.initializers.Constant(table)
    )
    size = EMBEDDING if table is None else table.shape[1]
    x = keras.layers.Embedding(number, size, initializer, mask_zero=MASKED, trainable=table is None)(x)
    if DROPOUT:
        x = keras.layers.SpatialDropout1D(DROPOUT)(x)
    if not RECURRENT:
        x = keras.layers.GlobalAveragePooling1D()(x)
    for layer in range(LAYERS if RECURRENT else 0):
        gru = keras.layers.GRU(UNITS, return_sequences=layer < LAYERS - 1)
        x = (keras.layers.Bidirectional(gru) if BOTH_WAYS else gru)(x)
    return keras.Model(ids, keras.layers.Dense(1, activation="sigmoid")(x))


# Training


class Budget(keras.callbacks.Callback):
    """Ends the training after so many minutes, counted from its first step."""

    def on_train_batch_end(self, batch, logs=None):
        self.began = getattr(self, "began", time.monotonic())
        if MINUTES and time.monotonic() - self.began >= 60 * MINUTES:
            self.model.stop_training = True


def main():
    if len(sys.argv) != 2 + GLOVE:
        sys.exit(__doc__)
    keras.utils.set_random_seed(SEED)
    training, validation, test, learned = parts(sys.argv[1])
    table = None
    if GLOVE:  # vectors of words need no labels: those of all texts are taken
        with np.load(sys.argv[2]) as arrays:
            vectors = dict(zip(arrays["words"].tolist(), arrays["vectors"].astype(np.float32), strict=True))
        known = [word for word in vocabulary(learned + test) if word in vectors][:KNOWN]
        table = np.zeros((1 + len(known) + BUCKETS, len(vectors[known[0]])), np.float32)
        table[1 : 1 + len(known)] = [vectors[word] for word in known]
    else:
        known = vocabulary(training)[:KNOWN]
    ids = {word: place for place, word in enumerate(known, start=1)}
    network = build(1 + len(known) + BUCKETS, table)
    print(f"{network.count_params():,} parameters")
    optimizer = keras.optimizers.Adam(
        LEARNING_RATE, beta_1=BETA_1, beta_2=BETA_2, global_clipnorm=CLIP_NORM or None
    )
    network.compile(optimizer, "binary_crossentropy", metrics=["accuracy"])
    passes = max(1, STEPS_PER_EPOCH * BATCH_SIZE // len(training))  # of an epoch
    network.fit(
        *rows(training * passes, ids),
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        validation_data=rows(validation, ids),
        callbacks=[Budget()],
        verbose=2,
    )
    print(f"Accuracy on the test set: {network.evaluate(*rows(test, ids), verbose=0)[1]:.1%}")


if __name__ == "__main__":
    main()
