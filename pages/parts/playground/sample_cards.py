"""Finished samples: each with its figures, coloured by what one asks for, and a click away from the Explainer."""

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
    "surprise": "The more a character stands out, the less it was expected: −log2 of its probability, in bits. ",
    "probability": "What the model held likely fades into the page, what it held unlikely stands out. ",
    "copied": "Coloured: passages of 16 or more characters that stand in the training text, long ones most. ",
}
_SWATCHES = {
    "surprise": [(bits / 8, f"{bits} bits") for bits in (0, 2, 4, 6)] + [(1.0, "8 bits and more")],
    "probability": [(1 - p, f"{p:g}") for p in (1.0, 0.75, 0.5, 0.25, 0.0)],
    "copied": [(0.0, "invented"), (0.25, "16"), (0.5, "32"), (1.0, "64 characters and more")],
}  # fmt: skip
_UNITS = {"surprise": "bits", "probability": "probability", "copied": "characters copied"}
_TALL = 420  # pixels: longer texts scroll


def show(written: GenerationResult, boxes: list[tuple[Any, Any]], shade: str, compare: bool) -> None:
    """The samples into their boxes, with what can be said of all of them below."""
    for number, (box, figures) in enumerate(boxes):
        found = copied_passages.compare(written, number) if compare or shade == "copied" else None
        with box.container():
            _text(written, number, shade, found)
        with figures.container():
            _figures(written, number, found, compare)
    _below(written, shade)
    downloads.show(written, compare)
    if place := st.session_state.pop("explain_place", None):
        _explain(written, *place)


def _text(written: GenerationResult, number: int, shade: str, found: copied_passages.Copied | None) -> None:
    sample, seed_text = written.samples[number], written.request.seed_text
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
        label=f"{sample.title}, a cell a character",
        on_choose=choose,
        swatches=_SWATCHES[shade] if number < across(len(written.samples)) else (),  # the first row tells
        height=_TALL if len(characters) > 700 else None,
    )


def _values(sample: Sample, shade: str, found: copied_passages.Copied | None) -> np.ndarray:
    """What colours each written character: [T]."""
    if shade == "surprise":
        return sample.bits
    if shade == "probability":
        return np.array(sample.probabilities)
    values = np.zeros(len(sample.text))
    for start, length, _ in found.passages if found else ():
        values[start : start + length] = length
    return values


def _figures(written: GenerationResult, number: int, found: copied_passages.Copied | None, compare: bool) -> None:
    """What can be said of one sample, in numbers with their units."""
    sample = written.samples[number]
    if not sample.text:
        st.caption("Stopped before the first character.")
        return
    words = [f"{sample.bits.mean():.2f} bits a character"]
    if written.seconds:
        words.append(f"{len(sample.text) / written.seconds:,.0f} characters a second")
    words.append(f"{suffix_array.share_repeated(sample.text):.0%} repeated")
    st.caption(plain(" · ".join(words)))
    if found:
        eight, sixteen, more = (f"{copied_passages.share(found, least):.0%}" for least in (8, 16, 32))
        st.caption(plain(f"Copied: {eight} in passages of 8 or more characters, {sixteen} of 16, {more} of 32"))
    elif compare:
        st.caption("Copied or invented: the training text is not on this server, or too long to go through.")
    row = st.container(horizontal=True)
    if row.button("Explain", key=f"explain-{number}", icon=":material/search_insights:"):
        _explain(written, number, len(written.request.seed_text))  # the first character that it wrote
    if found and found.passages:
        with row.popover(f"Longest copied: {found.passages[0][1]} characters"):
            copied_passages.where_from(found, sample)


def _below(written: GenerationResult, shade: str) -> None:
    characters = written.length * len(written.samples)
    speed = f", {characters / written.seconds:,.0f} a second on this server's processor" if written.seconds else ""
    wanted = written.request.config.length
    ended = "" if written.length == wanted else f" Stopped after {written.length} of {wanted} characters."
    click = "" if shade == "nothing" else "Click a character to see in the Explainer what was expected there. "
    st.caption(f"{_WORDS[shade]}{click}{characters:,} characters written{speed}.{ended}")
    with st.popover("What the figures mean", icon=":material/help:"):
        st.markdown(
            "**Bits a character** is the model's own mean surprise at what it wrote, higher for daring texts.\n\n"
            "**Repeated** is the share of pieces of 8 characters that stood in the same sample before. It is high "
            "where a model goes round in circles, as at low temperatures.\n\n"
            "**Copied** is the share of characters that lie in passages which stand word for word in the training "
            "text. Passages of 8 characters are common phrases; of 32, learned by heart."
        )


def _explain(written: GenerationResult, number: int, index: int) -> None:
    """Open the Explainer at a character of a sample, with the settings that it was drawn with."""
    sample, config = written.samples[number], written.request.config
    ahead = len(written.read) - len(written.request.seed_text)  # what was read in place of an empty seed text
    st.session_state.handed_over = written.read + sample.text
    epoch = sample.model.weights_name.startswith("epoch")
    query = {
        "model": sample.model.name,
        "step": str(index + ahead),
        "temperature": f"{sample.temperature:g}",
        "top_k": str(config.top_k or 0),
        "top_p": f"{config.top_p or 1:g}",
        "view": "over training" if epoch else "read",
    }
    if epoch:
        query["epoch"] = str(int(sample.model.weights_name.removeprefix("epoch-")))
    st.switch_page("explainer.py", query_params=query)
