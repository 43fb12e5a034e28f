"""What a run's loss is compared with: baselines without a network, over the same characters."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from charlab.core import ngram
from charlab.corpora import coverage, encoding, splits
from charlab.runs import models
from charlab.runs.diagnosis import NATS
from charlab.runs.store import RunConfig

Line = tuple[str, float]  # a name, and a loss in nats per character
_CHARACTERS = 50_000  # of the validation set


def depends_on(config: RunConfig) -> Hashable:
    """All of the configuration that `of` and what else is said of its validation set depend on."""
    model, train = config.model, config.train
    alphabet = (model.alphabet, model.alphabet_limit, model.lower_case)
    return config.corpus_sha256, *alphabet, train.split, train.validation_share


def of(config: RunConfig) -> list[Line]:
    """The baselines on the run's validation set, and the entropy of its source where it is known. Raises
    CorpusError where the text is not on this machine any more."""
    model = config.model
    text = models.training_text(config, download=False)
    vocab = encoding.make_vocab(text.text, model)
    ids, size = encoding.text_ids(text.text, vocab, model), len(vocab)
    division = splits.divide(ids, vocab, config.train)
    ids = division.ids
    if coverage.drops_unknown(model):  # the baselines choose among the characters that occur
        occurring, ids = np.unique(ids, return_inverse=True)
        size = len(occurring) + 1
    losses = ngram.baselines(ids[: division.start], ids[division.start :][:_CHARACTERS], size)
    names = ["uniform baseline", "unigram baseline", "bigram baseline", "trigram baseline"]
    lines = list(zip(names, losses, strict=True))
    if text.entropy_bits is not None:
        lines.append(("entropy of the source", text.entropy_bits * NATS["bits"]))
    return lines
