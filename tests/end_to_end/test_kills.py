"""A run is never lost: killed at random moments it can be read, resumes, and ends as if it had not been killed."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from charlab.runs import checkpoints, store
from helpers.training_runs import TEXT, TINIER, assert_equal_weights, make, train, without_times

TRAIN_ON_REQUEST = """
import sys
from charlab.runs import store
from charlab.training import learner, loop, train  # learner: TensorFlow is loaded before the run is named

loop.CHECKPOINT_SECONDS = 0.05
if path := sys.stdin.readline().strip():
    run = store.Run(path)
    with run.lock():
        print("ready", flush=True)
        ids = run.vocab().encode(sys.argv[1])
        train.train_run(run, ids, on_event=lambda event: print(event["event"], flush=True))
    print("over", flush=True)
"""
EVENTS, SECONDS = 16, 0.3  # a kill falls at most so many events after the first step, and so many seconds later


def waiting_process() -> subprocess.Popen:
    """A process that imports TensorFlow, which takes longer than all the rest, and waits for the run to train.

    Its lines come through a pipe of its own, where no other process's can get between their pieces.
    """
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    return subprocess.Popen([sys.executable, "-c", TRAIN_ON_REQUEST, TEXT], **pipes)


@contextmanager
def training_processes() -> Iterator[Iterator[subprocess.Popen]]:
    """Processes to train in, one after the other; each is made ready while the one before it trains."""
    ready = [waiting_process()]

    def one_by_one() -> Iterator[subprocess.Popen]:
        while True:
            ready.append(waiting_process())
            yield ready.pop(0)

    try:
        yield one_by_one()
    finally:
        for process in ready:
            process.communicate()  # ends its input, with which it ends itself


def train_and_kill(process: subprocess.Popen, run: store.Run, begins: str, more: int, after: float) -> None:
    """Train in a process that is killed after it was "ready" or took its first "step", told of so many events
    more, and so many seconds passed, unless it has come to the end by then."""
    with process:
        print(run.path, file=process.stdin)
        told = []
        while not ("over" in told or begins in told and len(told) > told.index(begins) + more):
            line = process.stdout.readline()
            assert line, "the process ended by itself; its error is above"
            told.append(line.strip())
        time.sleep(after)
        process.kill()


def assert_readable(run: store.Run) -> None:
    assert run.status().state in ("failed", "queued") and run.config() and run.vocab()
    run.events()
    for weights_name in run.weight_names():
        assert run.weights(weights_name)
    if checkpoints.exists(run):
        progress, _ = checkpoints.load(run)
        assert progress.events_length <= run.events_length()


@pytest.mark.parametrize("kills", [2, pytest.param(100, marks=pytest.mark.slow)])
def test_runs_that_are_killed_at_random_moments_end_as_if_never_killed(kills):
    pytest.importorskip("tensorflow")
    settings = {"epochs": 24, "learning_rate_schedule": "cosine", "optimizer": "adamw"}
    model = TINIER["gru"].replace(layers=1)
    whole = make(model, **settings)
    assert train(whole).state == "done"
    moments, run, suffered, steps = np.random.default_rng(kills), make(model, **settings), 0, set()
    with training_processes() as processes:
        for kill in range(kills):
            begins = "step" if kill % 4 else "ready"  # one kill in four falls into a start, the others after it
            more = int(moments.integers(EVENTS)) if kill % 4 else 0
            train_and_kill(next(processes), run, begins, more, moments.uniform(0, SECONDS))
            if run.status().state == "done":
                assert_equal_weights(whole, run)
                assert without_times(whole) == without_times(run)
                run = make(model, **settings)
                continue
            suffered += 1
            assert_readable(run)
            assert run.status().state == "queued" or "stopped unexpectedly" in run.status().reason
            if checkpoints.exists(run):
                steps.add(checkpoints.load(run)[0].step)
    assert train(run).state == "done"
    assert_equal_weights(whole, run)
    assert without_times(whole) == without_times(run)
    assert not list(run.path.rglob("*.tmp"))
    assert suffered >= kills / 2 and len(steps) >= kills / 4, "too few kills fell into training"
