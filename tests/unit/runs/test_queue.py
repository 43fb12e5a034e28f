"""The queue with real workers: a run waits, trains, is stopped, crashes, and the page shows it."""

import json
import sys
import time

import psutil
import pytest

from charlab.corpora import catalogue
from charlab.runs import control, limits, plan, startup, store
from charlab.runs.permissions import OPERATOR, STUDENT, Actor
from charlab.runs.presets import preset
from charlab.runs.queue import Queue, expected_starts, waiting
from helpers.disks import fill, small_disk
from helpers.waiting import wait_until


@pytest.fixture
def queue():
    queue = Queue()
    queue.start()
    yield queue
    queue.close(patience=20)


def submit(preset_name: str = "ngram", corpus: str = "coin-flips", **settings) -> store.Run:
    chosen = preset(preset_name)
    model, train = plan.change(chosen.model, chosen.train, settings)
    return plan.plan_run(catalogue.load(corpus), preset_name, model, train).create(OPERATOR)


def endless() -> store.Run:
    """A small network that would train for hours."""
    return submit("custom", units=8, embedding=0, epochs=10_000, sequence_length=16, batch_size=8)


def wait_for(run: store.Run, *states: str, seconds: float = 180) -> store.Status:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (status := run.status()).state in states:
            return status
        time.sleep(0.05)
    raise AssertionError(f"still {run.status()}\n{run.log_path.read_text()}")


def wait_for_steps(run: store.Run, seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not any(event["event"] == "step" for event in run.events()[0]):
        assert time.monotonic() < deadline, run.status()
        time.sleep(0.05)


def test_runs_are_trained_in_the_order_in_which_they_came(queue):
    first, second = submit(), submit()
    ends = [wait_for(run, "done").ended for run in (first, second)]
    assert ends[0] < ends[1]
    assert "best" in second.weight_names()


def test_a_run_that_joins_the_queue_does_not_wait_for_its_next_look(monkeypatch):
    monkeypatch.setattr("charlab.runs.queue._TICK_SECONDS", 3600.0)
    queue = Queue(places=1)
    queue.start()
    try:
        time.sleep(0.5)  # its first look is over
        run = submit()
        wait_until(lambda: queue._workers, seconds=30)
        assert queue._workers[0].run.path == run.path.resolve()
    finally:
        queue.close(patience=20)


def test_the_line_says_who_is_next():
    first, second = submit(), submit()
    assert [run.id for run in waiting()] == [first.id, second.id]
    control.stop(first, OPERATOR)
    assert first.status().state == "stopped" and "queue" in first.status().reason
    assert [run.id for run in waiting()] == [second.id]


def resume(run: store.Run) -> None:
    """Resume a run, and wait until it is twenty steps further."""
    before = run.recorded_status()
    control.resume(run, OPERATOR)
    deadline = time.monotonic() + 180
    while (status := run.status()).state != "running" or status.step <= before.step + 20:
        assert status.state in ("queued", "running") and time.monotonic() < deadline, run.log_path.read_text()
        time.sleep(0.05)
    assert status.started == before.started


@pytest.mark.slow
def test_a_run_that_was_paused_killed_stopped_or_left_by_its_server_can_go_on(queue):
    run = endless()
    wait_for_steps(run)
    control.pause(run, OPERATOR)
    wait_for(run, "paused")

    resume(run)
    psutil.Process(run.status().pid).kill()
    killed = time.monotonic()
    assert "worker process" in wait_for(run, "failed").reason  # at once, by its lock that nobody holds
    assert time.monotonic() - killed < 5
    if sys.platform != "win32":
        wait_until(lambda: "killed" in run.recorded_status().reason)  # then by the queue

    resume(run)
    run.weights_path("last").unlink()
    control.stop(run, OPERATOR)
    status = wait_for(run, "stopped")
    assert "last" in run.weight_names() and status.step > 40

    resume(run)
    queue.close()  # as its server does when it ends
    assert (run.status().state, run.status().reason) == ("paused", control.SERVER_STOPPED)
    assert not run.is_held() and list(run.checkpoint_path.iterdir())


def test_a_worker_that_never_starts_is_told_with_its_last_words(queue):
    run = submit()
    config = json.loads((run.path / "config.json").read_text(encoding="utf-8"))
    config["corpus"] = "no-such-corpus"
    (run.path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    wait_for(run, "failed")  # at once, by its lock that nobody holds; the queue then adds what the log says
    wait_until(lambda: "no-such-corpus" in run.recorded_status().reason)


def test_two_servers_on_one_folder_train_each_run_once():
    waiting = [submit() for _ in range(5)]
    queues = [Queue(places=2), Queue(places=2)]
    for queue in queues:
        queue.start()
    try:
        for run in waiting:
            wait_for(run, "done")
        time.sleep(1.0)  # a second worker of the last one would begin now
    finally:
        for queue in queues:
            queue.close(patience=20)
    for run in waiting:
        assert run.status().state == "done"
        assert [event["event"] for event in run.events()[0]] == ["epoch", "epoch", "sample"]
        assert run.log_path.read_text() == "", "a worker that came second has nothing to say"
        assert run.recorded_status().started < run.recorded_status().ended


def test_a_worker_leaves_a_run_that_somebody_else_has_trained():
    from charlab.training import worker

    run = submit()
    run.write_status(store.Status("done", step=1))
    assert worker.serve(run, time.time()) is None
    assert run.recorded_status() == store.Status("done", step=1) and not run.is_held()


def test_a_run_that_a_command_trains_itself_is_not_in_the_queue(monkeypatch):
    from charlab.training import worker

    run = submit()
    mine = worker.make(run.config(), run.vocab())
    assert mine.path.parent == run.path.parent
    assert [other.id for other in waiting()] == [run.id]
    # The second of two machines keeps nothing where a server could find it
    cluster = {"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(cluster))
    joined = submit("custom", accelerator="multi-worker")
    assert joined.id not in [other.id for other in waiting()]
    assert worker.make(joined.config(), joined.vocab()).path.parent != run.path.parent


def test_a_server_with_a_cap_ends_a_run_there(monkeypatch, queue):
    monkeypatch.setenv("CHARLAB_MINUTES", "0.12")
    run = endless()
    status = wait_for(run, "stopped")
    assert "0.12 minutes" in status.reason and "saved" in status.reason
    assert 7 < status.seconds < 9 and "last" in run.weight_names() and limits.is_used_up(status)


def test_a_run_that_outgrows_its_owners_limit_is_stopped_with_what_it_has_learned(monkeypatch, queue):
    monkeypatch.setenv("CHARLAB_CLASS", "1")
    monkeypatch.setenv("CHARLAB_MEGABYTES", "0.02")
    chosen = preset("custom")
    settings = {"units": 8, "embedding": 0, "epochs": 10_000, "steps_per_epoch": 5, "sequence_length": 16}
    model, train = plan.change(chosen.model, chosen.train, settings)
    planned = plan.plan_run(catalogue.load("coin-flips"), "custom", model, train)
    run = planned.create(Actor(STUDENT, "a" * 16))
    status = wait_for(run, "stopped")
    assert (
        "in a class each browser may have 0.02 MB. The run was stopped, and its model is saved." in status.reason
    )
    assert "last" in run.weight_names() and status.epoch < 10_000


def test_when_a_waiting_run_is_expected_to_start(monkeypatch):
    monkeypatch.setenv("CHARLAB_AT_ONCE", "1")
    first, second, third = submit("custom", minutes=2.0), submit("custom", epochs=4), submit("custom")
    start = 5.0  # as long as none was measured
    assert [expected_starts().get(run.id) for run in (first, second, third)] == [0.0, start + 120.0, None]
    # A run of the same model on the same text told what an epoch takes, and how long it took to start
    alike = submit("custom", epochs=2)
    start = 7.0
    alike.write_status(
        store.Status("done", results={"epochs": 2, "seconds": 20.0}, start_up={"seconds": start, "warm": False})
    )
    assert expected_starts().get(third.id) == 2 * start + 120.0 + 4 * 10.0
    running = submit("custom")
    running.write_status(store.Status("running", seconds_left=30.0))
    with running.lock():
        assert expected_starts().get(first.id) == 30.0 and expected_starts().get(third.id) == 190.0 + 2 * start
        monkeypatch.setenv("CHARLAB_AT_ONCE", "2")
        assert [expected_starts().get(run.id) for run in (first, second, third)] == [0.0, 30.0, 70.0 + start]
        monkeypatch.setenv("CHARLAB_MINUTES", "0.5")
        assert expected_starts().get(third.id) == 30.0 + start and expected_starts().get(running.id) is None
        running.write_status(store.Status("running", seconds=20.0, seconds_left=4_000.0))
        monkeypatch.setenv("CHARLAB_AT_ONCE", "1")
        assert expected_starts().get(first.id) == 10.0  # the server stops it then
        running.write_status(store.Status("running", start_up=startup.under_way("text", time.time(), warm=False)))
        assert expected_starts().get(first.id) == start + 30.0  # its clock has not begun


def warnings_of(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "charlab.runs.queue"]


def test_a_full_disk_is_logged_once_and_a_run_starts_when_there_is_room(tmp_path, monkeypatch, caplog):
    """Its worker can record nothing, so the run stays in the queue; no worker after another is started for it."""
    with small_disk(tmp_path / "disk") as disk:
        monkeypatch.setenv("CHARLAB_RUNS", str(disk))
        monkeypatch.setattr("charlab.runs.queue._RETRY_SECONDS", 1.0)
        run, queue = submit(), Queue(places=1)
        queue.folder = disk  # as it is reached from here
        filler = fill(disk)

        def tick() -> None:
            queue._tick()
            time.sleep(0.1)

        try:
            while not warnings_of(caplog):
                tick()
            for _ in range(5):
                tick()
                assert not queue._workers and run.status().state == "queued"
            (said,) = warnings_of(caplog)
            assert run.id in said and "the disk is full" in said and "CHARLAB_RUNS" in said
            assert run.log_path.read_bytes().count(b"charlab:") <= 1
            filler.unlink()
            while run.status().state != "done":
                tick()
        finally:
            queue.close(patience=20)


def test_a_defect_is_logged_and_the_queue_goes_on(monkeypatch, caplog):
    queue, ticks = Queue(places=1), []

    def broken(folder):
        ticks.append(folder)
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr("charlab.runs.queue.waiting", broken)
    monkeypatch.setattr("charlab.runs.queue._TICK_SECONDS", 0.01)
    queue.start()
    wait_until(lambda: len(ticks) > 2, seconds=30)
    queue.close()
    assert "a defect" in caplog.text and "tries again" in warnings_of(caplog)[0]


def test_what_may_be_a_defect_is_logged_with_its_traceback(caplog):
    def act() -> None:
        "\ud800".encode()

    queue = Queue()
    assert not queue._attempt("The run could not be started", act)
    [record] = caplog.records
    assert record.exc_info and record.exc_info[0] is UnicodeEncodeError
