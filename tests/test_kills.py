"""A run is never lost: killed at random moments it can be read, goes on, and ends as if it never was."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from sittings import TEXT, TINIER, assert_equal_weights, make, train, without_times

from charlab import checkpoints, runs

# Importing TensorFlow takes longer than all the rest: it is done once, before it starts in each sitting's process.
NURSERY = """
import os, sys, traceback
from charlab import learner, runs, session, training

session.CHECKPOINT_SECONDS = 0.05


def sit(path):
    run = runs.Run(path)
    ids = run.vocab().encode(sys.argv[1])
    with run.lock():
        print("ready", flush=True)
        training.train(run, ids, on_event=lambda event: print(event["event"], flush=True))


for order, path in (line.split() for line in sys.stdin):
    if order == "sit":
        sitting = os.fork()
        if not sitting:
            try:
                sit(path)
            except BaseException:
                traceback.print_exc()
            print("over", flush=True)
            os._exit(0)
        print("process", sitting, flush=True)
    else:
        print("ended", os.waitstatus_to_exitcode(os.waitpid(sitting, 0)[1]), flush=True)
"""
EVENTS, SECONDS = 16, 0.3  # a kill falls at most so many events after the first step, and so many seconds later


@contextmanager
def nursery() -> Iterator[subprocess.Popen]:
    """A process that has imported TensorFlow and forks a process of its own for each sitting."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    with subprocess.Popen([sys.executable, "-c", NURSERY, TEXT], env=environment, **pipes) as process:
        yield process


def sit_and_be_killed(parent: subprocess.Popen, run: runs.Run, begins: str, more: int, after: float) -> bool:
    """Train in a process of its own, killed after it was "ready" or took its first "step", told of so many events
    more, and so many seconds passed; whether it was still at it then."""
    print("sit", run.path, file=parent.stdin)
    told, sitting = [], 0
    while not (sitting and ("over" in told or begins in told and len(told) > told.index(begins) + more)):
        name, *number = parent.stdout.readline().split()
        if name == "process":
            sitting = int(number[0])
        else:
            told.append(name)
    time.sleep(after)
    os.kill(sitting, signal.SIGKILL)  # where it has ended, its number is still kept for whoever waits for it
    print("wait", run.path, file=parent.stdin)
    while not (line := parent.stdout.readline()).startswith("ended"):
        assert line, "the nursery is gone"
    return int(line.split()[1]) != 0


def assert_readable(run: runs.Run) -> None:
    assert run.status().state in ("failed", "queued") and run.config() and run.vocab()
    run.events()
    for which in run.weight_names():
        assert run.weights(which)
    if checkpoints.exists(run):
        progress, _ = checkpoints.load(run)
        assert progress.events_length <= run.events_length()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows, and no fork")
@pytest.mark.parametrize("kills", [8, pytest.param(100, marks=pytest.mark.slow)])
def test_runs_that_are_killed_at_random_moments_end_as_if_never_killed(kills):
    pytest.importorskip("tensorflow")
    settings = {"epochs": 24, "learning_rate_schedule": "cosine", "optimizer": "adamw"}
    model = TINIER["gru"].replace(layers=1)
    whole = make(model, **settings)
    assert train(whole).state == "done"
    moments, run, suffered, steps = np.random.default_rng(kills), make(model, **settings), 0, set()
    with nursery() as parent:
        for kill in range(kills):
            begins = "step" if kill % 4 else "ready"  # one kill in four falls into a start, the others after it
            more = int(moments.integers(EVENTS)) if kill % 4 else 0
            if not sit_and_be_killed(parent, run, begins, more, moments.uniform(0, SECONDS)):
                assert_equal_weights(whole, run)
                assert without_times(whole) == without_times(run)
                run = make(model, **settings)
                continue
            suffered += 1
            assert_readable(run)
            assert run.status().state == "queued" or "without a word" in run.status().reason
            if checkpoints.exists(run):
                steps.add(checkpoints.load(run)[0].step)
    assert train(run).state == "done"
    assert_equal_weights(whole, run)
    assert without_times(whole) == without_times(run)
    assert not list(run.path.rglob("*.tmp"))
    assert suffered >= kills / 2 and len(steps) >= kills / 4, "too few kills fell into training"
