"""Copied or invented: what of a sample stands word for word in the text that its model was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import streamlit as st

from charlab.core.display import visible
from charlab.corpora import suffix_array
from pages.parts.playground.stream_samples import GenerationResult, Sample
from pages.parts.shared import corpus_index

LEAST = 16  # characters in a passage that is marked
_MAX_ROWS = 8


@dataclass(frozen=True)
class Copied:
    """What an index found of one sample."""

    index: suffix_array.SuffixArray
    lengths: np.ndarray  # [T]
    places: np.ndarray  # [T]

    @cached_property
    def passages(self) -> list[tuple[int, int, int]]:
        return suffix_array.passages_of(self.lengths, self.places, LEAST)


def compare(written: GenerationResult, number: int) -> Copied | None:
    """A sample beside its model's training text, looked up once; None where that is not here."""
    sample = written.samples[number]
    if not sample.text:
        return None
    if number not in written.compared:
        sha256 = sample.model.config.corpus_sha256
        if sha256 not in written.indexes:
            written.indexes[sha256] = corpus_index.find(sample.model.config)
        index = written.indexes[sha256]
        written.compared[number] = Copied(index, *index.longest(sample.text)) if index else None
    return written.compared[number]


def share(found: Copied, least: int) -> float:
    return float(suffix_array.covered(found.lengths, least).mean())


def where_from(found: Copied, sample: Sample) -> None:
    """The longest passages and the lines of the training text that they stand in."""
    st.caption(f"Passages of {LEAST} or more characters that stand in the training text, longest first.")
    st.dataframe(rows(found, sample), hide_index=True)


def rows(found: Copied, sample: Sample) -> dict[str, list]:
    """The longest passages as a table: how long, which text, and what stands around it in the corpus."""
    shown = found.passages[:_MAX_ROWS]
    around = [found.index.around(place, length, 20) for _, length, place in shown]
    drawn = lambda text: "".join(visible(character) for character in text)  # noqa: E731
    return {
        "characters": [length for _, length, _ in shown],
        "passage": [drawn(sample.text[start : start + length]) for start, length, _ in shown],
        "line": [found.index.line(place) for _, _, place in shown],
        "before it": [drawn(before) for before, _ in around],
        "after it": [drawn(after) for _, after in around],
    }
