"""Explainer: a text as a model reads it, character by character: predictions, uncertainty, surprises."""

from __future__ import annotations

from typing import Any

import streamlit as st

from charlab.errors import CharlabError
from pages.parts.explainer import (
    all_steps,
    compare_models,
    downloads,
    example_texts,
    internals,
    next_character,
    over_epochs,
    readings,
    step_by_step,
    text_strip,
)
from pages.parts.shared import accents, header_stop, page_state, present, settings_fold, url_state
from pages.parts.shared.model_picker import load_model, pick_model
from pages.parts.shared.safe_text import plain

MAX_LENGTH = page_state.limits("text")[1]
VIEWS = {  # the word in links -> the label
    "read": "Read",
    "write with it": "Write step by step",
    "inside": "Look inside",
    "over training": "During training",
}


def read_view(chosen: text_strip.Chosen) -> None:
    """The text next to the prediction at the chosen position, both in sight; below, all positions."""
    text, bars = st.columns([4, 5], gap="medium")
    with text:
        draw_text(chosen, text_strip.TALL, moves=True, summary=True)
    with bars:
        next_character.show(chosen)
    with present.details("all-positions"):
        if chosen.other_model and chosen.other:
            compare_models.show((chosen.model, chosen.other_model), chosen.reading, chosen.other[1])
        all_steps.jumps(chosen.model, chosen.reading)
        all_steps.show(chosen.model, chosen.reading)
        downloads.show(chosen.model, chosen.reading)


def over_training_view(chosen: text_strip.Chosen) -> None:
    """The epoch slider with the text, the bars and the mean that it controls."""
    if not over_epochs.epochs(info):
        draw_text(chosen, text_strip.LOW)
        over_epochs.without_epochs(info, chosen.model)
        return
    text, bars = st.columns([4, 5], gap="medium")
    with text:
        over_epochs.slider(info)
        draw_text(chosen, text_strip.LOW, moves=True)
        over_epochs.curve(info, chosen.model, chosen.reading)
        with present.details("summary"):
            text_strip.summaries(chosen)
    with bars:
        next_character.show(chosen)


def inside_view(chosen: text_strip.Chosen) -> dict[str, Any]:
    """The text next to a picture of the inside; coloured by a unit, the text is the picture."""
    height = text_strip.TALL if st.session_state.colour == "unit" else text_strip.LOW
    draw_text(chosen, height, moves=True)
    return internals.show(chosen.model, chosen.reading)


def draw_text(chosen: text_strip.Chosen, height: int, moves: bool = False, summary: bool = False) -> None:
    """The strip, at most `height` pixels high; it `moves` what follows in the browser, or asks the server."""
    text_strip.strip(chosen, height, internals.unit_colours(chosen.model, chosen.reading), colours, moves, summary)


def write_link(more: dict[str, Any]) -> list[str]:
    """Write the page's settings into its address, with those of the view."""
    state = st.session_state
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
            **more,
        }
    )


st.title("See what a model predicts")

url_state.read("text")
handed_over = st.session_state.pop("handed_over", None)
if handed_over:
    st.session_state.text = handed_over[:MAX_LENGTH]
with present.details("settings", gap=None):
    line, settings = settings_fold.places("text_and_model", is_open=False)
notice = st.container()
with settings:
    st.caption(
        "The model reads a text from beginning to end. At each position it gives every possible next character a "
        "probability. The less likely the actual character, the greater the surprise, measured in bits: −log2 of "
        "its probability. GPT-2 reads tokens, words and parts of words, in place of characters."
    )
    left, right = st.columns([2, 3], gap="large")
    with left:
        info = pick_model()
        if info is None:
            settings_fold.reveal()
            header_stop.end()
        model = load_model(info)
        other_info = compare_models.pick(info, notice)
    with right:
        typed = st.text_area("Text", key="text", height=122, max_chars=MAX_LENGTH, persist_state="session")
        other_model = compare_models.load(other_info)
        compared = [model, other_model] if other_model else [model]
        as_in_alphabet = accents.choose_form("explainer.accents", typed, compared)
        text = model.read_prompt(typed) if as_in_alphabet else typed
if not text:
    settings_fold.reveal()
    example_texts.show()
    header_stop.end()
try:
    for each in compared:
        each.check_text(text)
except CharlabError:  # the router says it
    settings_fold.reveal()
    raise
settings_fold.say(line, "text_and_model", text_strip.said(model, other_model, text))
if handed_over and len(handed_over) > MAX_LENGTH:
    st.caption(f"The text is long: this page shows its first {MAX_LENGTH:,} characters.")

# The chosen position: a character of the text, or one past its end, where the next character is open.
url_state.read("step", default=min(1, len(text)), limits=(0, len(text)))
url_state.read("view")
url_state.read("colour", choices=text_strip.COLOURS)  # a view without a choice of colours keeps it
row = present.details("views", horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
view = row.pills(
    "View",
    page_state.choices("view"),
    key="view",
    format_func=VIEWS.__getitem__,
    required=True,
    persist_state="session",
    width="content",
    wrap=True,
    label_visibility="collapsed",
)
colours = row.container(horizontal=True, vertical_alignment="center", width="content", gap="xsmall")
if view == "over training":
    model = over_epochs.load(info) or model

more: dict[str, Any] = {}
if view == "write with it":
    more = step_by_step.show(model, text)
else:
    reading = readings.read(model, text)
    chosen = text_strip.Chosen(model, reading)
    if other_model:
        others_text = other_model.read_prompt(typed) if as_in_alphabet else typed
        whole_other, aligned = readings.read_in_positions_of(reading, other_model, others_text)
        other = (other_model.config.name, aligned)
        chosen = text_strip.Chosen(model, reading, other_model, whole_other, other)
    if view == "read":
        read_view(chosen)
    elif view == "inside":
        more = inside_view(chosen)
    else:
        over_training_view(chosen)

if write_link(more):
    longest = f"{url_state.MAX_TEXT_IN_LINK:,}"
    st.caption(plain(f"The text is longer than {longest} characters: the link to this page leaves it out."))
