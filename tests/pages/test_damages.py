"""A damaged run never raises in a page, its own or another run's, and is one line where people look for it."""

import pytest

from charlab.runs import checkpoints, store, time_estimate, watch
from helpers import damages
from helpers.pages import live, model_box, open_page, open_popover, shown
from helpers.runs import all_runs
from helpers.slow_tests import one_in
from helpers.tiny import make_run


def a_run(name="tiny", **status) -> store.Run:
    run = make_run(name=name, **({"best_epoch": 1, "epoch": 1.0, "step": 10} | status))
    for event in damages.EVENTS:
        run.append_event(event)
    checkpoints.save(run, checkpoints.Progress(), {})
    return run


def all_damaged() -> dict[str, store.Run]:
    """A run for each damage."""
    runs = {}
    for number, (name, damage) in enumerate(damages.ALL.items()):
        runs[name] = a_run(f"damaged {number}")
        damage(runs[name])
    return runs


def errors(app) -> str:
    return "\n".join([*(element.value.replace("\\", "") for element in app.error), live(app).get("problem", "")])


@pytest.mark.parametrize("place", ["home", "train", "playground", "explainer"])
def test_every_damage_at_once_hurts_no_page_and_no_other_run(place):
    all_damaged()
    sound = a_run("Sound")
    links = {"train": {"run": sound.id}, "home": {}}
    app = open_page(place, **links.get(place, {"model": sound.id}))
    assert not app.exception and not app.error
    if place == "train":
        assert [box.value for box in app.selectbox if box.label == "Run"] == [sound.id]
        box = next(box for box in app.selectbox if box.label == "Run")
        assert sum("cannot be read: " in title for title in box.options) == len(damages.RUN)
        return
    said = shown(app).replace("\\", "")
    assert "cannot be read: " in said and f"{len(damages.RUN) - 5} more runs cannot be read." in said
    if place != "home":
        assert model_box(app).value == sound.id


@pytest.mark.parametrize("name", ["status: half", "config: name a number", "vocab: a list", "metrics: loss -1"])
def test_a_damaged_run_is_left_out_of_a_comparison(name):
    sound, other, damaged = a_run("Sound"), a_run("Other"), a_run()
    damages.ALL[name](damaged)
    app = open_page("train", run=sound.id, others=f"{damaged.id},{other.id}")
    open_popover(app, "compare_runs")
    assert not app.exception and not app.error
    assert next(box for box in app.multiselect if box.label == "Compare with").value == [damaged.id, other.id]
    known = [watch.KnownRun(run) for run in (sound, damaged, other)]
    assert time_estimate.measured_speeds(known[:2])[0].characters_per_second == 900
    assert len(time_estimate.measured_speeds(known)) == 2


@pytest.mark.parametrize("name", one_in(4, damages.RUN))
def test_a_run_that_cannot_be_read_says_why_and_can_be_deleted(name):
    run = a_run()
    damages.RUN[name](run)
    app = open_page("train", run=run.id)
    assert not app.exception and " cannot be read: " in errors(app)
    next(button for button in app.button if button.label == "Delete permanently").click()
    assert not app.run().exception and not list(all_runs())


@pytest.mark.parametrize("name", one_in(4, damages.METRICS))
def test_damaged_metrics_are_said_and_the_model_still_writes(name):
    run = a_run()
    damages.METRICS[name](run)
    app = open_page("train", run=run.id)
    assert not app.exception and " cannot be read: " in errors(app)
    assert any(button.label == "Delete permanently" for button in app.button)


@pytest.mark.parametrize("place", ["playground", "explainer"])
@pytest.mark.parametrize("name", one_in(3, damages.WEIGHTS))
def test_damaged_weights_are_said(name, place):
    run = a_run()
    damages.WEIGHTS[name](run)
    app = open_page(place, model=run.id)
    assert not app.exception and "cannot be read: " in errors(app)
    app.switch_page("train.py").run()
    assert not app.exception and not app.error


def test_an_epoch_with_damaged_weights_is_left_out_of_the_curve():
    run = a_run()
    for epoch in (0, 1, 2):
        run.write_weights(run.weights("last"), f"epoch-{epoch:03d}")
    run.weights_path("epoch-001").write_bytes(b"cut")
    app = open_page("explainer", model=run.id, view="over training", epoch="2")
    assert not app.exception and not app.error
    app = open_page("explainer", model=run.id, view="over training", epoch="1")
    assert not app.exception and "cannot be read: " in errors(app)


def test_a_run_that_is_damaged_while_it_is_watched_does_not_redraw_for_ever():
    run = a_run()
    app = open_page("train", run=run.id)
    run.append_event(damages.STEP | {"loss": float("nan")})
    assert not app.run().exception and "'loss' in line 5 of metrics.jsonl is nan" in errors(app)
    damages.STATUS["status: half"](run)
    assert not app.run().exception and "status.json is damaged or incomplete" in errors(app)
