"""Labs from the command line: trained, killed and resumed, exported and tried."""

import json
import signal
import subprocess
import sys

import numpy as np
import pytest

from charlab.labs.dates import data as dates_data
from charlab.labs.reber import data, network
from charlab.runs import checkpoints, store
from helpers.project import ROOT
from helpers.training_runs import assert_equal_weights, without_times
from helpers.waiting import wait_until

pytest.importorskip("tensorflow")
STEPS = 60
SHORT = ("--epochs", "3", "--steps-per-epoch", str(STEPS), "--accelerator", "cpu")


def start(*words: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "charlab", *words]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def document(*words: str):
    out, said = (process := start(*words, "--json")).communicate(timeout=300)
    assert process.returncode == 0, said
    return json.loads(out.splitlines()[-1])


def killed_and_resumed(*words: str) -> tuple[store.Run, dict]:
    """A run that was killed after its first epoch and resumed, and its results; it equals an uninterrupted one."""
    whole = store.find(document(*words)["run"])
    with start(*words) as process:
        name = next(line for line in process.stderr if line.startswith("Run ")).split()[1]
        run = store.find(name)
        wait_until(lambda: checkpoints.exists(run) and checkpoints.load(run)[0].step >= STEPS, every=0.01)
        process.send_signal(signal.SIGKILL)
    assert "stopped unexpectedly" in run.status().reason
    assert STEPS <= checkpoints.load(run)[0].step < 3 * STEPS
    results = document("resume", run.id)
    assert results["epochs"] == 3
    assert_equal_weights(whole, run)
    assert without_times(whole) == without_times(run)
    return run, results


@pytest.mark.slow
def test_a_lab_is_trained_killed_resumed_exported_and_tried(tmp_path):
    run, results = killed_and_resumed("lab", "reber", "train", *SHORT)
    assert {"swap_accuracy", "pair_accuracy"} <= set(results)
    file = tmp_path / "judge.keras"
    document("export", run.id, "--format", "keras", "--to", str(file))
    tried = document("lab", "reber", "try", *data.TRICKY, "--run", run.id)
    assert [one["is_good"] for one in tried] == [False, True]
    import keras

    loaded = keras.saving.load_model(file).predict(data.ids(data.TRICKY), verbose=0)[:, 0]
    judged = network.Judge(network.MODEL, run.weights()).verdicts(data.TRICKY)
    assert np.abs(loaded - judged).max() < 1e-5
    assert np.abs(judged - [one["good"] for one in tried]).max() < 1e-6


@pytest.mark.slow  # as the lab before it: the same worker, queue and checkpoints
def test_dates_are_trained_killed_resumed_exported_and_translated(tmp_path):
    run, results = killed_and_resumed("lab", "dates", "train", "--version", "attention-bidirectional", *SHORT)
    assert 0 <= results["exact"] <= 1
    file = tmp_path / "dates.keras"
    document("export", run.id, "--format", "keras", "--to", str(file))
    tried = document("lab", "dates", "try", *dates_data.EXAMPLES, "--run", run.id, "--beam", "1")
    import keras

    loaded, given = keras.saving.load_model(file), np.full((len(tried), dates_data.WRITTEN), dates_data.START)
    for position in range(dates_data.WRITTEN):  # each character is given with those before it
        likely = loaded.predict([dates_data.ids(dates_data.EXAMPLES), given], verbose=0)[:, position, 1:]
        if position + 1 < dates_data.WRITTEN:
            given[:, position + 1] = likely.argmax(-1) + 1
    last = likely.argmax(-1) + 1
    written = [dates_data.written_text(row) for row in np.column_stack([given[:, 1:], last])]
    assert written == [one["written"] for one in tried] == [one["beam"][0]["written"] for one in tried]


def test_what_cannot_be_tried_is_said_and_the_shipped_model_needs_no_tensorflow():
    process = start("lab", "reber", "try", "BTX1")
    out, said = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "") and "Received: '1'" in said and "Traceback" not in said
    program = "import sys; from charlab.cli import main; main(['lab', 'reber', 'try']); print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    bad, good, modules = done.stdout.splitlines()
    assert "by the grammar it is bad" in bad and "by the grammar it is good" in good
    assert "'tensorflow'" not in modules and "'keras'" not in modules


@pytest.mark.slow  # as the lab before it: the same worker, queue and checkpoints
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


@pytest.mark.slow
@pytest.mark.parametrize(
    "version, after", [("attention", {1: 0.97, 3: 0.999}), ("repeated", {10: 0.995}), ("teacher", {6: 0.995})]
)
def test_versions_of_dates_reach_their_figures(version, after):
    results = document("lab", "dates", "train", "--version", version, "--seed", "2")
    exact = {e["epoch"]: e["exact"] for e in store.find(results["run"]).events()[0] if e["event"] == "epoch"}
    assert all(exact[epoch] >= share for epoch, share in after.items()), exact
