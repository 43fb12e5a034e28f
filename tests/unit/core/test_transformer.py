"""The Transformer in NumPy: its cache, and where its attention goes."""

from dataclasses import replace

import numpy as np
import pytest

from charlab.core.predictor import build_predictor
from helpers.tiny import TINY, random_weights, read


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
