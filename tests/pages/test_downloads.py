"""The downloads of the Explainer; that the files arrive is tested in tests/browser/test_step_by_step.py."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from charlab.runs import models
from helpers.tiny import make_run


def page():
    import streamlit as st

    from charlab.core.reading import explain
    from charlab.runs import models
    from helpers.runs import all_runs
    from pages.parts.explainer import downloads

    model = models.load(next(all_runs()).id)
    downloads.show(model, explain(model.predictor, model.vocab, st.session_state.get("text", "the fox")))


def test_both_files_are_offered_and_a_page_only_of_what_fits_on_it():
    make_run()
    test = AppTest.from_function(page, default_timeout=60).run()
    assert not test.exception
    offered = {button.proto.label: button.proto.disabled for button in test.get("download_button")}
    assert offered == {"Download steps (CSV)": False, "Download printable page": False}
    test.session_state["text"] = "x" * 5001
    test.run()
    offered = {button.proto.label: button.proto.disabled for button in test.get("download_button")}
    assert not test.exception and offered == {"Download steps (CSV)": False, "Download printable page": True}


@pytest.mark.parametrize(
    "corpus, title", [("shakespeare", "Tiny Shakespeare"), ("/home/me/private/diary.txt", "diary.txt")]
)
def test_a_corpus_is_named_without_the_servers_folders(corpus, title):
    assert models.corpus_title(replace(make_run().config(), corpus=corpus)) == title
