import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlab.core import ngram
from charlab.core.config import ModelConfig
from charlab.runs import schema, store
from helpers.damages import EVENTS
from helpers.tiny import TINY, random_weights

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def test_states_are_those_of_the_store():
    assert set(schema.STATES) == {*store.ACTIVE, *store.ENDED}


@pytest.mark.parametrize("name", schema.STATUS)
@given(value=JSON)
def test_a_status_is_valid_or_invalid_in_words(name, value):
    try:
        schema.check_status({"state": "done", name: value})
    except schema.Invalid as problem:
        assert "status.json" in str(problem) and len(str(problem)) < 300
    else:
        status = store.Status(**{"state": "done", name: value})
        assert json.loads(json.dumps(status.__dict__, allow_nan=False)) == status.__dict__


@pytest.mark.parametrize("event", EVENTS)
@given(data=st.data())
def test_an_event_is_valid_or_invalid_in_words(event, data):
    changed = event | {data.draw(st.sampled_from(sorted(event))): data.draw(JSON)}
    try:
        found = schema.event(json.dumps(changed).encode(), 7)
    except schema.Invalid as problem:
        assert "line 7 of metrics.jsonl" in str(problem)
    else:
        assert found == changed and json.dumps(found, allow_nan=False)


def test_numbers_within_reach_are_weights_and_others_are_not():
    model = TINY["lstm"]
    weights = random_weights(model, 20)
    schema.check_weights(weights, model, 20, "best.safetensors")
    for value in (np.nan, np.inf, -1e30, 1.1 * schema.MAX_WEIGHT):
        weights["head/bias"][3] = value
        with pytest.raises(schema.Invalid, match="best.safetensors contains values"):
            schema.check_weights(weights, model, 20, "best.safetensors")


@pytest.mark.parametrize("kind", TINY)
def test_the_largest_weights_that_are_accepted_give_finite_probabilities(kind):
    from charlab.core.predictor import build_predictor
    from charlab.core.reading import explain
    from charlab.core.vocab import Vocab

    vocab = Vocab("abcdefghijklmnopqrstuvwxyz")
    signs = random_weights(TINY[kind], len(vocab))
    weights = {name: np.where(array > 0, 1e6, -1e6).astype(np.float32) for name, array in signs.items()}
    schema.check_weights(weights, TINY[kind], len(vocab), "it")
    with np.errstate(all="ignore"):
        read = explain(build_predictor(TINY[kind], len(vocab), weights), vocab, "the quick brown fox")
    assert np.isfinite(read.logits).all() and np.isfinite(read.probabilities).all()


def test_counts_are_checked_against_order_and_alphabet():
    counts = ngram.count(np.arange(30) % 7, 8, 3)
    schema.check_weights(counts, ModelConfig(kind="ngram", order=3), 8, "it")
    for order, size in ((2, 8), (3, 7)):
        with pytest.raises(schema.Invalid):
            schema.check_weights(counts, ModelConfig(kind="ngram", order=order), size, "it")
