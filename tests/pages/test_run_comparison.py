"""The part that compares runs, run by Streamlit's own harness."""

import pytest
from streamlit.testing.v1 import AppTest

from charlab.runs import store
from charlab.runs.store import Run
from helpers.tiny import make_run


def app_of(body: str, run: Run) -> AppTest:
    program = f"""
import streamlit as st
from charlab.runs import store
from pages.parts.shared import url_state
from pages.parts.train import run_comparison
run = store.find({run.id!r})
config, events = run.config(), run.events()[0]
{body}
"""
    return AppTest.from_string(program, default_timeout=60)


def write_samples(run, first, last):
    for epoch in range(first, last + 1):
        place = {"event": "sample", "epoch": epoch, "step": 10 * epoch}
        run.append_event(place | {"seed_text": "the ", "text": f"text {epoch} <b>$x$"})


SAMPLES = "if sample := run_comparison.samples(run, events): run_comparison.about_sample(sample)"


def texts(app):
    return [element.value for element in app.code]


def test_the_newest_text_is_shown_until_a_hand_moves_the_slider():
    run = make_run()
    app = app_of(SAMPLES, run)
    assert not app.run().exception and not texts(app)
    write_samples(run, 0, 0)
    assert texts(app.run()) == ["the text 0 <b>$x$"] and "Untrained" in app.caption[0].value
    write_samples(run, 1, 3)
    assert texts(app.run()) == ["the text 3 <b>$x$"]
    app.select_slider[0].set_value(1).run()
    assert texts(app) == ["the text 1 <b>$x$"]
    write_samples(run, 4, 5)
    assert texts(app.run()) == ["the text 1 <b>$x$"]
    app.select_slider[0].set_value(5).run()
    write_samples(run, 6, 6)
    assert texts(app.run()) == ["the text 6 <b>$x$"]
    assert not app.exception


@pytest.mark.parametrize(
    ("settings", "wait"),
    [("epochs=3", "at the end of epoch 1."), ("minutes=1", "at the end of epoch 1, or when the time is up.")],
)
def test_beside_its_first_text_a_run_that_trains_says_when_the_next_comes(settings, wait):
    run = make_run()
    write_samples(run, 0, 0)
    call = f"run_comparison.samples(run, events, 240, TrainConfig({settings}))"
    app = app_of(f"from charlab.core.config import TrainConfig\n{call}", run)
    assert app.run().caption[0].value == f"Untrained. Next text {wait}"
    write_samples(run, 1, 1)
    assert not app.run().caption and texts(app) == ["the text 1 <b>$x$"]
    assert not app.exception


def test_a_browser_that_is_one_text_behind_does_not_hold_the_slider():
    run = make_run()
    app = app_of(SAMPLES, run)
    write_samples(run, 0, 1)
    assert texts(app.run()) == ["the text 1 <b>$x$"]
    behind = app._tree.get_widget_states()  # the slider on text 1, which was the newest
    for newest in (2, 3):
        write_samples(run, newest, newest)
        app.run()
        app._run(behind)
        assert texts(app) == [f"the text {newest} <b>$x$"]
    app.select_slider[0].set_value(1).run()
    write_samples(run, 4, 4)
    assert texts(app.run()) == ["the text 1 <b>$x$"] and not app.exception


def test_two_texts_of_the_same_epoch_are_two_places_of_the_slider():
    """Of a run that was stopped after a few of many steps, the epoch is 0 again."""
    run = make_run()
    app = app_of(SAMPLES, run)
    for step in (0, 2):
        place = {"event": "sample", "epoch": 0, "step": step, "seed_text": "the ", "text": f"step {step}"}
        run.append_event(place)
    assert texts(app.run()) == ["the step 2"]
    app.run()
    assert texts(app) == ["the step 2"]
    app.select_slider[0].set_value(0).run()
    assert texts(app) == ["the step 0"] and "Untrained" in app.caption[0].value


def test_a_resume_that_cuts_texts_moves_the_slider_back():
    run = make_run()
    write_samples(run, 0, 5)
    app = app_of(SAMPLES, run)
    app.run()
    app.select_slider[0].set_value(3).run()
    run.cut_events(0)
    write_samples(run, 0, 1)
    assert texts(app.run()) == ["the text 1 <b>$x$"] and not app.exception


PICK = (
    "st.write([other.id for other in run_comparison.pick_others(run, st)])\n"
    "url_state.write(run_comparison.in_link())"
)


def test_other_runs_are_chosen_by_hand_or_by_link_and_never_more_than_four():
    made = [make_run(name=f"run {i}") for i in range(6)]
    app = app_of(PICK, made[0]).run()
    assert made[0].id not in app.multiselect[0].options and len(app.multiselect[0].options) == 5
    app.multiselect[0].set_value([made[2].id]).run()
    assert app.query_params["others"] in (made[2].id, [made[2].id])
    opened = app_of(PICK, made[0])
    opened.query_params["others"] = ",".join([*(run.id for run in made), "../../etc"])
    opened.run()
    assert not opened.exception
    assert opened.multiselect[0].value == [run.id for run in made[1:5]]


def test_without_other_runs_there_is_nothing_to_choose():
    app = app_of(PICK, make_run()).run()
    assert not app.multiselect and not app.exception


@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_what_differs_is_a_table_and_names_are_not_obeyed(kind):
    run, other = make_run(), make_run(kind, name="**evil** | <b>")
    app = app_of(f"run_comparison.table(config, [store.find({other.id!r})])", run).run()
    assert not app.exception
    said = "\n".join([*(m.value for m in app.markdown), *(c.value for c in app.caption)])
    if kind == "gru":
        assert "Same settings" in said
    else:
        assert "| Kind of model | gru | lstm |" in said and "**evil** |" not in said and "<b>" not in said


def test_one_run_alone_has_no_table():
    app = app_of("run_comparison.table(config, [])", make_run()).run()
    assert not app.markdown and not app.exception


def test_words_stand_under_a_run_that_has_something_to_tell():
    run = make_run()
    app = app_of("run_comparison.words(run, config, events, run.status(), 'accuracy')", run)
    assert not app.run().markdown
    run.append_event({"event": "epoch", "epoch": 0, "step": 0, "val_loss": 2.0})
    assert "equally likely characters" in app.run().markdown[0].value and "bits" in app.markdown[0].value
    run.append_event({"event": "epoch", "epoch": 1, "step": 9, "loss": 0.7, "val_loss": 0.694})
    assert "best possible" in app.run().markdown[0].value  # coin flips: ln 2
    assert not app.exception


def test_events_of_other_runs_are_laid_over_and_broken_ones_left_out():
    from pages.parts.train import run_comparison

    run, broken = make_run(), make_run(name="broken")
    write_samples(run, 0, 0)
    (broken.path / "config.json").write_text("{")
    (found,) = run_comparison.overlay([broken, run, store.Run(run.path / "nowhere")])
    assert found["label"] == "tiny" and len(found["events"]) == 1
    labels = [line["label"] for line in run_comparison.overlay([run, make_run(name="Sea"), make_run()])]
    assert len(set(labels)) == 3 and "Sea" in labels  # runs of one name are told apart


def test_runs_of_one_name_are_called_the_same_in_the_chart_and_in_the_table():
    from pages.parts.train import run_comparison

    others = [make_run("lstm", name="Sea") for _ in range(2)]
    found = f"[store.find({others[0].id!r}), store.find({others[1].id!r})]"
    app = app_of(f"run_comparison.table(config, {found})", make_run()).run()
    head = "\n".join(element.value for element in app.markdown).replace("\\", "").splitlines()[0]
    labels = [line["label"] for line in run_comparison.overlay(others)]
    assert len(set(labels)) == 2 and head == f"|  | this run | {' | '.join(labels)} |"
