"""A model's training text, indexed once for everyone on the server, for verbatim passages and counts."""

from __future__ import annotations

import streamlit as st

from charlab.corpora import suffix_array
from charlab.errors import CharlabError, CorpusError
from charlab.runs import models
from charlab.runs.store import RunConfig


def find(config: RunConfig) -> suffix_array.SuffixArray | None:
    """The index of the text that a model was trained on, as it reads it; None where the text is missing."""
    try:
        return _index(config.corpus_sha256, config.model.lower_case, config)
    except CharlabError:
        return None


@st.cache_resource(show_spinner="Indexing the training text ...", max_entries=4)
def _index(sha256: str, lower_case: bool, _config: RunConfig) -> suffix_array.SuffixArray:
    text = models.corpus_text(_config)
    if text is None:  # raised and therefore not cached, so that a text added later is found
        raise CorpusError("The training text is not on this machine.")
    return suffix_array.build(text.lower() if lower_case else text)
