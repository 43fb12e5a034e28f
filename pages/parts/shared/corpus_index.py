"""A model's training text, indexed once for everybody on the server: what stands in it, and what followed."""

from __future__ import annotations

import streamlit as st

from charlab.corpora import suffix_array
from charlab.errors import CharlabError, CorpusError
from charlab.runs import models
from charlab.runs.store import RunConfig


def find(config: RunConfig) -> suffix_array.SuffixArray | None:
    """The index of the text that a model was trained on, as it reads it; None where the text is not here."""
    try:
        return _index(config.corpus_sha256, config.model.lower_case, config)
    except CharlabError:
        return None


@st.cache_resource(show_spinner="Going through the training text ...", max_entries=4)
def _index(sha256: str, lower_case: bool, _config: RunConfig) -> suffix_array.SuffixArray:
    text = models.corpus_text(_config)
    if text is None:  # raised, so that a text that comes later is found: what is raised is not kept
        raise CorpusError("The training text is not here.")
    return suffix_array.build(text.lower() if lower_case else text)
