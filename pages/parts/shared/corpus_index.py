"""A model's training text, indexed once for everyone on the server, for verbatim passages and counts."""

from __future__ import annotations

import streamlit as st

from charlab.corpora import suffix_array
from charlab.errors import CharlabError, CorpusError
from charlab.runs import models
from charlab.runs.store import RunConfig
from pages.parts.shared.shared_cache import SharedCache

_INDEXES: SharedCache[suffix_array.SuffixArray] = SharedCache(64 * 2**20)


def find(config: RunConfig) -> suffix_array.SuffixArray | None:
    """The index of the text that a model was trained on, as it reads it; None where the text is missing."""
    key = config.corpus_sha256, config.model.lower_case
    try:
        return _INDEXES.get(key, lambda: _index(config), st.spinner("Indexing the training text ..."))
    except CharlabError:
        return None


def _index(config: RunConfig) -> suffix_array.SuffixArray:
    text = models.corpus_text(config)
    if text is None:  # raised and therefore not kept, so that a text added later is found
        raise CorpusError("The training text is not on this machine.")
    return suffix_array.build(text.lower() if config.model.lower_case else text)
