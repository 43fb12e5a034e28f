"""Home: what CharLab is, a live example, links to the three pages, and the models on this server."""

from __future__ import annotations

import streamlit as st

from charlab.runs.models import survey
from pages.parts.home import live_demo
from pages.parts.shared.model_picker import describe, tell_unreadable
from pages.parts.shared.safe_text import plain

_NAME_WIDTH = 520  # pixels: aligns the links beside the names in columns where there is room

st.title("Watch a language model learn and write")
st.markdown(
    "A character model reads a text and learns one thing: which character comes next. That is enough to "
    "generate text, and simple enough to look inside. Nothing to install, no code to write: choose, start, watch."
)

models, unreadable = survey()
starters = [info for info in models if info.where == "starter"]
if starters:
    live_demo.show(starters[0])

doors = st.columns(3, gap="medium")
for column, title, words, page, icon in zip(
    doors,
    ("Train", "Playground", "Explainer"),
    (
        "Choose a text and a model, press Start, and watch the loss fall while the model learns to spell.",
        "Type a prompt, change the temperature, and compare several continuations.",
        "Go through a text character by character: what did the model predict, how sure was it, was it right?",
    ),
    ("train.py", "playground.py", "explainer.py"),
    (":material/trending_down:", ":material/edit_note:", ":material/search_insights:"),
    strict=True,
):
    with column.container(border=True, height="stretch"):
        st.subheader(title)
        st.write(words)
        st.page_link(page, label=f"Open {title}", icon=icon)

st.subheader("Models on this server")
if not models:
    st.info("There are no models yet. Train the first one on the Train page: it takes about a minute.")
else:
    st.caption("Bits per character on text the model has not seen: lower is better.")
for info in models[:12]:
    row = st.container(horizontal=True, vertical_alignment="center", gap="xsmall")
    row.markdown(plain(describe(info)), width=_NAME_WIDTH)
    for page, label, icon in (
        ("playground.py", "Generate", ":material/edit_note:"),
        ("explainer.py", "Explain", ":material/search_insights:"),
    ):
        row.page_link(page, label=label, icon=icon, query_params={"model": info.name})
if len(models) > 12:
    st.caption(f"{len(models) - 12} more models can be chosen on the other pages.")
tell_unreadable(unreadable)
