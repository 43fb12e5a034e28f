"""What can be requested of a run in each of its states, and what its folder contains then."""

import dataclasses
import time

import pytest
from filelock import FileLock

from charlab.core.config import ModelConfig
from charlab.errors import CharlabError, RunError
from charlab.runs import checkpoints, control, store
from charlab.runs.permissions import OPERATOR, STUDENT, TEACHER, THE_TEACHER, Actor
from charlab.runs.stop_signal import StopSignal
from helpers.runs import all_runs
from helpers.tiny import TINY, make_run
from helpers.training_runs import StopAfter, assert_equal_weights, make, train, without_times


def state(run):
    return run.recorded_status().state


@pytest.mark.parametrize("before", control.RESUMABLE)
def test_what_ended_early_joins_the_end_of_the_queue(before):
    run = make_run(state=before, reason="Because.", step=7, started=1.0, ended=2.0, pid=3)
    run.ask("stop")
    began = time.time()
    control.resume(run, OPERATOR)
    status = run.recorded_status()
    assert (status.state, status.reason, status.step, status.started) == ("queued", "", 7, 1.0)
    assert status.queued >= began and status.ended is None and run.request() is None


def test_a_run_that_its_worker_left_can_be_resumed():
    run = make_run(state="running")
    assert run.status().state == "failed"
    control.resume(run, OPERATOR)
    assert state(run) == "queued"


@pytest.mark.parametrize(("before", "words"), [("done", "trained longer"), ("queued", "already")])
def test_what_cannot_be_resumed_is_told_why(before, words):
    with pytest.raises(RunError, match=words):
        control.resume(make_run(state=before), OPERATOR)


def test_nothing_is_changed_while_a_worker_has_the_run(monkeypatch):
    monkeypatch.setattr(control, "_LOCK_SECONDS", 0.1)
    run = make_run(state="running")
    with run.lock():
        for ask in (control.resume, lambda run, actor: control.train_longer(run, actor, epochs=1), control.delete):
            with pytest.raises(RunError, match="being trained"):
                ask(run, OPERATOR)
        control.pause(run, OPERATOR)
        assert run.status().state == "pausing" and state(run) == "running"
        control.stop(run, OPERATOR)
        assert run.status().state == "stopping"


@pytest.mark.parametrize(("ask", "ended"), [(control.pause, "paused"), (control.stop, "stopped")])
def test_what_waits_leaves_the_queue(ask, ended):
    run = make_run(state="queued")
    ask(run, OPERATOR)
    assert state(run) == ended and "queue" in run.recorded_status().reason and run.request() is None
    with pytest.raises(RunError, match="nothing to"):
        ask(run, OPERATOR)


def test_a_run_that_is_trained_longer_is_the_longer_run():
    """Two epochs and one more are the three of a run that was given three, where the learning rate is constant."""
    pytest.importorskip("tensorflow")
    whole, parts = make(TINY["gru-one-hot"], epochs=3), make(TINY["gru-one-hot"], epochs=2)
    train(whole)
    assert train(parts).state == "done"
    control.train_longer(parts, OPERATOR, epochs=1)
    assert state(parts) == "queued" and parts.config().train.epochs == 3
    assert parts.config().notes == ("Trained longer: 1 epoch more after epoch 2.",)
    assert train(parts).state == "done"
    assert_equal_weights(whole, parts)
    assert without_times(whole) == without_times(parts)


def trained_here(run: store.Run) -> store.Run:
    checkpoints.save(run, checkpoints.Progress(), {})
    return run


def test_training_longer_says_what_that_does_to_rate_and_patience():
    run = trained_here(make(epochs=50, patience=3, learning_rate_schedule="cosine"))
    run.write_status(store.Status("done", epoch=7.4))
    control.train_longer(run, OPERATOR, epochs=5)
    config = run.config()
    assert (config.train.epochs, config.train.patience) == (13, None)
    assert "restarted higher" in config.notes[0] and "Early stopping is now off" in config.notes[0]
    timed = trained_here(make(minutes=2.0, learning_rate_schedule="cosine"))
    timed.write_status(store.Status("done", seconds=118.0))
    control.train_longer(timed, OPERATOR, minutes=3)
    assert timed.config().train.minutes == 5.0


@pytest.mark.parametrize(
    ("settings", "before", "more", "words"),
    [
        ({}, "paused", {"epochs": 1}, "only a run that is done"),
        ({}, "done", {"minutes": 1.0}, "budget is in epochs"),
        ({"minutes": 1.0}, "done", {"epochs": 1}, "budget is in minutes"),
        ({}, "done", {"epochs": 0}, "how many to add"),
        ({}, "done", {"epochs": 20_000}, "epochs must lie between"),
        ({"model": ModelConfig(kind="ngram")}, "done", {"epochs": 1}, "counted the whole text"),
    ],
)
def test_what_cannot_be_trained_longer_stays_as_it_was(settings, before, more, words):
    run = trained_here(make(**settings))
    run.write_status(store.Status(before))
    config = run.config()
    with pytest.raises(CharlabError, match=words):
        control.train_longer(run, OPERATOR, **more)
    assert run.config() == config and state(run) == before


def test_an_imported_model_cannot_be_trained_longer():
    run = make_run()
    with pytest.raises(CharlabError, match="has no checkpoint"):
        control.train_longer(run, OPERATOR, epochs=1)
    assert run.status().state == "done"


def test_a_new_name_and_the_same_id():
    run = make_run(name="Old")
    control.rename(run, OPERATOR, "  A <b>new</b>\n name ")
    assert run.config().name == "A <b>new</b> name" and store.find(run.id).path == run.path
    for name in ("", " \n", "x" * 81):
        with pytest.raises(RunError, match="1 to 80"):
            control.rename(run, OPERATOR, name)


def test_what_is_deleted_is_gone_and_stays_gone():
    run = make_run()
    control.delete(run, OPERATOR)
    assert not run.path.exists() and not list(all_runs())
    for ask in (control.delete, control.resume, control.stop):
        with pytest.raises(RunError):
            ask(run, OPERATOR)
    assert not run.path.exists()


def test_a_full_disk_is_said_in_words_and_the_status_finds_room(monkeypatch):
    """Like a real file system: what was begun before the disk was full stays there until it is removed."""
    pytest.importorskip("tensorflow")
    run = make(TINY["gru-one-hot"], epochs=2)
    assert train(run, stop=StopAfter(3, "pause")).state == "paused"

    class Full:
        def __init__(self, file):
            self._file = file

        def __enter__(self):
            return self

        def __exit__(self, *problem):
            self._file.close()

        def fileno(self):
            return self._file.fileno()

        def flush(self):
            self._file.flush()

        def write(self, data):
            if len(data) > 5000:
                self._file.write(data[:100])
                raise OSError(28, "No space left on device")
            return self._file.write(data)

    real = store.Path.open
    monkeypatch.setattr(
        store.Path,
        "open",
        lambda path, mode="r", **more: (
            Full(real(path, mode, **more)) if mode == "wb" else real(path, mode, **more)
        ),
    )
    with pytest.raises(OSError, match="No space"):
        train(run)
    monkeypatch.undo()
    status = run.recorded_status()
    assert status.state == "failed" and "disk is full" in status.reason and "resume" in status.reason
    assert not list(run.path.rglob("*.tmp"))
    assert train(run).state == "done"


OF_ANN, TEACHER_ACTS = Actor(STUDENT, "ann"), Actor(TEACHER, THE_TEACHER)


def of_ann(**status):
    run = make_run(name="Sea", **status)
    run.write_config(dataclasses.replace(run.config(), owner="ann"))
    return run


@pytest.mark.parametrize(("act", "done"), [(control.pause, "paused"), (control.stop, "stopped")])
def test_a_run_ended_by_the_teacher_says_so_to_its_owner(act, done):
    for actor, expected in ((TEACHER_ACTS, f"The teacher {done} this run."), (OF_ANN, ""), (OPERATOR, "")):
        run = of_ann(state="running")
        with run.lock():
            signal = StopSignal(run)
            act(run, actor)
            assert signal.requested() and signal.reason == expected
    run = of_ann(state="queued")
    act(run, TEACHER_ACTS)
    assert run.recorded_status().reason == "The teacher removed it from the queue."


def test_the_teachers_own_run_says_nothing_of_the_teacher():
    run = of_ann(state="running")
    run.write_config(dataclasses.replace(run.config(), owner=THE_TEACHER))
    with run.lock():
        control.stop(run, TEACHER_ACTS)
        assert run.request_and_reason() == ("stop", "")


def test_a_run_in_training_is_renamed_but_not_while_its_configuration_is_changed(monkeypatch):
    monkeypatch.setattr(control, "_LOCK_SECONDS", 0.1)
    run = of_ann(state="running")
    with run.lock():
        control.rename(run, OF_ANN, "Ocean")
    assert run.config().name == "Ocean"
    with FileLock(run.path / ".config.lock"), pytest.raises(RunError, match="being changed by somebody else"):
        control.rename(run, OF_ANN, "Lake")
    assert run.config().name == "Ocean"


def test_sentences_call_a_run_by_its_name_and_never_by_its_id():
    run = of_ann(state="done")
    for act in (control.resume, control.pause, control.stop):
        with pytest.raises(RunError) as raised:
            act(run, OF_ANN)
        assert str(raised.value).startswith("Run “Sea” is done") and run.id not in str(raised.value)
    with pytest.raises(RunError, match="^Run “Sea” was started in another browser"):
        control.stop(run, Actor(STUDENT, "ben"))
    (run.path / "status.json").write_text("{", encoding="utf-8")
    with pytest.raises(RunError, match="^Run “Sea” cannot be read"):
        run.read()
    (run.path / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(RunError, match=r"^The run of \d+ \w+ \d{4}, \d\d:\d\d:\d\d cannot be read"):
        run.read()
