"""Samples to download: as plain text, or as JSON with every setting and measurement."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from charlab.corpora import suffix_array
from pages.parts.playground import copied_passages
from pages.parts.playground.stream_samples import GenerationResult


def show(result: GenerationResult, compare: bool) -> None:
    """Draw two download buttons; the files are made when they are clicked."""
    st.download_button(
        "Download as .txt",
        lambda: as_text(result).encode("utf-8", "replace"),
        "samples.txt",
        "text/plain",
        icon=":material/download:",
        on_click="ignore",
    )
    st.download_button(
        "Download as .json",
        lambda: json.dumps(as_data(result, compare), indent=1),
        "samples.json",
        "application/json",
        icon=":material/data_object:",
        on_click="ignore",
    )


def as_text(result: GenerationResult) -> str:
    """Each sample under its title."""
    seed_text = result.request.seed_text
    return "\n\n".join(f"--- {sample.title} ---\n{seed_text}{sample.text}" for sample in result.samples) + "\n"


def as_data(result: GenerationResult, compare: bool) -> dict[str, Any]:
    """Settings, models and samples with their measurements, ready for JSON."""
    request = result.request
    settings = request.config.to_json() | {
        "mode": request.mode,
        "seed_text": request.seed_text,
        "accents_as_in_alphabet": request.as_in_alphabet,
    }
    if request.config.temperatures:
        settings |= {"temperature": None}
    return {
        "settings": settings | {"samples": len(result.samples)},
        "characters_a_second": len(result.samples) * result.length / result.seconds if result.seconds else None,
        "samples": [_sample(result, number, compare) for number in range(len(result.samples))],
    }


def _sample(result: GenerationResult, number: int, compare: bool) -> dict[str, Any]:
    sample = result.samples[number]
    model = sample.model
    found = copied_passages.compare(result, number) if compare else None
    return {
        "title": sample.title,
        "model": {
            "name": model.name,
            "title": model.config.name,
            "weights": model.weights_name,
            "digest": model.digest,
            "kind": model.config.model.kind,
            "corpus": model.config.corpus,
            "corpus_sha256": model.config.corpus_sha256,
        },
        "temperature": sample.temperature,
        "text": sample.text,
        "unit": sample.unit,
        "bits_a_character": float(sample.bits.mean()) if sample.text else None,
        "share_repeated": suffix_array.share_repeated(sample.text),
        "share_copied": {str(least): found.share(least) for least in (8, 16, 32)} if found else None,
        "longest_copied": found.longest if found else None,
        "probabilities": [float(f"{probability:.6g}") for probability in sample.probabilities],
    }
