import numpy as np
import pytest

from charlab.core import ngram, reading
from charlab.core.config import ModelConfig
from charlab.core.predictor import build_predictor
from charlab.core.vocab import Vocab
from charlab.errors import CharlabError

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
