"""Training in the dates lab: its losses, its batches, its figures; a resumed run equals an uninterrupted one."""

import numpy as np
import pytest

from charlab.core.config import ModelConfig
from charlab.errors import ConfigError
from charlab.labs import catalogue
from charlab.labs.dates import data, decoding, network
from charlab.labs.dates.network import MODEL, VERSIONS, Translator
from charlab.runs import control, store
from charlab.runs.permissions import OPERATOR
from helpers.dates import ISOS, TEXTS
from helpers.training_runs import StopAfter, assert_equal_weights, events, without_times

pytest.importorskip("tensorflow")

from charlab.labs.dates import train  # noqa: E402
from charlab.labs.trainers import TRAINERS  # noqa: E402
from charlab.training.learners import Learners  # noqa: E402
from charlab.training.train import train_run  # noqa: E402

LAB = catalogue.LABS["dates"]
SHORT = {"epochs": 2, "steps_per_epoch": 3, "accelerator": "cpu"}
ROWS = data.Dates(tuple(TEXTS), tuple(ISOS)).rows()


def make(version: str = "attention") -> store.Run:
    lab = LAB.version(version)
    return lab.create(lab.config(**SHORT), OPERATOR)


def train_here(run: store.Run, **more) -> store.Status:
    with run.lock():
        return train_run(run, learners=Learners(trainers=TRAINERS), **more)


@pytest.fixture(scope="module", params=["attention", pytest.param("scheduled", marks=pytest.mark.slow)])
def whole(request, tmp_path_factory) -> store.Run:
    """An uninterrupted run."""
    config = LAB.version(request.param).config(**SHORT)
    run = store.create(config, LAB.vocab(), tmp_path_factory.mktemp("runs"))
    assert train_here(run).state == "done"
    return run


def test_a_run_records_how_many_dates_are_translated_exactly(whole):
    evaluations = events(whole, "epoch")
    assert [event["epoch"] for event in evaluations] == [0, 1, 2]
    assert {"val_loss", "val_accuracy", "val_error", "train_loss_after", "exact"} <= set(evaluations[-1])
    assert abs(evaluations[0]["val_loss"] - np.log(12)) < 0.05  # as likely as one another
    assert not events(whole, "sample") and len(events(whole, "step")) == 6


def test_its_figures_are_those_of_the_network_in_numpy(whole):
    config, dates = whole.config(), data.draw(1).validation
    translator = Translator(VERSIONS[config.preset], config.model, whole.weights("last"))
    right, state, losses = data.written_ids(dates.isos), translator.read(data.ids(dates.texts)), []
    for t in range(data.WRITTEN):
        before = right[:, t - 1] if t else np.full(len(right), data.START)
        logits, state, _ = translator.step(before, state)
        log_probabilities = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        losses.append(-log_probabilities[np.arange(len(right)), right[:, t]])
    last = events(whole, "epoch")[-1]
    assert abs(last["val_loss"] - np.mean(losses)) < 1e-5
    written = decoding.write(translator, data.ids(dates.texts))
    assert last["exact"] == np.mean([text == iso for text, iso in zip(written.texts(), dates.isos, strict=True)])


@pytest.mark.parametrize("steps", [pytest.param(2, marks=pytest.mark.slow), 3])
def test_a_resumed_run_equals_an_uninterrupted_one(whole, steps):
    run = make(whole.config().preset)
    assert train_here(run, stop=StopAfter(steps, "pause")).state == "paused"
    control.resume(run, OPERATOR)
    assert train_here(run).state == "done"
    assert_equal_weights(whole, run)
    assert without_times(whole) == without_times(run)


@pytest.mark.slow
def test_a_warm_process_keeps_the_versions_apart():
    learners = Learners(kept=2, trainers=TRAINERS)
    found = {}
    for version in ("repeated", "repeated-bidirectional", "repeated"):  # the second is as large
        run = make(version)
        with run.lock():
            assert train_run(run, learners=learners).state == "done"
        if version in found:
            assert_equal_weights(found[version], run)
        found[version] = run
        network.Translator(VERSIONS[version], MODEL, run.weights())


def test_an_epoch_has_each_date_once_in_an_order_of_its_own():
    config = LAB.config(accelerator="cpu", batch_size=100)
    task = train.DateTask(config, data.draw(1), VERSIONS["attention"])
    assert task.steps_per_epoch == 100
    epochs = [np.concatenate([task.rows(100 * epoch + step) for step in range(100)]) for epoch in range(2)]
    for rows in epochs:
        assert sorted(map(bytes, rows)) == sorted(map(bytes, data.draw(1).training.rows()))
    assert (epochs[0] != epochs[1]).any()
    assert (task.rows(5) == epochs[0][500:600]).all()  # of an earlier epoch again, as where a run is resumed


def test_scheduled_samplings_probability_rises_to_one_in_ten_epochs():
    assert [train.own_share(epoch) for epoch in (0, 5, 10, 30)] == [0, 0.5, 1, 1]
    config = LAB.version("scheduled").config(accelerator="cpu", batch_size=1000)
    task = train.DateTask(config, data.draw(1), VERSIONS["scheduled"])
    for epoch in (0, 3, 10):
        own = np.concatenate([task.rows(10 * epoch + step)[:, 28:] for step in range(10)])
        assert own.shape == (10_000, 9) and abs(own.mean() - epoch / 10) < 0.01
    assert (task.rows(35) == task.rows(35)).all()


def test_a_version_that_is_not_known_is_said():
    with pytest.raises(ConfigError, match="'knitting'"):
        LAB.version("knitting")
    odd = ModelConfig(kind="lstm", units=7, embedding=4)
    config = LAB.version("attention-bidirectional").config(**SHORT)
    run = store.create(config.__class__(**config.__dict__ | {"model": odd}), LAB.vocab())
    status = train_here(run)
    assert status.state == "failed" and "even number" in status.reason
