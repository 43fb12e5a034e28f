"""The select box that stores its choice by name, and messages of a browser that arrive too late."""

from streamlit.testing.v1 import AppTest


def page():
    import streamlit as st

    from pages.parts.shared import stable_selectbox

    st.session_state.setdefault("run", "b")
    state = st.session_state.setdefault("state", "training")
    names = {f"{name}, {state}": name for name in "abc"}
    stable_selectbox.select("Run", {name: words for words, name in names.items()}, key="run")


def opened() -> AppTest:
    app = AppTest.from_function(page).run()
    assert app.selectbox[0].value == app.session_state.run == "b"
    return app


def words_of(app: AppTest):
    """What a browser with this page sends with every move."""
    return app._tree.get_widget_states()


def said_late(app: AppTest, words) -> AppTest:
    app._run(words)
    assert not app.exception
    return app


def test_a_choice_is_taken():
    app = opened()
    app.selectbox[0].set_value("c").run()
    assert app.selectbox[0].value == app.session_state.run == "c"
    app.run()
    assert app.session_state.run == "c"


def test_old_words_of_a_choice_still_mean_it():
    app = opened()
    before = words_of(app)
    for state in ("paused", "waiting"):
        app.session_state.state = state
        app.run()
        assert f"b, {state}" in app.selectbox[0].options
    assert said_late(app, before).session_state.run == "b"
    assert app.selectbox[0].value == "b"


def test_a_choice_made_in_words_that_have_changed_is_taken():
    app = opened()
    app.selectbox[0].set_value("c")
    chosen = words_of(app)
    app.selectbox[0].set_value("b")
    for state in ("paused", "waiting"):
        app.session_state.state = state
        app.run()
    assert said_late(app, chosen).session_state.run == "c"


def test_what_was_chosen_elsewhere_is_not_undone_by_what_stood_here_before():
    app = opened()
    before = words_of(app)
    app.session_state.run = "a"
    app.run()
    assert app.selectbox[0].value == "a"
    assert said_late(app, before).session_state.run == "a"
    assert app.selectbox[0].value == "a"
