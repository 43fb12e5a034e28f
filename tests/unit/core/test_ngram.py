import tracemalloc
from collections import Counter

import numpy as np
import pytest

from charlab.core import ngram
from charlab.core.config import ModelConfig
from charlab.core.predictor import build_predictor
from charlab.errors import ModelError
from helpers.tiny import read

TEXT = np.array([0, 1, 2, 0, 1, 3, 0, 1, 2, 2, 0, 1], np.uint8)
V = 5


def witten_bell(history, text, order):
    """The formula in plain Python, for one history and all V characters."""
    p = [1 / V] * V
    for length in range(min(order - 1, len(history)) + 1):
        context = tuple(history[len(history) - length :])
        follows = Counter(
            text[i + length]
            for i in range(len(text) - length)
            if tuple(text[i : i + length]) == context and text[i + length] != V - 1
        )
        total, different = sum(follows.values()), len(follows)
        if total:
            p = [(follows[c] + different * p[c]) / (total + different) for c in range(V)]
    return p


def test_probabilities_are_the_formula_and_add_up_to_one():
    predictor = build_predictor(ModelConfig(kind="ngram", order=3), V, ngram.count(TEXT, V, 3))
    state = predictor.start(2)
    histories = [[], []]
    for pair in [(0, 4), (1, 1), (2, 3), (2, 0), (0, 1)]:
        logits, state = predictor.step(np.array(pair), state)
        for n, i in enumerate(pair):
            histories[n].append(i)
            p = np.exp(logits[n])
            np.testing.assert_allclose(p, witten_bell(histories[n], TEXT.tolist(), 3), rtol=1e-5)
            assert p.sum() == pytest.approx(1, abs=1e-6)


def test_the_unknown_character_is_read_and_never_counted_as_the_next_one():
    text = np.array([0, 4, 1, 4, 2, 0, 4, 1])
    counts = ngram.count(text, V, 2)
    assert dict(zip(counts["order_1/keys"].tolist(), counts["order_1/counts"].tolist(), strict=True)) == {
        0: 2,
        1: 2,
        2: 1,
    }
    keys = [4 * V + 1, 4 * V + 2, 2 * V + 0]
    assert set(counts["order_2/keys"].tolist()) == set(keys)


def test_followers_are_the_counts_behind_it():
    predictor = build_predictor(ModelConfig(kind="ngram", order=3), V, ngram.count(TEXT, V, 3))
    ids, counts = predictor.followers([0, 1])
    assert dict(zip(ids.tolist(), counts.tolist(), strict=True)) == {2: 2, 3: 1}


def test_the_longest_order_still_fits_in_64_bits():
    order = ngram.longest_order(513)
    ids = np.append(np.full(order + 2, 512, np.uint16), np.uint16(511))  # the last id, 512, is not to be predicted
    keys = ngram.count(ids, 513, order)[f"order_{order}/keys"]
    assert keys.tolist() == [513**order - 2]


def test_counts_with_an_order_missing_are_refused():
    weights = ngram.count(TEXT, V, 3)
    del weights["order_2/keys"]
    with pytest.raises(ModelError):
        build_predictor(ModelConfig(kind="ngram", order=3), V, weights)


def test_baselines_are_what_the_predictors_measure():
    from charlab.core import reading
    from charlab.core.vocab import Vocab

    rng = np.random.default_rng(1)
    training, validation = rng.integers(0, 4, 3000), rng.integers(0, 4, 500)
    losses = ngram.baselines(training, validation, V)
    assert losses[0] == pytest.approx(np.log(V - 1))
    for order, loss in enumerate(losses[1:], start=1):
        predictor = build_predictor(ModelConfig(kind="ngram", order=order), V, ngram.count(training, V, order))
        stream = reading.evaluate(predictor, Vocab("abcd"), validation, 0)
        assert loss == pytest.approx(stream.loss_nats, abs=0.02)
        assert loss == pytest.approx(np.log(4), abs=0.1)


def test_the_cross_entropy_is_the_mean_over_the_predictions_of_each_step():
    V = 9
    ids = np.random.default_rng(5).integers(0, V, 400)  # the last id is the unknown character's
    predictor = ngram.NgramPredictor(ModelConfig(kind="ngram", order=3), V, ngram.count(ids[:300], V, 3))
    logits = read(predictor, ids[300:])[:, 0]
    targets = ids[302:]  # those before have no whole context
    losses = -logits[1:-1][np.arange(98), targets][targets != V - 1]
    assert predictor.cross_entropy(ids[300:]) == pytest.approx(losses.mean(), abs=1e-6)


def test_baselines_over_a_large_alphabet_need_little_memory():
    """Dense probabilities of 20,000 characters among 8,193 would take 1.3 GB."""
    ids = np.random.default_rng(5).integers(0, 8_192, 60_000).astype(np.uint16)
    tracemalloc.start()
    losses = ngram.baselines(ids[:40_000], ids[40_000:], 8_193)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert losses[0] == pytest.approx(np.log(8_192)) and peak < 30e6
