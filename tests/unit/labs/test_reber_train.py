"""Training in the Reber lab: its loss, its batches, and a resumed run equals an uninterrupted one."""

import dataclasses

import numpy as np
import pytest

from charlab.core.vocab import Vocab
from charlab.labs import catalogue
from charlab.labs.reber import data
from charlab.labs.reber.network import Judge
from charlab.runs import control, store
from charlab.runs.permissions import OPERATOR
from helpers.slow_tests import slow
from helpers.training_runs import StopAfter, assert_equal_weights, events, without_times

pytest.importorskip("tensorflow")
from charlab.labs.reber import train  # noqa: E402
from charlab.labs.trainers import TRAINERS  # noqa: E402
from charlab.training.learners import Learners  # noqa: E402
from charlab.training.train import train_run  # noqa: E402

LAB = catalogue.LABS["reber"]
SHORT = {"epochs": 3, "steps_per_epoch": 4, "accelerator": "cpu"}


def make(**settings) -> store.Run:
    return LAB.create(LAB.config(**SHORT | settings), OPERATOR)


def train_here(run: store.Run, **more) -> store.Status:
    with run.lock():
        return train_run(run, learners=Learners(trainers=TRAINERS), **more)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> store.Run:
    """An uninterrupted run."""
    run = store.create(LAB.config(**SHORT), LAB.vocab(), tmp_path_factory.mktemp("runs"))
    assert train_here(run).state == "done"
    return run


def test_a_run_records_what_a_run_of_a_language_model_does(whole):
    evaluations = events(whole, "epoch")
    assert [event["epoch"] for event in evaluations] == [0, 1, 2, 3]
    assert {"val_loss", "val_accuracy", "val_error", "train_loss_after", "swap_accuracy", "pair_accuracy"} <= set(
        evaluations[-1]
    )
    assert abs(evaluations[0]["val_loss"] - np.log(2)) < 0.01
    assert whole.weight_names() == ["epoch-000", "epoch-001", "epoch-002", "epoch-003", "best", "last"]
    assert not events(whole, "sample") and len(events(whole, "step")) == 12


def test_its_figures_are_those_of_the_network_in_numpy(whole):
    drawn, judge = data.draw(1), Judge(LAB.model, whole.weights("last"))
    good = judge.verdicts(drawn.validation.texts).astype(float)
    losses = -np.log(np.where(drawn.validation.good, good, 1 - good))
    last = events(whole, "epoch")[-1]
    assert abs(last["val_loss"] - losses.mean()) < 1e-5
    spread = np.sqrt(np.mean([losses[drawn.validation.good == is_good].var() for is_good in (True, False)]))
    assert abs(last["val_error"] - spread / np.sqrt(len(losses))) < 0.3 * last["val_error"]
    assert abs(last["val_accuracy"] - ((good > 0.5) == drawn.validation.good).mean()) < 1e-6
    swaps, originals = (judge.verdicts(part.texts) for part in (drawn.swaps, drawn.originals))
    assert abs(last["swap_accuracy"] - (swaps <= 0.5).mean()) < 1e-6
    assert abs(last["pair_accuracy"] - ((swaps <= 0.5).mean() + (originals > 0.5).mean()) / 2) < 1e-6


@pytest.mark.parametrize("steps", [slow(3), 4, slow(9)])
def test_a_resumed_run_equals_an_uninterrupted_one(whole, steps):
    run = make()
    assert train_here(run, stop=StopAfter(steps, "pause")).state == "paused"
    control.resume(run, OPERATOR)
    assert train_here(run).state == "done"
    assert_equal_weights(whole, run)
    assert without_times(whole) == without_times(run)


def test_the_first_step_is_keras_own(whole):
    """SGD with Nesterov momentum on the mean of Keras's binary cross-entropy, with Keras's GRU and masking."""
    import keras

    config = LAB.config(**SHORT)
    task, learner = train.build(config, data.draw(1), Learners(trainers=TRAINERS))
    rows = task.rows(0)
    stock = train.stock_network(LAB.model, learner.weights())
    stock.compile(keras.optimizers.SGD(0.02, momentum=0.95, nesterov=True), "binary_crossentropy")
    for _ in range(3):
        stock.train_on_batch(rows[:, :-1], rows[:, -1:].astype(np.float32))
        learner.step(rows, 0, 0.02)
    ours = train.stock_network(LAB.model, learner.weights()).get_weights()
    for one, other in zip(ours, stock.get_weights(), strict=True):
        assert np.abs(one - other).max() < 1e-6


def test_an_epoch_has_each_string_once_in_an_order_of_its_own():
    config = LAB.config(accelerator="cpu", batch_size=100)
    task = train.ReberTask(config, data.draw(1))
    assert task.steps_per_epoch == 100
    epochs = [np.concatenate([task.rows(100 * epoch + step) for step in range(100)]) for epoch in range(2)]
    every = data.draw(1).training.rows()
    for rows in epochs:
        assert sorted(map(bytes, rows)) == sorted(map(bytes, every))
    assert (epochs[0] != epochs[1]).any()
    assert (task.rows(5) == epochs[0][500:600]).all()  # of an earlier epoch again, as where a run is resumed


def test_a_warm_process_trains_it_as_any_other_one(whole):
    learners = Learners(kept=2, trainers=TRAINERS)
    for _ in range(2):
        run = make()
        with run.lock():
            assert train_run(run, learners=learners).state == "done"
        assert_equal_weights(whole, run)


def test_a_process_that_does_not_know_the_lab_says_so():
    config = dataclasses.replace(LAB.config(**SHORT), task="knitting")
    run = store.create(config, Vocab(data.LETTERS))
    status = train_here(run)
    assert status.state == "failed" and "'knitting'" in status.reason


def test_the_keras_file_judges_as_the_run_does(whole, tmp_path):
    import keras

    weights = whole.weights()
    train.write_keras(tmp_path / "judge.keras", LAB.model, weights)
    rows = data.ids(data.TRICKY)
    loaded = keras.saving.load_model(tmp_path / "judge.keras").predict(rows, verbose=0)[:, 0]
    assert np.abs(loaded - Judge(LAB.model, weights).verdicts(data.TRICKY)).max() < 1e-5
