"""Train: choose a text, a model and how long to train, and watch the loss fall."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from charlab.errors import CharlabError
from charlab.runs import accelerators, devices, limits, plan
from charlab.runs.store import Run
from pages.parts.shared import browser_cookie, lazy_popover, present, settings_fold, url_state
from pages.parts.shared.page_words import in_page_words
from pages.parts.shared.safe_text import plain
from pages.parts.train import (
    device,
    export_import,
    own_texts,
    preview,
    run_form,
    run_panel,
    run_picker,
    settings_form,
    start,
    startup,
)

st.html(Path(__file__).parent / "parts" / "train" / "train.css")
present.details("title").title("Train a model")
start.fold_where_a_run_is_shown()

# New run: a form that folds to one line
texts = run_form.texts_here()
start.select_stand_in(texts)
run_form.read_link(texts)
if st.session_state.accelerator != devices.NAME:
    startup.keep_ready()
row = st.container(horizontal=True, vertical_alignment="top", key="new-run")
present.details("new-run-heading", row, width="content").header("New run", anchor=False, width="content")
is_open = settings_fold.is_open(start.FORM)
start_place = None if is_open and not present.is_on() else row.container(key="start", width="content")
with present.details("new-run", row, gap=None):
    form = settings_fold.box(start.FORM, run_form.summary(texts))
said = st.container()

with form:
    st.caption(
        "A model reads a text and learns to predict its next character. The loss measures how wrong it still is."
    )
    accelerator_in_row = run_form.has_accelerators()
    columns = st.columns([3, 3, 3, 2] if accelerator_in_row else 3)
    with columns[0]:
        corpus = run_form.pick_corpus(texts)
    with columns[1]:
        preset = run_form.pick_preset()
    with columns[2]:
        budget = run_form.pick_budget(preset)
    shared = (
        "Everyone in the class can read its texts and watch its runs. Only the browser that started a run and the "
        "teacher can control it."
    )
    if words := " ".join(filter(None, [limits.cap_in_words(), shared if browser_cookie.is_class() else ""])):
        st.caption(words)
    more = st.container(horizontal=True)
    start_place = start_place or more.container(key="start", width="content")
    changes = settings_form.read_settings(preset)
    advanced, is_drawn = lazy_popover.popover(
        "Advanced settings", key="advanced", room=1000, place=more, icon=":material/tune:", width="content"
    )
    with advanced:
        accelerator_here = st.container()
        if is_drawn:
            settings_form.draw_settings(preset)
        alphabet_cost = st.empty()
        run_form.tell_missing_accelerators()
    with columns[3] if accelerator_in_row else accelerator_here:
        accelerator = run_form.pick_accelerator(preset, changes)
    add_text, is_drawn = lazy_popover.popover(
        "Add your own text", key="add_text", room=410, place=more, icon=":material/upload_file:", width="content"
    )
    if is_drawn:
        with add_text:
            own_texts.add_own_text()
    import_model, is_drawn = lazy_popover.popover(
        "Import a model",
        key="import_model",
        room=215,
        place=more,
        icon=":material/move_to_inbox:",
        width="content",
    )
    if is_drawn:
        with import_model:
            if imported := export_import.import_bundle():
                st.session_state.run = imported.id
    facts = st.container()  # below Start, which must not move when a typed setting makes them longer

here = settings_form.is_trained(preset) and accelerator != devices.NAME
reason = accelerators.why_no_tensorflow() if here else ""
pressed = start_place.button(
    "Start",
    type="primary",
    icon=":material/play_arrow:",
    disabled=bool(reason),
    on_click=settings_fold.fold,
    args=(start.FORM,),
)
if reason:
    said.warning(plain(reason))

planned: plan.RunPlan | None = None
source, problem = None, ""
try:
    settings = changes | budget | {"accelerator": accelerator}
    model, train = plan.change(preset.model, preset.train, settings)
    train = limits.within_cap(train)
    source = preview.source_here(corpus, model)
    text_facts = source.facts if source else plan.expected_facts(corpus, model)
    planned = plan.plan_run(text_facts, preset.name, model, train, examine=preview.examined)
    with facts:
        st.caption(preview.in_short(planned))
        speed = st.container()
        if accelerator != devices.NAME:
            run_form.tell_queue(planned)
        preview.coverage_words(planned)
        preview.validation_words(planned)
    alphabet_cost.caption(preview.alphabet_cost(planned))
except CharlabError as error:
    planned, problem = None, in_page_words(str(error))
startup.prepare(planned if source and not reason else None)
preview_box = form.expander(
    "See the training data", icon=":material/table_rows:", key="feeding", on_change="rerun"
)
if preview_box.open:
    with preview_box:
        if planned:
            preview.show(planned, source)
        else:
            st.info("There is nothing to show for these settings: correct the error above.")

started: Run | None = None
with said:
    if pressed and problem:
        start.refuse(problem)
    elif pressed and planned and source:
        started = start.start(planned)
    elif pressed:
        started = start.download_and_start(corpus, preset.name, model, train)
    start.show_problem(problem)
if planned and accelerator == devices.NAME:
    with speed:
        device.show_speed(planned, started)

# Runs
row = present.details("runs", horizontal=True, vertical_alignment="center")
row.header("Runs", anchor=False, width="content")
run = run_picker.pick_run(row)
if run:
    run_panel.show(run, row)
url_state.write(run_form.in_link(preset) | {"run": run.id if run else None} | run_panel.in_link())
