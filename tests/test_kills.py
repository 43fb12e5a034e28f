"""A run is never lost: killed at random moments it can be read, goes on, and ends as if it never was."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest
from test_training import TEXT, TINIER, assert_equal_weights, make, train, without_times

from charlab import checkpoints, runs

SITTING = """
import sys
from charlab import runs, session, training
session.CHECKPOINT_SECONDS = 0.05
run = runs.Run(sys.argv[1])
ids = run.vocab().encode(sys.argv[2])
from charlab import learner
with run.lock():
    print("ready", flush=True)
    training.train(run, ids, on_event=lambda event: print(event["event"], flush=True))
"""
SECONDS = 0.6  # the latest moment of a kill, counted from the sitting's start or from its first step


def sit_and_be_killed(run: runs.Run, begins: str, after: float) -> bool:
    """Train in a process of its own, killed so many seconds after it was "ready" or took its first "step";
    whether it was still at it then."""
    command = [sys.executable, "-c", SITTING, str(run.path), TEXT]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert begins in (line.strip() for line in process.stdout) or process.wait() == 0
        time.sleep(after)
        process.kill()
    return process.returncode != 0


def assert_readable(run: runs.Run) -> None:
    assert run.status().state in ("failed", "queued") and run.config() and run.vocab()
    run.events()
    for which in run.weight_names():
        assert run.weights(which)
    if checkpoints.exists(run):
        progress, _ = checkpoints.load(run)
        assert progress.events_length <= run.events_length()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
@pytest.mark.parametrize("kills", [8, pytest.param(100, marks=pytest.mark.slow)])
def test_runs_that_are_killed_at_random_moments_end_as_if_never_killed(kills):
    pytest.importorskip("tensorflow")
    settings = {"epochs": 24, "learning_rate_schedule": "cosine", "optimizer": "adamw"}
    whole = make(TINIER["gru"], **settings)
    assert train(whole).state == "done"
    moments, run, suffered, steps = np.random.default_rng(kills), make(TINIER["gru"], **settings), 0, set()
    for kill in range(kills):
        begins = "step" if kill % 4 else "ready"  # one kill in four falls into a start, the others into training
        if not sit_and_be_killed(run, begins, moments.uniform(0, SECONDS)):
            assert_equal_weights(whole, run)
            assert without_times(whole) == without_times(run)
            run = make(TINIER["gru"], **settings)
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
