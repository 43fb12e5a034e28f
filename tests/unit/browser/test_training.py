"""Trainings by the browser's engine: after twenty steps their weights are those that the server's would be."""

import numpy as np
import pytest

from charlab.core.config import ModelConfig, TrainConfig
from charlab.corpora import batching
from helpers.javascript import evaluate_js, kernels, shaped

V = 21
# Muon makes a gradient's smallest singular values as large as the others, and what rounding leaves of them.
TOLERANCES = {"adam": 2e-5, "adamw": 2e-5, "muon": 1e-3}

TRAIN = """
import { Training } from "./training.js";
const main = ({ steps, ...given }) => {
  const training = new Training(given), events = [];
  for (let step = 0; step < steps; step++) {
    training.takeStep();
    events.push(training.event());
  }
  return { events, weights: training.network.arrays(), place: training.place };
};
"""
RUNS = {
    "streams": (
        ModelConfig(
            kind="gru", units=32, embedding=16, input_dropout=0.3, recurrent_dropout=0.4, output_dropout=0.2
        ),
        TrainConfig(
            epochs=2, batches="streams", state_resets=0.2, optimizer="adamw", weight_decay=0.1, clip_norm=0.5,
            learning_rate=0.01, learning_rate_schedule="cosine", warm_up_steps=5, beta_1=0.8, beta_2=0.99,
            batch_size=24, sequence_length=8, seed=3, embedding_range=0.2,
        ),
    ),
    "windows": (
        ModelConfig(kind="lstm", units=24, embedding=0, layers=2),
        TrainConfig(epochs=1, batch_size=12, sequence_length=10, steps_per_epoch=20, learning_rate=0.005),
    ),
    "transformer, AdamW": (
        ModelConfig(kind="transformer", units=40, layers=2, heads=2, context=24),
        TrainConfig(
            epochs=1, batch_size=6, sequence_length=20, steps_per_epoch=20, optimizer="adamw", weight_decay=0.1,
            clip_norm=0.5, learning_rate=0.005,
        ),
    ),
    "transformer, Muon": (
        ModelConfig(kind="transformer", units=24, layers=2, heads=3, context=16),
        TrainConfig(
            epochs=1, batch_size=6, sequence_length=16, steps_per_epoch=20, optimizer="muon", weight_decay=0.1,
            clip_norm=1.0, learning_rate=0.01, beta_1=0.85, beta_2=0.99, learning_rate_schedule="cosine",
        ),
    ),
    "gru, Muon": (
        ModelConfig(kind="gru", units=24, embedding=10),
        TrainConfig(
            epochs=1, batch_size=12, sequence_length=10, steps_per_epoch=20, optimizer="muon", learning_rate=0.01,
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_weights_after_twenty_steps_are_the_servers(name):
    from charlab.runs import budget
    from charlab.training.learner import Learner

    (model, train), random = RUNS[name], np.random.default_rng(8)
    ids = (np.cumsum(random.integers(0, 4, 2400)) % V).astype(np.uint8)  # some of it can be learned
    learner = Learner(model, train, V, skips_unknown=True)
    first, figures, steps = learner.weights(), [], 20
    per_epoch = len(batching.offsets(train, len(ids), 0))
    limit = budget.Budget(train, per_epoch)
    for step in range(steps):
        epoch, within = divmod(step, per_epoch)
        if within == 0:
            learner.reset_state()
        rows = batching.gather(ids, batching.offsets(train, len(ids), epoch)[within], train.sequence_length)
        figures.append(
            learner.step(rows, step, budget.learning_rate(train, step, limit.progress(step, 0.0))).numpy()
        )
    given = {"model": model.to_json(), "train": train.to_json(), "vocabularySize": V, "ids": ids, "arrays": None}
    result = evaluate_js(TRAIN, steps=steps, wasm=kernels(), **given)
    weights = learner.weights()
    for name, array in shaped(result["weights"]).items():
        assert np.abs(weights[name] - first[name]).max() > 0.005  # so far they have gone
        np.testing.assert_allclose(array, weights[name], atol=TOLERANCES[train.optimizer])
    for event, (loss, accuracy, _) in zip(result["events"], figures, strict=True):
        assert event["loss"] == pytest.approx(loss, abs=3e-5)
        assert event["accuracy"] == pytest.approx(accuracy, abs=1e-6)
    assert result["place"]["step"] == steps and result["place"]["epoch"] == pytest.approx(
        steps / per_epoch, abs=1e-4
    )
