"""Start: the run that the form plans, on the chosen text or on one that stands in for it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from charlab import os_errors
from charlab.core.config import ModelConfig, TrainConfig
from charlab.corpora import catalogue
from charlab.corpora.catalogue import Corpus
from charlab.corpora.uploads import Text
from charlab.errors import DownloadError
from charlab.runs import devices, plan
from charlab.runs.plan import RunPlan
from charlab.runs.store import Run
from pages.parts.shared import browser_cookie, gone, settings_fold
from pages.parts.shared.page_words import in_page_words
from pages.parts.shared.safe_text import plain
from pages.parts.train import device, run_picker

FORM = "new_run"  # the form that folds
_PROBLEM, _CHOSEN, _SAID = "start_problem", "stand_in_chosen", "stand_in_said"


def fold_where_a_run_is_shown() -> None:
    """Fold the form of a reader who has just come and sees a run; open it for one who came to start one."""
    if run_picker.note_link():
        st.session_state[FORM] = True
    elif FORM not in st.session_state:
        st.session_state[FORM] = not run_picker.shows_one()


def start(planned: RunPlan) -> Run | None:
    """Make the planned run, and show it. Returns it, or None where it was refused."""
    try:
        run = planned.create(browser_cookie.actor())
        st.session_state.run = run.id
        if devices.is_for(run.config()):
            device.open_here(run)
        return run
    except os_errors.EXPECTED as error:
        refuse(in_page_words(os_errors.sentence(error) or ""))
    return None


def download_and_start(corpus: Corpus, preset: str, model: ModelConfig, train: TrainConfig) -> Run | None:
    """Download a text, plan the run on it, since its sizes are known only now, and start."""
    try:
        with st.spinner(f"Preparing {plain(corpus.title)} ..."):
            text = _text(corpus)
            planned = plan.plan_run(text, preset, model, train)
    except os_errors.EXPECTED as error:
        refuse(in_page_words(os_errors.sentence(error) or ""))
        return None
    run = start(planned)
    if text.name != corpus.name:
        said = (
            f"{corpus.title} could not be downloaded. The run reads a text that is on this machine: {text.title}."
        )
        st.session_state[_SAID] = (text.name, said)
        st.session_state[_CHOSEN] = text.name
        st.rerun()
    return run


def _text(corpus: Corpus) -> Text:
    try:
        return catalogue.load_or_stand_in(corpus.name)
    except DownloadError as error:
        here = catalogue.stand_in().title
        raise DownloadError(
            f"{corpus.title} is not on this machine and could not be downloaded. Connect this machine to the "
            f"network and try again, or choose another text, such as “{here}”."
        ) from error


def refuse(sentence: str) -> None:
    """Open the form again, and say why no run was started."""
    st.session_state[_PROBLEM] = sentence
    settings_fold.unfold(FORM)
    st.rerun()


def show_problem(of_settings: str) -> None:
    """Say what is wrong with the settings, why the last Start made no run, and which text is selected instead."""
    refused = st.session_state.pop(_PROBLEM, "")
    if refused:
        st.error(plain(f"No run was started. {refused}"))
    elif of_settings:
        st.error(plain(of_settings))
    corpus, sentence = st.session_state.get(_SAID, ("", ""))
    if corpus == st.session_state.corpus:
        st.info(plain(sentence))


def select_stand_in(texts: Mapping[str, Corpus]) -> None:
    """Select the text that the last Start took instead, before the form is drawn; and note what to say of a text
    that was deleted or that a link names in vain."""
    if chosen := st.session_state.pop(_CHOSEN, None):
        st.session_state.corpus = chosen
    titles = {name: corpus.title for name, corpus in texts.items()}
    if said := gone.replaced("corpus", titles, "Text", catalogue.DEFAULT):
        st.session_state[_SAID] = (catalogue.DEFAULT, said)
