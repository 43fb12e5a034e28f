"""The training loop with a fake network, where only the order of events matters."""

import os
import signal
import time

import numpy as np
import pytest

from charlab.core.config import ModelConfig
from charlab.corpora import encoding
from charlab.runs import recorder, schema, store
from charlab.runs.stop_signal import StopSignal
from charlab.training import loop
from charlab.training.train import train_run
from helpers.fake_learner import FakeTensor
from helpers.tiny import TINY
from helpers.training_runs import IDS, RESULTS, STEPS, VOCAB, StopAfter, events, make, train


def test_events_come_in_their_order_with_all_that_was_agreed(fake):
    run, events_seen = make(), []
    status = train(run, on_event=events_seen.append)
    start, told = events_seen[:3], events_seen[3:]
    assert [event["event"] for event in start] == ["start_up"] * 3 and told == run.events()[0]
    events_seen = told
    order = [(event["event"], event["step"]) for event in events_seen]
    one = [("step", step) for step in range(1, STEPS + 1)]
    assert order[: 2 + STEPS + 2] == [("epoch", 0), ("sample", 0), *one, ("epoch", STEPS), ("sample", STEPS)]
    assert order[-2:] == [("epoch", 3 * STEPS), ("sample", 3 * STEPS)]
    first, *epochs = events(run, "epoch")
    assert "loss" not in first and first["val_loss"] == 3.0
    assert [event["epoch"] for event in epochs] == [1, 2, 3]
    assert [event["val_loss"] for event in epochs] == [2.5, 2.0, 1.5]
    assert set(epochs[0]) == {
        "event",
        "epoch",
        "step",
        "loss",
        "val_loss",
        "val_accuracy",
        "train_loss_after",
        "val_error",
        "characters_per_second",
        "seconds",
    }
    assert epochs[0]["train_loss_after"] == 1.25
    assert set(events(run, "step")[0]) == {
        "event",
        "step",
        "epoch",
        "loss",
        "accuracy",
        "learning_rate",
        "characters_per_second",
        "seconds",
    }
    sample = events(run, "sample")[0]
    assert sample["seed_text"] == "the " and len(sample["text"]) == 200
    assert status == run.recorded_status()
    assert (status.state, status.step, status.epoch, status.total_steps) == ("done", 3 * STEPS, 3.0, 3 * STEPS)
    assert status.best_epoch == 3 and status.ended and status.pid == os.getpid()
    assert set(status.results) == RESULTS
    assert status.results["best_val_loss"] == 1.5 and status.results["epochs"] == 3
    assert run.weight_names() == ["epoch-000", "epoch-001", "epoch-002", "epoch-003", "best", "last"]


def test_step_events_hold_the_mean_since_the_last_one(fake, monkeypatch):
    monkeypatch.setattr(loop.budget, "log_interval", lambda steps: 4)
    fake.losses = [float(i) for i in range(STEPS)]
    run = make(epochs=1)
    train(run)
    means = [np.mean(fake.losses[first : first + 4]) for first in range(0, STEPS, 4)]
    assert [event["loss"] for event in events(run, "step")] == pytest.approx(means)
    assert events(run, "epoch")[1]["loss"] == pytest.approx(np.mean(fake.losses))


def test_a_step_weighs_as_much_as_it_has_targets_that_count(fake, monkeypatch):
    monkeypatch.setattr(loop.budget, "log_interval", lambda steps: 4)
    figures = [[float(step), step / 100, (7 * step) % 5] for step in range(STEPS)]
    figures[4:8] = [[0.0, 0.0, 0]] * 4  # nothing in them can be read
    monkeypatch.setattr(fake, "step", lambda self, rows, step, rate: FakeTensor(figures[step]))
    run = make(epochs=1)
    train(run)
    parts = [np.array(figures[first : first + 4]) for first in range(0, STEPS, 4) if first != 4]
    seen = [(event["loss"], event["accuracy"]) for event in events(run, "step")]
    assert seen == [pytest.approx(np.average(part[:, :2], axis=0, weights=part[:, 2])) for part in parts]
    every = np.array(figures)
    assert events(run, "epoch")[1]["loss"] == pytest.approx(np.average(every[:, 0], weights=every[:, 2]))


def test_the_loss_of_an_epoch_in_which_nothing_could_be_read_is_left_out(fake, monkeypatch):
    monkeypatch.setattr(fake, "step", lambda self, rows, step, rate: FakeTensor([0.0, 0.0, 0]))
    run = make(epochs=1)
    assert train(run).results["train_loss"] is None
    assert not events(run, "step") and "loss" not in events(run, "epoch")[1]


def test_unknown_targets_are_skipped_where_the_training_part_has_some(fake, monkeypatch):
    made = []
    init = fake.__init__
    monkeypatch.setattr(fake, "__init__", lambda self, *rest: made.append(rest[4]) or init(self, *rest))
    ids = IDS.copy()
    for place in (None, -3, 5):  # nowhere, in the validation part, in the training part
        if place is not None:
            ids[place] = VOCAB.unknown_id
        run = make(epochs=1)
        with run.lock():
            train_run(run, ids)
    assert made == [False, False, True]


def test_the_network_is_fed_the_training_part_alone(fake):
    run = make(epochs=1)
    train(run)
    split = encoding.split_at(len(IDS), 0.1)
    rows = np.concatenate([rows.ravel() for rows in fake.made.rows])
    assert len(rows) == STEPS * 8 * 17
    starts = [int(row[0]) for row in fake.made.rows[0]]
    assert starts == [int(IDS[b * (split // 8)]) for b in range(8)]


def test_the_state_is_reset_at_each_epoch(fake):
    train(make())
    assert fake.made.resets == 3


def test_the_best_weights_are_those_of_the_best_epoch(fake):
    fake.val_losses = [3.0, 2.0, 2.5, 2.6]
    status = train(make())
    assert status.best_epoch == 1
    assert (status.results["best_val_loss"], status.results["val_loss"]) == (2.0, 2.6)


def test_patience_ends_a_run_that_no_longer_improves(fake):
    fake.val_losses = [3.0, 2.0, 2.1, 1.9, 2.0, 2.0, 1.0]
    run = make(epochs=50, patience=2)
    status = train(run)
    assert (status.state, status.epoch, status.best_epoch) == ("done", 5.0, 3)


def test_what_a_run_does_before_its_first_step_is_told(fake, monkeypatch):
    run, seen = make(), []
    write = store.Run.write_status
    monkeypatch.setattr(
        store.Run, "write_status", lambda run, status: (seen.append(status.start_up), write(run, status))[1]
    )
    began = time.time()
    train(run, started=began)
    doing = [start.get("doing") for start in seen]
    assert [name for name in dict.fromkeys(doing) if name] == ["tensorflow", "text", "first step"]
    assert all(start["began"] == began for start in seen if "doing" in start)
    assert 0 <= run.status().start_up["seconds"] < 60
    assert train(make(accelerator="tpu")).start_up == {}  # it failed before


def test_a_stop_keeps_what_was_learned(fake):
    run = make()
    status = train(run, stop=StopAfter(STEPS + 3, "stop"))
    assert (status.state, status.step) == ("stopped", STEPS + 3)
    assert [event["epoch"] for event in events(run, "epoch")] == [0, 1, 1 + 3 / STEPS]
    assert status.results["epochs"] == round((STEPS + 3) / STEPS, 2)
    assert status.results["val_loss"] == 2.0 and "best" in run.weight_names()


@pytest.mark.parametrize("request_, state", [("pause", "paused"), ("stop", "stopped")])
def test_the_reason_stands_in_the_first_status_that_says_it_ended(fake, monkeypatch, request_, state):
    run, written, write = make(), [], store.Run.write_status
    recording = lambda run, status: (written.append(status), write(run, status))  # noqa: E731
    monkeypatch.setattr(store.Run, "write_status", recording)
    train(run, stop=StopAfter(3, request_, "The server stopped."))
    assert [status.reason for status in written if status.state == state] == ["The server stopped."]


def test_what_was_not_asked_for_has_no_reason(fake):
    stop = StopSignal()

    def as_training_ends(event):
        if event["event"] == "epoch" and event["epoch"] == 3:
            stop.send("pause", "The server stopped.")

    status = train(make(), stop=stop, on_event=as_training_ends)
    assert (status.state, status.reason) == ("done", "") and stop.reason


def test_configuration_and_vocabulary_are_read_once_at_a_start(fake, monkeypatch):
    read, read_file = [], schema.read
    monkeypatch.setattr(schema, "read", lambda path, *how: (read.append(path.name), read_file(path, *how))[1])
    for model in (TINY["gru"], ModelConfig(kind="ngram", order=3)):
        run = make(model)
        read.clear()
        assert train(run).state == "done"
        assert (read.count("config.json"), read.count("vocab.json")) == (1, 1)


def test_what_control_json_asks_for_is_done_and_then_struck_out(fake):
    run = make()
    run.ask("pause")
    status = train(run)
    assert (status.state, status.step) == ("paused", 0)
    assert run.request() is None
    assert train(run).state == "done"


def test_a_loss_that_is_no_number_ends_the_run_in_words(fake):
    fake.losses = [2.0] * (STEPS + 2) + [float("nan")]
    run = make()
    status = train(run)
    assert status.state == "failed"
    assert "smaller learning rate than 0.02" in status.reason and "clip_norm" in status.reason
    assert run.weight_names() == ["epoch-000", "epoch-001", "best", "last"]
    assert status == run.recorded_status()


def test_a_validation_loss_that_is_no_number_keeps_the_weights_before(fake):
    fake.val_losses = [3.0, 2.0, float("inf")]
    run = make(clip_norm=1.0)
    status = train(run)
    assert status.state == "failed" and "clip_norm" not in status.reason
    assert "epoch-002" not in run.weight_names()


def test_what_cannot_be_trained_fails_in_words():
    for run, words in (
        (make(batch_size=5000), "too short"),
        (make(TINY["transformer"], sequence_length=33), "looks back over 32"),
        (make(accelerator="tpu"), "TPU"),
    ):
        status = train(run)
        assert status.state == "failed" and words in status.reason


def test_a_defect_is_recorded_and_raised(fake, monkeypatch):
    def broken(self, *arguments):
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(fake, "step", broken)
    run = make()
    with pytest.raises(ZeroDivisionError):
        train(run)
    assert run.recorded_status().state == "failed"
    assert "ZeroDivisionError: a defect" in run.recorded_status().reason


def test_a_second_ctrl_c_pauses_at_once(fake, monkeypatch):
    from charlab.training import worker

    stop = StopSignal()
    worker._stop_or_interrupt(stop, signal.SIGINT, None)
    assert stop.requested() == "stop" and stop.reason == "It was stopped with Ctrl-C."

    def step(self, *arguments):
        worker._stop_or_interrupt(stop, signal.SIGINT, None)

    monkeypatch.setattr(fake, "step", step)
    run = make()
    with pytest.raises(KeyboardInterrupt):
        train(run)
    assert run.recorded_status().state == "paused" and "resume it" in run.recorded_status().reason


def test_too_little_memory_is_said_in_words(fake, monkeypatch):
    def too_large(self, *arguments):
        raise MemoryError

    monkeypatch.setattr(fake, "step", too_large)
    run = make()
    with pytest.raises(MemoryError):
        train(run)
    assert "smaller batch_size" in run.recorded_status().reason


def test_status_is_written_about_once_a_second_and_checkpoints_every_half_minute(fake, monkeypatch):
    written = {"status": 0, "checkpoint": 0}
    write_status, checkpoint = store.Run.write_status, loop.Recorder.checkpoint

    def count_status(self, status):
        written["status"] += 1
        write_status(self, status)

    def count_checkpoint(self, *arguments):
        written["checkpoint"] += 1
        checkpoint(self, *arguments)

    monkeypatch.setattr(store.Run, "write_status", count_status)
    monkeypatch.setattr(loop.Recorder, "checkpoint", count_checkpoint)
    train(make())
    assert written["status"] <= 1 + 3 + 4 + 2 + 1  # begin, start-up, epochs, seconds gone by, end
    assert written["checkpoint"] == 4  # one an epoch
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    train(make())
    assert written["checkpoint"] > 4 + 3 * STEPS


def test_what_happened_after_the_checkpoint_is_struck_from_the_record(fake):
    run = make()
    train(run, stop=StopAfter(3, "pause"))
    run.append_event({"event": "step", "epoch": 1, "step": 99, "loss": 2.0})
    train(run)
    assert 99 not in [event["step"] for event in events(run, "step")]
    assert [event["step"] for event in events(run, "step")] == list(range(1, 3 * STEPS + 1))


@pytest.mark.parametrize("epoch, kept", [(0, 1), (99, 1), (100, 1), (101, 0), (110, 1), (1010, 0), (1100, 1)])
def test_a_long_run_keeps_weights_at_round_epochs(epoch, kept):
    assert recorder.is_kept(epoch) == bool(kept)
