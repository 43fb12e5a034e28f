"""Explainer: a text as a model reads it, character by character: predictions, uncertainty, surprises."""

from __future__ import annotations

from typing import Any

import streamlit as st

from charlab.core.reading import Reading
from charlab.explain import evidence
from charlab.runs.models import Model
from pages.parts.explainer import (
    all_steps,
    compare_models,
    downloads,
    example_texts,
    internals,
    next_character,
    over_epochs,
    step_by_step,
    text_strip,
)
from pages.parts.shared import accents, page_state, url_state
from pages.parts.shared.model_picker import load_model, pick_model
from pages.parts.shared.safe_text import plain

MAX_LENGTH = page_state.limits("text")[1]
VIEWS = {  # the word in links -> the label
    "read": "Read",
    "write with it": "Write step by step",
    "inside": "Look inside",
    "over training": "During training",
}


def read_view(model: Model, reading: Reading, other: tuple[str, Reading] | None) -> None:
    """The chosen step, and next to it all steps."""
    bars, heatmap = st.columns([2, 3], gap="large")
    with bars:
        next_character.show(model, reading, st.session_state.step, write_link, other)
    with heatmap:
        all_steps.show(model, reading, st.session_state.step)
    all_steps.table(reading)
    downloads.show(model, reading)


def over_training_view(model: Model, reading: Reading, other: tuple[str, Reading] | None) -> None:
    """The epoch slider with the bars and the mean that it controls."""
    if not over_epochs.epochs(info):
        over_epochs.without_epochs()
        return
    over_epochs.slider(info)
    bars, curve = st.columns([2, 3], gap="large")
    with bars:
        next_character.show(model, reading, st.session_state.step, write_link, other)
    with curve:
        over_epochs.curve(info, model, reading)


def write_link(more: dict[str, Any] | None = None) -> list[str]:
    """Write the page's settings into its address; also called when a slider reruns only its fragment."""
    state = st.session_state
    if more is not None:
        state.link_of_view = more
    top_k, top_p = url_state.value("explainer.top_k") or None, url_state.value("explainer.top_p")
    return url_state.write(
        {
            "model": info.name,
            "other": url_state.value("other") or None,
            "text": typed,
            "explainer.accents": accents.in_link("explainer.accents"),
            "step": state.step,
            "colour": state.colour,
            "view": state.view,
            "epoch": url_state.value("epoch") if state.view == "over training" else None,
            "unit": url_state.value("unit"),
            "explainer.temperature": url_state.value("explainer.temperature"),
            "explainer.top_k": top_k,
            "explainer.top_p": None if top_p == 1 else top_p,
            **state.get("link_of_view", {}),
        }
    )


st.title("See what a model predicts")
st.caption(
    "The model reads a text from beginning to end. At each position it gives every possible next character a "
    "probability. The less likely the actual character, the greater the surprise, measured in bits: −log2 of its "
    "probability."
)

url_state.read("text")
if handed_over := st.session_state.pop("handed_over", None):
    st.session_state.text = handed_over[:MAX_LENGTH]
    if len(handed_over) > MAX_LENGTH:
        st.caption(f"The text is long: this page shows its first {MAX_LENGTH:,} characters.")

left, right = st.columns([2, 3], gap="large")
with left:
    info = pick_model()
    if info is None:
        st.stop()
    model = load_model(info)
    other_info = compare_models.pick(info)
with right:
    typed = st.text_area("Text", key="text", height=122, max_chars=MAX_LENGTH, persist_state="session")
    other_model = compare_models.load(other_info)
    compared = [model, other_model] if other_model else [model]
    as_in_alphabet = accents.choose_form("explainer.accents", typed, compared)
    text = model.read_prompt(typed) if as_in_alphabet else typed
if not text:
    example_texts.show()
    st.stop()

# The chosen position: a character of the text, or one past its end, where the next character is open.
url_state.read("step", default=min(1, len(text)), limits=(0, len(text)))
url_state.read("view")
if st.session_state.view == "over training":
    model = over_epochs.load(info) or model

reading = text_strip.read(model, text)
other: tuple[str, Reading] | None = None
if other_model:
    other_reading = text_strip.read(other_model, other_model.read_prompt(typed) if as_in_alphabet else typed)
    other = (other_model.config.name, evidence.aligned(reading, other_reading))
text_strip.strip(model, reading, other[1] if other else None, internals.unit_colours(model, reading))
text_strip.summary(reading, model.config.name if other else "")
if other:
    text_strip.summary(other_reading, other[0])
    if other_reading.text != text:
        st.caption(
            "The two models read some letters with accents in different forms, as one character or as several: "
            "these are left out where the models are compared."
        )

view = st.pills(
    "View",
    page_state.choices("view"),
    key="view",
    format_func=VIEWS.__getitem__,
    required=True,
    persist_state="session",
    label_visibility="collapsed",
)
more: dict[str, Any] = {}
if view == "read":
    if other_model and other:
        compare_models.show((model, other_model), reading, other[1], st.session_state.step)
    read_view(model, reading, other)
elif view == "write with it":
    more = step_by_step.show(model, text)
elif view == "inside":
    more = internals.show(model, reading)
elif view == "over training":
    over_training_view(model, reading, other)

if write_link(more):
    longest = f"{url_state.MAX_TEXT_IN_LINK:,}"
    st.caption(plain(f"The text is longer than {longest} characters: the link to this page leaves it out."))
