import numpy as np
import pytest

from charlab import networks, ngrams, reading
from charlab.config import ModelConfig
from charlab.errors import CharlabError
from charlab.vocab import Vocab

TEXT = "the quick brown fox jumps over the lazy dog.\n" * 8


def test_explaining_and_evaluating_agree(tiny, vocab):
    _, predictor = tiny
    text = TEXT[:33]  # within every context, so that both read from one zero state
    graded = reading.evaluate(predictor, vocab, vocab.encode(text), window=256)
    explained = reading.explain(predictor, vocab, text)
    assert explained.mean_bits == pytest.approx(graded.bits_per_character, abs=1e-5)
    assert graded.characters == len(text) - 1


def test_windows_begin_anew_and_every_character_but_the_first_counts_once(tiny, vocab):
    _, predictor = tiny
    text = TEXT[:103]
    by_hand = []
    for start in range(0, len(text) - 1, 20):
        by_hand += reading.explain(predictor, vocab, text[start : start + 21]).bits.tolist()
    graded = reading.evaluate(predictor, vocab, vocab.encode(text), window=20)
    assert len(by_hand) == graded.characters == 102
    assert graded.bits_per_character == pytest.approx(np.mean(by_hand), abs=1e-5)


def test_window_zero_is_one_stream(tiny, vocab):
    _, predictor = tiny
    ids = vocab.encode(TEXT[:90])
    assert reading.evaluate(predictor, vocab, ids, 0) == reading.evaluate(predictor, vocab, ids, 89)


def test_unknown_characters_are_left_out_of_the_mean_and_counted(tiny, vocab):
    _, predictor = tiny
    text = "the #fox# jumps"
    graded = reading.evaluate(predictor, vocab, vocab.encode(text))
    explained = reading.explain(predictor, vocab, text)
    assert (graded.characters, graded.unknown) == (12, 2)
    assert np.isnan(explained.bits).sum() == 2
    assert explained.mean_bits == pytest.approx(graded.bits_per_character, abs=1e-5)
    steps = reading.steps(explained, vocab)
    assert steps[3]["next"] == "#" and steps[3]["bits"] is None and steps[3]["rank"] is None


def test_steps_say_what_was_expected_and_what_came(tiny, vocab):
    _, predictor = tiny
    text = "the fox"
    steps = reading.steps(reading.explain(predictor, vocab, text), vocab, top=len(vocab))
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
    predictor = networks.build(ModelConfig(kind="ngram", order=2), 3, ngrams.count(ids, 3, 2))
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
