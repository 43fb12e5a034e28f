"""The Explainer's view “Write step by step”, run by Streamlit's own test harness."""

import time

import pytest
from streamlit.testing.v1 import AppTest

from charlab.core.config import SampleConfig
from charlab.core.generation import generate, texts
from charlab.runs import models
from helpers.runs import all_runs
from helpers.tiny import make_run

TEXT = "the "


def page():
    import streamlit as st

    from charlab.runs import models
    from helpers.runs import all_runs
    from pages.parts.explainer import step_by_step

    st.session_state.returned = step_by_step.show(
        models.load(next(all_runs()).id), st.session_state.get("text", "the ")
    )


def opened(**query: str) -> AppTest:
    make_run()
    test = AppTest.from_function(page, default_timeout=60)
    for key, value in query.items():
        test.query_params[key] = value
    test.run()
    assert not test.exception
    return test


def press(test: AppTest, *keys: str) -> AppTest:
    for key in keys:
        test.button(key=key).click().run()
        assert not test.exception, key
    return test


def code(test: AppTest) -> str:
    assert test.session_state.returned["walk"] == (test.session_state.walk or None)
    return test.session_state.walk


def path(test: AppTest) -> str:
    return vocab().decode(test.session_state.walk_session.branches.ids)


def vocab():
    return models.load(next(all_runs()).id).vocab


def test_no_tooltip_covers_what_is_read_between_two_presses():
    row = [button for button in opened().button if button.label in ("Step", "Play", "Back", "Restart")]
    assert len(row) == 4 and not any(button.help for button in row)


def test_steps_write_what_the_playground_writes_and_the_link_holds_them():
    test = press(opened(), *["walk_step"] * 5)
    model = models.load(next(all_runs()).id)
    steps = list(generate(model.predictor, model.vocab, TEXT, SampleConfig(length=5)))
    assert path(test) == texts(steps, model.vocab)[0]
    assert code(test) == "s1t1n5" and test.query_params["walk"] == "s1t1n5"
    assert test.session_state.returned == {"walk": "s1t1n5", "explainer.temperature": 1.0, "explainer.seed": 1}


def test_going_back_and_another_choice_make_a_branch_and_the_first_one_can_be_returned_to():
    test = press(opened(), "walk_step", "walk_step", "walk_step")
    first = path(test)
    press(test, "walk_back", "walk_back")
    assert path(test) == first[:1] and not [b for b in test.button if b.key == "walk_path_0"]
    number = next(n for n in range(10) if not test.button(key=f"walk_hand_{n}").label.startswith(first[1]))
    press(test, f"walk_hand_{number}", "walk_step")
    assert len(path(test)) == 3 and path(test) != first
    assert "1 of them chosen by you" in "\n".join(caption.value for caption in test.caption)
    assert path(press(test, "walk_path_0")) == first
    assert path(press(test, "walk_first")) == "" and test.button(key="walk_back").disabled


def test_any_character_can_be_chosen_and_the_box_is_empty_again():
    test = opened()
    test.selectbox(key="walk_any").set_value(vocab().characters.index("q")).run()
    assert not test.exception and path(test) == "q" and test.selectbox(key="walk_any").value is None


def test_temperature_and_seed_change_on_the_way_and_a_link_restores_all_of_it():
    test = press(opened(), "walk_step", "walk_step")
    test.slider(key="explainer.temperature").set_value(0.2).run()
    press(test, "walk_hand_0")
    before = test.session_state["explainer.seed"]
    press(test, "walk_dice", "walk_step")
    assert test.session_state["explainer.seed"] != before
    seed = test.session_state["explainer.seed"]
    assert code(test).startswith("s1t1n2t0.2h") and code(test).endswith(f"s{seed}n1")
    query = {"walk": code(test), "temperature": "0.2", "seed": str(seed)}
    written = path(test)
    again = AppTest.from_function(page, default_timeout=60)
    for key, value in query.items():
        again.query_params[key] = value
    again.run()
    assert path(again) == written and code(again) == query["walk"]


@pytest.mark.parametrize("nonsense", ["<script>", "n1e9", "h99999", "s1t1n2h-1", "n" * 2000])
def test_nonsense_in_a_link_is_no_error(nonsense):
    test = opened(walk=nonsense)
    assert not test.exception and not test.error
    assert len(path(test)) <= 2


def test_another_text_begins_anew():
    test = press(opened(), "walk_step")
    test.session_state["text"] = "a dog"
    test.run()
    assert not test.exception and code(test) == "" and path(test) == ""


def test_play_continues_until_it_is_paused():
    test = press(opened(), "walk_play")
    session = test.session_state.walk_session
    assert session.playing and len(path(test)) == 1  # the first at once
    session.due = time.monotonic() + 60
    test.run()
    assert len(path(test)) == 1  # not before it is due
    session.due = time.monotonic() - 0.01
    test.run()
    assert len(path(test)) == 2
    press(test, "walk_play")
    session.due = 0.0
    test.run()
    assert not session.playing and len(path(test)) == 2
    session.playing, session.due = True, time.monotonic() - 60
    test.run()  # nobody looked for a minute
    assert not session.playing


def test_a_full_branch_says_so():
    test = opened(walk="n200")
    assert "at most 200" in test.info[0].value and test.button(key="walk_step").disabled
    assert not test.button(key="walk_back").disabled
