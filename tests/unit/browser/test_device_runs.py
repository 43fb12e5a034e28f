"""The life of a run that a device trains: a device in Python speaks to the server's real routes."""

import dataclasses
import time

import numpy as np
import pytest

from charlab.browser import device_runs, device_session
from charlab.browser.device_session import LOST_SECONDS
from charlab.browser.first_weights import first_weights
from charlab.core.reading import evaluate
from charlab.errors import ConfigError, RunError
from charlab.runs import control, models
from charlab.runs.grading import RunText
from charlab.runs.permissions import TEACHER, THE_TEACHER, Actor
from helpers.devices import ANNA, BEN, TRAIN, device_of, grade_all, queued, steps_of, training
from helpers.slow_tests import slow
from helpers.tiny import TINY, random_weights
from helpers.waiting import wait_until

OTHER = Actor(TEACHER, THE_TEACHER)
pytestmark = pytest.mark.usefixtures("server")


@pytest.mark.parametrize(("kind", "optimizer"), [("gru", "adam"), ("transformer", "muon")])
def test_a_device_gets_what_it_needs_and_nothing_held_out(kind, optimizer):
    run = queued(model=TINY[kind], train=TRAIN.replace(optimizer=optimizer))
    device = device_of(run)
    job = device.begin()
    config, vocab = run.config(), run.vocab()
    assert (job["vocabulary_size"], job["unknown_id"], job["has_weights"]) == (len(vocab), len(vocab) - 1, False)
    assert device.model == config.model and device.train == config.train
    assert job["vocab"]["characters"] == vocab.characters and job["place"] == {"step": 0, "seconds": 0, "epoch": 0}
    division = RunText.of(config, vocab).division()
    assert np.array_equal(device.ids, division.training) and len(division.validation) > 100
    wanted = first_weights(config.model, len(vocab), config.train)
    assert set(wanted) == set(device.weights)
    assert all(np.array_equal(wanted[name], device.weights[name]) for name in wanted)
    assert run.status().state == "running" and run.is_held()


def test_the_first_weights_are_drawn_before_a_device_asks_for_them(server, monkeypatch):
    drawn = []
    monkeypatch.setattr(device_session.first_weights, "as_file", lambda *given: drawn.append(given))
    run = queued()
    assert server.open(run, ANNA)
    wait_until(lambda: drawn)
    assert drawn == [(run.config().model, len(run.vocab()), run.config().train)]


@pytest.mark.parametrize("kind", ["gru", slow("transformer")])
def test_a_run_from_start_to_end(server, clock, kind):
    run = queued(model=TINY[kind])
    device = device_of(run)
    device.begin()
    assert device.report(with_weights=True).json() == {"number": 1, "request": None}
    grade_all(server)
    assert steps_of(run, "epoch") == steps_of(run, "sample") == [0]
    for second in range(30):
        clock.now += 1
        device.take_steps(5)
        device.report(with_weights=second % 10 == 9)
        if second == 15:
            grade_all(server)
            assert run.status().state == "running" and run.status().seconds_left == 14
    assert device.end("done").status_code == 200
    assert run.status().state == "running"  # its last weights have no validation loss yet
    grade_all(server)
    status = run.status()
    assert (status.state, status.reason, status.step, status.seconds) == ("done", "", 150, 30.0)
    assert steps_of(run) == list(range(5, 151, 5)) and steps_of(run, "epoch") == [0, 50, 150]
    assert not run.is_held() and {"best", "last", "epoch-000"} <= set(run.weight_names())
    check_measured(run)


def check_measured(run):
    """What is recorded of the last weights is what is measured of them, and no loss of the device's."""
    model = models.load(run.id, "last")
    division = RunText.of(model.config, model.vocab).division()
    wanted = evaluate(model.predictor, model.vocab, division.validation)
    evaluations = [event for event in run.events()[0] if event["event"] == "epoch"]
    assert evaluations[-1]["val_loss"] == pytest.approx(wanted.loss_nats, abs=1e-6)
    assert all("loss" not in event for event in evaluations)
    results = run.status().results
    assert results["val_loss"] == evaluations[-1]["val_loss"] and results["train_loss"] is None
    assert results["best_val_loss"] == min(event["val_loss"] for event in evaluations)
    assert results["train_loss_after"] == evaluations[-1]["train_loss_after"]


def test_a_pause_and_a_resume_in_another_browser(server, clock):
    """The other browser goes on from the last weights that came; events after them are recorded again."""
    run = queued()
    device = training(run, clock)
    sent = {name: array.copy() for name, array in device.weights.items()}
    clock.now += 1
    device.take_steps(4)
    control.pause(run, ANNA)
    clock.now += 1
    assert device.report().json()["request"] == "pause"
    assert run.status().state == "pausing"
    assert device.send(*device.message(ended={"state": "paused"})).status_code == 200
    assert run.status().state == "paused" and run.request() is None and not run.is_held()
    assert steps_of(run) == [1, 2, 3, 7] and run.status().seconds == 4

    control.resume(run, ANNA)
    other = device_of(run)
    job = other.begin()
    assert job["has_weights"] and job["place"] == {"step": 3, "seconds": 3, "epoch": job["place"]["epoch"]}
    assert all(np.array_equal(sent[name], other.weights[name]) for name in sent)
    clock.now += 1
    other.take_steps(2)
    assert other.report().status_code == 200
    assert steps_of(run) == [1, 2, 3, 5] and run.status().seconds == 4


def test_a_device_goes_on_from_a_state_of_its_own(clock):
    run = queued()
    run.write_status(dataclasses.replace(run.recorded_status(), started=time.time() - 60))
    device = training(run, clock)
    clock.now += 3
    device.take_steps(5, seconds=2)
    device.report()
    again = device_of(run)
    again.begin()
    again.step, again.seconds = 6, 5.0  # it had kept this one, later than the last weights that it sent
    begins = again.place()
    clock.now += 1
    again.take_steps()
    refused = device.report()
    assert refused.status_code == 403 and "was opened by another page since" in refused.json()["problem"]
    assert again.report(begins=begins).status_code == 200
    assert steps_of(run) == [1, 2, 3, 7] and run.status().seconds == 6


def test_a_stop_is_asked_for_and_ends_with_an_evaluation(server, clock):
    run = queued()
    device = training(run, clock)
    grade_all(server)
    control.stop(run, OTHER)
    clock.now += 1
    device.take_steps()
    assert device.report().json()["request"] == "stop"
    device.end("stopped")
    assert run.status().state == "stopping"
    grade_all(server)
    assert (run.status().state, run.status().reason) == ("stopped", "The teacher stopped this run.")
    assert steps_of(run, "epoch")[-1] == 4
    check_measured(run)


def test_a_device_that_does_not_stop_is_stopped(server, clock):
    run = queued()
    device = training(run, clock)
    control.stop(run, OTHER)
    for _ in range(13):
        clock.now += 1
        device.take_steps()
        device.report()
        server.look()
    assert device.last.status_code == 409 and "is stopped: nothing more is taken" in device.last.json()["problem"]
    assert run.status().state == "stopped" and "did not answer that request" in run.status().reason


def test_a_lost_device_pauses_the_run_with_that_reason(server, clock):
    run = queued()
    device = training(run, clock)
    clock.now += LOST_SECONDS
    server.look()
    assert run.status().state == "running"
    clock.now += 0.5
    server.look()
    assert run.status().state == "paused" and not run.is_held()
    assert run.status().reason.startswith("The device that trained it is gone: its page was closed")
    assert device.report().status_code == 409
    control.resume(run, ANNA)
    assert device_of(run).begin()["place"]["step"] == 3


def test_a_run_that_no_device_asks_for_is_paused(server, clock):
    run = queued()
    server.look()
    clock.now += device_runs.BEGIN_SECONDS
    device_runs.pool().open(run, ANNA)
    server.look()
    assert run.status().state == "queued"
    clock.now += 1
    server.look()
    assert run.status().state == "paused" and "No device has begun to train it" in run.status().reason
    with pytest.raises(RunError, match="is paused: resume it first"):
        server.open(run, ANNA)


def test_a_run_that_leaves_the_queue_is_not_begun(server):
    run = queued()
    device = device_of(run)
    control.stop(run, ANNA)
    assert device.fetch("job").status_code == 409
    assert run.status().state == "stopped" and "removed from the queue" in run.status().reason


def test_the_servers_end_pauses_every_run(server, clock):
    runs = [queued(actor) for actor in (ANNA, BEN)]
    training(runs[0], clock)
    other = device_of(runs[1], BEN)
    other.begin()
    server.close()
    assert {(run.status().state, run.status().reason) for run in runs} == {("paused", control.SERVER_STOPPED)}


def test_a_run_is_trained_longer(server, clock):
    run = queued(train=TRAIN.replace(minutes=0.1))
    device = training(run, clock, steps=6)
    device.end("done")
    grade_all(server)
    assert run.status().state == "done" and "Only 6 steps" in run.status().reason
    control.train_longer(run, ANNA, minutes=0.1)
    again = device_of(run)
    assert again.begin()["place"]["seconds"] == 6 and again.train.minutes == pytest.approx(0.2)
    for _ in range(6):
        clock.now += 1
        again.take_steps(10)
        again.report()
    again.end("done")
    grade_all(server)
    assert run.status().state == "done" and steps_of(run) == [*range(1, 7), *range(16, 67, 10)]
    assert any(note.startswith("Trained longer: 0.1 minutes more") for note in run.config().notes)


def test_early_stopping_is_the_servers(server, clock):
    run = queued(train=TRAIN.replace(minutes=None, epochs=40, patience=1))
    device = device_of(run)
    device.begin()
    device.report(with_weights=True)
    grade_all(server)
    device.weights = random_weights(device.model, len(run.vocab()), scale=3)  # which are no better
    clock.now += 1
    device.take_steps(device.steps_per_epoch)
    assert device.report(with_weights=True).json()["request"] is None
    grade_all(server)
    clock.now += 1
    device.take_steps()
    assert device.report().json()["request"] == "stop"
    device.end("stopped")
    grade_all(server)
    assert run.status().state == "done"


def test_a_device_that_ends_early_or_fails_says_so(server, clock):
    run = queued()
    device = training(run, clock)
    device.end("done")
    grade_all(server)
    assert run.status().state == "stopped"
    assert run.status().reason == "The device ended before its budget was spent."
    failed = queued()
    device = training(failed, clock)
    device.send(*device.message(ended={"state": "failed", "problem": "The loss is no longer a number."}))
    assert failed.status().state == "failed"
    assert failed.status().reason == "The device reported: The loss is no longer a number."


def test_the_servers_limit_holds_for_devices(clock, monkeypatch):
    monkeypatch.setenv("CHARLAB_MINUTES", "0.05")
    run = queued()
    device = training(run, clock, steps=2)
    clock.now += 1
    device.take_steps()
    assert device.report().json()["request"] == "stop"
    device.send(*device.message(ended={"state": "stopped"}))
    grade_all(device_runs.pool())
    assert run.status().state == "stopped" and "its model is saved" in run.status().reason


def test_only_its_owner_opens_a_run(server):
    run = queued()
    for actor in (BEN, OTHER):
        with pytest.raises(RunError, match="started in another browser: only that browser can train it"):
            server.open(run, actor)
    other = queued(BEN, TRAIN.replace(accelerator="auto"))
    with pytest.raises(RunError, match="is not for a device"):
        server.open(other, BEN)


def test_what_no_device_should_train_is_not_opened(server):
    large = TINY["gru"].replace(units=1024)
    with pytest.raises(ConfigError, match="at most 2,000,000 parameters, and this network has"):
        queued(model=large)
    run = queued()
    run.write_config(dataclasses.replace(run.config(), model=large))
    with pytest.raises(RunError, match="cannot be trained on a device. A device trains at most 2,000,000"):
        server.open(run, ANNA)
