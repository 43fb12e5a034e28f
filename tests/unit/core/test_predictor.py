"""Properties of every network in NumPy; training/test_keras_networks.py compares them with Keras."""

import copy
from dataclasses import replace

import numpy as np
import pytest

from charlab.core import matmul, ops, summary
from charlab.core.config import ModelConfig
from charlab.core.predictor import build_predictor, largest_kernel
from charlab.core.recurrent import plain_gru_step, plain_lstm_step
from charlab.errors import ModelError
from helpers.tiny import TINY, random_weights


def read(predictor, ids, samples=1):
    """Logits after each of ids [T], for `samples` copies: [T, N, V]."""
    state, rows = predictor.start(samples), []
    for i in ids:
        logits, state = predictor.step(np.full(samples, i), state)
        rows.append(logits.copy())
    return np.array(rows)


def test_samples_side_by_side_do_not_see_each_other(tiny, vocab):
    _, predictor = tiny
    rng = np.random.default_rng(1)
    ids = rng.integers(0, len(vocab), (3, 50))
    state = predictor.start(3)
    for t in range(50):
        together, state = predictor.step(ids[:, t], state)
    for n in range(3):
        np.testing.assert_allclose(read(predictor, ids[n])[-1, 0], together[n], atol=1e-4)


def test_a_state_starts_from_nothing_every_time(tiny, vocab):
    _, predictor = tiny
    ids = np.arange(len(vocab)) % len(vocab)
    np.testing.assert_array_equal(read(predictor, ids), read(predictor, ids))


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


@pytest.mark.parametrize("samples", [1, 2, 5])
def test_a_copied_state_goes_its_own_way(tiny, vocab, samples):
    _, predictor = tiny
    ids = np.random.default_rng(3).integers(0, len(vocab), (samples, 12)).T  # [T, N]

    def read_on(state, ids):
        for t in ids:
            logits, state = predictor.step(t, state)
        return logits, state

    _, state = read_on(predictor.start(samples), ids[:6])
    other = copy.deepcopy(state)
    once, state = read_on(state, ids[6:])
    assert not np.allclose(read_on(state, ids[6:])[0], once)  # it went further
    np.testing.assert_array_equal(read_on(other, ids[6:])[0], once)


def test_what_was_read_matters(tiny):
    _, predictor = tiny
    assert not np.allclose(read(predictor, [1, 2, 3])[-1], read(predictor, [4, 2, 3])[-1])


def test_a_full_cache_is_rebuilt_from_its_last_half(vocab):
    config = TINY["transformer"]
    predictor = build_predictor(config, len(vocab), random_weights(config, len(vocab)))
    ids = np.random.default_rng(2).integers(0, len(vocab), 3 * config.context)
    logits = read(predictor, ids)[:, 0]
    first = config.context  # the first character that finds the cache full
    fresh = read(predictor, ids[first - config.context // 2 :])[:, 0]
    later = fresh[config.context // 2 :]  # after the half that was read again
    until_full_again = config.context // 2
    np.testing.assert_allclose(logits[first : first + until_full_again], later[:until_full_again], atol=1e-4)


def test_parameters_are_counted(vocab):
    config = TINY["lstm"]
    V, D, U = len(vocab), 8, 16
    wanted = V * D + (D * 4 * U + U * 4 * U + 4 * U) + (U * 4 * U + U * 4 * U + 4 * U) + U * V + V
    assert summary.parameter_count(config, V) == wanted


@pytest.mark.parametrize("change", ["missing", "extra", "shape"])
def test_weights_that_do_not_fit_are_refused(change, vocab):
    config = TINY["gru"]
    weights = random_weights(config, len(vocab))
    if change == "missing":
        del weights["head/bias"]
    elif change == "extra":
        weights["other"] = np.zeros(3, np.float32)
    else:
        weights["embedding"] = weights["embedding"].T
    with pytest.raises(ModelError, match="do not fit"):
        build_predictor(config, len(vocab), weights)


def test_softmax_and_sigmoid_do_not_overflow():
    with np.errstate(over="raise", invalid="raise"):
        assert ops.softmax(np.array([[1000.0, 0.0]])).tolist() == [[1.0, 0.0]]
        assert ops.sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist() == [0.0, 0.5, 1.0]


def trace_and_logits(predictor, ids):
    return predictor.activations(ids), read(predictor, ids)[:, 0]


@pytest.mark.parametrize("kind", ["gru", "gru-one-hot", "lstm"])
def test_a_trace_is_what_step_computed(kind, vocab):
    config = TINY[kind]
    weights = random_weights(config, len(vocab))
    predictor = build_predictor(config, len(vocab), weights)
    ids = np.random.default_rng(4).integers(0, len(vocab), 40)
    activations, logits = trace_and_logits(predictor, ids)
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


def test_attention_is_shared_out_among_what_the_cache_holds(vocab):
    config = TINY["transformer"]
    predictor = build_predictor(config, len(vocab), random_weights(config, len(vocab)))
    ids = np.random.default_rng(5).integers(0, len(vocab), 3 * config.context)
    activations = predictor.activations(ids)
    assert list(activations) == ["block_0/attention", "block_1/attention"]
    for attention in activations.values():
        assert attention.shape == (config.heads, len(ids), len(ids))
        np.testing.assert_allclose(attention.sum(axis=-1), 1, atol=1e-5)
        assert (np.triu(attention, 1) == 0).all()  # nothing looks ahead
        for place in range(len(ids)):
            oldest = predictor.oldest(place)
            assert place - oldest < config.context
            assert (attention[:, place, :oldest] == 0).all() and (
                attention[:, place, oldest : place + 1] > 0
            ).all()


def test_attention_is_what_step_used(vocab):
    config = TINY["transformer"]
    predictor = build_predictor(config, len(vocab), random_weights(config, len(vocab)))
    ids = np.random.default_rng(6).integers(0, len(vocab), 2 * config.context + 3)
    activations, kept, attend = predictor.activations(ids), [], predictor._attend
    predictor._attend = lambda *arguments: kept.append(attend(*arguments)[1]) or attend(*arguments)
    state = predictor.start(1)
    for place, i in enumerate(ids):
        kept.clear()
        _, state = predictor.step(np.array([i]), state)
        assert len(kept) >= config.layers
        for layer, weights in enumerate(kept[-config.layers :]):
            row = activations[f"block_{layer}/attention"][:, place, predictor.oldest(place) : place + 1]
            np.testing.assert_allclose(weights[0, :, -1], row, atol=1e-5)


@pytest.mark.parametrize("context", [5, 8])
def test_a_window_from_the_oldest_character_on_is_read_as_the_whole_text_was(context, vocab):
    config = replace(TINY["transformer"], context=context)
    predictor = build_predictor(config, len(vocab), random_weights(config, len(vocab)))
    ids = np.random.default_rng(7).integers(0, len(vocab), 30)
    whole = predictor.activations(ids)["block_1/attention"]
    for place in range(30):
        oldest = predictor.oldest(place)
        part = predictor.activations(ids[oldest : place + 1])["block_1/attention"]
        np.testing.assert_allclose(part[:, -1], whole[:, place, oldest : place + 1], atol=1e-5)


@pytest.mark.parametrize(("kind", "units", "threads"), [("gru", 256, 1), ("gru", 1024, None), ("ngram", 1, 1)])
def test_large_networks_alone_take_all_threads(kind, units, threads):
    assert matmul.blas_threads(largest_kernel(ModelConfig(kind=kind, units=units), 66)) == threads


def test_what_is_multiplied_at_once_counts_as_one():
    one, two = (largest_kernel(ModelConfig(kind="gru", layers=layers, units=512), 66) for layers in (1, 2))
    assert (matmul.blas_threads(one), matmul.blas_threads(two)) == (1, None)


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
