"""Playground: a seed text, a temperature, and as many samples as one likes, side by side."""

from __future__ import annotations

import streamlit as st

from charlab.config import SampleConfig
from pages.parts import link, writing
from pages.parts.picker import load_model, pick_model
from pages.parts.words import plain

st.title("Let a model write")
st.caption(
    "The model goes on from your seed text, one character at a time. Temperature says how daring it is: at 0 it "
    "always takes the likeliest character, above 1 it gives unlikely ones more room."
)

link.read("temperature", 0.8, float, options=(0.0, 2.0))
link.read("samples", 3, int, options=(1, 16))
link.read("length", 300, int, options=(10, 2000))
link.read("top_k", 0, int, options=(0, 512))
link.read("top_p", 1.0, float, options=(0.05, 1.0))
link.read("seed", 1, int, options=(0, 2**31 - 1))

left, right = st.columns([2, 3], gap="large")
with left:
    info = pick_model()
    if info is None:
        st.stop()
    model = load_model(info)
    link.read("seed_text", model.seed_text)
    if st.session_state.get("seed_text_of", info.name) != info.name:  # each model goes on from its own corpus
        st.session_state.seed_text = model.seed_text
    st.session_state.seed_text_of = info.name
    seed_text = st.text_area("Seed text", key="seed_text", height=100, persist_state="session", max_chars=5000)
    if unknown := model.vocab.unknown_in(seed_text):
        st.caption(plain(writing.about_unknown(unknown)))
with right:
    first, second = st.columns(2)
    temperature = first.slider(
        "Temperature", 0.0, 2.0, step=0.05, key="temperature", persist_state="session",
        help="Logits are divided by it: 0 always takes the likeliest, 1 is the model as it is, 2 is nearly dice.",
    )  # fmt: skip
    samples = second.slider("Samples", 1, 16, key="samples", persist_state="session", help="Written side by side.")
    length = first.slider("Length, characters", 10, 2000, step=10, key="length", persist_state="session")
    seed = second.number_input(
        "Random seed", 0, 2**31 - 1, key="seed", persist_state="session",
        help="The same seed and settings write the same text again.",
    )  # fmt: skip
    top_k = first.number_input(
        "Top-k (0 is off)", 0, 512, key="top_k", persist_state="session", help="Only the k likeliest characters."
    )
    top_p = second.slider(
        "Top-p (1 is off)", 0.05, 1.0, step=0.05, key="top_p", persist_state="session",
        help="Only the fewest characters whose probabilities reach p together.",
    )  # fmt: skip

config = SampleConfig(
    length=length, samples=samples, temperature=temperature, top_k=top_k or None,
    top_p=top_p if top_p < 1 else None, seed=seed,
)  # fmt: skip
buttons = st.container(horizontal=True)
asked = buttons.button("Write", type="primary", icon=":material/edit_note:")
buttons.button("Stop", icon=":material/stop:", help="Ends the writing; what is there stays.")

opened_by_link = "write" in st.query_params and "written" not in st.session_state
too_long = link.write(
    {
        "model": info.name, "seed_text": seed_text, "temperature": temperature, "samples": samples,
        "length": length, "top_k": top_k or None, "top_p": top_p if top_p < 1 else None, "seed": seed,
        "write": 1 if asked or opened_by_link or writing.is_shown(model, seed_text, config) else None,
    }
)  # fmt: skip
if too_long:
    st.caption("The seed text is too long for a link: the page's address holds everything but it.")
if asked or opened_by_link:
    writing.write(model, seed_text, config)
else:
    writing.show_last(model, seed_text, config)
