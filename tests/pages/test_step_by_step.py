"""The Explainer's view “Write step by step”, run by Streamlit's own test harness."""

import base64
import gzip

import numpy as np
import pytest
from starlette.requests import Request
from streamlit.testing.v1 import AppTest

from charlab.core.config import SampleConfig
from charlab.core.display import in_line
from charlab.core.generation import generate, texts
from charlab.explain import branching
from charlab.runs import models
from helpers.pages import given, send
from helpers.runs import all_runs
from helpers.tiny import make_run
from pages.parts.explainer import step_by_step

TEXT, KEY = "the ", "walk_view"


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


def ask(test: AppTest, act: str, **more) -> AppTest:
    """What the browser asks, from where the reader is; what was moved there comes with it."""
    data, state = given(test, KEY), test.session_state
    here = {"written": data["written"], "turn": data["turn"] + 1}
    moved = {name: state[f"explainer.{name}"] for name in ("temperature", "seed")}
    send(test, KEY, "asked", here | moved | {"act": act} | more)
    assert not test.exception, act
    return test


def steps(test: AppTest, number: int) -> AppTest:
    for _ in range(number):
        ask(test, "step")
    return test


def code(test: AppTest) -> str:
    assert test.session_state.returned["walk"] == (test.session_state.walk or None)
    return test.session_state.walk


def path(test: AppTest) -> str:
    return vocab().decode(test.session_state.walk_session.branches.ids)


def vocab():
    return models.load(next(all_runs()).id).vocab


def logits_of(data: dict) -> dict[int, np.ndarray]:
    """The logits in an answer, by how many characters were read before."""
    return {length: np.frombuffer(base64.b64decode(packed), data["type"]) for length, packed in data["rows"]}


def test_steps_write_what_the_playground_writes_and_the_link_holds_them():
    test = steps(opened(), 5)
    model = models.load(next(all_runs()).id)
    made = list(generate(model.predictor, model.vocab, TEXT, SampleConfig(length=5)))
    assert path(test) == texts(made, model.vocab)[0]
    assert code(test) == "s1t1n5" and test.query_params["walk"] == "s1t1n5"
    assert test.session_state.returned == {"walk": "s1t1n5", "explainer.temperature": 1.0, "explainer.seed": 1}
    data = given(test, KEY)
    assert data["code"] == "s1t1n5" and data["written"] == 5 and data["turn"] == 5
    assert data["ids"] == model.vocab.encode(path(test)).tolist()


def test_each_answer_brings_the_logits_that_the_browser_lacks():
    test = opened(walk="s1t1n3")
    reader = branching.Reader(models.load(next(all_runs()).id).predictor, vocab(), TEXT)
    ids = tuple(given(test, KEY)["ids"])
    assert sorted(logits_of(given(test, KEY))) == [0, 1, 2, 3]
    for length, logits in logits_of(given(test, KEY)).items():
        np.testing.assert_array_equal(logits, reader.logits(ids[:length]))
    assert list(logits_of(given(ask(test, "step", known=4), KEY))) == [4]
    assert list(logits_of(given(test.run(), KEY))) == [4]  # until the browser has got them
    assert list(logits_of(given(ask(test, "step", known=2), KEY))) == [2, 3, 4, 5]  # an answer was lost
    other = next(i for i in range(9) if i != ids[1])
    assert list(logits_of(given(ask(test, "hand", written=1, id=other, known=6), KEY))) == [2]
    assert list(logits_of(given(ask(test, "branch", branch=0, known=3), KEY))) == [2, 3, 4, 5]
    for nonsense in (-5, "x", None):
        assert 2 in logits_of(given(ask(test, "hand", written=1, id=other, known=nonsense), KEY))


def test_what_was_moved_in_the_browser_comes_with_what_is_asked():
    test = steps(opened(), 3)
    first = path(test)
    ask(test, "step", written=1, temperature=0.5, seed=77)
    assert code(test) == "s1t1n1s77t0.5n1" and path(test)[0] == first[0]
    send(test, KEY, "moved", {"written": 0, "temperature": 1.5, "seed": 3, "turn": 9})
    assert code(test) == "" and "walk" not in test.query_params and given(test, KEY)["turn"] == 9
    assert test.session_state["explainer.temperature"] == 1.5 and test.query_params["seed"] == "3"


def test_going_back_and_another_choice_make_a_branch_and_the_first_one_can_be_returned_to():
    test = steps(opened(), 3)
    first = path(test)
    assert given(test, KEY)["branches"]["texts"] == []
    other = next(i for i, character in enumerate(vocab().characters) if character != first[1])
    steps(ask(test, "hand", written=1, id=other), 1)
    assert len(path(test)) == 3 and path(test)[:2] == first[0] + vocab().characters[other]
    data = given(test, KEY)
    assert [manual for _, manual, _, _ in data["path"]] == [False, True, False]
    assert data["branches"]["texts"] == [in_line(first), in_line(path(test))] and data["branches"]["current"] == 1
    assert path(ask(test, "branch", branch=0)) == first


@pytest.mark.parametrize(
    "asked", [{"act": "hand", "id": 10**9}, {"act": "hand"}, {"act": "branch", "branch": "x"}]
)
def test_what_no_browser_of_ours_asks_for_changes_nothing(asked):
    test = steps(opened(), 2)
    assert len(path(ask(test, **asked, seed=-5, temperature="hot"))) == 2
    assert len(path(ask(test, "step", written="x"))) == 1  # from the beginning


def test_temperature_and_seed_change_on_the_way_and_a_link_restores_all_of_it():
    test = steps(opened(), 2)
    ask(test, "hand", id=2, temperature=0.2)
    steps(ask(test, "step", seed=91), 1)
    assert code(test) == "s1t1n2t0.2h2s91n2"
    query = {"walk": code(test), "temperature": "0.2", "seed": "91"}
    written = path(test)
    again = AppTest.from_function(page, default_timeout=60)
    for key, value in query.items():
        again.query_params[key] = value
    again.run()
    assert path(again) == written and code(again) == query["walk"]


def test_an_address_of_the_same_branch_moves_along_it_and_loses_nothing():
    test = ask(opened(walk="s1t1n4"), "hand", written=3, id=4)
    assert len(test.session_state.walk_session.branches.paths) == 2
    test.query_params["walk"] = "s1t1n2"
    test.run()
    assert code(test) == "s1t1n2" and len(path(test)) == given(test, KEY)["written"] == 2
    assert len(test.session_state.walk_session.branches.paths) == 2


@pytest.mark.parametrize("nonsense", ["<script>", "n1e9", "h99999", "s1t1n2h-1", "n" * 2000])
def test_nonsense_in_a_link_is_no_error(nonsense):
    test = opened(walk=nonsense)
    assert not test.exception and not test.error
    assert len(path(test)) <= 2


def test_another_text_begins_anew():
    test = steps(opened(), 1)
    test.session_state["text"] = "a dog"
    test.run()
    assert not test.exception and code(test) == "" and path(test) == ""
    assert given(test, KEY)["turn"] == 1  # the browser counts on


def test_the_address_waits_while_playing():
    test = ask(opened(), "step", isPlaying=True)
    assert len(path(test)) == 1 and "walk" not in test.query_params
    ask(test, "step", isPlaying=False)
    assert test.query_params["walk"] == "s1t1n2"


def test_a_stop_that_came_late_ends_what_plays_with_the_next_answer_and_what_is_pressed_counts_again():
    test = ask(opened(), "step", isPlaying=True)
    test.session_state.walk_session.is_stopped = True
    ask(test, "step", isPlaying=True)
    assert given(test, KEY)["isStopped"] and len(path(test)) == 1
    ask(test, "step", isPlaying=True)
    assert not given(test, KEY)["isStopped"] and len(path(test)) == 2


def test_a_full_branch_stays_as_it_is():
    test = ask(opened(walk="n200"), "step")
    assert len(path(test)) == branching.MAX_CHOICES == given(test, KEY)["most"]
    assert len(path(ask(test, "hand", written=10**6, id=0))) == branching.MAX_CHOICES


def test_the_random_numbers_of_a_seed_have_an_address():
    ask_for = lambda seed: step_by_step.random_numbers(Request({"type": "http", "path_params": {"seed": seed}}))  # noqa: E731
    answer = ask_for("77")
    numbers = np.frombuffer(gzip.decompress(bytes(answer.body)), "<f8")
    np.testing.assert_array_equal(numbers, branching.random_numbers(77))
    assert "immutable" in answer.headers["cache-control"]
    assert [ask_for(seed).status_code for seed in ("-1", "x", "1e3", str(2**40))] == [400] * 4
