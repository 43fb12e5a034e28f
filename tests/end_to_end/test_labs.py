"""Labs from the command line: trained, killed and resumed, exported and tried."""

import json
import signal
import subprocess
import sys

import numpy as np
import pytest

from charlab.labs.reber import data, network
from charlab.runs import checkpoints, store
from helpers.project import ROOT
from helpers.training_runs import assert_equal_weights, without_times
from helpers.waiting import wait_until

pytest.importorskip("tensorflow")
STEPS = 60
SHORT = ("lab", "reber", "train", "--epochs", "3", "--steps-per-epoch", str(STEPS), "--accelerator", "cpu")


def start(*words: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "charlab", *words]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def document(*words: str):
    out, said = (process := start(*words, "--json")).communicate(timeout=300)
    assert process.returncode == 0, said
    return json.loads(out.splitlines()[-1])


def test_a_lab_is_trained_killed_resumed_exported_and_tried(tmp_path):
    whole = store.find(document(*SHORT)["run"])
    with start(*SHORT) as process:
        name = next(line for line in process.stderr if line.startswith("Run ")).split()[1]
        run = store.find(name)
        wait_until(lambda: checkpoints.exists(run) and checkpoints.load(run)[0].step >= STEPS, every=0.01)
        process.send_signal(signal.SIGKILL)
    assert "stopped unexpectedly" in run.status().reason
    assert STEPS <= checkpoints.load(run)[0].step < 3 * STEPS
    results = document("resume", run.id)
    assert results["epochs"] == 3 and {"swap_accuracy", "pair_accuracy"} <= set(results)
    assert_equal_weights(whole, run)
    assert without_times(whole) == without_times(run)

    file = tmp_path / "judge.keras"
    document("export", run.id, "--format", "keras", "--to", str(file))
    tried = document("lab", "reber", "try", *data.TRICKY, "--run", run.id)
    assert [one["is_good"] for one in tried] == [False, True]
    import keras

    loaded = keras.saving.load_model(file).predict(data.ids(data.TRICKY), verbose=0)[:, 0]
    judged = network.Judge(network.MODEL, run.weights()).verdicts(data.TRICKY)
    assert np.abs(loaded - judged).max() < 1e-5
    assert np.abs(judged - [one["good"] for one in tried]).max() < 1e-6


def test_what_cannot_be_tried_is_said_and_the_shipped_model_needs_no_tensorflow():
    process = start("lab", "reber", "try", "BTX1")
    out, said = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "") and "Received: '1'" in said and "Traceback" not in said
    program = "import sys; from charlab.cli import main; main(['lab', 'reber', 'try']); print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    bad, good, modules = done.stdout.splitlines()
    assert "by the grammar it is bad" in bad and "by the grammar it is good" in good
    assert "'tensorflow'" not in modules and "'keras'" not in modules


def test_the_judge_of_reviews_is_killed_resumed_and_exported(tmp_path):
    words = ("lab", "sentiment", "train", "--epochs", "3", "--steps-per-epoch", str(STEPS), "--accelerator", "cpu")
    whole = store.find(document(*words)["run"])
    with start(*words) as process:
        name = next(line for line in process.stderr if line.startswith("Run ")).split()[1]
        run = store.find(name)
        wait_until(lambda: checkpoints.exists(run) and checkpoints.load(run)[0].step >= STEPS, every=0.01)
        process.send_signal(signal.SIGKILL)
    assert {"test_accuracy", "training_accuracy"} <= set(document("resume", run.id))
    assert_equal_weights(whole, run)
    document("export", run.id, "--format", "keras", "--to", str(tmp_path / "judge.keras"))
    assert (tmp_path / "judge.keras").stat().st_size > 1_000_000
    (tried,) = document("lab", "sentiment", "try", "a great film", "--run", run.id)
    assert len(tried["after"]) == 3


@pytest.mark.slow
def test_the_recipe_reaches_its_figures():
    results = document("lab", "reber", "train", "--seed", "2")
    events = store.find(results["run"]).events()[0]
    last = [event for event in events if event["event"] == "epoch"][-1]
    assert last["val_accuracy"] >= 0.995 and last["swap_accuracy"] >= 0.98
