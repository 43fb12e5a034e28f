"""GRU and LSTM in NumPy: the fast cells against the plain equations, and the activations against the steps."""

import copy

import numpy as np
import pytest

from charlab.core import matmul
from charlab.core.config import ModelConfig
from charlab.core.predictor import build_predictor
from charlab.core.recurrent import plain_gru_step, plain_lstm_step
from helpers.tiny import TINY, random_weights, read


@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_kernels_cut_into_blocks_read_the_same(kind, monkeypatch):
    monkeypatch.setattr(matmul, "_has_avx512", lambda: True)
    config = ModelConfig(kind=kind, layers=2, units=200, embedding=8)
    predictor = build_predictor(config, 30, random_weights(config, 30, scale=0.1))
    state = predictor.start(5)
    assert len(state.cells[0].product.blocks) > 1  # or the test would test nothing
    ids = np.random.default_rng(2).integers(0, 30, (5, 20))
    for t in range(20):
        if t == 10:
            state = copy.deepcopy(state)
        together, state = predictor.step(ids[:, t], state)
    for n in range(5):
        np.testing.assert_allclose(read(predictor, ids[n])[-1, 0], together[n], atol=1e-5)


@pytest.mark.parametrize("kind", ["gru", "gru-one-hot", "lstm"])
def test_activations_are_what_step_computed(kind, vocab):
    config = TINY[kind]
    weights = random_weights(config, len(vocab))
    predictor = build_predictor(config, len(vocab), weights)
    ids = np.random.default_rng(4).integers(0, len(vocab), 40)
    activations, logits = predictor.activations(ids), read(predictor, ids)[:, 0]
    last = activations[f"layer_{config.layers - 1}/hidden"]
    assert all(array.shape == (40, config.units) for array in activations.values())
    np.testing.assert_allclose(last @ weights["head/kernel"] + weights["head/bias"], logits, atol=1e-5)


@pytest.mark.parametrize("layer", [0, 1])
def test_the_gates_of_a_gru_make_its_hidden_state(layer, vocab):
    predictor = build_predictor(TINY["gru"], len(vocab), random_weights(TINY["gru"], len(vocab)))
    activations = predictor.activations(np.arange(30) % len(vocab))
    hidden, update, reset, candidate = (
        activations[f"layer_{layer}/{n}"] for n in ("hidden", "update", "reset", "candidate")
    )
    before = np.vstack([np.zeros((1, 16)), hidden[:-1]])
    np.testing.assert_allclose(update * before + (1 - update) * candidate, hidden, atol=1e-6)
    for gate in (update, reset):
        assert 0 < gate.min() < gate.max() < 1


@pytest.mark.parametrize("layer", [0, 1])
def test_the_gates_of_an_lstm_make_its_cell_and_hidden_state(layer, vocab):
    predictor = build_predictor(TINY["lstm"], len(vocab), random_weights(TINY["lstm"], len(vocab)))
    activations = {
        name.split("/")[1]: array
        for name, array in predictor.activations(np.arange(30) % len(vocab)).items()
        if name.startswith(f"layer_{layer}/")
    }
    before = np.vstack([np.zeros((1, 16)), activations["cell"][:-1]])
    cell = activations["forget"] * before + activations["input"] * activations["candidate"]
    np.testing.assert_allclose(cell, activations["cell"], atol=1e-6)
    np.testing.assert_allclose(activations["output"] * np.tanh(cell), activations["hidden"], atol=1e-6)


@pytest.mark.parametrize("kind", ["gru", "gru-one-hot", "lstm"])
@pytest.mark.parametrize("samples", [1, 3, 4, 6])
def test_a_fast_cell_computes_what_the_plain_step_does(kind, samples, vocab):
    config, V = TINY[kind], len(vocab)
    weights = random_weights(config, V)
    predictor = build_predictor(config, V, weights)
    network, state = predictor.start(samples), [np.zeros((samples, config.units))] * config.layers
    cells = list(state)
    for ids in np.random.default_rng(8).integers(0, V, (20, samples)):
        x = weights["embedding"][ids] if "embedding" in weights else np.eye(V)[ids]
        for i in range(config.layers):
            arrays = [weights[f"layer_{i}/{name}"] for name in ("kernel", "recurrent_kernel", "bias")]
            if kind == "lstm":
                state[i], cells[i] = plain_lstm_step(x, state[i], cells[i], *arrays)
            else:
                state[i] = plain_gru_step(x, state[i], *arrays)
            x = state[i]
        logits, network = predictor.step(ids, network)
        np.testing.assert_allclose(logits, x @ weights["head/kernel"] + weights["head/bias"], atol=1e-5)
