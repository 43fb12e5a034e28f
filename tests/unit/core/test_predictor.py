"""Properties of every network in NumPy; training/test_keras_networks.py compares them with Keras."""

import copy

import numpy as np
import pytest

from charlab.core import matmul
from charlab.core.config import ModelConfig
from charlab.core.predictor import build_predictor, largest_kernel
from charlab.errors import ModelError
from helpers.tiny import TINY, random_weights, read


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


@pytest.mark.parametrize(("kind", "units", "threads"), [("gru", 256, 1), ("gru", 1024, None), ("ngram", 1, 1)])
def test_large_networks_alone_take_all_threads(kind, units, threads):
    assert matmul.blas_threads(largest_kernel(ModelConfig(kind=kind, units=units), 66)) == threads


def test_what_is_multiplied_at_once_counts_as_one():
    one, two = (largest_kernel(ModelConfig(kind="gru", layers=layers, units=512), 66) for layers in (1, 2))
    assert (matmul.blas_threads(one), matmul.blas_threads(two)) == (1, None)
