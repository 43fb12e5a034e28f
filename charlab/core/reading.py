"""A predictor reads a text that exists already: step by step to explain it, or in windows to evaluate the model.

Bits are -log2 of a probability, nats are -ln. Names in shape comments: T characters of a text, V ids.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from charlab.core.predictor import Predictor
from charlab.core.vocab import Vocab
from charlab.errors import CharlabError

_WINDOWS_AT_ONCE = 64


@dataclass(frozen=True)
class Reading:
    """What a model expected after each character of a text.

    Nothing is known to follow the last character, so arrays about the actual next character have T - 1 entries.
    Where that is outside the alphabet, its probability, bits and rank are NaN.
    """

    text: str
    logits: np.ndarray  # [T, V]
    probabilities: np.ndarray  # [T, V] the model probabilities, over its whole alphabet
    next_ids: np.ndarray  # [T - 1]
    next_probabilities: np.ndarray  # [T - 1]
    bits: np.ndarray  # [T - 1] surprise at the actual next character
    ranks: np.ndarray  # [T - 1] 1 for the most likely
    entropies: np.ndarray  # [T] bits

    @property
    def mean_bits(self) -> float:
        """Mean surprise in bits per character; NaN where nothing could be predicted."""
        known = self.bits[~np.isnan(self.bits)]
        return float(known.mean()) if len(known) else float("nan")

    def share_within(self, rank: int) -> float:
        """The share of actual next characters among the model's `rank` most likely; NaN where none counts."""
        known = self.ranks[~np.isnan(self.ranks)]
        return float((known <= rank).mean()) if len(known) else float("nan")

    def most_surprising(self, number: int = 10) -> list[int]:
        """Positions of the characters that the model expected least, the greatest surprise first."""
        order = np.argsort(-np.nan_to_num(self.bits, nan=-1.0), kind="stable")[:number]
        return [int(t) + 1 for t in order if not np.isnan(self.bits[t])]


@dataclass(frozen=True)
class Evaluation:
    """A model's loss on a text, over the characters that its alphabet has."""

    loss_nats: float
    accuracy: float  # share of characters that were the model's most likely one
    characters: int  # how many were predicted
    unknown: int  # how many were left out because the alphabet lacks them
    losses: np.ndarray = field(repr=False, compare=False)  # [T - 1] nats, NaN where it is unknown

    @property
    def bits_per_character(self) -> float:
        """The loss in bits: nats / ln 2."""
        return self.loss_nats / float(np.log(2))


def explain(predictor: Predictor, vocab: Vocab, text: str) -> Reading:
    """Read a text from a zero state: what the model expected after each character."""
    if not text:
        raise CharlabError("There is no text to explain. Give at least one character.")
    ids = vocab.encode(text).astype(np.int64)
    state, rows = predictor.start(1), []
    for i in ids:
        row, state = predictor.step(np.array([i]), state)
        rows.append(row[0])
    logits = np.array(rows)
    log_probabilities = log_softmax(logits)
    probabilities = np.exp(log_probabilities)
    next_ids = ids[1:]
    places = np.arange(len(next_ids))
    known = next_ids != vocab.unknown_id
    actual = np.where(known, log_probabilities[places, next_ids], np.nan)
    greater = (logits[:-1] > logits[places, next_ids][:, None]).sum(axis=1)
    return Reading(
        text=vocab.split(text),
        logits=logits,
        probabilities=probabilities,
        next_ids=next_ids,
        next_probabilities=np.exp(actual),
        bits=-actual / np.log(2),
        ranks=np.where(known, 1.0 + greater, np.nan),
        entropies=-(probabilities * log_probabilities).sum(axis=1) / np.log(2),
    )


def running_mean(values: np.ndarray) -> np.ndarray:
    """The mean of all values up to each one, without those that are NaN: [N] -> [N]."""
    known = ~np.isnan(values)
    number = np.cumsum(known)
    return np.where(number > 0, np.cumsum(np.where(known, values, 0.0)) / np.maximum(number, 1), np.nan)


def evaluate(predictor: Predictor, vocab: Vocab, ids: np.ndarray, window: int = 256) -> Evaluation:
    """The loss of a model on ids [T]: the mean of -ln p over every character but the first, each predicted once.

    The text is read in windows of `window` characters that do not overlap, each from a zero state; the last may be
    shorter. `window` 0 reads the text as one stream. Unknown characters are read, but left out of the mean.
    Raises CharlabError where there is nothing to predict.
    """
    ids = np.asarray(ids)
    if len(ids) < 2:
        raise CharlabError("A text to evaluate on needs at least two characters.")
    inputs, targets = ids[:-1], ids[1:]
    window = window or len(inputs)
    starts = np.arange(0, len(inputs), window)
    loss, right, counted, losses = 0.0, 0, 0, np.full(len(inputs), np.nan, np.float32)
    for group in range(0, len(starts), _WINDOWS_AT_ONCE):
        first = starts[group : group + _WINDOWS_AT_ONCE]
        state = predictor.start(len(first))
        for t in range(min(window, len(inputs) - first[0])):
            places = np.minimum(first + t, len(inputs) - 1)
            logits, state = predictor.step(inputs[places].astype(np.int64), state)
            target = targets[places].astype(np.int64)
            counts = (first + t < len(inputs)) & (target != vocab.unknown_id)
            surprise = -log_softmax(logits)[np.arange(len(first)), target]
            loss += float(surprise[counts].sum())
            losses[places[counts]] = surprise[counts]
            right += int((logits.argmax(axis=1) == target)[counts].sum())
            counted += int(counts.sum())
    if not counted:
        raise CharlabError(
            "None of the text's characters is in the model's alphabet: there is nothing to evaluate."
        )
    return Evaluation(loss / counted, right / counted, counted, len(inputs) - counted, losses)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """ln of the softmax over the last axis, in double precision."""
    x = logits.astype(np.float64)
    x = x - x.max(axis=-1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))
