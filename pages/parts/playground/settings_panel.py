"""What the samples are generated with: their number and length, the temperature, cut-offs and random numbers."""

from __future__ import annotations

import secrets
from typing import Any

import streamlit as st

from charlab.core.config import SampleConfig, settings
from charlab.corpora.first_words import first_words
from charlab.errors import ConfigError
from pages.parts.playground.stream_samples import MODES
from pages.parts.playground.temperature import (
    COMPARED,
    MAX_TEMPERATURE,
    MAX_TEMPERATURES,
    meaning,
    parse_temperatures,
)
from pages.parts.shared import page_state, present, sampling_inputs, url_state
from pages.parts.shared.safe_text import plain

_MAX_PROMPT = 40  # characters of the prompt in the summary


def read_link() -> None:
    """Give the page's settings their values, those of a link where it is new, before any widget is drawn."""
    for setting in (
        "mode",
        "playground.temperature",
        "temperatures",
        "samples",
        "length",
        "playground.top_k",
        "playground.top_p",
        "playground.seed",
        "shade",
        "compare",
    ):
        url_state.read(setting)


def in_line(prompt: str) -> str:
    """The prompt in quotation marks, a long one shortened; "" where there is none."""
    prompt = " ".join(prompt.split())
    if len(prompt) > _MAX_PROMPT:
        prompt = first_words(prompt, _MAX_PROMPT).strip() + " …"
    return f"“{prompt}”" if prompt else ""


def summary(models: list[str], prompt: str, unit: str = "character") -> str:
    """The chosen settings in a line, for when they are folded: names of models, the prompt and the rest."""
    state = st.session_state
    texts = f"{state.length:,} {unit}s"
    if state.mode == MODES[0]:
        texts = f"{state.samples} {'sample' if state.samples == 1 else 'samples'} of {texts}"
    parts = [
        ", ".join(models),
        in_line(prompt),
        texts,
        f"top-k {state['playground.top_k']}" if state["playground.top_k"] else "",
        f"top-p {state['playground.top_p']:g}" if state["playground.top_p"] < 1 else "",
        f"random seed {state['playground.seed']}",
    ]
    return " · ".join(filter(None, parts))


def choose_sampling(mode: str, unit: str = "character") -> dict[str, Any]:
    """Draw all settings but the temperature; returns them by their names in SampleConfig. `unit` is what the
    length counts."""
    first, second = st.columns(2)
    number = 1
    if mode == MODES[0]:
        number = first.number_input(
            "Samples",
            *page_state.limits("samples"),
            key="samples",
            persist_state="session",
            help="Texts generated side by side.",
        )
    length = second.number_input(
        f"Length ({unit}s)", *page_state.limits("length"), step=10, key="length", persist_state="session"
    )
    first, second = st.columns(2)
    top_k = sampling_inputs.top_k("playground.top_k", first)
    top_p = sampling_inputs.top_p("playground.top_p", second)
    first, second = st.columns(2, vertical_alignment="bottom")
    seed = first.number_input(
        "Random seed",
        *page_state.limits("playground.seed"),
        key="playground.seed",
        persist_state="session",
        help=settings(SampleConfig)["seed"].help,
    )
    second.button("New random seed", icon=":material/casino:", on_click=_roll)
    return {"length": length, "samples": number, "top_k": top_k, "top_p": top_p, "seed": seed}  # 0 and 1 are off


def choose_temperature(mode: str, notice: Any) -> dict[str, Any] | None:
    """Draw the temperature, or those to compare. None for those typed wrongly, which `notice` tells."""
    place = st.container(gap=None)
    if mode != MODES[1]:
        temperature = sampling_inputs.temperature("playground.temperature", place)
        present.details("meaning", place).caption(meaning(temperature))
        return {"temperature": temperature}
    typed = place.text_input(
        "Temperatures",
        key="temperatures",
        persist_state="session",
        max_chars=page_state.limits("temperatures")[1],
        help=f"Up to {MAX_TEMPERATURES} numbers from 0 to {MAX_TEMPERATURE:g}, as in 0.2, 0.5, 1 or, with "
        "decimal commas, 0,2; 0,5; 1. Each continues the same prompt with the same random numbers, so only "
        "the temperature differs.",
    )
    present.details("meaning", place).caption(COMPARED)
    try:
        return {"temperatures": parse_temperatures(typed)}
    except ConfigError as error:
        notice.error(plain(str(error)))
        return None


def _roll() -> None:
    st.session_state["playground.seed"] = secrets.randbelow(2**31)
