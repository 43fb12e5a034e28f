"""The prompt (seed text) that the models continue, with the characters marked that they have never seen."""

from __future__ import annotations

import streamlit as st

from charlab.corpora import coverage
from charlab.runs.models import Model
from pages.parts.shared import accents, page_state, url_state
from pages.parts.shared.character_strip import character_strip
from pages.parts.shared.safe_text import plain

MAX_LENGTH = page_state.limits("seed_text")[1]
_MARKED = 300  # characters shown with marks


def text_area(model: Model) -> str:
    """The prompt: the picked model's own, taken from its corpus, until the reader types another."""
    state = st.session_state
    url_state.read("seed_text", default=model.seed_text)
    untouched = state.seed_text == state.get("seed_text_given")
    if untouched and state.get("seed_text_of", model.name) != model.name:
        state.seed_text = model.seed_text
    if state.seed_text == model.seed_text:
        state.seed_text_given = model.seed_text
    state.seed_text_of = model.name
    state.seed_text = state.seed_text[:MAX_LENGTH]
    return st.text_area(
        "Prompt",
        key="seed_text",
        height=100,
        persist_state="session",
        max_chars=MAX_LENGTH,
        help="The seed text: generated text continues it.",
    )


def tell_how_it_is_read(seed_text: str, models: list[Model]) -> bool:
    """Say what the models cannot read of the prompt; returns whether they read its accents in the form of their
    alphabets.

    Apart from the text area: no button moves away under the pointer when a typed text turns out to be unknown.
    """
    as_in_alphabet = accents.choose_form("playground.accents", seed_text, models)
    for number, each in enumerate(models):
        read = each.read_prompt(seed_text) if as_in_alphabet else seed_text
        name = "This model" if len(models) == 1 else each.config.name
        found = coverage.of_prompt(read, each.vocab)
        if not found.is_whole:
            (st.warning if found.is_little else st.caption)(plain(found.sentence(name, "the prompt")))
        if number == 0 and (unknown := each.vocab.unknown_in(read)):
            _mark(read, set(unknown))
        if each.vocab.lower_case and seed_text.lower() != seed_text:
            st.caption(plain(f"{name} only knows lowercase letters: capitals are read as lowercase."))
    return as_in_alphabet


def _mark(seed_text: str, unknown: set[str]) -> None:
    first = min(seed_text.index(character) for character in unknown)
    start = max(0, first - 40) if first >= _MARKED else 0
    shown = seed_text[start : start + _MARKED]
    colours = ["var(--st-orange-color)" if character in unknown else None for character in shown]
    character_strip(
        shown, colours, key="unknown", label="The prompt, with unknown characters marked", read_only=True
    )
