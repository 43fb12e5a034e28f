"""The life of a run that a device trains: a device in Python speaks to the server's real routes."""

import dataclasses
import math
import time

import numpy as np
import psutil
import pytest

from charlab.browser import device_runs
from charlab.browser.device_session import LOST_SECONDS
from charlab.browser.first_weights import first_weights
from charlab.core.reading import evaluate
from charlab.errors import ConfigError, RunError
from charlab.runs import checkpoints, control, models, writers
from charlab.runs.grading import RunText
from charlab.runs.permissions import TEACHER, THE_TEACHER, Actor
from helpers.devices import ANNA, BEN, TRAIN, device_of, queued, training
from helpers.tiny import TINY, random_weights
from helpers.waiting import wait_until

OTHER = Actor(TEACHER, THE_TEACHER)
pytestmark = pytest.mark.usefixtures("server")


def grade_all(server):
    while server.grade_next():
        pass


def steps_of(run, kind="step"):
    return [event["step"] for event in run.events()[0] if event["event"] == kind]


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


@pytest.mark.parametrize("kind", ["gru", "transformer"])
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


@pytest.mark.parametrize("how", ["lost", "paused", "disobeys"])
def test_a_run_that_waits_has_its_last_weights_evaluated_once(how, server, clock):
    run = queued()
    device = training(run, clock)
    grade_all(server)
    clock.now += 1
    device.take_steps(4)
    device.report(with_weights=True)
    if how == "lost":
        clock.now += LOST_SECONDS + 0.5
    elif how == "paused":
        device.send(*device.message(ended={"state": "paused"}))
    else:
        control.stop(run, ANNA)
        clock.now += 1
        device.take_steps()
        assert device.report().json()["request"] == "stop"
        clock.now += 10.5
    server.look()
    left = run.status()
    assert left.state == ("stopped" if how == "disobeys" else "paused") and steps_of(run, "epoch")[-1] == 3
    server.look()
    grade_all(server)
    assert steps_of(run, "epoch")[-2:] == steps_of(run, "sample")[-2:] == [3, 7]
    after = run.recorded_status()
    assert (after.state, after.reason, after.ended) == (left.state, left.reason, left.ended)
    assert (after.step, after.seconds) == (left.step, left.seconds)
    assert after.results["steps"] == 7 and not run.is_held()
    server.look()
    assert not server.grade_next() and not server._sessions
    control.resume(run, ANNA)
    assert device_of(run).begin()["place"]["step"] == 7
    assert not server.grade_next() and steps_of(run, "epoch").count(7) == 1


def test_a_paused_run_that_goes_on_elsewhere_is_left_alone(server, clock):
    run, elsewhere = queued(), device_runs.DeviceRuns(clock=clock)
    training(run, clock)
    clock.now += LOST_SECONDS + 0.5
    server.look()
    control.resume(run, ANNA)
    secret = elsewhere.open(run, ANNA)
    elsewhere.session(run.id, ANNA).job(secret)
    before = run.path.joinpath("metrics.jsonl").read_bytes(), run.recorded_status()
    grade_all(server)
    assert (run.path.joinpath("metrics.jsonl").read_bytes(), run.recorded_status()) == before
    assert not server.grade_next()
    elsewhere.close()


def test_what_is_evaluated_for_devices_lets_pages_go_first():
    background = writers.in_background()
    assert device_runs.DeviceRuns()._writers() is background is not writers.pool()
    background.prepare()
    (process,) = background._processes
    wanted = psutil.Process().nice() + 10
    wait_until(lambda: psutil.Process(process.popen.pid).nice() == wanted)
    writers.close()
    assert process.popen.returncode == 0


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


def test_many_weights_and_few_evaluations(server, clock):
    """Under load the newest weights alone are evaluated, the untrained ones always."""
    run = queued()
    device = device_of(run)
    device.begin()
    device.report(with_weights=True)
    for _ in range(5):
        clock.now += 1
        device.take_steps()
        device.report(with_weights=True)
    grade_all(server)
    assert steps_of(run, "epoch") == [0, 5] and run.status().best_epoch in (0, 1)


def test_only_its_owner_opens_a_run(server):
    run = queued()
    for actor in (BEN, OTHER):
        with pytest.raises(RunError, match="started in another browser: only that browser can train it"):
            server.open(run, actor)
    other = queued(BEN, TRAIN.replace(accelerator="auto"))
    with pytest.raises(RunError, match="is not for a device"):
        server.open(other, BEN)


def test_the_grader_goes_on_where_a_text_is_gone(server, clock):
    run = queued()
    device = training(run, clock)
    config = run.config()
    run.write_config(dataclasses.replace(config, corpus_sha256="0" * 64))
    device.end("stopped")
    assert server.grade_next() and not server.grade_next()
    assert run.status().state == "stopping" or run.status().state == "running"
    clock.now += 6
    assert server.grade_next()
    assert (
        run.status().state == "stopped" and "Its last weights were not evaluated. The text" in run.status().reason
    )
    assert checkpoints.exists(run) and math.isinf(checkpoints.load(run)[0].best_val_loss)


def test_an_evaluation_that_takes_too_long_is_left(server, clock, monkeypatch):
    monkeypatch.setattr(device_runs, "_MOST_SECONDS", 0.0)
    run = queued()
    device = training(run, clock)
    assert server.grade_next() and not server.grade_next()
    clock.now += 10
    device.take_steps()
    device.report(with_weights=True)
    assert not server.grade_next()
    device.end("stopped")
    assert run.status().state == "stopped" and "An evaluation takes longer than 0 s" in run.status().reason
    assert run.weight_names() == ["last"]


def test_evaluations_are_shared_among_the_owners(server, clock):
    """One that has had much of them waits for the others, whoever waits for the end of a run."""
    runs = [queued(), queued(BEN)]
    devices = [device_of(run, actor) for run, actor in zip(runs, (ANNA, BEN), strict=True)]
    for device in devices:
        device.begin()
        device.report(with_weights=True)
    devices[0].end("stopped")
    server._used[ANNA.owner] = 2 * device_runs._SHARE_SECONDS
    assert server.grade_next()
    assert [steps_of(run, "epoch") for run in runs] == [[], [0]]
    assert server.grade_next() and runs[0].status().state == "stopped"


def test_what_no_device_should_train_is_not_opened(server):
    large = TINY["gru"].replace(units=1024)
    with pytest.raises(ConfigError, match="at most 2,000,000 parameters, and this network has"):
        queued(model=large)
    run = queued()
    run.write_config(dataclasses.replace(run.config(), model=large))
    with pytest.raises(RunError, match="cannot be trained on a device. A device trains at most 2,000,000"):
        server.open(run, ANNA)
