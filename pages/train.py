"""Train: choose a text, a model, an accelerator and a budget, and watch the loss fall."""

from __future__ import annotations

import streamlit as st

from charlab.corpora import catalogue
from charlab.errors import CharlabError
from charlab.runs import limits, plan, queue, store
from pages.parts.shared import browser_cookie, url_state
from pages.parts.shared.safe_text import plain
from pages.parts.train import export_import, preview, run_form, run_panel, settings_form

st.title("Train a model")
st.caption(
    "A character model reads a text and learns to expect its next character. The loss says how badly it still "
    "does: it falls while the model learns."
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

reason = "" if preset.model.kind == "ngram" else queue.why_no_tensorflow()
if reason:
    st.warning(plain(reason))
facts = st.empty()
if cap := limits.cap_in_words():
    st.caption(f"{cap} Everyone on it can read its texts, and see and steer its runs.")
row = st.container(horizontal=True)
start = row.button("Start", type="primary", icon=":material/play_arrow:", disabled=bool(reason))
with row.popover("Every setting", icon=":material/tune:", width="content"):
    changes = settings_form.pick_settings(preset)
with row.popover("Your own text", icon=":material/upload_file:", width="content"):
    run_form.bring_own_text()
with row.popover("A model's bundle", icon=":material/move_to_inbox:", width="content"):
    if brought := export_import.bring_bundle(owner=browser_cookie.owner()):
        st.session_state.run = brought.id

model, train = preset.model, preset.train
try:
    model, train = plan.change(model, train, changes | budget | {"accelerator": accelerator})
    facts.caption(preview.in_short(corpus, model, limits.within_cap(train)))
except CharlabError as error:
    start = False
    facts.error(plain(str(error)))
fed = st.expander("What the model is fed", icon=":material/table_rows:", key="feeding", on_change="rerun")
if fed.open:
    with fed:
        preview.show(corpus, model, limits.within_cap(train))

if start:
    try:
        with st.spinner(f"Getting {plain(corpus.title)} ready ..."):
            text = catalogue.load(corpus.name, paths=False)
            train, owner = limits.within_cap(train), browser_cookie.owner()
            config, vocab = plan.plan(text, preset.name, model, train, owner=owner)
            st.session_state.run = store.create(config, vocab).id
    except CharlabError as error:
        st.error(plain(str(error)))

run = run_panel.pick_run()
if run is None:
    run_form.empty_state()
else:
    run_panel.show(run)
url_state.write(run_form.in_link(preset) | {"run": run.id if run else None} | run_panel.in_link())
