"""Training in the sentiment lab: its loss, its batches, and a resumed run equals an uninterrupted one."""

import dataclasses

import numpy as np
import pytest

from charlab.labs import catalogue
from charlab.labs.sentiment import data, network
from charlab.labs.sentiment.forms import Form
from charlab.runs import control, store
from charlab.runs.permissions import OPERATOR
from helpers.slow_tests import slow
from helpers.training_runs import StopAfter, assert_equal_weights, events, without_times

pytest.importorskip("tensorflow")
from charlab.labs.sentiment import train  # noqa: E402
from charlab.labs.trainers import KERAS_FILES, TRAINERS  # noqa: E402
from charlab.training.learners import Learners  # noqa: E402
from charlab.training.train import train_run  # noqa: E402

LAB = catalogue.LABS["sentiment"]
SHORT = {"epochs": 3, "steps_per_epoch": 4, "accelerator": "cpu"}


def train_here(run: store.Run, learners: Learners | None = None, **more) -> store.Status:
    with run.lock():
        return train_run(run, learners=learners or Learners(trainers=TRAINERS), **more)


@pytest.fixture(scope="module", params=["gru", "mean", slow("mean-100-glove"), slow("bidirectional")])
def whole(request, tmp_path_factory) -> store.Run:
    """An uninterrupted run."""
    config = LAB.version(request.param).config(**SHORT)
    run = store.create(config, LAB.vocab(config), tmp_path_factory.mktemp("runs"))
    assert train_here(run).state == "done"
    return run


def test_test_and_training_accuracy_are_those_of_the_network_in_numpy(whole):
    evaluations = events(whole, "epoch")
    assert [event["epoch"] for event in evaluations] == [0, 1, 2, 3]
    assert abs(evaluations[0]["val_loss"] - np.log(2)) < 0.05
    last, form = evaluations[-1], Form.from_code(whole.config().preset)
    drawn, judge = data.of_run(whole.config(), whole.vocab()), network.of_run(whole, "last")
    assert abs(last["test_accuracy"] - network.accuracy(judge, drawn.test.rows(judge.words, judge.length))) < 2e-3
    known = drawn.training.some(slice(None, None, max(1, len(drawn.training) // 1_000)))
    assert abs(last["training_accuracy"] - network.accuracy(judge, known.rows(judge.words, judge.length))) < 2e-3
    assert {"test_accuracy", "training_accuracy"} <= set(whole.status().results)
    assert judge.words == drawn.words and form == judge.form


def test_the_figures_of_a_run_are_those_of_its_best_weights(whole):
    evaluations = events(whole, "epoch")
    best = min(evaluations, key=lambda event: event["val_loss"])
    assert whole.status().best_epoch == best["epoch"]
    found = catalogue.figures_of_best(whole)
    assert found == {name: best[name] for name in ("test_accuracy", "training_accuracy")}


def test_a_resumed_run_equals_an_uninterrupted_one(whole):
    config = LAB.version(whole.config().preset).config(**SHORT)
    for steps in (3, 9):
        run = LAB.create(config, OPERATOR)
        assert train_here(run, stop=StopAfter(steps, "pause")).state == "paused"
        control.resume(run, OPERATOR)
        assert train_here(run).state == "done"
        assert_equal_weights(whole, run)
        assert without_times(whole) == without_times(run)


def test_a_warm_process_trains_each_form_as_any_other_one(whole):
    learners = Learners(kept=3, trainers=TRAINERS)
    for preset in (whole.config().preset, "mean-unmasked", "mean-300-glove", whole.config().preset):
        config = LAB.version(preset).config(**SHORT)
        run = LAB.create(config, OPERATOR)
        assert train_here(run, learners).state == "done"
        if preset == whole.config().preset:
            assert_equal_weights(whole, run)


def test_the_vectors_before_training_can_be_drawn_again_and_pretrained_ones_do_not_change(whole):
    first, last = (whole.weights(name)["embedding"] for name in ("epoch-000", "last"))
    form = Form.from_code(whole.config().preset)
    if form.vectors == "glove":
        assert (first == last).all() and first[1:50].any()
    else:
        assert (network.first_vectors(form, 1, len(first)) == first).all() and (first != last).any()


def test_the_keras_file_judges_as_the_run_does(whole, tmp_path):
    import keras

    KERAS_FILES["sentiment"](tmp_path / "judge.keras", whole.config(), whole.weights())
    judge = network.of_run(whole, "best")
    texts = [network.words.split(text) for text in ("a great film", "boring and long, not good at all")]
    rows = judge.words.ids(texts, judge.length)
    loaded = keras.saving.load_model(tmp_path / "judge.keras").predict(rows, verbose=0)[:, 0]
    ours = judge.probabilities([judge.words.ids([text], len(text))[0] for text in texts])
    assert np.abs(loaded - ours).max() < 1e-5


@pytest.mark.parametrize("preset", ["gru", "gru-unmasked", "mean-unmasked"])
def test_the_first_steps_are_keras_own(preset):
    """The mean of Keras's binary cross-entropy, with Keras's layers, masked or not. By SGD: with Adam, Keras
    squares the parts of a word vector's gradient before it adds them up, where a word occurs more than once."""
    import keras

    form = Form.from_code(preset)
    config = LAB.version(preset).config(accelerator="cpu")
    plain = config.model.replace(input_dropout=0), config.train.replace(optimizer="sgd")
    config = dataclasses.replace(config, model=plain[0], train=plain[1])
    task, learner = train.build(config, data.of_form(form, 1), Learners(trainers=TRAINERS))
    rows = task.rows(0)
    stock = train.stock_network(form, learner.weights())
    before = stock.get_weights()
    stock.compile(keras.optimizers.SGD(1.0), "binary_crossentropy")
    for _ in range(3):
        stock.train_on_batch(rows[:, :-1], rows[:, -1:].astype(np.float32))
        learner.step(rows, 0, 1.0)
    ours = train.stock_network(form, learner.weights()).get_weights()
    for one, other, old in zip(ours, stock.get_weights(), before, strict=True):
        assert np.abs(one - other).max() < 1e-5 and np.abs(one - old).max() > 1e-4


def test_a_pass_has_each_text_once_in_an_order_of_its_own():
    config = LAB.version("mean-100").config(batch_size=20, accelerator="cpu")
    drawn = data.of_form(Form.from_code("mean-100"), 1)
    task = train.SentimentTask(config, drawn)
    assert task.steps_per_epoch == config.train.steps_per_epoch == 20  # of 5 in a pass
    passes = [np.concatenate([task.rows(5 * one + step) for step in range(5)]) for one in range(2)]
    every = drawn.training.rows(drawn.words, config.train.sequence_length)
    for rows in passes:
        assert sorted(map(bytes, rows)) == sorted(map(bytes, every))
    assert (passes[0] != passes[1]).any()
    assert (task.rows(3) == passes[0][60:80]).all()  # of an earlier pass again, as where a run is resumed
