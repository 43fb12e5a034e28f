import numpy as np
import pytest

from charlab.core import ngram, reading
from charlab.core.config import ModelConfig
from charlab.core.predictor import build_predictor
from charlab.core.vocab import Vocab
from charlab.errors import CharlabError
from charlab.explain import evidence
from charlab.explain.step_records import step_records

TEXT = "the quick brown fox jumps over the lazy dog.\n" * 8


def test_explaining_and_evaluating_agree(tiny, vocab):
    _, predictor = tiny
    text = TEXT[:33]  # within every context, so that both read from one zero state
    evaluated = reading.evaluate(predictor, vocab, vocab.encode(text), window=256)
    explained = reading.explain(predictor, vocab, text)
    assert explained.mean_bits == pytest.approx(evaluated.bits_per_character, abs=1e-5)
    assert evaluated.characters == len(text) - 1


def test_windows_begin_anew_and_every_character_but_the_first_counts_once(tiny, vocab):
    _, predictor = tiny
    text = TEXT[:103]
    by_hand = []
    for start in range(0, len(text) - 1, 20):
        by_hand += reading.explain(predictor, vocab, text[start : start + 21]).bits.tolist()
    evaluated = reading.evaluate(predictor, vocab, vocab.encode(text), window=20)
    assert len(by_hand) == evaluated.characters == 102
    assert evaluated.bits_per_character == pytest.approx(np.mean(by_hand), abs=1e-5)


def test_window_zero_is_one_stream(tiny, vocab):
    _, predictor = tiny
    ids = vocab.encode(TEXT[:90])
    assert reading.evaluate(predictor, vocab, ids, 0) == reading.evaluate(predictor, vocab, ids, 89)


def test_unknown_characters_are_left_out_of_the_mean_and_counted(tiny, vocab):
    _, predictor = tiny
    text = "the #fox# jumps"
    evaluated = reading.evaluate(predictor, vocab, vocab.encode(text))
    explained = reading.explain(predictor, vocab, text)
    assert (evaluated.characters, evaluated.unknown) == (12, 2)
    assert np.isnan(explained.bits).sum() == 2
    assert explained.mean_bits == pytest.approx(evaluated.bits_per_character, abs=1e-5)
    steps = step_records(explained, vocab)
    assert steps[3]["next"] == "#" and steps[3]["bits"] is None and steps[3]["rank"] is None


def test_steps_say_what_was_expected_and_what_came(tiny, vocab):
    _, predictor = tiny
    text = "the fox"
    steps = step_records(reading.explain(predictor, vocab, text), vocab, top=len(vocab))
    assert "".join(step["character"] for step in steps) == text
    assert [step["next"] for step in steps] == [*text[1:], None]
    for step in steps[:-1]:
        probabilities = [p for _, p in step["top"]]
        assert probabilities == sorted(probabilities, reverse=True)
        assert sum(probabilities) == pytest.approx(1, abs=1e-5)
        assert step["top"][step["rank"] - 1] == [step["next"], pytest.approx(step["probability"])]
        assert step["bits"] == pytest.approx(-np.log2(step["probability"]))
        assert step["entropy_bits"] == pytest.approx(-sum(p * np.log2(p) for p in probabilities), abs=1e-4)
    assert steps[-1]["probability"] is steps[-1]["bits"] is steps[-1]["rank"] is None


def test_a_single_character_has_expectations_and_no_surprise(tiny, vocab):
    _, predictor = tiny
    explained = reading.explain(predictor, vocab, "t")
    assert len(explained.bits) == 0 and explained.probabilities.shape == (1, len(vocab))
    assert np.isnan(explained.mean_bits)


def test_a_source_that_is_counted_is_predicted_at_its_entropy():
    rng = np.random.default_rng(3)
    text = "".join(rng.choice(list("ab"), 20_000))
    vocab = Vocab("ab")
    ids = vocab.encode(text)
    predictor = build_predictor(ModelConfig(kind="ngram", order=2), 3, ngram.count(ids, 3, 2))
    fresh = vocab.encode("".join(rng.choice(list("ab"), 20_000)))
    assert reading.evaluate(predictor, vocab, fresh, 0).bits_per_character == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("text", ["", "a"])
def test_there_must_be_something_to_evaluate(tiny, vocab, text):
    with pytest.raises(CharlabError):
        reading.evaluate(tiny[1], vocab, vocab.encode(text))


def test_a_text_of_unknown_characters_alone_is_refused_in_words(tiny, vocab):
    with pytest.raises(CharlabError, match="None of the text"):
        reading.evaluate(tiny[1], vocab, vocab.encode("###"))
    with pytest.raises(CharlabError, match="no text"):
        reading.explain(tiny[1], vocab, "")


# Along a text


def test_the_running_mean_ends_at_the_mean(tiny, vocab):
    explained = reading.explain(tiny[1], vocab, "the #fox# jumps")
    running = reading.running_mean(explained.bits)
    assert running[-1] == pytest.approx(explained.mean_bits) and running[0] == pytest.approx(explained.bits[0])
    assert np.isnan(reading.running_mean(np.array([np.nan, 1.0]))[0])


def test_the_most_surprising_places_are_characters_of_the_text_in_order_of_their_surprise(tiny, vocab):
    explained = reading.explain(tiny[1], vocab, "the #fox# jumps")
    places = explained.most_surprising(10)
    surprise = [explained.bits[place - 1] for place in places]
    assert len(places) == 10 and surprise == sorted(surprise, reverse=True)
    assert 4 not in places and 8 not in places  # "#" has no figure
    assert surprise[0] == np.nanmax(explained.bits)
    assert explained.share_within(1) <= explained.share_within(10) <= explained.share_within(len(vocab)) == 1


# Two models, and what was counted


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
