"""Train: choose a text, a model, an accelerator and how long to train, and watch the loss fall."""

from __future__ import annotations

import streamlit as st

from charlab import os_errors
from charlab.corpora import catalogue
from charlab.errors import CharlabError
from charlab.runs import accelerators, limits, plan
from pages.parts.shared import browser_cookie, url_state
from pages.parts.shared.page_words import in_page_words
from pages.parts.shared.safe_text import plain
from pages.parts.train import export_import, own_texts, preview, run_form, run_panel, settings_form, startup

startup.keep_ready()
st.title("Train a model")
st.caption(
    "A character model reads a text and learns to predict its next character. The loss measures how wrong its "
    "predictions still are: it falls while the model learns."
)

corpus_column, model_column, accelerator_column, budget_column = st.columns([3, 3, 2, 3])
with corpus_column:
    corpus = run_form.pick_corpus()
with model_column:
    preset = run_form.pick_preset()
with accelerator_column:
    accelerator = run_form.pick_accelerator(preset)
with budget_column:
    budget = run_form.pick_budget(preset)

reason = accelerators.why_no_tensorflow() if settings_form.is_trained(preset) else ""
if reason:
    st.warning(plain(reason))
facts = st.container()
shared = (
    "Everyone in the class can read its texts and watch its runs. Only the browser that started a run and the "
    "teacher can control it."
)
if words := " ".join(filter(None, [limits.cap_in_words(), shared if browser_cookie.is_class() else ""])):
    st.caption(words)
row = st.container(horizontal=True)
start = row.button("Start", type="primary", icon=":material/play_arrow:", disabled=bool(reason))
with row.popover("Advanced settings", icon=":material/tune:", width="content"):
    changes = settings_form.pick_settings(preset)
    alphabet_cost = st.empty()
with row.popover("Add your own text", icon=":material/upload_file:", width="content"):
    own_texts.add_own_text()
with row.popover("Import a model", icon=":material/move_to_inbox:", width="content"):
    if imported := export_import.import_bundle():
        st.session_state.run = imported.id

planned: plan.RunPlan | None = None
try:
    settings = changes | budget | {"accelerator": accelerator}
    model, train = plan.change(preset.model, preset.train, settings)
    train = limits.within_cap(train)
    source = preview.source_here(corpus, model)
    text_facts = source.facts if source else plan.expected_facts(corpus, model)
    planned = plan.plan_run(text_facts, preset.name, model, train, examine=preview.examined)
    with facts:
        st.caption(preview.in_short(planned, corpus, source))
        preview.coverage_words(planned)
        preview.validation_words(planned)
    alphabet_cost.caption(preview.alphabet_cost(planned))
except CharlabError as error:
    planned = None
    facts.error(plain(in_page_words(str(error))))
preview_box = st.expander("See the training data", icon=":material/table_rows:", key="feeding", on_change="rerun")
if preview_box.open:
    with preview_box:
        if planned:
            preview.show(planned, source)
        else:
            st.info("There is nothing to show for these settings: correct the error above.")

if start and planned:
    try:
        with st.spinner(f"Preparing {plain(corpus.title)} ..."):
            if source is None:  # the text is downloaded now, and only then are its sizes known
                text = catalogue.load(corpus.name, paths=False)
                planned = plan.plan_run(text, preset.name, model, train)
            st.session_state.run = planned.create(browser_cookie.actor()).id
    except os_errors.EXPECTED as error:
        st.error(plain(os_errors.sentence(error)))

run = run_panel.pick_run()
if run:
    run_panel.show(run)
url_state.write(run_form.in_link(preset) | {"run": run.id if run else None} | run_panel.in_link())
