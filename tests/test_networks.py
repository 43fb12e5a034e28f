"""What holds of every network without Keras; the comparison with the Keras twins is in test_models.py."""

import numpy as np
import pytest
from conftest import TINY, random_weights

from charlab import networks
from charlab.errors import ModelError


def read(predictor, ids, samples=1):
    """Logits after each of ids [T], for `samples` copies side by side: [T, N, V]."""
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


def test_what_was_read_matters(tiny):
    _, predictor = tiny
    assert not np.allclose(read(predictor, [1, 2, 3])[-1], read(predictor, [4, 2, 3])[-1])


def test_a_full_cache_is_rebuilt_from_its_last_half(vocab):
    config = TINY["transformer"]
    predictor = networks.build(config, len(vocab), random_weights(config, len(vocab)))
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
    assert networks.parameter_count(config, V) == wanted


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
        networks.build(config, len(vocab), weights)


def test_softmax_and_sigmoid_do_not_overflow():
    with np.errstate(over="raise", invalid="raise"):
        assert networks.softmax(np.array([[1000.0, 0.0]])).tolist() == [[1.0, 0.0]]
        assert networks.sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist() == [0.0, 0.5, 1.0]
