"""Copied passages: the parts of a sample found verbatim in the text its model was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import streamlit as st

from charlab.core.display import in_line
from charlab.corpora import suffix_array
from pages.parts.playground.stream_samples import GenerationResult, Sample
from pages.parts.shared import corpus_index
from pages.parts.shared.safe_text import plain

LEAST = 16  # characters in a passage that counts as copied, and is marked: fewer are in any text of the language
LEASTS = (LEAST, 32)  # 32 and more are memorised
_MAX_ROWS = 8


@dataclass(frozen=True)
class Copied:
    """The matches of one sample in a training text."""

    index: suffix_array.SuffixArray
    lengths: np.ndarray  # [T]
    places: np.ndarray  # [T]

    @cached_property
    def passages(self) -> list[tuple[int, int, int]]:
        return suffix_array.passages_of(self.lengths, self.places, LEAST)

    @property
    def longest(self) -> int:
        """Characters in the longest passage, also where that is too short to be marked."""
        return int(self.lengths.max())

    def share(self, least: int) -> float:
        """The share of the sample's characters in passages of at least `least`."""
        return float(suffix_array.covered(self.lengths, least).mean())


def compare(result: GenerationResult, number: int) -> Copied | None:
    """Look a sample up in its model's training text, once; None where that text is not here."""
    sample = result.samples[number]
    if not sample.text:
        return None
    if number not in result.compared:
        sha256 = sample.model.config.corpus_sha256
        if sha256 not in result.indexes:
            result.indexes[sha256] = corpus_index.find(sample.model.config)
        index = result.indexes[sha256]
        result.compared[number] = Copied(index, *index.longest(sample.text)) if index else None
    return result.compared[number]


def in_words(found: Copied) -> str:
    """How much of a sample is copied, and the longest passage of it, in sentences."""
    shares = " and ".join(f"{found.share(least):.0%} in passages of {least} or more" for least in LEASTS)
    longest = f"{found.longest} {'character' if found.longest == 1 else 'characters'}"
    return f"Copied: {shares} characters. The longest passage that is in the training text: {longest}."


def where_from(found: Copied, sample: Sample) -> None:
    """Say how much is copied, and show the longest passages and their lines in the training text."""
    st.caption(plain(in_words(found)))
    if found.passages:
        st.caption(f"Passages of {LEAST} or more characters found verbatim in the training text, longest first.")
        st.dataframe(rows(found, sample), hide_index=True, width="content")


def rows(found: Copied, sample: Sample) -> dict[str, list]:
    """The longest passages as a table: length, text, line, and the text around the match."""
    shown = found.passages[:_MAX_ROWS]
    around = [found.index.around(place, length, 20) for _, length, place in shown]
    return {
        "characters": [length for _, length, _ in shown],
        "passage": [in_line(sample.text[start : start + length]) for start, length, _ in shown],
        "line": [found.index.line(place) for _, _, place in shown],
        "text before the match": [in_line(before) for before, _ in around],
        "text after the match": [in_line(after) for _, after in around],
    }
