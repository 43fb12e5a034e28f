"""The judge of reviews in NumPy: word vectors, then a mean of them or GRUs that read them, then one number.

A text may be filled up with zeros to a longer one. With masking the network stops at the last word; without, it
reads the zeros as a word of their own, as often as there are some.
Names in shape comments: N texts, L words of the longest, V ids, D numbers of a word vector, U units.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from charlab.core.ops import sigmoid
from charlab.core.recurrent import plain_gru_step
from charlab.errors import ConfigError, ModelError
from charlab.labs.sentiment import words
from charlab.labs.sentiment.forms import Form
from charlab.labs.sentiment.words import Words

MOST_WORDS = 120  # of a text that is typed


def shapes(form: Form, V: int) -> dict[str, tuple[int, ...]]:
    """Every weight by name, with its shape."""
    model, record = form.model, form.record
    U, D = model.units, model.embedding
    found: dict[str, tuple[int, ...]] = {"embedding": (V, D)}
    for prefix in _directions(form):
        for i in range(model.layers):
            found[f"{prefix}{i}/kernel"] = (U if i else D, 3 * U)
            found[f"{prefix}{i}/recurrent_kernel"] = (U, 3 * U)
            found[f"{prefix}{i}/bias"] = (2, 3 * U)
    width = U * (2 if record.both_ways else 1) if record.recurrent else D
    return found | {"head/kernel": (width, 1), "head/bias": (1,)}


def parameter_count(form: Form, V: int = 1 + words.KNOWN + words.BUCKETS) -> int:
    """How many numbers the network has: 1,606,401 in the lecture's."""
    return sum(math.prod(shape) for shape in shapes(form, V).values())


def first_vectors(form: Form, seed: int, V: int) -> np.ndarray:
    """The word vectors before training [V, D], drawn from the run's seed."""
    limit = form.train.embedding_range
    return np.random.default_rng([seed, 18]).uniform(-limit, limit, (V, form.model.embedding)).astype(np.float32)


@dataclass(frozen=True)
class Judgement:
    """What the judge makes of one text, word by word.

    `after` [T] is the probability that the text is positive if it ended after each word. `contributions` [T] say
    by how much the whole text's probability falls where one word is left out (leave-one-out): negative for words
    that speak against the text. `hidden` [T, U] is the state that the last layer has after each word; of a mean,
    the mean so far.
    """

    words: tuple[str, ...]
    after: np.ndarray
    contributions: np.ndarray
    hidden: np.ndarray

    @property
    def verdict(self) -> float:
        """The probability after the last word."""
        return float(self.after[-1])


class Judge:
    """A trained network with its vocabulary. Raises ModelError where weights are missing, or have other shapes."""

    def __init__(self, form: Form, weights: dict[str, np.ndarray], vocabulary: Words) -> None:
        wanted = shapes(form, vocabulary.ids_in_all)
        received = {name: array.shape for name, array in weights.items()}
        if wrong := sorted(name for name in wanted | received if wanted.get(name) != received.get(name)):
            name = wrong[0]
            raise ModelError(
                f"The weights do not fit the lab's network: {name!r} should be {wanted.get(name, 'absent')}. "
                f"Received: {received.get(name, 'nothing')}."
            )
        self.form, self.words, self.weights = form, vocabulary, weights
        self.length = form.train.sequence_length  # words that a text is filled up to in training

    def judge(self, text: str) -> Judgement:
        """Read one text. Raises ConfigError where it has no words, or too many."""
        found = check(text)
        ids = self.words.ids([found], len(found))[0]
        beginnings = [ids[: end + 1] for end in range(len(ids))]
        without = [np.delete(ids, place) for place in range(len(ids))] if len(ids) > 1 else []
        judged = self.probabilities([*beginnings, *without])
        after, left_out = judged[: len(ids)], judged[len(ids) :]
        contributions = after[-1] - left_out if without else np.zeros(1, np.float32)
        return Judgement(tuple(found), after, contributions, self._hidden(ids))

    def probabilities(self, texts: Sequence[np.ndarray]) -> np.ndarray:
        """The probability that each text, given as ids, is positive, [N]. Without masking each is filled up to the
        length that training had."""
        lengths = np.array([len(text) for text in texts])
        read = lengths if self.form.masked else np.maximum(lengths, self.length)
        rows = np.zeros((len(texts), max(1, read.max())), np.int32)
        for row, text in zip(rows, texts, strict=True):
            row[: len(text)] = text
        return sigmoid(self.logits(rows, read))

    def logits(self, rows: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """The network's output before the sigmoid, [N]: rows [N, L], of which the first `lengths` [N] are read."""
        ends = np.arange(len(rows)), np.maximum(lengths, 1) - 1
        summary = np.concatenate([states[ends] for states in self._states(rows, lengths)], axis=1)
        return (summary @ self.weights["head/kernel"] + self.weights["head/bias"])[:, 0]

    def after_padding(self, text: str, most: int) -> np.ndarray:
        """The probability where the padding is read as if it were words, after 0 to `most` zeros: [most + 1]."""
        found = check(text)
        lengths = len(found) + np.arange(most + 1)
        rows = np.repeat(self.words.ids([found], len(found) + most), most + 1, axis=0)
        return sigmoid(self.logits(rows, lengths))

    def _hidden(self, ids: np.ndarray) -> np.ndarray:
        """The states after each word of one text: ids [T] -> [T, U]. Of two GRUs, side by side, the second one has
        read from the end of the text to that word."""
        forward, *backward = self._states(ids[None], np.array([len(ids)]))
        return np.concatenate([forward[0], *(states[0, ::-1] for states in backward)], axis=1)

    def _states(self, rows: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
        """The states after each word that was read, [N, L, U]: of a mean, the mean so far; of two GRUs, those of
        the first one, then those of the second one in the order in which it reads."""
        x = self.weights["embedding"][rows]  # [N, L, D]
        if not self.form.record.recurrent:
            counts = np.arange(1, rows.shape[1] + 1, dtype=np.float32)
            return [np.cumsum(x, axis=1) / counts[:, None]]
        forward = self._read("layer_", x)
        if not self.form.record.both_ways:
            return [forward]
        order = np.arange(rows.shape[1])[None]
        turned = np.where(order < lengths[:, None], lengths[:, None] - 1 - order, order)  # the words, last first
        return [forward, self._read("backward_", np.take_along_axis(x, turned[..., None], axis=1))]

    def _read(self, prefix: str, x: np.ndarray) -> np.ndarray:
        """The states of the last layer after each word: x [N, L, D] -> [N, L, U]."""
        for i in range(self.form.model.layers):
            layer = [self.weights[f"{prefix}{i}/{part}"] for part in ("kernel", "recurrent_kernel", "bias")]
            hidden = np.zeros((len(x), self.form.model.units), np.float32)
            states = []
            for t in range(x.shape[1]):
                hidden = plain_gru_step(x[:, t], hidden, *layer)
                states.append(hidden)
            x = np.stack(states, axis=1)  # [N, L, U]
        return x


def check(text: str) -> list[str]:
    """The words of a text. Raises ConfigError where there are none, or too many."""
    found = words.split(text)
    if not found:
        raise ConfigError("There is no word to judge. Type a review, for example: a great film.")
    if len(found) > MOST_WORDS:
        raise ConfigError(f"A review may have at most {MOST_WORDS} words. Received: {len(found)}.")
    return found


def accuracy(judge: Judge, rows: np.ndarray) -> float:
    """The share of texts judged rightly, of rows of ids with the judgement at the end, [N, L + 1]."""
    ids, positive = rows[:, :-1], rows[:, -1] > 0
    read = np.full(len(ids), ids.shape[1]) if not judge.form.masked else (ids > 0).sum(1)
    return float(((judge.logits(ids, read) > 0) == positive).mean())


def plane(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vectors [n, D] on the plane in which they differ most (principal component analysis): [n, 2], and the share
    of the variance each axis has [2]."""
    centred = vectors - vectors.mean(0)
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
    shares = sizes**2 / max(float((sizes**2).sum()), 1e-12)
    signs = np.sign(axes[:2].sum(1, keepdims=True)) + (axes[:2].sum(1, keepdims=True) == 0)
    return centred @ (axes[:2] * signs).T, shares[:2]


def neighbours(vectors: np.ndarray, place: int, number: int) -> list[tuple[int, float]]:
    """The vectors that point most nearly where the one at `place` does: their places, and the cosine of the angle
    between both."""
    lengths = np.maximum(np.linalg.norm(vectors, axis=1), 1e-9)
    cosines = vectors @ vectors[place] / lengths / lengths[place]
    cosines[place] = -2.0
    best = np.argsort(-cosines)[:number]
    return [(int(one), float(cosines[one])) for one in best]


def _directions(form: Form) -> tuple[str, ...]:
    """How the weights of its GRUs are called, without the number of the layer."""
    if not form.record.recurrent:
        return ()
    return ("layer_", "backward_") if form.record.both_ways else ("layer_",)


def of_run(run: Any, weights_name: str) -> Judge:
    """The judge of a lab's run. Raises RunError, ConfigError or ModelError where it cannot be read."""
    form = Form.from_code(run.config().preset)
    return Judge(form, run.weights(weights_name), Words.read(run.path))
