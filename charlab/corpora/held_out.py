"""Measures of a validation set before training: how far it differs from the rest, how much of it is copied.

And whether the text is a list. Each takes a few tenths of a second for a text of a million characters.
Names in shape comments: T characters of a text, V ids.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass

import numpy as np

from charlab.core.vocab import Vocab
from charlab.corpora.splits import Division
from charlab.corpora.suffix_array import covered

PASSAGE = 50  # characters that count as copied where all of them occur in the training part
_ORDER, _FOLDS = 3, 10
_MOST = 200_000  # characters that are counted
_PIECE = 1_000  # characters in a row of these, at most
_MOST_SEARCHED = (2_000_000, 20_000_000)  # characters of the validation part, and of the training part
_AT_ONCE, _TABLE_BITS = 1 << 16, 22
_LIST_CHARACTERS, _LIST_LINES, _LINE_LENGTH = 200_000, 40, 120


@dataclass(frozen=True)
class Difference:
    """Bits per character of trigram counts: on parts of the training part, counted without them, and on the
    validation part. Standard errors are NaN where they are unknown."""

    rest: float
    held_out: float
    rest_error: float
    held_out_error: float

    @property
    def standard_error(self) -> float:
        """Of the gap."""
        return math.hypot(self.rest_error, self.held_out_error)

    @property
    def gap(self) -> float:
        """By how many bits per character the validation part is harder to predict than the rest."""
        return self.held_out - self.rest


def difference(division: Division, V: int) -> Difference:
    """How much harder the validation part is to predict than a part of the rest, by trigrams (Witten-Bell).

    Pieces of the text, spread evenly, are dealt to ten folds; each fold is predicted from the counts of the other
    nine, the validation part from those of all ten. Of a long text 300,000 characters are used.
    """
    training, validation = division.training, division.validation
    length = min(_PIECE, max(20, len(training) // 200))
    share = min(1.0, _MOST / len(division.ids))
    parts = [_spread(part, length, share) for part in (training, validation)]
    folds = np.arange(len(parts[0])) // length % _FOLDS
    groups = np.concatenate([folds, np.full(len(parts[1]), _FOLDS)])
    bits = _bits(np.concatenate(parts), groups, V)
    known, new = bits[groups < _FOLDS], bits[groups == _FOLDS]
    errors = _standard_error(known, length), _standard_error(new, length)
    return Difference(float(known.mean()), float(new.mean()), *errors)


def copied_share(division: Division) -> float:
    """The share of the validation part in passages of at least PASSAGE characters that occur in the training part.

    Passages are compared by hashes of 64 bits. Only the beginning of each part is searched where it is longer than
    _MOST_SEARCHED.
    """
    validation, training = (
        part[:most] for part, most in zip((division.validation, division.training), _MOST_SEARCHED, strict=True)
    )
    wanted = _hashes(validation)
    shift = np.uint64(64 - _TABLE_BITS)
    may_occur = np.zeros(1 << _TABLE_BITS, bool)
    may_occur[wanted >> shift] = True
    found = []
    for first in range(0, len(training), _AT_ONCE):
        hashes = _hashes(training[first : first + _AT_ONCE + PASSAGE - 1])
        found.append(hashes[may_occur[hashes >> shift]])  # few, so that they can be sorted
    known = np.sort(np.concatenate([*found, [np.uint64(0)]]))
    is_known = known[np.minimum(np.searchsorted(known, wanted), len(known) - 1)] == wanted  # faster than np.isin
    lengths = np.zeros(len(validation), np.int64)
    lengths[: len(wanted)] = np.where(is_known, PASSAGE, 0)
    return float(covered(lengths, PASSAGE).mean())


def is_list(ids: np.ndarray, vocab: Vocab) -> bool:
    """Whether a text, ids [T], looks like a list: many short lines, most of them unique, that begin and end alike.

    Verse, plays and programs have blank or indented lines, or lines that end in different ways; prose in lines of
    equal length begins them in different ways.
    """
    lines = vocab.decode(ids[:_LIST_CHARACTERS]).split("\n")
    if len(ids) > _LIST_CHARACTERS:
        lines.pop()  # cut off
    filled = [line for line in lines if line.strip()]
    if len(filled) < _LIST_LINES or len(filled) < 0.97 * (len(lines) - 1):
        return False
    lengths = np.array([len(line) for line in filled])
    is_short, differ = np.quantile(lengths, 0.9) <= _LINE_LENGTH, len(set(filled)) >= 0.9 * len(filled)
    kinds = (
        [line[0].isspace() for line in filled],
        [line[0].islower() for line in filled],
        [unicodedata.category(line.rstrip()[-1])[0] == "P" for line in filled],
    )
    shares = [float(np.mean(kind)) for kind in kinds]
    return bool(is_short and differ and shares[0] < 0.05 and all(min(s, 1 - s) < 0.1 for s in shares[1:]))


def _spread(ids: np.ndarray, length: int, share: float) -> np.ndarray:
    """About a share of ids [T]: pieces of `length`, spread evenly over them."""
    pieces = len(ids) // length
    wanted = math.ceil(share * pieces)
    if wanted >= pieces:
        return ids
    return np.concatenate([ids[start : start + length] for start in np.arange(wanted) * pieces // wanted * length])


def _bits(ids: np.ndarray, groups: np.ndarray, V: int) -> np.ndarray:
    """The surprise at each of ids [T] in bits, from the counts of all groups but its own: [T].

    The last group is not counted. n-grams are numbered, so that counts are arrays: an n-gram is the number of its
    context, the n-gram one shorter that ends before it, and its last character.
    """
    levels, number, contexts = [], np.zeros(len(ids), np.int64), 1
    for _ in range(_ORDER):
        context = np.concatenate([[0], number[:-1]])
        distinct, number = np.unique(context * V + ids, return_inverse=True)
        counts = np.bincount(number[groups < _FOLDS], minlength=len(distinct))
        levels.append((number, counts, distinct // V, context, contexts))
        contexts = len(distinct)
    result = np.zeros(len(ids))
    for group in range(_FOLDS + 1):
        here = np.flatnonzero(groups == group)
        p = np.full(len(here), 1.0 / V)
        for number, counts, context_of, context, contexts in levels:
            if group < _FOLDS:
                counts = counts - np.bincount(number[here], minlength=len(counts))  # noqa: PLW2901
            total = np.bincount(context_of, counts, contexts)[context[here]]
            different = np.bincount(context_of, counts > 0, contexts)[context[here]]
            p = (counts[number[here]] + different * p) / np.maximum(total + different, 1) + (total == 0) * p
        result[here] = -np.log2(p)
    return result


def _standard_error(bits: np.ndarray, length: int) -> float:
    """Of the mean of bits [T], from the means of pieces of `length`: neighbouring characters are alike."""
    pieces = len(bits) // length
    if pieces < 2:
        return math.nan
    means = bits[: pieces * length].reshape(pieces, length).mean(axis=1)
    return float(means.std(ddof=1) / math.sqrt(pieces))


def _hashes(ids: np.ndarray) -> np.ndarray:
    """A number for each passage of PASSAGE of ids [T]: polynomials modulo 2^64, by doubling; [T - PASSAGE + 1]."""
    part = (ids.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    base, length = np.array([0xBF58476D1CE4E5B9], np.uint64), 1
    result, done = np.zeros(len(ids) + 1, np.uint64), 0
    while True:
        if PASSAGE & length:
            size = max(0, len(ids) - done - length + 1)
            result = result[:size] * base + part[done : done + size]
            done += length
        if done == PASSAGE:
            return result
        part = part[:-length] * base + part[length:]
        base, length = base * base, 2 * length
