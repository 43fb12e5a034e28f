"""Two models on one text, the counts behind a prediction, and what followed in a corpus."""

import numpy as np
import pytest

from charlab.core import ngram, reading
from charlab.core.config import ModelConfig
from charlab.core.predictor import build_predictor
from charlab.core.vocab import Vocab
from charlab.errors import CharlabError
from charlab.explain import evidence
from helpers.tiny import TINY, random_weights

TEXT = "the quick brown fox jumps over the lazy dog.\n" * 8


def test_a_difference_counts_what_both_models_know_and_changes_sign_with_their_order(tiny, vocab):
    small = Vocab("\n .efhotx")
    config = ModelConfig(kind="ngram", order=2)
    other = build_predictor(config, len(small), ngram.count(small.encode(TEXT), len(small), 2))
    text = "the #quick fox"
    one, two = reading.explain(tiny[1], vocab, text), reading.explain(other, small, text)
    there, back = evidence.difference(one, two), evidence.difference(two, one)
    assert there.characters == sum(c in small.characters and c in vocab.characters for c in text[1:])
    assert np.allclose(there.bits, -back.bits, equal_nan=True)
    assert there.other_mean - there.mean == pytest.approx(np.nanmean(there.bits))
    assert (there.mean, there.other_mean) == (back.other_mean, back.mean)
    with pytest.raises(CharlabError, match="one text"):
        evidence.difference(one, reading.explain(tiny[1], vocab, "the fox"))


def test_a_reading_with_accents_apart_is_laid_against_one_with_accents_composed():
    one_text, two_text = "schön und", "scho\u0308n und"
    readings = []
    for text, seed in ((one_text, 0), (two_text, 1)):
        vocab = Vocab.from_text(text)
        predictor = build_predictor(TINY["gru"], len(vocab), random_weights(TINY["gru"], len(vocab), seed=seed))
        readings.append(reading.explain(predictor, vocab, text))
    one, two = readings
    laid = evidence.aligned(one, two)
    assert laid.text == one_text and laid.probabilities.shape == (9, two.probabilities.shape[1])
    expected = [*two.bits[:2], np.nan, *two.bits[4:]]  # "ö" is two characters of the other
    np.testing.assert_array_equal(laid.bits, expected)
    np.testing.assert_array_equal(laid.entropies, [*two.entropies[:3], *two.entropies[4:]])
    np.testing.assert_array_equal(laid.next_ids, [*two.next_ids[:2], -1, *two.next_ids[4:]])
    assert evidence.difference(one, laid).characters == 7
    back = evidence.aligned(two, one)
    np.testing.assert_array_equal(back.bits, [*one.bits[:2], np.nan, np.nan, *one.bits[3:]])
    assert np.isnan(back.entropies[3]) and evidence.aligned(one, one) is one
    with pytest.raises(CharlabError, match="one text"):
        evidence.aligned(one, reading.explain(predictor, vocab, "scho\u0308n"))


def test_the_counts_behind_are_those_of_the_text_the_longest_context_first(tiny, vocab):
    ids = vocab.encode(TEXT)
    predictor = build_predictor(ModelConfig(kind="ngram", order=4), len(vocab), ngram.count(ids, len(vocab), 4))
    behind = evidence.counts_behind(predictor, vocab.encode("jumps over th").astype(np.int64))
    assert [length for length, _, _ in behind] == [3, 2, 1, 0]
    for length, following, counts in behind:
        context = "jumps over th"[13 - length :]
        for i, count in zip(following, counts, strict=True):
            wanted = context + vocab.characters[i]
            assert count == sum(TEXT.startswith(wanted, place) for place in range(len(TEXT)))
    unseen = evidence.counts_behind(predictor, vocab.encode("zzq").astype(np.int64))
    assert [length for length, _, _ in unseen] == [1, 0]
    assert evidence.counts_behind(tiny[1], ids[:5]) is None


class Corpus:
    def __init__(self, text):
        self.text = text

    def followers(self, context):
        size, counts = len(context), {}
        for place in range(len(self.text) - size):
            if self.text.startswith(context, place):
                after = self.text[place + size]
                counts[after] = counts.get(after, 0) + 1
        return counts


def test_what_followed_is_told_for_the_longest_end_that_came_often_enough():
    corpus = Corpus("abc" * 4 + "xbc" * 3)
    assert evidence.followers_in(corpus, "zzabc", least=3) == ("abc", {"a": 3, "x": 1})
    assert evidence.followers_in(corpus, "zzabc", least=5) == ("bc", {"a": 3, "x": 3})
    assert evidence.followers_in(corpus, "zzabc", longest=1, least=5)[0] == "c"
    assert evidence.followers_in(corpus, "zz") is None and evidence.followers_in(corpus, "") is None
