"""Home: what this is, one moving example, three doors, and what is trained on this server."""

from __future__ import annotations

import streamlit as st

from charlab.runs.models import available_models
from pages.parts.home import live_demo
from pages.parts.shared.model_picker import describe
from pages.parts.shared.safe_text import plain

_NAME_WIDTH = 520  # pixels: the links beside the names stand in columns where there is room

st.title("Watch a language model learn, write and think")
st.markdown(
    "A character model reads a text and learns one thing: which character comes next. That is enough to write, "
    "and small enough to look inside. Nothing to install, no code to write: choose, start, watch."
)

models = available_models()
starters = [info for info in models if info.where == "starter"]
if starters:
    live_demo.show(starters[0])

doors = st.columns(3, gap="medium")
for column, title, words, page, icon in zip(
    doors,
    ("Train", "Playground", "Explainer"),
    (
        "Pick a text and a model, press Start, and see the loss fall while it learns to spell.",
        "Give it a beginning, move the temperature, and let it write in many versions at once.",
        "Go through a text character by character: what did it expect, how sure was it, what came?",
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
    st.info("None yet. The Train page makes the first one in a minute.")
else:
    st.caption("Bits: how much a text that it has never seen surprises the model, a character. Fewer is better.")
for info in models[:12]:
    row = st.container(horizontal=True, vertical_alignment="center", gap="xsmall")
    row.markdown(plain(describe(info)), width=_NAME_WIDTH)
    for page, label, icon in (
        ("playground.py", "Write", ":material/edit_note:"),
        ("explainer.py", "Explain", ":material/search_insights:"),
    ):
        row.page_link(page, label=label, icon=icon, query_params={"model": info.name})
if len(models) > 12:
    st.caption(f"And {len(models) - 12} more, in the pickers of the other pages.")
