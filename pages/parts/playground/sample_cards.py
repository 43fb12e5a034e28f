"""Finished samples: each with its measurements, coloured as chosen, and linked to the Explainer."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from charlab.corpora import suffix_array
from pages.parts.playground import copied_passages, downloads
from pages.parts.playground.stream_samples import GenerationResult, Sample, across
from pages.parts.shared.character_strip import character_strip
from pages.parts.shared.safe_text import exact, plain

_WORDS = {
    "nothing": "",
    "surprise": "The deeper the colour, the more surprising the character: −log2 of its probability, in bits. ",
    "probability": "The deeper the colour, the less probable the character was to the model. ",
    "copied": "Coloured passages of 16 or more characters are verbatim from the training text. ",
}
_SWATCHES = {
    "surprise": [(bits / 8, f"{bits} bits") for bits in (0, 2, 4, 6)] + [(1.0, "8 bits or more")],
    "probability": [(1 - p, f"{p:g}") for p in (1.0, 0.75, 0.5, 0.25, 0.0)],
    "copied": [(0.0, "not copied (under 16)"), (0.25, "16"), (0.5, "32"), (1.0, "64 characters or more")],
}  # fmt: skip
SHADE_LABELS = {"nothing": "None", "surprise": "Surprise", "probability": "Probability", "copied": "Copied"}
_UNITS = {"surprise": "bits", "probability": "probability", "copied": "characters verbatim"}
_TALL = 420  # pixels: longer texts scroll


def show(result: GenerationResult, boxes: list[tuple[Any, Any]], shade: str, compare: bool) -> None:
    """Fill the samples into their boxes, with the speed, downloads and explanations below them."""
    for number, (box, figures) in enumerate(boxes):
        found = copied_passages.compare(result, number) if compare or shade == "copied" else None
        with box.container():
            _text(result, number, shade, found)
        with figures.container():
            _figures(result, number, found, compare)
    _below(result, shade)
    downloads.show(result, compare)
    if place := st.session_state.pop("explain_place", None):
        _explain(result, *place)


def _text(result: GenerationResult, number: int, shade: str, found: copied_passages.Copied | None) -> None:
    sample, seed_text = result.samples[number], result.request.seed_text
    if shade == "nothing" or not sample.text:
        exact(seed_text + sample.text)
        return
    values = _values(sample, shade, found)
    before = [None] * len(seed_text)
    shades = {"surprise": lambda v: v / 8, "probability": lambda v: 1 - v, "copied": lambda v: v / 64}[shade]

    def choose(index: int) -> None:
        st.session_state.explain_place = (number, index)

    characters = [*seed_text, *sample.text]
    character_strip(
        characters,
        [*before, *np.clip(shades(values), 0, 1)],
        values=[*before, *values],
        unit=_UNITS[shade],
        key=f"sample-{number}",
        label=f"{sample.title}, one cell per character",
        on_choose=choose,
        swatches=_SWATCHES[shade] if number < across(len(result.samples)) else (),  # once, in the first row
        height=_TALL if len(characters) > 700 else None,
    )


def _values(sample: Sample, shade: str, found: copied_passages.Copied | None) -> np.ndarray:
    """The number that colours each generated character: [T]."""
    if shade == "surprise":
        return sample.bits
    if shade == "probability":
        return np.array(sample.probabilities)
    values = np.zeros(len(sample.text))
    for start, length, _ in found.passages if found else ():
        values[start : start + length] = length
    return values


def _figures(result: GenerationResult, number: int, found: copied_passages.Copied | None, compare: bool) -> None:
    """The measurements of one sample, with their units."""
    sample = result.samples[number]
    if not sample.text:
        st.caption("Stopped before the first character.")
        return
    words = [f"{sample.bits.mean():.2f} bits per character"]
    if result.seconds:
        words.append(f"{len(sample.text) / result.seconds:,.0f} characters per second")
    words.append(f"{suffix_array.share_repeated(sample.text):.0%}\u00a0repeated")
    st.caption(plain(" · ".join(words)))
    if found:
        sixteen, more = (f"{copied_passages.share(found, least):.0%}" for least in (16, 32))
        st.caption(plain(f"Verbatim: {sixteen} in runs of 16 or more characters, {more} in runs of 32 or more"))
    elif compare:
        st.caption("Verbatim: unknown, since the training text is not on this server or is too long to search.")
    row = st.container(horizontal=True)
    if row.button("Explain", key=f"explain-{number}", icon=":material/search_insights:"):
        _explain(result, number, len(result.request.seed_text))  # the first generated character
    if found and found.passages:
        with row.popover(f"Longest verbatim match: {found.passages[0][1]} characters"):
            copied_passages.where_from(found, sample)


def _below(result: GenerationResult, shade: str) -> None:
    characters = result.length * len(result.samples)
    speed = f", {characters / result.seconds:,.0f} per second on this server's CPU" if result.seconds else ""
    wanted = result.request.config.length
    ended = "" if result.length == wanted else f" Stopped after {result.length} of {wanted} characters."
    click = "" if shade == "nothing" else "Click a character to open it in the Explainer. "
    st.caption(f"{_WORDS[shade]}{click}{characters:,} characters generated{speed}.{ended}")
    with st.popover("What do these numbers mean?", icon=":material/help:"):
        st.markdown(
            "**Bits per character** is the model's mean surprise at its own text: higher at high temperatures.\n\n"
            "**Repeated** is the share of 8-character sequences seen earlier in the sample. It is high where a "
            "model repeats itself, as at low temperatures.\n\n"
            "**Verbatim** is the share of characters in passages found word for word in the training text. A run "
            "of 16 characters is often a common phrase; a run of 32 or more is memorised."
        )


def _explain(result: GenerationResult, number: int, index: int) -> None:
    """Open the Explainer at a character of a sample, with the settings that generated it."""
    sample, request, config = result.samples[number], result.request, result.request.config
    read = request.read_by(sample.model, result.read)
    if index >= len(request.seed_text):
        step = index - len(request.seed_text) + len(read)  # also after what was read in place of an empty prompt
    else:
        step = len(request.read_by(sample.model, request.seed_text[: index + 1])) - 1
    st.session_state.handed_over = read + sample.text
    epoch = sample.model.weights_name.startswith("epoch")
    query = {
        "model": sample.model.name,
        "step": str(step),
        "temperature": f"{sample.temperature:g}",
        "top_k": str(config.top_k or 0),
        "top_p": f"{config.top_p or 1:g}",
        "view": "over training" if epoch else "read",
    }
    if not request.as_in_alphabet:
        query["accents"] = "False"
    if epoch:
        query["epoch"] = str(int(sample.model.weights_name.removeprefix("epoch-")))
    st.switch_page("explainer.py", query_params=query)
