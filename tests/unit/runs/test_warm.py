"""Warm workers: when one stands ready, and that a run in it lives and dies as in a worker of its own."""

import json
import os
import signal
import sys
import time

import psutil
import pytest

from charlab.corpora import catalogue
from charlab.runs import control, memory, plan, store, warm
from charlab.runs.permissions import OPERATOR
from charlab.runs.presets import preset
from charlab.runs.queue import Queue
from helpers.waiting import wait_until

pytestmark = pytest.mark.skipif(memory.free_bytes() is None, reason="free memory is unknown here")
SMALL = {"units": 8, "embedding": 0, "epochs": 10_000, "sequence_length": 16, "batch_size": 8}


@pytest.fixture(autouse=True)
def open_page(monkeypatch):
    """The Train page is open, and memory is free."""
    monkeypatch.setattr(warm, "_page_seen_at", time.monotonic() + 3600)
    monkeypatch.setattr(warm, "_shown", None)
    monkeypatch.setattr(memory, "free_bytes", lambda: 8e9)


def planned(preset_name: str = "custom", corpus: str = "coin-flips", **settings) -> plan.RunPlan:
    chosen = preset(preset_name)
    model, train = plan.change(chosen.model, chosen.train, settings or SMALL)
    return plan.plan_run(catalogue.load(corpus), preset_name, model, train)


def submit(preset_name: str = "custom", corpus: str = "coin-flips", **settings) -> store.Run:
    return planned(preset_name, corpus, **settings).create(OPERATOR)


def wait_for(run: store.Run, *states: str) -> store.Status:
    return wait_until(lambda: status if (status := run.status()).state in states else None)


def wait_for_steps(run: store.Run) -> store.Status:
    before = run.recorded_status().step
    return wait_until(lambda: status if (status := run.status()).step > before else None)


def started(**arguments) -> tuple[Queue, warm.Process]:
    queue = Queue(places=1, **arguments)
    queue.start()
    return queue, wait_until(queue._warm.ready)


@pytest.mark.parametrize(
    ("seen", "free", "switch", "wanted"),
    [
        (0, 4e9, "", True),
        (warm.PAGE_SECONDS - 5, 4e9, "1", True),
        (warm.PAGE_SECONDS + 5, 4e9, "", False),
        (0, 2.9e9, "", False),
        (0, None, "", False),
        (0, 4e9, "0", False),
    ],
)
def test_a_process_is_wanted_while_the_page_is_open_and_memory_is_free(monkeypatch, seen, free, switch, wanted):
    monkeypatch.setenv("CHARLAB_WARM", switch)
    monkeypatch.setattr(warm, "_page_seen_at", time.monotonic() - seen)
    monkeypatch.setattr(memory, "free_bytes", lambda: free)
    assert warm.is_wanted(warm.STARTS_WITH_BYTES) == wanted


def test_one_process_trains_runs_that_are_paused_stopped_and_resumed(monkeypatch):
    """Its end is the server's; a run that needs a process of its own gets one."""
    queue, process = started()
    try:
        run = submit()
        assert wait_for_steps(run).pid == process.popen.pid and run.status().start_up["warm"]
        control.pause(run, OPERATOR)
        wait_for(run, "paused")
        control.resume(run, OPERATOR)
        assert wait_for_steps(run).pid == process.popen.pid
        control.stop(run, OPERATOR)
        assert wait_for(run, "stopped").step and "last" in run.weight_names()

        other = submit(**SMALL | {"accelerator": "mirrored", "epochs": 1, "steps_per_epoch": 3})
        status = wait_for(other, "done", "failed")
        assert status.state == "done" and status.pid != process.popen.pid and not status.start_up["warm"]
        counted = submit("ngram", order=2)
        assert wait_for(counted, "done").pid == process.popen.pid
        logs = {str(ended.log_path) for ended in (run, other, counted)}
        opened = lambda: {file.path for file in psutil.Process(process.popen.pid).open_files()}  # noqa: E731
        wait_until(lambda: not opened() & logs)  # closed just after a run's status says that it has ended

        control.resume(run, OPERATOR)
        wait_for_steps(run)
    finally:
        queue.close(patience=60)
    assert (run.status().state, run.status().reason) == ("paused", control.SERVER_STOPPED)
    assert process.popen.poll() == 0 and not run.is_held()
    again = Queue(places=1)  # the server is started again
    again.start()
    try:
        control.resume(run, OPERATOR)
        assert wait_for_steps(run).pid != process.popen.pid
    finally:
        again.close(patience=60)


@pytest.mark.slow
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core is not divided")
def test_a_process_that_is_divided_for_other_runs_gives_way_to_a_new_one():
    queue, process = started()
    short = SMALL | {"epochs": 1, "steps_per_epoch": 3}
    try:
        assert wait_for(submit(**short), "done", "failed").pid == process.popen.pid
        status = wait_for(submit(**short | {"batch_size": 64}), "done", "failed")
        assert status.state == "done" and not status.start_up["warm"]
        assert wait_until(lambda: process.popen.poll() is not None) and process.popen.returncode == 0
        other = wait_until(queue._warm.ready)
        status = wait_for(submit(**short | {"batch_size": 64}), "done", "failed")
        assert status.state == "done" and status.pid == other.popen.pid
    finally:
        queue.close(patience=60)


@pytest.mark.slow
def test_what_the_page_shows_is_prepared_while_nothing_trains():
    queue, process = started()
    try:
        warm.page_shows(planned("ngram"))
        assert not queue.has_prepared()
        warm.page_shows(planned())
        wait_until(queue.has_prepared)
        assert process.state == "ready"
        run = submit()
        assert wait_for_steps(run).pid == process.popen.pid
        prepares = process.prepares
        warm.page_shows(planned(**SMALL | {"units": 9}))
        time.sleep(warm._SETTLED_SECONDS + 1.5)
        assert process.prepares == prepares  # a run is in training
        control.stop(run, OPERATOR)
        wait_until(queue.has_prepared)
        assert process.prepares != prepares
        short = SMALL | {"epochs": 1, "steps_per_epoch": 3}
        warm.page_shows(planned(**short | {"units": 10}))
        wait_until(lambda: process.is_preparing)
        assert wait_for(submit(**short), "done", "failed").pid == process.popen.pid  # asked for meanwhile
    finally:
        queue.close(patience=60)
    assert process.popen.returncode == 0


@pytest.mark.slow
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core is not divided")
def test_a_process_that_cannot_prepare_what_the_page_shows_gives_way_to_a_new_one():
    queue, process = started()
    try:
        warm.page_shows(planned())
        wait_until(queue.has_prepared)
        warm.page_shows(planned(**SMALL | {"batch_size": 64}))
        wait_until(lambda: not process.is_alive())
        wait_until(queue.has_prepared)
    finally:
        queue.close(patience=60)
    assert process.popen.returncode == 0


@pytest.mark.slow
def test_what_has_ended_a_process_is_not_prepared_again(caplog):
    pool = warm.Pool(most=1)
    pool.tend()
    process = wait_until(pool.ready)
    warm.page_shows(planned())
    wait_until(lambda: (pool.prepare(), process.is_preparing)[1])
    process.popen.kill()
    wait_until(lambda: not process.is_alive())
    pool.tend()
    (other,) = pool._processes
    try:
        assert wait_until(pool.ready) is other is not process
        pool.prepare()
        assert not other.prepares and "prepared for a run ended with code -9" in caplog.text
    finally:
        other.end()
    assert other.popen.wait(60) == 0


@pytest.mark.slow
def test_a_run_waits_for_a_process_that_will_soon_be_ready():
    queue = Queue(places=1)
    run = submit(**SMALL | {"epochs": 1, "steps_per_epoch": 3})
    queue.start()
    try:
        assert wait_for(run, "done").start_up["warm"]
    finally:
        queue.close(patience=60)


@pytest.mark.slow
def test_a_process_that_is_ending_is_given_no_run():
    pool = warm.Pool(most=1)
    pool.tend()
    process = pool._processes[0]
    process.end()  # while it starts: it answers that it is ready, and ends
    while process.is_alive():
        assert pool.ready() is None
        time.sleep(0.01)
    assert wait_until(lambda: process.state == "ready", 10) and process.popen.returncode == 0


@pytest.mark.slow
def test_a_run_whose_warm_worker_has_just_ended_gets_another_process(monkeypatch):
    queue, process = started()

    def broken(process, run):
        raise BrokenPipeError

    monkeypatch.setattr(warm.Process, "give", broken)
    try:
        run = submit("ngram", order=2)
        assert wait_for(run, "done").pid != process.popen.pid
    finally:
        queue.close(patience=60)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_warm_worker_that_is_killed_is_told_and_one_that_is_terminated_pauses():
    queue, process = started()
    try:
        run = submit()
        wait_for_steps(run)
        psutil.Process(process.popen.pid).kill()
        wait_until(lambda: "killed" in run.recorded_status().reason)
        assert run.status().state == "failed" and list(run.checkpoint_path.iterdir())
        process = wait_until(queue._warm.ready)  # another one
        control.resume(run, OPERATOR)
        assert wait_for_steps(run).pid == process.popen.pid
        process.popen.send_signal(signal.SIGTERM)
        assert wait_for(run, "paused").reason == control.SERVER_STOPPED
        assert wait_until(lambda: process.popen.poll() is not None) and process.popen.returncode == 0
    finally:
        queue.close(patience=60)


@pytest.mark.slow
def test_a_process_without_a_run_ends_with_the_page_the_memory_and_its_server(monkeypatch):
    queue, process = started()
    try:
        monkeypatch.setattr(memory, "free_bytes", lambda: 2e9)  # less than before it was started
        time.sleep(1.5)
        assert process.is_alive()
        monkeypatch.setattr(memory, "free_bytes", lambda: 1e9)
        wait_until(lambda: not process.is_alive())
        time.sleep(1.5)
        assert not queue._warm._processes
        monkeypatch.setattr(memory, "free_bytes", lambda: 8e9)
        process = wait_until(queue._warm.ready)
        monkeypatch.setattr(warm, "_page_seen_at", time.monotonic() - 3600)
        wait_until(lambda: not process.is_alive())
    finally:
        queue.close(patience=60)
    assert process.popen.returncode == 0


@pytest.mark.slow  # as two without them, in test_queue.py
def test_two_servers_with_warm_workers_train_each_run_once():
    (first, process), (second, other) = started(), started()
    runs = [submit("ngram", order=2) for _ in range(6)]
    try:
        assert {wait_for(run, "done").pid for run in runs} <= {process.popen.pid, other.popen.pid}
        time.sleep(1.0)
    finally:
        first.close(patience=60)
        second.close(patience=60)
    for run in runs:
        assert [event["event"] for event in run.events()[0]] == ["epoch", "epoch", "sample"]
        assert run.log_path.read_text() == ""


def test_a_process_that_never_gets_ready_is_not_started_again_at_once(monkeypatch, tmp_path, caplog):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    (tmp_path / "python").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "python").chmod(0o755)
    pool, made = warm.Pool(most=1), []
    make = warm.Process
    monkeypatch.setattr(warm, "Process", lambda: made.append(make()) or made[-1])
    for _ in range(20):
        pool.tend()
        time.sleep(0.05)
    assert len(made) == 1 and made[0].popen.wait() == 1
    assert [record.message for record in caplog.records] == [
        "A process that was to be ready for the next run ended at once, with code 1."
    ]


def test_a_run_whose_folder_has_any_name_can_be_given(tmp_path):
    process = warm.Process()
    try:
        wait_until(lambda: process.state == "ready")
        gone = store.Run(tmp_path / "a\nb “ü”")
        assert json.loads(json.dumps(str(gone.path))) == str(gone.path)
        process.give(gone)
        wait_until(lambda: process.exit_code() == 0)
        assert not gone.path.exists() and process.is_alive()
    finally:
        process.end()
    assert process.popen.wait(60) == 0
