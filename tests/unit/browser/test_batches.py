"""The engine's batches begin where the server's do."""

import numpy as np
import pytest

from charlab.core.config import TrainConfig
from charlab.corpora import batching
from helpers.javascript import evaluate_js

OFFSETS = """
import { offsets } from "./batches.js";
const main = ({ train, characters, epoch, steps }) => {
  const batches = offsets(train, characters, epoch);
  return { steps: batches.steps, at: steps.map((step) => batches.at(step)) };
};
"""


@pytest.mark.parametrize("epoch", [0, 3])
@pytest.mark.parametrize(
    "train",
    [
        TrainConfig(batches="windows", batch_size=8, sequence_length=20, seed=5),
        TrainConfig(batches="windows", batch_size=3, sequence_length=7, steps_per_epoch=9, seed=2**31 - 1),
        TrainConfig(batches="chunks", batch_size=6, sequence_length=11),
        TrainConfig(batches="chunks", batch_size=32, sequence_length=100, shift=1, steps_per_epoch=40),
        TrainConfig(batches="streams", batch_size=32, sequence_length=32),
        TrainConfig(batches="streams", batch_size=7, sequence_length=13, steps_per_epoch=5),
    ],
    ids=lambda train: f"{train.batches}-{train.batch_size}",
)
def test_offsets_are_the_servers(train, epoch):
    characters = 50_003
    wanted = batching.offsets(train, characters, epoch)
    steps = [0, 1, len(wanted) // 2, len(wanted) - 1]
    found = evaluate_js(OFFSETS, train=train.to_json(), characters=characters, epoch=epoch, steps=steps)
    assert found["steps"] == len(wanted)
    for step, at in zip(steps, found["at"], strict=True):
        assert np.array_equal(at, wanted[step])


@pytest.mark.parametrize("batches", ["windows", "chunks", "streams"])
def test_a_text_that_is_too_short_has_no_steps(batches):
    train = TrainConfig(batches=batches, batch_size=8, sequence_length=20).to_json()
    assert evaluate_js(OFFSETS, train=train, characters=20, epoch=0, steps=[])["steps"] == 0
