"""What is chosen before a run starts: the text, the model, the accelerator, the budget, every setting."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import streamlit as st

from charlab.corpora import catalogue
from charlab.corpora.catalogue import Corpus
from charlab.errors import CharlabError
from charlab.runs import queue
from charlab.runs.presets import PRESETS, Preset
from pages.parts.shared import page_state, url_state
from pages.parts.shared.safe_text import plain
from pages.parts.train import settings_form


def pick_corpus() -> Corpus:
    """A select box of all texts, with a way to bring one's own."""
    texts = {corpus.name: corpus for corpus in [*catalogue.CORPORA.values(), *catalogue.stored()]}
    url_state.read("corpus", choices=texts)
    name = st.selectbox(
        "Text", texts, format_func=lambda name: texts[name].title, key="corpus", persist_state="session"
    )
    corpus = texts[name]
    st.caption(plain(_facts(corpus)))
    return corpus


def _facts(corpus: Corpus) -> str:
    size = (
        f"{corpus.characters / 1e6:.1f} M"
        if corpus.characters >= 1e6
        else f"{round(corpus.characters, -3) / 1e3:.0f} k"
    )
    if corpus.characters < 10_000:
        size = f"{corpus.characters:,}"
    facts = f"{size} characters, {corpus.alphabet_size} kinds. {corpus.about}"
    if corpus.entropy_bits is not None:
        facts += f" No model can do better than {corpus.entropy_bits:.3f} bits a character."
    if not corpus.is_here():
        facts += " It is downloaded at the start."
    return f"{facts} Licence: {corpus.licence}."


def bring_own_text() -> None:
    """An upload or a paste that becomes the chosen text, or a sentence that says why it cannot."""
    st.caption("Everyone on this server can read the texts that are brought here.")
    file = st.file_uploader("A text file (.txt)", key="upload")
    pasted = st.text_area("Or paste a text", key="pasted", height=160, help="At least 2,000 characters.")
    st.button("Use this text", on_click=_take_own_text, args=(file, pasted), disabled=not (file or pasted))
    for words in st.session_state.pop("own_text_said", []):
        st.info(plain(words))
    if problem := st.session_state.pop("own_text_problem", None):
        st.error(plain(problem))


def _take_own_text(file: Any, pasted: str) -> None:
    try:
        text = catalogue.read_bytes(file.getvalue(), file.name) if file else catalogue.read_pasted(pasted)
        st.session_state.corpus = catalogue.store(text)
        st.session_state.own_text_said = [f"{text.title} is chosen: {len(text.text):,} characters.", *text.notes]
    except CharlabError as error:
        st.session_state.own_text_problem = str(error)


def pick_preset() -> Preset:
    """A select box of all presets, with where each comes from."""
    url_state.read("preset")
    name = st.selectbox(
        "Model", PRESETS, format_func=lambda name: PRESETS[name].title, key="preset", persist_state="session"
    )
    st.caption(plain(PRESETS[name].about))
    return PRESETS[name]


def pick_accelerator(preset: Preset) -> str:
    """A select box of what this machine has; the others are listed with the reason why not."""
    found = _survey()
    rows = found.result() if found.done() and not found.exception() else []
    available = [row["name"] for row in rows if row["available"]] or ["cpu"]
    options = ["auto", *(name for name in available if name != "auto")]
    url_state.read("accelerator")
    if st.session_state.accelerator not in options:
        if rows:
            st.warning(f"This machine has no {plain(st.session_state.accelerator)} accelerator: auto is chosen.")
        st.session_state.accelerator = "auto"
    counted = preset.model.kind == "ngram"
    titles = {row["name"]: row["title"] for row in rows} | {"auto": "Auto"}
    chosen = st.selectbox(
        "Accelerator",
        options,
        key="accelerator",
        persist_state="session",
        disabled=counted,
        format_func=lambda name: titles.get(name, name.upper()),
        help="An n-gram model only counts: it needs none." if counted else "Auto takes the fastest there is.",
    )
    if not found.done():
        _until_surveyed()
    elif found.exception():
        st.caption(plain(str(found.exception())))
    elif missing := [row for row in rows if not row["available"]]:
        with st.popover("Why not the others?"):
            for row in missing:
                st.markdown(f"**{plain(row['title'])}**: {plain(row['reason'])}")
    return chosen


@st.fragment(run_every=1.0)
def _until_surveyed() -> None:
    st.caption("Looking what this machine has ...")
    if _survey().done():
        st.rerun()


@st.cache_resource(show_spinner=False, ttl=3600)
def _survey() -> Future:
    """What this machine has, found once an hour by a process of its own while the page goes on."""
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(queue.survey_accelerators)
    finally:
        pool.shutdown(wait=False)


def pick_budget(preset: Preset) -> dict[str, Any]:
    """Epochs or minutes, as settings of the training."""
    if preset.model.kind == "ngram":
        st.text_input("Budget", "one pass, seconds", disabled=True, help="An n-gram model reads the text once.")
        return {}
    choice = f"budget.{preset.name}"
    url_state.read(choice)
    kind = st.segmented_control(
        "Budget", page_state.choices(choice), key=choice, required=True, persist_state="session", width="stretch"
    )
    if kind == "minutes":
        url_state.read("minutes")
        minutes = st.slider(
            "Minutes",
            *page_state.limits("minutes"),
            step=0.5,
            key="minutes",
            persist_state="session",
            help="Wall-clock from the start to saved weights; the learning rate follows the clock.",
        )
        return {"minutes": minutes}
    key = f"epochs.{preset.name}"
    url_state.read(key)
    epochs = st.slider(
        "Epochs",
        *page_state.limits(key),
        key=key,
        persist_state="session",
        help="How often the model goes through the text.",
    )
    return {"epochs": epochs}


def in_link(preset: Preset) -> dict[str, Any]:
    """The settings that the page's address holds: the choices, and whatever differs from the preset."""
    state = st.session_state
    chosen = {"corpus": state.corpus, "preset": preset.name, "accelerator": state.accelerator}
    if preset.model.kind != "ngram":
        choice = f"budget.{preset.name}"
        length = "minutes" if state[choice] == "minutes" else f"epochs.{preset.name}"
        chosen[choice] = state[choice]
        chosen |= {length: state[length]}
    return chosen | settings_form.in_link(preset)


def empty_state() -> None:
    """What one will see, for somebody who has not started anything."""
    st.info(
        "Press Start: the loss appears here within a few seconds, and beside it what the model writes after "
        "every epoch. Three texts to begin with: **Tiny Shakespeare** (plays, a minute to something that looks "
        "like verse), **Names of the Unicode characters** (it invents new ones), **Coin flips** (nothing to "
        "learn: the loss stays at 1 bit)."
    )
