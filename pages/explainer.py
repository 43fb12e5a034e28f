"""Explainer: a text as the model saw it, character by character; what it expected, how sure it was, what came."""

from __future__ import annotations

from typing import Any

import streamlit as st

from charlab.library import Model
from charlab.reading import Reading
from pages.parts import (
    allsteps,
    examples,
    handing,
    inside,
    link,
    onestep,
    overtime,
    page_state,
    steps,
    twomodels,
    walking,
)
from pages.parts.picker import load_model, pick_model
from pages.parts.words import plain

LONGEST = page_state.limits("text")[1]


def read_view(model: Model, reading: Reading, other: tuple[str, Reading] | None) -> None:
    """The chosen step beside all steps."""
    bars, heatmap = st.columns([2, 3], gap="large")
    with bars:
        onestep.show(model, reading, st.session_state.step, write_link, other)
    with heatmap:
        allsteps.show(model, reading, st.session_state.step)
    allsteps.table(reading)
    handing.show(model, reading)


def over_training_view(model: Model, reading: Reading, other: tuple[str, Reading] | None) -> None:
    """The epoch slider, with the bars and the mean that it moves."""
    if not overtime.epochs(info):
        overtime.without_epochs()
        return
    overtime.slider(info)
    bars, curve = st.columns([2, 3], gap="large")
    with bars:
        onestep.show(model, reading, st.session_state.step, write_link, other)
    with curve:
        overtime.curve(info, model, reading)


def write_link(more: dict[str, Any] | None = None) -> list[str]:
    """The page's settings into its address; also called when a slider runs its fragment alone."""
    state = st.session_state
    if more is not None:
        state.link_of_view = more
    top_k, top_p = link.value("explainer.top_k") or None, link.value("explainer.top_p")
    return link.write({
        "model": info.name, "other": link.value("other") or None, "text": text, "step": state.step,
        "colour": state.colour, "view": state.view,
        "epoch": link.value("epoch") if state.view == "over training" else None, "unit": link.value("unit"),
        "explainer.temperature": link.value("explainer.temperature"), "explainer.top_k": top_k,
        "explainer.top_p": None if top_p == 1 else top_p,
        **state.get("link_of_view", {}),
    })  # fmt: skip


st.title("See what a model expected")
st.caption(
    "The model reads a text from left to right. Before each character it says how likely every character is. "
    "The less likely the one that came, the greater the surprise, measured in bits: −log2 of its probability."
)

link.read("text")
if handed_over := st.session_state.pop("handed_over", None):
    st.session_state.text = handed_over[:LONGEST]
    if len(handed_over) > LONGEST:
        st.caption(f"The text is long: its first {LONGEST:,} characters are explained.")

left, right = st.columns([2, 3], gap="large")
with left:
    info = pick_model()
    if info is None:
        st.stop()
    model = load_model(info)
    other_info = twomodels.pick(info)
with right:
    text = st.text_area("Text", key="text", height=122, max_chars=LONGEST, persist_state="session")
if not text:
    examples.show()
    st.stop()

# The chosen place: a character of the text, or one past its end, where nothing has come yet.
link.read("step", default=min(1, len(text)), limits=(0, len(text)))
link.read("view")
if st.session_state.view == "over training":
    model = overtime.load(info) or model

reading = steps.read(model, text)
other_model = twomodels.load(other_info)
other = (other_model.config.name, steps.read(other_model, text)) if other_model else None
steps.strip(model, reading, other[1] if other else None, inside.unit_colours(model, reading))
steps.figures(reading, model.config.name if other else "")
if other:
    steps.figures(other[1], other[0])

view = st.segmented_control(
    "View",
    page_state.choices("view"),
    key="view",
    required=True,
    persist_state="session",
    label_visibility="collapsed",
)
more: dict[str, Any] = {}
if view == "read":
    if other_model and other:
        twomodels.show((model, other_model), reading, other[1], st.session_state.step)
    read_view(model, reading, other)
elif view == "write with it":
    more = walking.show(model, text)
elif view == "inside":
    more = inside.show(model, reading)
elif view == "over training":
    over_training_view(model, reading, other)

if write_link(more):
    st.caption(plain(f"The text is longer than {link.LONGEST_TEXT:,} characters: the page's link leaves it out."))
