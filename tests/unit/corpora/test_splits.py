"""What is held out: the end, whole lines in a fixed order, or blocks spread over the text."""

import numpy as np
import pytest

from charlab.core.config import SPLITS, TrainConfig
from charlab.core.vocab import Vocab
from charlab.corpora import encoding, splits
from charlab.errors import CorpusError
from helpers import cases

NAMES = cases.names_sorted()


def divide(text, split, share=0.1, vocab=None):
    vocab = vocab or Vocab.from_text(text)
    division = splits.divide(vocab.encode(text), vocab, TrainConfig(split=split, validation_share=share))
    return division, vocab.decode(division.training), vocab.decode(division.validation)


def test_the_end_is_cut_off_and_nothing_is_copied():
    vocab = Vocab.from_text(NAMES)
    ids = vocab.encode(NAMES)
    division = splits.divide(ids, vocab, TrainConfig())
    assert division.ids is ids and division.start == encoding.split_at(len(ids), 0.1)
    assert division.spans == ((division.start, len(ids)),)


def splitmix64(k):
    """The k-th number of SplitMix64 (Steele et al., 2014), from 0, in whole numbers of Python."""
    x = (k + 1) * 0x9E3779B97F4A7C15 % 2**64
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64
    return x ^ x >> 31


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_every_character_is_in_one_part_and_the_share_is_held_out(split, share):
    division, training, validation = divide(NAMES, split, share)
    assert sorted(training + validation) == sorted(NAMES)
    assert len(validation) == pytest.approx(share * len(NAMES), abs=20)
    assert sum(end - start for start, end in division.spans) == len(validation)


def test_shuffled_lines_are_whole_on_either_side_and_from_the_whole_list():
    _, training, validation = divide(NAMES, "lines")
    parts = [text.splitlines() for text in (training, validation)]
    assert sorted(parts[0] + parts[1]) == NAMES.splitlines() and not set(parts[0]) & set(parts[1])
    held_out = [NAMES.splitlines().index(name) for name in parts[1]]
    assert held_out != sorted(held_out)
    quarters = np.bincount(np.array(held_out) * 4 // len(NAMES.splitlines()), minlength=4) / len(held_out)
    assert quarters == pytest.approx([0.25] * 4, abs=0.05)


def test_the_order_of_lines_is_always_the_same():
    """A run that is resumed elsewhere, or by a later version, must not learn from what it held out."""
    _, training, validation = divide(NAMES, "lines")
    ordered = sorted(range(10), key=splitmix64)
    assert ordered == [2, 4, 6, 8, 5, 1, 7, 0, 9, 3]
    division = divide("".join(f"{k}\n" for k in range(10)), "lines")
    assert division[1].split() + division[2].split() == [str(k) for k in ordered]
    changed = divide(NAMES, "lines", vocab=Vocab.from_text(NAMES + "Ω"))
    assert changed[1:] == (training, validation)


def test_a_last_line_without_its_end_stays_a_line():
    without = NAMES.removesuffix("\n")
    _, training, validation = divide(without, "lines")
    assert len(training + validation) == len(without)
    assert training.endswith("\n") and not validation.endswith("\n")
    assert sorted((training + validation).split("\n")) == without.split("\n")


def test_blank_lines_stay_with_the_line_before():
    text = "\n".join(f"proverb {k}.\n" for k in range(200))
    _, training, validation = divide(text, "lines")
    assert training.endswith(".\n\n") and "\n\n\n" not in training + validation
    lengths = splits.line_lengths(np.array([1, 0, 0, 1, 1, 0, 1]), 0)
    assert lengths.tolist() == [3, 3, 1]


def test_code_points_that_the_alphabet_lacks_do_not_join_lines():
    vocab = Vocab.from_code_points()
    ids = vocab.encode(NAMES.replace("k", "Ω"))
    ids = ids[ids != vocab.unknown_id]
    division = splits.divide(ids, vocab, TrainConfig(split="lines"))
    assert sorted(vocab.decode(division.ids).split()) == sorted(NAMES.replace("k", "").split())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("one long line " * 300, "1 line in 4,200 characters, the longest of 4,200"),
        ("a\nb\n" * 20 + "x" * 5_000 + "\n", "41 lines in 5,081 characters, the longest of 5,001"),
        ("y" * 1_000 + "\n" + "x" * 1_000 + "\n", "2 lines"),
        ("z\n", "1 line in 2 characters"),
        (cases.gutenberg(), "5 lines in"),
        ("nine lines\n" * 9, "9 lines in 99 characters, the longest of 11"),
    ],
)
def test_lines_too_long_for_the_share_are_refused(text, words):
    with pytest.raises(CorpusError, match=words) as refused:
        divide(text, "lines")
    assert "Set the split to end or blocks" in str(refused.value)


def test_blocks_are_the_ends_of_equal_parts():
    text = cases.sentences(120_003)
    division, training, validation = divide(text, "blocks")
    assert len(division.spans) == splits.BLOCKS and division.spans[-1][1] == len(text)
    ends = [end for _, end in division.spans]
    assert np.diff(ends).tolist() == pytest.approx([len(text) / 20] * 19, abs=1)
    assert [end - start for start, end in division.spans] == pytest.approx([600] * 20, abs=1)
    assert "".join(text[start:end] for start, end in division.spans) == validation
    assert len(training) == encoding.split_at(len(text), 0.1)


@pytest.mark.parametrize(
    ("characters", "number"), [(2_000, 1), (10_000, 1), (10_240, 2), (30_000, 5), (10**7, 20)]
)
def test_short_texts_have_fewer_blocks_but_no_short_ones(characters, number):
    assert splits.blocks(characters, 0.1) == number


@pytest.mark.parametrize("split", ["end", "blocks"])
def test_positions_are_found_again_in_the_text(split):
    vocab = Vocab.from_text(NAMES)
    ids = vocab.encode(NAMES)
    division = splits.divide(ids, vocab, TrainConfig(split=split))
    places = division.places(np.arange(division.start))
    assert (ids[places] == division.training).all()
    held_out = np.concatenate([np.arange(start, end) for start, end in division.spans])
    assert not set(places) & set(held_out) and len(places) + len(held_out) == len(ids)


def test_what_is_held_out_is_described():
    said = {split: splits.described(TrainConfig(split=split, validation_share=0.2)) for split in SPLITS}
    assert said == {
        "end": "the last 20% of the text",
        "lines": "20% of the lines, chosen at random",
        "blocks": "blocks spread evenly over the text, 20% of it",
    }


def test_shuffled_lines_of_a_long_list_have_not_moved():
    """The order is part of every run that uses it."""
    _, training, validation = divide("".join(f"{k}\n" for k in range(100_000)), "lines")
    ordered = sorted(range(100_000), key=splitmix64)
    assert training + validation == "".join(f"{k}\n" for k in ordered)
