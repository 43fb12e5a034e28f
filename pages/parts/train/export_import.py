"""Export a run in every format that its kind of model has, and import a model file."""

from __future__ import annotations

from typing import Any

import streamlit as st

from charlab import os_errors
from charlab.browser import page
from charlab.errors import CharlabError
from charlab.export import bundle, download_names, formats
from charlab.labs import scripts
from charlab.runs import models
from charlab.runs.store import Run
from pages.parts.shared import browser_cookie
from pages.parts.shared.safe_text import plain

# The last file that a worker created here: (run, format, when its weights were written), bytes
_MADE = "exporting_made"
_SAID = "exporting_said"
_PROBLEM = "exporting_problem"


def show(run: Run) -> None:
    """Offer a run in every format of its kind of model: some at once, the others created on request."""
    try:
        config = run.config()
        weights = run.weight_names()
    except CharlabError as error:
        st.error(plain(str(error)))
        return
    if not weights:
        st.caption("There is nothing to export yet: wait until the first epoch has finished.")
        return
    for form in formats.FORMATS.values():
        if config.model.kind not in form.kinds or (config.task and not form.for_labs):
            continue
        words, button = st.columns([3, 2], vertical_alignment="center")
        words.markdown(f"**{plain(form.title[0].upper() + form.title[1:])}** {plain(form.about)}")
        with button:
            _made_by_worker(run, form) if form.needs_tensorflow else _made_here(run, form)


def import_bundle() -> Run | None:
    """Turn an uploaded model file into a run of this browser, or show why that is impossible.

    Returns the run, once, right after the import.
    """
    st.caption("A model file that was exported from CharLab. Everyone on this server can use the imported model.")
    file = st.file_uploader("Model file (.zip)", type="zip", key="bundle_upload")
    st.button("Import", on_click=_take_bundle, args=(file,), disabled=file is None)
    if problem := st.session_state.pop(_PROBLEM, None):
        st.error(plain(problem))
    if (run := st.session_state.pop(_SAID, None)) is not None:
        st.success(plain(f"“{run.config().name}” has been imported."))
    return run


def _take_bundle(file: Any) -> None:
    try:
        st.session_state[_SAID] = bundle.unpack(file, file.name, actor=browser_cookie.actor())
    except os_errors.EXPECTED as error:
        st.session_state[_PROBLEM] = os_errors.sentence(error)


def _made_here(run: Run, form: formats.Format) -> None:
    """Draw a download button whose file is created when it is clicked."""
    st.download_button(
        f"Download {form.title}",
        lambda: formats.make(run, form.name, scripts.standalone, page.html),
        file_name=f"{download_names.of_run(run.config())}{form.suffix}",
        mime=form.mime,
        icon=":material/download:",
        key=f"export-{form.name}-{run.id}",
        on_click="ignore",
        width="stretch",
    )


def _made_by_worker(run: Run, form: formats.Format) -> None:
    """Draw a button that creates the file in a separate process, then the file's download button."""
    key = (run.id, form.name, models.stamp(str(run.path)))
    made = st.session_state.get(_MADE)
    if made is None or made[0] != key:
        if not st.button(
            f"Create {form.title}",
            icon=":material/build:",
            key=f"make-{form.name}-{run.id}",
            width="stretch",
            help="Starts TensorFlow in a separate process, which takes about ten seconds.",
        ):
            return
        try:
            with st.spinner("Creating the file with TensorFlow ...", show_time=True):
                made = (key, formats.make_in_worker(run, form.name))
        except os_errors.EXPECTED as error:
            st.error(plain(os_errors.sentence(error)))
            return
        st.session_state[_MADE] = made  # only one, so that no session fills the memory
    st.download_button(
        f"Download {form.title}",
        made[1],
        file_name=f"{download_names.of_run(run.config())}{form.suffix}",
        mime=form.mime,
        icon=":material/download:",
        key=f"export-{form.name}-{run.id}",
        on_click="ignore",
        type="primary",
        width="stretch",
    )
