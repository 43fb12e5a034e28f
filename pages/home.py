"""Home: what CharLab is, four doors, a live example, and the models to open."""

from __future__ import annotations

import streamlit as st

from charlab.runs.models import survey
from pages.parts.home import doors, live_demo, models_list
from pages.parts.shared import present

st.title("Watch a language model learn and write")
present.details("about").markdown(
    "It learns one thing: which character comes next. That is enough to write, and simple enough to look inside."
)

models, unreadable = survey()
doors.show({info.name for info in models})
starters = [info for info in models if info.where == "starter"]
with st.container():  # the example redraws itself: what follows keeps its place whatever happens there
    if starters:
        live_demo.show(starters[0])
with present.details("models"):
    models_list.show(models, unreadable)
