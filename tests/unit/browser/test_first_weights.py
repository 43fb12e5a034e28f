"""A browser begins with the weights that the server's network would begin with."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from safetensors.numpy import load

from charlab.browser import first_weights as module
from charlab.browser.first_weights import as_file, first_weights
from charlab.core.config import ModelConfig, TrainConfig
from helpers.javascript import evaluate_js

DRAW = """
import { firstWeights } from "./first_weights.js";
const main = ({ model, size, train }) => firstWeights(model, size, train);
"""
MODELS = [
    ModelConfig(kind="gru", units=24, embedding=8),
    ModelConfig(kind="gru", units=128, embedding=0, layers=2),
    ModelConfig(kind="lstm", units=16, embedding=12, layers=3),
    ModelConfig(kind="transformer", units=20, layers=2, heads=2, context=24),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.kind}-{model.layers}x{model.units}")
def test_first_weights_are_those_of_keras(model):
    from charlab.training import keras_networks

    train = TrainConfig(seed=7, embedding_range=0.2)
    network = keras_networks.build(model, 66, train.seed, embedding_range=train.embedding_range)
    wanted = keras_networks.to_arrays(network)
    for found in (first_weights(model, 66, train), _drawn_by_the_engine(model, train)):
        assert list(found) == list(wanted)
        for name, array in wanted.items():
            assert found[name].shape == array.shape and found[name].dtype == np.float32
            tolerance = (
                2e-6 if "recurrent" in name or model.kind == "transformer" else 0
            )  # sines, logarithms and rounding
            np.testing.assert_allclose(found[name], array, rtol=0, atol=tolerance, err_msg=name)


def test_another_seed_gives_other_weights():
    one, other = (first_weights(MODELS[0], 66, TrainConfig(seed=seed)) for seed in (1, 2))
    assert not np.array_equal(one["head/kernel"], other["head/kernel"])


def test_a_class_that_begins_at_once_waits_for_one_drawing(monkeypatch):
    drawn = []
    monkeypatch.setattr(module, "first_weights", lambda *given: drawn.append(given) or first_weights(*given))
    settings = [TrainConfig(seed=123, minutes=minutes) for minutes in range(1, 9)]
    with ThreadPoolExecutor(8) as threads:
        files = list(threads.map(lambda train: as_file(MODELS[0], 66, train), settings))
    assert len(drawn) == 1 and len(set(files)) == 1
    wanted = first_weights(MODELS[0], 66, settings[0])
    assert all(np.array_equal(array, wanted[name]) for name, array in load(files[0]).items())
    others = (TrainConfig(seed=124), TrainConfig(seed=123, embedding_range=0.2))
    assert len({files[0], *(as_file(MODELS[0], 66, train) for train in others)}) == 3


def _drawn_by_the_engine(model: ModelConfig, train: TrainConfig) -> dict[str, np.ndarray]:
    drawn = evaluate_js(DRAW, model=model.to_json(), size=66, train=train.to_json())
    return {name: weight["values"].reshape(weight["shape"]) for name, weight in drawn.items()}
