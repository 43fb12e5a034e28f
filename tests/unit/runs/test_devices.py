"""Runs for a device: what it can train, that no place of the queue is theirs, and one at a time for a student."""

import dataclasses

import pytest

from charlab.core.config import ModelConfig, TrainConfig
from charlab.corpora import catalogue
from charlab.errors import ConfigError, RunError
from charlab.runs import control, devices, plan, queue, quotas, shell_commands, store, time_estimate, warm, watch
from charlab.runs.permissions import OPERATOR, STUDENT, Actor
from charlab.training import worker
from helpers.tiny import TINY, make_run

ANNA, BEN = Actor(STUDENT, "a" * 16), Actor(STUDENT, "b" * 16)
ON_DEVICE = TrainConfig(accelerator="device", minutes=1, batch_size=4, sequence_length=16)


def planned(train=ON_DEVICE, model=TINY["gru"]):
    return plan.plan_run(catalogue.load("coin-flips"), "custom", model, train)


@pytest.mark.parametrize(
    ("model", "train", "reason"),
    [
        (TINY["gru"], ON_DEVICE, ""),
        (TINY["lstm"], ON_DEVICE.replace(optimizer="adamw", batches="streams"), ""),
        (TINY["transformer"], ON_DEVICE.replace(optimizer="muon"), ""),
        (
            TINY["transformer"].replace(layers=9),
            ON_DEVICE,
            "Transformer networks of at most 8 layers, and this one has 9",
        ),
        (
            ModelConfig(kind="ngram", order=3),
            ON_DEVICE,
            "networks only (GRU, LSTM, Transformer), and this is an n-gram model",
        ),
        (TINY["gru"].replace(layers=3), ON_DEVICE, "GRU networks of at most 2 layers, and this one has 3"),
        (TINY["gru"], ON_DEVICE.replace(optimizer="sgd"), "Adam, AdamW, Muon, not with sgd"),
        (TINY["gru"], ON_DEVICE.replace(precision="mixed_float16"), "in float32, not in mixed_float16"),
    ],
)
def test_what_a_device_cannot_train_is_said_before_a_run_is_made(model, train, reason):
    assert reason in devices.why_not(model, train)
    if reason:
        with pytest.raises(ConfigError, match="or choose another accelerator"):
            planned(train, model).create(ANNA)
        assert not watch.runs()
    else:
        assert devices.is_for(planned(train, model).create(ANNA).config())


def test_the_queue_is_told_of_runs_that_wait_for_it_alone():
    quotas.joined.clear()
    planned().create(ANNA)
    assert not quotas.joined.is_set()
    planned(ON_DEVICE.replace(accelerator="cpu")).create(ANNA)
    assert quotas.joined.is_set()


def test_a_servers_sudden_end_pauses_a_run_and_says_so():
    run = planned().create(ANNA)
    run.write_status(store.Status("running", step=3))
    with run.lock():
        assert run.status().state == watch.runs()[0].status().state == "running"
    status = run.status()
    assert status.state == "paused" and status.reason.startswith("The server stopped unexpectedly while a device")
    assert watch.listing(now=True).runs[0].status() == status
    run.ask("pause")
    assert run.status() == status
    control.resume(run, ANNA)
    assert run.recorded_status().state == "queued"


def test_a_lab_is_not_trained_on_a_device():
    config = dataclasses.replace(planned().config(), task="dates")
    with pytest.raises(ConfigError, match="language models only"):
        devices.check(config)


def test_a_run_for_a_device_takes_no_place_in_the_queue():
    on_device = planned().create(ANNA)
    others = [planned(TrainConfig(minutes=1)).create(ANNA) for _ in range(quotas.MAX_WAITING)]
    assert [run.id for run in queue.waiting()] == [run.id for run in others]
    assert list(queue.expected_starts()) == [run.id for run in others]
    with on_device.lock():
        on_device.write_status(store.Status("running", seconds_left=1000.0))
        assert [run.id for run, _ in queue.running()] == [on_device.id]
        assert queue.expected_starts()[others[0].id] == 0.0


def test_a_students_device_trains_one_run_at_a_time():
    first = planned().create(ANNA)
    other = make_run(state="paused")
    other.write_config(dataclasses.replace(other.config(), owner=ANNA.owner, train=ON_DEVICE))
    for act in (lambda: planned().create(ANNA), lambda: control.resume(other, ANNA)):
        with pytest.raises(RunError, match=f"trains “{first.config().name}”, or will, and it trains one run"):
            act()
    assert other.recorded_status().state == "paused"
    planned().create(BEN)
    for _ in range(2):
        planned().create(OPERATOR)
    control.stop(first, ANNA)
    control.resume(other, ANNA)
    assert other.recorded_status().state == "queued"


def test_a_devices_speed_is_no_measurement_of_this_machine():
    for accelerator, found in (("auto", 1), ("device", 1)):
        run = make_run(name=accelerator)
        run.write_config(dataclasses.replace(run.config(), train=TrainConfig(accelerator=accelerator)))
        run.append_event({"event": "epoch", "epoch": 0, "step": 0, "val_loss": 3.0})
        run.append_event({"event": "epoch", "epoch": 1, "step": 9, "val_loss": 2.0, "characters_per_second": 1000})
        run.checkpoint_path.mkdir()
        (run.checkpoint_path / "state.safetensors").touch()
        assert len(time_estimate.measured_speeds(watch.listing(now=True).runs)) == found


def test_no_process_prepares_for_a_run_on_a_device(monkeypatch):
    monkeypatch.setattr(warm, "_shown", None)
    warm.page_shows(planned(TrainConfig(minutes=1)))
    assert warm._shown
    warm.page_shows(planned())
    assert warm._shown is None


def test_the_command_that_trains_the_same_run_trains_it_on_this_machine():
    command = shell_commands.training_command(planned().config())
    assert "device" not in command and "--accelerator" not in command
    assert "--accelerator gpu" in shell_commands.training_command(planned(TrainConfig(accelerator="gpu")).config())


def test_the_command_line_refuses_it_in_a_sentence(capsys):
    from charlab.cli import main

    run = make_run(state="paused")
    run.write_config(dataclasses.replace(run.config(), train=ON_DEVICE))
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    words = ["train", "--corpus", "coin-flips", "--preset", "quick-gru", "--accelerator", "device", "--json"]
    for command in (words, ["resume", run.id, "--json"], ["resume", run.id, "--minutes", "1", "--json"]):
        assert main(command) != 0
        assert "such a run is started, resumed and trained longer on the Train page" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before
    assert len(watch.listing(now=True).runs) == 1


def test_a_run_that_waits_can_leave_the_queue_for_its_owners_device():
    waits, begun = planned(TrainConfig(minutes=1)).create(ANNA), planned(TrainConfig(minutes=1)).create(ANNA)
    begun.write_status(dataclasses.replace(begun.recorded_status(), step=3))
    with pytest.raises(RunError, match="only that browser and the teacher can move it"):
        control.move_to_device(waits, BEN)
    with pytest.raises(RunError, match="has begun"):
        control.move_to_device(begun, ANNA)
    control.move_to_device(waits, ANNA)
    assert devices.is_for(waits.config()) and waits.recorded_status().state == "queued"
    assert [run.id for run in queue.waiting()] == [begun.id]
    assert worker.serve(waits, 0.0) is None, "a process that saw it in the queue before leaves it"
    assert waits.recorded_status().state == "queued"


def test_how_long_a_new_run_would_wait(monkeypatch):
    monkeypatch.setenv("CHARLAB_AT_ONCE", "1")
    assert queue.expected_wait() == 0.0
    planned(TrainConfig(minutes=2)).create(OPERATOR)
    assert 120 < queue.expected_wait() < 180
    planned(TrainConfig(epochs=3)).create(OPERATOR)
    assert queue.expected_wait() is None
