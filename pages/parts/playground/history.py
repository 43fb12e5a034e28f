"""What was written in this session, to go back to."""

from __future__ import annotations

import time

import streamlit as st

from pages.parts.playground.stream_samples import Asked, Written
from pages.parts.shared.safe_text import plain


def show() -> None:
    """A button for each of the last results; one click brings it back with its settings."""
    found: list[Written] = st.session_state.get("history", [])
    if not found:
        return
    with st.popover("Earlier in this session", icon=":material/history:"):
        for number, written in enumerate(found):
            st.button(plain(_title(written)), key=f"history-{number}", on_click=_go_back, args=(written,))


def _title(written: Written) -> str:
    asked = written.asked
    began = time.strftime("%H:%M:%S", time.localtime(written.began))
    seed_text = " ".join(asked.seed_text.split())[:24]
    if asked.mode == "temperature sweep":
        what = f"temperatures {', '.join(f'{t:g}' for t in asked.temperatures[:6])}"
    else:
        what = f"temperature {asked.config.temperature:g}, {asked.mode}"
    return f"{began} · {written.samples[0].model.config.name} · {what} · seed {asked.config.seed} · “{seed_text}”"


def _go_back(written: Written) -> None:
    """Every setting as it was; the text is there already."""
    asked, state = written.asked, st.session_state
    restore(asked)
    state.written = written
    state.writing = False


def restore(asked: Asked) -> None:
    """Set the page's widgets to what was asked for."""
    state, config = st.session_state, asked.config
    state.mode, state.seed_text, state.length = asked.mode, asked.seed_text, config.length
    state["playground.seed"] = config.seed
    state["playground.top_k"], state["playground.top_p"] = config.top_k or 0, config.top_p or 1.0
    state.model = state.seed_text_of = asked.sources[0][0]
    if asked.mode == "temperature sweep":
        state.temperatures = ", ".join(f"{temperature:g}" for temperature in asked.temperatures)
        return
    state["playground.temperature"] = config.temperature
    if asked.mode == "samples":
        state.samples = config.samples
    else:
        main = asked.sources[0][0]
        state.beside = [which if name == main else name for name, which in asked.sources[1:]]
