"""What the server evaluates of the weights that devices send: when, of whom, and with which priority."""

import dataclasses
import math

import psutil
import pytest

from charlab.browser import device_runs
from charlab.browser.device_session import LOST_SECONDS
from charlab.runs import checkpoints, control, writers
from helpers.devices import ANNA, BEN, device_of, grade_all, queued, steps_of, training
from helpers.waiting import wait_until

pytestmark = pytest.mark.usefixtures("server")


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
