"""The reader's own device as an accelerator: when the form offers it first, and who may train a run there."""

from __future__ import annotations

import dataclasses

import pytest

from charlab.browser import device_session
from charlab.core.config import TrainConfig
from charlab.runs import control, store
from charlab.runs.permissions import OPERATOR
from helpers.pages import given, open_page, press, send, shown
from helpers.runs import all_runs
from helpers.tiny import make_run
from pages.parts.shared import browser_cookie

OWNER, OTHER = "b" * 16, "a" * 16
SMALL = {"corpus": "coin-flips", "preset": "custom", "custom.units": "16"}


@pytest.fixture
def classroom(monkeypatch):
    """A class's server, seen by one student."""
    monkeypatch.setenv("CHARLAB_CLASS", "1")
    monkeypatch.setattr(browser_cookie, "owner", lambda: OWNER)


def device_run(owner: str, **status) -> store.Run:
    run = make_run(**{"state": "paused", "reason": device_session.LOST, "step": 4} | status)
    config = run.config()
    run.write_config(dataclasses.replace(config, owner=owner, train=TrainConfig(accelerator="device")))
    return run


def words(app) -> str:
    return shown(app).replace("\\", "")


def picker(app):
    return app.selectbox(key="accelerator")


def labels(app) -> list[str]:
    return [button.label for button in app.button]


def test_in_a_class_the_device_comes_first_and_steps_aside_for_what_it_cannot_train(classroom):
    app = open_page("train", corpus="coin-flips")
    assert picker(app).options[0] == picker(app).value.replace("device", "This device") == "This device"
    data = given(app, "device-speed")
    assert data["epochs"] == 5 and data["characters"] > 50_000 and data["script"].startswith("/assets/engine/")
    app.selectbox(key="preset").set_value("mini-gpt").run()
    assert picker(app).value == "device"
    app.selectbox(key="preset").set_value("cloud-tpu-lstm").run()
    assert picker(app).value == "auto" and "This device" not in picker(app).options
    assert "A device trains with the optimisers Adam, AdamW, Muon, not with rmsprop" in words(app)
    app.selectbox(key="preset").set_value("ngram").run()
    assert "A device trains" not in words(app)
    app.selectbox(key="preset").set_value("quick-gru").run()
    assert picker(app).value == "device"
    picker(app).set_value("cpu").run()
    app.selectbox(key="preset").set_value("custom").run()
    assert picker(app).value == "cpu"


def test_elsewhere_it_comes_first_where_the_queue_is_long(monkeypatch):
    monkeypatch.setenv("CHARLAB_AT_ONCE", "1")
    app = open_page("train", corpus="coin-flips")
    assert picker(app).value == "auto" and picker(app).options[-1] == "This device"
    assert "choose it as accelerator" not in words(app)
    waits = make_run(state="queued")
    waits.write_config(dataclasses.replace(waits.config(), train=TrainConfig(minutes=4)))
    app.run()
    assert picker(app).value == "auto", "what a reader sees chosen stays"
    assert "On the server it would start in about 4 minutes" in words(app)
    assert picker(open_page("train", corpus="coin-flips")).value == "device"


def test_start_opens_the_run_for_this_browser_and_a_second_one_waits_for_the_first(classroom):
    app = press(open_page("train", **SMALL), "Start")
    (run,) = all_runs()
    data = given(app, f"device-{run.id}")
    assert (run.config().train.accelerator, run.config().owner) == ("device", OWNER)
    assert data["secret"] and data["active"] and data["mine"] and data["address"] == f"/device/{run.id}"
    assert "Waiting for its device to begin." in words(app)
    begins = given(app, "device-speed")["begins"]
    assert begins == {key: data[key] for key in begins} and begins["secret"], "it begins before its panel is drawn"
    assert given(app.run(), "device-speed")["begins"] is None
    press(app, "Start")
    (error,) = app.error
    assert "trains one run at a time" in error.value.replace("\\", "") and len(list(all_runs())) == 1


def test_a_run_that_waits_for_the_server_is_offered_the_device(classroom):
    app = press(open_page("train", **SMALL, accelerator="auto"), "Start")
    (run,) = all_runs()
    assert run.config().train.accelerator == "auto"
    press(app, "Train it on this device")
    assert run.config().train.accelerator == "device" and given(app, f"device-{run.id}")["secret"]
    assert "Train it on this device" not in labels(app)


def test_a_browser_that_was_reloaded_asks_for_its_run_again(classroom):
    run = device_run(OWNER, state="queued", reason="")
    app = open_page("train", run=run.id)
    key = f"device-{run.id}"
    assert given(app, key)["secret"] == "" and given(app, key)["active"]
    send(app, key, "asked", "open")
    assert given(app, key)["secret"]


def test_a_tab_that_was_asleep_continues_a_run_that_nobody_else_has_paused(classroom):
    run = device_run(OWNER)
    app, key = open_page("train", run=run.id), f"device-{run.id}"
    assert given(app, key)["lost"]
    send(app, key, "asked", "continue")
    assert run.recorded_status().state == "queued" and given(app, key)["secret"]
    control.pause(run, OPERATOR)
    assert not given(app.run(), key)["lost"]


def test_after_a_servers_sudden_end_the_run_goes_on_in_the_tab_that_trained_it(classroom):
    run = device_run(OWNER, state="running", reason="")
    app, key = open_page("train", run=run.id), f"device-{run.id}"
    assert given(app, key)["lost"] and not given(app, key)["active"] and "Resume" in labels(app)
    assert "The server stopped unexpectedly while a device trained it." in words(app)
    send(app, key, "asked", "continue")
    assert run.recorded_status().state == "queued" and given(app, key)["secret"]


def test_resume_opens_it_for_this_browser_alone(classroom):
    mine, other = device_run(OWNER), device_run(OTHER)
    app = press(open_page("train", run=mine.id), "Resume")
    assert given(app, f"device-{mine.id}")["secret"]
    app = open_page("train", run=other.id)
    assert not given(app, f"device-{other.id}")["mine"] and "Resume" not in labels(app)
    send(app, f"device-{other.id}", "asked", "open")
    assert given(app, f"device-{other.id}")["secret"] == ""
    assert other.recorded_status().state == "paused"


def test_a_teacher_stops_a_students_run_and_does_not_train_it(classroom, monkeypatch):
    monkeypatch.setattr(browser_cookie.credentials, "is_teacher", lambda cookie: True)
    app = open_page("train", run=device_run(OTHER).id)
    assert "Resume" not in labels(app) and "Only the browser that started it can train it further" in words(app)
