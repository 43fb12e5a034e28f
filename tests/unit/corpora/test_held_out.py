"""The measures of a validation set, on texts of known kinds."""

import math

import numpy as np
import pytest

from charlab.core.config import SPLITS, ModelConfig, TrainConfig
from charlab.core.ngram import NgramPredictor, count
from charlab.core.vocab import Vocab
from charlab.corpora import catalogue, held_out, splits, suffix_array
from helpers import cases

NAMES = cases.names_sorted()


def divided(text: str, split: str = "end", share: float = 0.1) -> tuple[splits.Division, Vocab]:
    vocab = Vocab.from_text(text)
    return splits.divide(vocab.encode(text), vocab, TrainConfig(split=split, validation_share=share)), vocab


def difference(text: str, split: str = "end") -> held_out.Difference:
    division, vocab = divided(text, split)
    return held_out.difference(division, len(vocab))


def test_names_in_order_differ_at_their_end_and_shuffled_ones_do_not():
    assert difference(NAMES).gap == pytest.approx(1.0, abs=0.3)
    assert abs(difference(NAMES, "lines").gap) < 0.1
    assert abs(difference(NAMES, "blocks").gap) < 0.15


def test_a_licence_at_the_end_differs_from_the_book():
    found = difference(cases.gutenberg())
    assert found.gap > 1 and found.gap > 10 * found.standard_error
    assert abs(difference(cases.gutenberg(), "blocks").gap) < 0.2


@pytest.mark.parametrize("name", ["shakespeare", "python-source", "markov", "reber", "additions", "coin-flips"])
def test_ordinary_texts_do_not_differ(name):
    assert abs(difference(catalogue.load(name).text).gap) < 0.3


def test_the_bits_are_those_of_the_ngram_model():
    """Counted on all of the training part, which is short enough, and measured on the validation part."""
    division, vocab = divided(cases.sentences(20_000))
    model = NgramPredictor(ModelConfig(kind="ngram", order=3), len(vocab), count(division.training, len(vocab), 3))
    bits = model.cross_entropy(division.validation) / math.log(2)
    assert held_out.difference(division, len(vocab)).held_out == pytest.approx(bits, abs=0.02)


def test_coin_flips_have_one_bit_everywhere():
    found = difference(catalogue.load("coin-flips").text)
    assert (found.rest, found.held_out) == (pytest.approx(1, abs=0.001), pytest.approx(1, abs=0.001))


@pytest.mark.parametrize("characters", [3, 25, 60, 300])
def test_short_texts_are_measured_without_a_standard_error_or_with_one(characters):
    division, vocab = divided(cases.sentences(characters))
    found = held_out.difference(division, len(vocab))
    assert found.rest > 0 and found.held_out > 0
    assert math.isnan(found.standard_error) == (len(division.validation) < 40)


def test_a_text_pasted_ten_times_is_copied_and_shakespeare_is_not():
    assert held_out.copied_share(divided(cases.pasted_ten_times())[0]) == 1.0
    assert held_out.copied_share(divided(catalogue.load("shakespeare").text)[0]) < 0.001


@pytest.mark.parametrize("split", SPLITS)
def test_the_share_is_what_the_suffix_array_finds(split):
    """On a text of which a third is pasted in again elsewhere, in parts of 20 to 400 characters."""
    text, chance = catalogue.load("shakespeare").text[:60_000], np.random.default_rng(1)
    for _ in range(100):
        place, new = chance.integers(0, len(text), 2)
        passage = text[place : place + chance.integers(20, 400)]
        text = text[:new] + passage + text[new:]
    division, vocab = divided(text, split)
    index = suffix_array.build(vocab.decode(division.training))
    lengths, _ = index.longest(vocab.decode(division.validation))
    expected = float(suffix_array.covered(lengths, held_out.PASSAGE).mean())
    assert 0.05 < expected < 0.6
    assert held_out.copied_share(division) == expected


def test_a_validation_part_shorter_than_a_passage_is_not_copied():
    assert held_out.copied_share(divided("abcdefgh\n" * 30)[0]) == 0.0


def test_long_training_parts_are_searched_in_pieces(monkeypatch):
    monkeypatch.setattr(held_out, "_AT_ONCE", 64)
    assert held_out.copied_share(divided(cases.pasted_ten_times())[0]) == 1.0


LISTS = {
    "names": NAMES,
    "proverbs": "".join(f"Proverb {k} says that {k * k} is more than {k}.\n" for k in range(2, 300)),
    "records": "".join(f"{k};{k * 7919 % 1000};{'ab'[k % 2]}\n" for k in range(100)),
    "words in other letters": "".join(f"{chr(0x5D0 + k % 27)}{chr(0x5D0 + k // 27)}\n" for k in range(300)),
}
NO_LISTS = {
    "prose": cases.sentences(20_000),
    "few lines": "".join(f"line {k}\n" for k in range(30)),
    "the same lines": "heads\ntails\n" * 200,
    "lines of equal length": "\n".join(cases.sentences(20_000)[k : k + 60] for k in range(0, 20_000, 60)),
    "long lines": "".join(f"{k} " + "word " * 40 + "\n" for k in range(100)),
}


@pytest.mark.parametrize("name", LISTS)
def test_lists_are_known(name):
    vocab = Vocab.from_text(LISTS[name])
    assert held_out.is_list(vocab.encode(LISTS[name]), vocab)


@pytest.mark.parametrize("name", NO_LISTS)
def test_other_texts_are_not_taken_for_lists(name):
    vocab = Vocab.from_text(NO_LISTS[name])
    assert not held_out.is_list(vocab.encode(NO_LISTS[name]), vocab)


def test_of_the_texts_of_the_catalogue_only_names_are_a_list():
    names = ("shakespeare", "unicode-names", "python-reference", "python-source", "markov", "reber", "additions")
    found = []
    for name in names:
        text = catalogue.load(name).text
        vocab = Vocab.from_text(text)
        if held_out.is_list(vocab.encode(text), vocab):
            found.append(name)
    assert found == ["unicode-names"]
