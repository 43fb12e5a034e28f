"""Explainer: a text as the model saw it, character by character; what it expected, how sure it was, what came."""

from __future__ import annotations

import streamlit as st

from charlab.config import SampleConfig
from pages.parts import link, steps
from pages.parts.picker import load_model, pick_model
from pages.parts.words import plain

LONGEST = 5000
EXAMPLE = "To be, or not to be: that is the question.\n"

st.title("See what a model expected")
st.caption(
    "The model reads a text from left to right. Before each character it says how likely every character is. "
    "The less likely the one that came, the greater the surprise."
)

link.read("text", EXAMPLE)
if handed_over := st.session_state.pop("handed_over", None):
    st.session_state.text = handed_over[:LONGEST]

left, right = st.columns([2, 3], gap="large")
with left:
    info = pick_model()
    if info is None:
        st.stop()
    model = load_model(info)
with right:
    text = st.text_area("Text", key="text", height=100, max_chars=LONGEST, persist_state="session")
if not text:
    st.info("Type or paste a text above, or take one that a model wrote from the Playground.")
    st.page_link("playground.py", label="To the Playground", icon=":material/edit_note:")
    st.stop()

reading = steps.read(model, text)
# The chosen place: a character of the text, or one past its end, where nothing has come yet.
link.read("step", min(1, len(text)), int, options=(0, len(text)))
st.session_state.step = max(0, min(st.session_state.step, len(text)))

steps.strip(model, reading)
st.divider()
bars, all_steps = st.columns([2, 3], gap="large")
with bars:
    link.read("temperature", 1.0, float, options=(0.0, 2.0))
    link.read("top_k", 0, int, options=(0, 512))
    link.read("top_p", 1.0, float, options=(0.05, 1.0))
    picture = st.container()
    first, second, third = st.columns(3)
    temperature = first.slider("Temperature", 0.0, 2.0, step=0.05, key="temperature", persist_state="session")
    top_k = second.number_input("Top-k (0 is off)", 0, 512, key="top_k", persist_state="session")
    top_p = third.slider("Top-p", 0.05, 1.0, step=0.05, key="top_p", persist_state="session")
    config = SampleConfig(temperature=temperature, top_k=top_k or None, top_p=top_p if top_p < 1 else None)
    with picture:
        steps.one_step(model, reading, st.session_state.step, config)
with all_steps:
    steps.all_steps(model, reading, st.session_state.step)

too_long = link.write(
    {
        "model": info.name, "text": text, "step": st.session_state.step, "colour": st.session_state.colour,
        "temperature": temperature, "top_k": top_k or None, "top_p": top_p if top_p < 1 else None,
    }
)  # fmt: skip
if too_long:
    st.caption(plain(f"The text is longer than {link.LONGEST_TEXT:,} characters: the page's link leaves it out."))
