"""Samples side by side: written before the reader's eyes, kept, and handed to the Explainer."""

from __future__ import annotations

import time

import numpy as np
import streamlit as st

from charlab.config import SampleConfig
from charlab.generate import Step, generate, texts
from charlab.library import Model
from charlab.symbols import named
from pages.parts.words import exact

_REFRESH_SECONDS = 0.08
_COLUMNS = 3


def write(model: Model, seed_text: str, config: SampleConfig) -> None:
    """Write the samples; text appears as it is written, and what was written stays if the reader stops it."""
    places = _places(config.samples)
    steps: list[Step] = []
    kept = {"model": model, "seed_text": seed_text, "config": config, "steps": steps, "seconds": 0.0}
    st.session_state.written = kept
    started = shown = time.perf_counter()
    for step in generate(model.predictor, model.vocab, seed_text, config):
        steps.append(step)
        now = time.perf_counter()
        if now - shown > _REFRESH_SECONDS:
            kept["seconds"] = now - started
            _draw(places, seed_text, texts(steps, model.vocab))
            shown = time.perf_counter()
    kept["seconds"] = time.perf_counter() - started
    _finish(places)


def is_shown(model: Model, seed_text: str, config: SampleConfig) -> bool:
    """Whether the last text written is the one that these settings write."""
    kept = st.session_state.get("written")
    return bool(kept) and (kept["model"].digest, kept["seed_text"], kept["config"]) == (
        model.digest, seed_text, config,
    )  # fmt: skip


def show_last(model: Model, seed_text: str, config: SampleConfig) -> None:
    """What was written before, until something new is; says where it was written with other settings."""
    kept = st.session_state.get("written")
    if not kept or not kept["steps"]:
        st.info("Press Write: the samples appear here. Then move the temperature and write again.")
        return
    if not is_shown(model, seed_text, config):
        st.caption("Written with the settings before. Press Write for the new ones.")
    _finish(_places(kept["config"].samples))


def about_unknown(characters: list[str]) -> str:
    shown = " ".join(named(character) for character in characters[:20])
    return (
        f"This model has never seen: {shown}. It reads each as the same unknown character, and never writes that."
    )


def _places(samples: int) -> list:
    """An empty box for each sample, in rows of three."""
    boxes = []
    for first in range(0, samples, _COLUMNS):
        number = min(_COLUMNS, samples) if samples < _COLUMNS else _COLUMNS
        for column in st.columns(number)[: samples - first]:
            boxes.append(column.empty())
    return boxes


def _draw(places: list, seed_text: str, samples: list[str]) -> None:
    for place, sample in zip(places, samples, strict=True):
        exact(seed_text + sample, place)


def _finish(places: list) -> None:
    """The whole samples, with their figures and the way to the Explainer."""
    kept = st.session_state.written
    steps, model, config = kept["steps"], kept["model"], kept["config"]
    samples = texts(steps, model.vocab)
    bits = _mean_bits(steps)
    for number, (place, sample) in enumerate(zip(places, samples, strict=True)):
        with place.container():
            exact(kept["seed_text"] + sample)
            st.caption(f"Sample {number + 1} · {bits[number]:.2f} bits a character")
            if st.button("Explain", key=f"explain-{number}", icon=":material/search_insights:"):
                st.session_state.handed_over = kept["seed_text"] + sample
                step = len(kept["seed_text"])  # the first character that it wrote
                st.switch_page("explainer.py", query_params={"model": model.name, "step": str(step)})
    characters = len(steps) * config.samples
    ended = "" if len(steps) == config.length else f" Stopped after {len(steps)} of {config.length} characters."
    speed = f"{characters / kept['seconds']:,.0f} characters/s" if kept["seconds"] else ""
    st.caption(
        f"{characters:,} characters written, {speed} on this server's processor.{ended} The bits under a "
        "sample are the model's own mean surprise at what it wrote: a daring text surprises it more."
    )


def _mean_bits(steps: list[Step]) -> np.ndarray:
    """Mean surprise of each sample under the model's own probabilities, in bits a character: [N]."""
    chosen = np.array([step.probabilities[np.arange(len(step.ids)), step.ids] for step in steps])  # [T, N]
    return -np.log2(chosen).mean(axis=0)
