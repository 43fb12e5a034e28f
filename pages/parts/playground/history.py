"""The history: texts generated earlier in this session, to go back to."""

from __future__ import annotations

import time

import streamlit as st

from charlab.corpora.first_words import first_words
from pages.parts.playground.stream_samples import MODE_LABELS, GenerationRequest, GenerationResult
from pages.parts.shared import lazy_popover
from pages.parts.shared.safe_text import plain


def show() -> None:
    """A button for each of the last results; one click brings it back with its settings."""
    if _found():
        _show()


@st.fragment
def _show() -> None:
    content, is_drawn = lazy_popover.popover("History", key="history_popover", room=200, icon=":material/history:")
    if not is_drawn:
        return
    with content:
        for number, result in enumerate(_found()):
            key = f"history-{number}"
            if st.button(plain(_title(result)), key=key, on_click=_go_back, args=(result,)):
                st.rerun()


def _found() -> list[GenerationResult]:
    return st.session_state.get("history", [])


def _title(result: GenerationResult) -> str:
    request = result.request
    began = time.strftime("%H:%M:%S", time.localtime(result.began))
    seed_text = first_words(" ".join(request.seed_text.split())).strip()
    if temperatures := request.config.temperatures:
        what = f"temperatures {', '.join(f'{t:g}' for t in temperatures[:6])}"
    else:
        what = f"temperature {request.config.temperature:g}, {MODE_LABELS[request.mode].lower()}"
    prompt = f" · “{seed_text}”" if seed_text else ""
    return f"{began} · {result.samples[0].model.config.name} · {what} · random seed {request.config.seed}{prompt}"


def _go_back(result: GenerationResult) -> None:
    """Restore a result with its settings."""
    request, state = result.request, st.session_state
    restore(request)
    state.written = result
    state.writing = False


def restore(request: GenerationRequest) -> None:
    """Set the page's widgets to a request's settings."""
    state, config = st.session_state, request.config
    state.mode, state.seed_text, state.length = request.mode, request.seed_text, config.length
    state["playground.seed"], state["playground.accents"] = config.seed, request.as_in_alphabet
    state["playground.top_k"], state["playground.top_p"] = config.top_k or 0, config.top_p or 1.0
    state.model = state.seed_text_of = request.sources[0][0]
    if config.temperatures:
        state.temperatures = ", ".join(f"{temperature:g}" for temperature in config.temperatures)
        return
    state["playground.temperature"] = config.temperature
    if request.mode == "samples":
        state.samples = config.samples
    else:
        main = request.sources[0][0]
        state.beside = [weights_name if name == main else name for name, weights_name in request.sources[1:]]
