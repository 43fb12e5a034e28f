"""Train: choose a text, a model, an accelerator and a budget, and watch the loss fall."""

from __future__ import annotations

import streamlit as st

from charlab import corpora, jobs, plan, runs
from charlab.errors import CharlabError
from pages.parts import browser, choices, exporting, feeding, link, live, settings
from pages.parts.words import plain

st.title("Train a model")
st.caption(
    "A character model reads a text and learns to expect its next character. The loss says how badly it still "
    "does: it falls while the model learns."
)

corpus_column, model_column, accelerator_column, budget_column = st.columns([3, 3, 2, 3])
with corpus_column:
    corpus = choices.pick_corpus()
with model_column:
    preset = choices.pick_preset()
with accelerator_column:
    accelerator = choices.pick_accelerator(preset)
with budget_column:
    budget = choices.pick_budget(preset)

reason = "" if preset.model.kind == "ngram" else jobs.why_no_tensorflow()
if reason:
    st.warning(plain(reason))
facts = st.empty()
if cap := jobs.cap_in_words():
    st.caption(f"{cap} Everyone on it can read its texts, and see and steer its runs.")
row = st.container(horizontal=True)
start = row.button("Start", type="primary", icon=":material/play_arrow:", disabled=bool(reason))
with row.popover("Every setting", icon=":material/tune:", width="content"):
    changes = settings.pick_settings(preset)
with row.popover("Your own text", icon=":material/upload_file:", width="content"):
    choices.bring_own_text()
with row.popover("A model's bundle", icon=":material/move_to_inbox:", width="content"):
    if brought := exporting.bring_bundle(owner=browser.owner()):
        st.session_state.run = brought.id

model, train = preset.model, preset.train
try:
    model, train = plan.change(model, train, changes | budget | {"accelerator": accelerator})
    facts.caption(feeding.in_short(corpus, model, jobs.within_cap(train)))
except CharlabError as error:
    start = False
    facts.error(plain(str(error)))
fed = st.expander("What the model is fed", icon=":material/table_rows:", key="feeding", on_change="rerun")
if fed.open:
    with fed:
        feeding.show(corpus, model, jobs.within_cap(train))

if start:
    try:
        with st.spinner(f"Getting {plain(corpus.title)} ready ..."):
            text = corpora.load(corpus.name, paths=False)
            config, vocab = plan.plan(text, preset.name, model, jobs.within_cap(train), owner=browser.owner())
            st.session_state.run = runs.create(config, vocab).id
    except CharlabError as error:
        st.error(plain(str(error)))

run = live.pick_run()
if run is None:
    choices.empty_state()
else:
    live.show(run)
link.write(choices.in_link(preset) | {"run": run.id if run else None} | live.in_link())
