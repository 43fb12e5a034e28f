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
example = st.container()
with present.details("models"):
    models_list.show(models, unreadable)
starters = [info for info in models if info.where == "starter"]
if starters:
    with example:  # drawn last: from now on it redraws itself, whether or not the page is finished
        live_demo.show(starters[0])
