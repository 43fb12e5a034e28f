"""What a validation set measures, in sentences before a run starts.

The figures come from corpora/held_out.py; a sentence says what is wrong and what to change.
"""

from __future__ import annotations

import math

import numpy as np

from charlab.core.config import TrainConfig
from charlab.core.vocab import Vocab
from charlab.corpora import held_out, splits
from charlab.corpora.splits import Division

FEW, VERY_FEW = 200, 50  # characters that are evaluated
# Bits per character by which trigrams tell the validation set from the rest; lines of a list that is in no order
# hardly differ at all. Parts of Tiny Shakespeare differ by 0.1 to 0.3, names in alphabetical order by 1.
_DIFFERS, _DIFFERS_IN_LIST = 0.6, 0.2
_STANDARD_ERRORS = 3
_COPIED = 0.2  # of the validation set


def findings(ids: np.ndarray, vocab: Vocab, train: TrainConfig) -> tuple[str, ...]:
    """Sentences on the validation set of a text, ids [T]: it differs from the rest, it is copied from it, it is
    short; and for a list that shuffled lines suit it. Raises CorpusError where the text cannot be split so."""
    division = splits.divide(ids, vocab, train)
    if division.start < 1:  # there is nothing to train on
        return ()
    is_list = held_out.is_list(ids, vocab)
    difference = held_out.difference(division, len(vocab))
    differs = _differs(difference, train, is_list)
    found = (differs, _is_copied(division), _is_short(division, vocab, difference.held_out_error))
    proposal = LIST_PROPOSAL if is_list and train.split != "lines" and not differs else ""
    return tuple(filter(None, (*found, proposal)))


LIST_PROPOSAL = (
    "The text looks like a list: many short lines, most of them unique. The split “lines” suits it (in the "
    "advanced settings, or with --set split=lines): it holds out whole lines from everywhere in the list."
)


def _differs(found: held_out.Difference, train: TrainConfig, is_list: bool) -> str:
    least = max(_DIFFERS_IN_LIST if is_list else _DIFFERS, _STANDARD_ERRORS * found.standard_error)
    if not abs(found.gap) >= least:  # NaN where the validation set is too short to tell
        return ""
    harder = found.gap > 0
    return (
        f"The validation set ({splits.described(train)}) differs from the rest of the text: a trigram model needs "
        f"{found.held_out:.2f} bits per character on it, and {found.rest:.2f} on other parts that it has "
        f"not seen. This makes the validation loss too {'high' if harder else 'low'} by about the difference. "
        + _advice(train, is_list)
    )


def _advice(train: TrainConfig, is_list: bool) -> str:
    if is_list and train.split != "lines":
        return f"Set the split to lines{_where('lines')}: it holds out whole lines from everywhere in the list."
    if train.split == "end":
        return f"Set the split to blocks{_where('blocks')}: it holds out parts from everywhere in the text."
    return "Remove from the text what is unlike the rest."


def _where(split: str) -> str:
    return f" (in the advanced settings, or with --set split={split})"


def _is_copied(division: Division) -> str:
    share = held_out.copied_share(division)
    if share < _COPIED:
        return ""
    return (
        f"{share:.0%} of the validation set is also in the training part, word for word (in passages of at least "
        f"{held_out.PASSAGE} characters). There the validation loss measures what the model has memorised. Remove "
        "repeated passages from the text."
    )


def _is_short(division: Division, vocab: Vocab, error: float) -> str:
    evaluated = int((division.validation[1:] != vocab.unknown_id).sum())
    if evaluated > FEW:
        return ""
    by = "" if math.isnan(error) else f", for a trigram model by ± {error:.2f} bits per character or more"
    means = "It says almost nothing about the model" if evaluated <= VERY_FEW else "Small differences mean nothing"
    return (
        f"The validation set has only {evaluated:,} characters to evaluate: the validation loss is uncertain{by}. "
        f"{means}. Use a longer text or a greater validation share."
    )
