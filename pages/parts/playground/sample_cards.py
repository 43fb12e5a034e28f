"""Finished samples: each with its figures, coloured as chosen, and linked to the Explainer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from charlab.corpora import suffix_array
from pages.parts.playground import copied_passages, downloads
from pages.parts.playground.stream_samples import Boxes, GenerationResult, Sample, across
from pages.parts.shared import lazy_popover, page_state, present
from pages.parts.shared.character_strip import character_strip
from pages.parts.shared.safe_text import exact, plain

_WORDS = {
    "nothing": "",
    "surprise": "The deeper the colour, the more surprising the {unit}: −log2 of its probability, in bits. ",
    "probability": "The deeper the colour, the less probable the {unit} was to the model. ",
    "copied": "Coloured passages of 16 or more characters are verbatim from the training text. ",
}
_SWATCHES = {
    "surprise": [(bits / 8, f"{bits} bits") for bits in (0, 2, 4, 6)] + [(1.0, "8 bits or more")],
    "probability": [(1 - p, f"{p:.0%}") for p in (1.0, 0.75, 0.5, 0.25, 0.0)],
    "copied": [(0.0, "not copied (under 16)"), (0.25, "16"), (0.5, "32"), (1.0, "64 characters or more")],
}  # fmt: skip
SHADE_LABELS = {"nothing": "None", "surprise": "Surprise", "probability": "Probability", "copied": "Copied"}
_UNITS = {"surprise": "bits", "probability": "% probability", "copied": "characters verbatim"}
_TALL = 420  # pixels: longer texts scroll


def choose_view() -> None:
    """Draw how the samples are coloured, and whether they are looked up in the training text."""
    st.caption("Colour by", width="content")
    st.segmented_control(
        "Colour by",
        page_state.choices("shade"),
        format_func=SHADE_LABELS.get,
        key="shade",
        required=True,
        persist_state="session",
        label_visibility="collapsed",
        wrap=True,
    )
    st.toggle(
        "Compare with the training text",
        key="compare",
        persist_state="session",
        help="Shows how much of a text is copied, and the passages found verbatim in the training text.",
    )


def show(result: GenerationResult, boxes: list[Boxes], shade: str, compare: bool) -> None:
    """Fill the samples into their boxes, each with a line of figures and what can be done with it."""
    for number, (box, figures) in enumerate(boxes):
        found = copied_passages.compare(result, number) if compare or shade == "copied" else None
        _text(result, number, shade, found, box)
        with figures.container():
            _figures(result, number, found, compare)
            with present.details(f"sample-{number}", horizontal=True):
                _actions(result, number, found, compare)
    if place := st.session_state.pop("explain_place", None):
        _explain(result, *place)


def show_outdated(result: GenerationResult, boxes: list[Boxes]) -> None:
    """Fill the texts of other settings into their boxes, uncoloured, with a line on what to do about it."""
    for sample, (box, figures) in zip(result.samples, boxes, strict=True):
        exact(result.request.seed_text + sample.text, box)
        figures.caption("Generated with other settings. Press Generate to update.")


def below(result: GenerationResult, shade: str, compare: bool) -> None:
    """How the samples were generated and what their figures mean, and the samples to download."""
    characters, unit = result.length * len(result.samples), result.samples[0].unit
    speed = f", {characters / result.seconds:,.0f} per second on this server's CPU" if result.seconds else ""
    wanted = result.request.config.length
    ended = "" if result.length == wanted else f" Stopped after {result.length} of {wanted} {unit}s."
    click = "" if shade == "nothing" else f"Click a {unit} to open it in the Explainer. "
    st.caption(f"{_WORDS[shade].format(unit=unit)}{click}{characters:,} {unit}s generated{speed}.{ended}")
    with st.container(horizontal=True):
        downloads.show(result, compare)
        with st.popover("What do these numbers mean?", icon=":material/help:"):
            st.markdown(
                f"**Bits per {unit}** is the model's mean surprise at its own text: higher at high "
                "temperatures.\n\n"
                f"**Copied** is the share of characters in passages of {copied_passages.LEAST} or more that are "
                "in the training text word for word. A passage of 16 characters is often a common phrase; one of "
                "32 or more is memorised. Shorter ones do not count: any text shares a few letters in a row.\n\n"
                "**Repeated** is the share of 8-character sequences seen earlier in the sample. It is high where "
                "a model repeats itself, as at low temperatures."
            )


def _text(
    result: GenerationResult, number: int, shade: str, found: copied_passages.Copied | None, box: Any
) -> None:
    sample, seed_text = result.samples[number], result.request.seed_text
    if shade == "nothing" or not sample.text:
        exact(seed_text + sample.text, box)
        return
    values = _values(sample, shade, found)
    prompt = _prompt(result, number)
    before = [None] * len(prompt)
    shades = {"surprise": lambda v: v / 8, "probability": lambda v: 1 - v, "copied": lambda v: v / 64}[shade]

    def choose(index: int) -> None:
        st.session_state.explain_place = (number, index)

    characters = [*prompt, *sample.parts]
    with box.container():
        character_strip(
            characters,
            [*before, *np.clip(shades(values), 0, 1)],
            values=[*before, *(100 * values if shade == "probability" else values)],
            unit=_UNITS[shade],
            key=f"sample-{number}",
            label=f"{sample.title}, one cell per {sample.unit}",
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
    values = np.zeros(len(sample.parts))
    for start, length, _ in found.passages if found else ():
        values[start : start + length] = length
    return values


def _figures(result: GenerationResult, number: int, found: copied_passages.Copied | None, compare: bool) -> None:
    """One line: the model's surprise at its own text, and how much of that is copied."""
    sample = result.samples[number]
    if not sample.text:
        st.caption(f"Stopped before the first {sample.unit}.")
        return
    copied = f" · {found.share(copied_passages.LEAST):.0%} copied" if found else ""
    longest = f", longest {found.longest} characters" if found and found.passages else ""
    unknown = " · copied: unknown" if compare and not found else ""
    st.caption(plain(f"{sample.bits.mean():.2f} bits per {sample.unit}{copied}{longest}{unknown}"))


def _actions(result: GenerationResult, number: int, found: copied_passages.Copied | None, compare: bool) -> None:
    """The way to the Explainer, and all figures with the passages that are copied."""
    sample = result.samples[number]
    if not sample.text:
        return
    if st.button("Explain", key=f"explain-{number}", icon=":material/search_insights:", type="tertiary"):
        _explain(result, number, len(_prompt(result, number)))  # the first generated part
    _more_figures(result, number, found, compare)


@st.fragment
def _more_figures(
    result: GenerationResult, number: int, found: copied_passages.Copied | None, compare: bool
) -> None:
    """What is drawn only once a reader opens it."""
    sample = result.samples[number]
    content, is_drawn = lazy_popover.popover(
        "Figures", key=f"figures-{number}", room=300, icon=":material/straighten:", type="tertiary"
    )
    if not is_drawn:
        return
    with content:
        if result.seconds:
            st.caption(plain(f"{result.length / result.seconds:,.0f} {sample.unit}s per second"))
        st.caption(f"{suffix_array.share_repeated(sample.text):.0%} repeated")
        if found:
            copied_passages.where_from(found, sample)
        elif compare:
            st.caption("Copied: unknown. The training text is not on this server, or is too long to search.")


def _prompt(result: GenerationResult, number: int) -> Sequence[str]:
    """The parts of a sample's prompt: characters or tokens."""
    return result.samples[number].model.vocab.split(result.request.seed_text)


def _explain(result: GenerationResult, number: int, index: int) -> None:
    """Open the Explainer at a character of a sample, with the settings that generated it."""
    sample, request, config = result.samples[number], result.request, result.request.config
    read, prompt = request.read_by(sample.model, result.read), _prompt(result, number)
    count = lambda text: len(sample.model.vocab.split(text))  # noqa: E731
    if index >= len(prompt):
        step = count(read + "".join(sample.parts[: index - len(prompt)]))  # also after an empty prompt
    else:
        step = count(request.read_by(sample.model, "".join(prompt[: index + 1]))) - 1
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
