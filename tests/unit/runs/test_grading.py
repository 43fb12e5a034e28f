"""Grades: the figures of core.reading and of the trainer, and what a writer says of weights that were replaced."""

import numpy as np
import pytest

from charlab.core.config import TrainConfig
from charlab.core.predictor import build_predictor
from charlab.core.reading import evaluate
from charlab.corpora import batch_means, catalogue
from charlab.runs import grading, models, plan, writers
from charlab.runs.permissions import OPERATOR
from charlab.runs.recorder import SAMPLE
from charlab.runs.writer import WeightsChanged
from helpers.tiny import TINY, random_weights


def run_with_weights(kind="gru", **train):
    settings = TrainConfig(seed_text="ab", **train)
    run = plan.plan_run(catalogue.load("coin-flips"), "custom", TINY[kind], settings).create(OPERATOR)
    run.write_weights(random_weights(TINY[kind], len(run.vocab())), "last")
    return run


@pytest.mark.parametrize("kind", ["gru", "lstm", "transformer"])
def test_a_grade_is_what_reading_the_validation_set_tells(kind):
    model = models.load(run_with_weights(kind).id, "last")
    grade = grading.grade(model, model.predictor)
    division = grading.RunText.of(model.config, model.vocab).division()
    wanted = evaluate(model.predictor, model.vocab, division.validation)
    assert grade.loss == pytest.approx(wanted.loss_nats, abs=1e-6) and grade.accuracy == wanted.accuracy
    if kind != "transformer":
        assert grade.error == pytest.approx(batch_means.standard_error_of(wanted.losses), rel=1e-3)
    assert len(grade.text) == SAMPLE.length and grade.train_loss == pytest.approx(grade.loss, abs=0.5)


def test_a_grade_is_the_trainers():
    pytest.importorskip("tensorflow")
    from charlab.training.learners import Learners
    from charlab.training.text_task import TEXT

    model = models.load(run_with_weights(batch_size=4, sequence_length=16).id, "last")
    task, learner = TEXT.build(model.config, model.vocab, plan.run_ids(model.config, model.vocab), Learners())
    predictor = build_predictor(model.config.model, len(model.vocab), learner.weights())
    for rows in (task.validation, task.sample):
        np.testing.assert_allclose(grading.evaluate(predictor, rows), learner.evaluate(rows), atol=1e-6)


def test_a_writer_grades_and_tells_where_the_weights_are_others():
    run, pool = run_with_weights(), writers.Writers(most=1)
    try:
        model = models.load(run.id, "last")
        found = writers.grade(pool, run, "last", model.digest, lambda: None)
        assert found == grading.grade(model, model.predictor)
        run.write_weights(random_weights(TINY["gru"], len(run.vocab()), seed=7), "last")
        with pytest.raises(WeightsChanged):
            writers.grade(pool, run, "last", model.digest, lambda: None)
    finally:
        pool.close()
