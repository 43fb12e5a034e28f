"""A run to take away, and a bundle to bring: what others can do with a model, and theirs here."""

from __future__ import annotations

from typing import Any

import streamlit as st

from charlab.errors import CharlabError
from charlab.export import bundle, formats
from charlab.runs import models
from charlab.runs.store import Run
from pages.parts.shared.safe_text import plain

_MADE = (
    "exporting_made"  # the last file that a worker made here: (run, format, when its weights were written), bytes
)
_SAID = "exporting_said"
_PROBLEM = "exporting_problem"


def show(run: Run) -> None:
    """Offer a run in every form that its kind of model has: some at once, the others made when asked for."""
    try:
        config = run.config()
        weights = run.weight_names()
    except CharlabError as error:
        st.error(plain(str(error)))
        return
    if not weights:
        st.caption("There is something to take away as soon as the first epoch is over.")
        return
    for form in formats.FORMATS.values():
        if config.model.kind not in form.kinds:
            continue
        words, button = st.columns([3, 2], vertical_alignment="center")
        words.markdown(f"**{plain(form.title)}** {plain(form.about)}")
        with button:
            _made_by_worker(run, form) if form.needs_tensorflow else _made_here(run, form)


def bring_bundle(owner: str = "") -> Run | None:
    """An upload that becomes a run of this browser, or a sentence that says why it cannot.

    Returns the run, once, right after it came in.
    """
    st.caption("A model that somebody took away from a CharLab as a bundle. Everyone on this server can use it.")
    file = st.file_uploader("A bundle (.zip)", type="zip", key="bundle_upload")
    st.button("Import this model", on_click=_take_bundle, args=(file, owner), disabled=file is None)
    if problem := st.session_state.pop(_PROBLEM, None):
        st.error(plain(problem))
    if (run := st.session_state.pop(_SAID, None)) is not None:
        st.success(plain(f"“{run.config().name}” is here now."))
    return run


def _take_bundle(file: Any, owner: str) -> None:
    try:
        st.session_state[_SAID] = bundle.unpack(file, file.name, owner=owner)
    except CharlabError as error:
        st.session_state[_PROBLEM] = str(error)


def _made_here(run: Run, form: formats.Format) -> None:
    """A download whose bytes are made when it is clicked."""
    st.download_button(
        f"Download {form.title}",
        lambda: formats.make(run, form.name),
        file_name=f"{run.id}{form.suffix}",
        mime=form.mime,
        icon=":material/download:",
        key=f"export-{form.name}-{run.id}",
        on_click="ignore",
        width="stretch",
    )


def _made_by_worker(run: Run, form: formats.Format) -> None:
    """A button that has a process of its own make the file, then the file's download."""
    key = (run.id, form.name, models.stamp(str(run.path)))
    made = st.session_state.get(_MADE)
    if made is None or made[0] != key:
        if not st.button(
            f"Make {form.title}",
            icon=":material/build:",
            key=f"make-{form.name}-{run.id}",
            width="stretch",
            help="TensorFlow is started for it in a process of its own: some ten seconds.",
        ):
            return
        try:
            with st.spinner("TensorFlow starts and writes it ...", show_time=True):
                made = (key, formats.make_in_worker(run, form.name))
        except CharlabError as error:
            st.error(plain(str(error)))
            return
        st.session_state[_MADE] = made  # one alone, so that no session fills the memory
    st.download_button(
        f"Download {form.title}",
        made[1],
        file_name=f"{run.id}{form.suffix}",
        mime=form.mime,
        icon=":material/download:",
        key=f"export-{form.name}-{run.id}",
        on_click="ignore",
        type="primary",
        width="stretch",
    )
