"""What an alphabet leaves out of a text: the numbers, the names and the words."""

import json

import numpy as np
import pytest

from charlab.core.config import ModelConfig
from charlab.core.vocab import MAX_ALPHABET, Vocab
from charlab.corpora import coverage, encoding
from charlab.corpora.coverage import Coverage
from helpers.left_out import CHINESE, NOVEL, QUOTES, RUSSIAN

CODE_POINTS = ModelConfig(alphabet="code-points")


def covered(text, model):
    return coverage.read(text, encoding.make_vocab(text, model), model)


@pytest.mark.parametrize(
    ("text", "model", "read", "left_out"),
    [
        (RUSSIAN, CODE_POINTS, RUSSIAN.count(" ") + RUSSIAN.count("."), "dropped"),
        (CHINESE, CODE_POINTS, 0, "dropped"),
        (QUOTES, CODE_POINTS, len(QUOTES) - sum(map(QUOTES.count, "“”—")), "dropped"),
        (NOVEL, ModelConfig(), len(NOVEL) - 3_490 * 2, "replaced"),
        (NOVEL, ModelConfig(alphabet_limit=4096), len(NOVEL), "replaced"),
        (RUSSIAN, ModelConfig(), len(RUSSIAN), "replaced"),
    ],
    ids=["russian", "chinese", "quotes", "novel", "novel whole", "russian whole"],
)
def test_the_counts_are_those_of_the_text_itself(text, model, read, left_out):
    ids, found = covered(text, model)
    assert (found.characters, found.read, getattr(found, left_out)) == (len(text), read, len(text) - read)
    assert found.share == read / len(text) and found.is_whole == (read == len(text))
    assert len(ids) == (read if left_out == "dropped" else len(text))
    np.testing.assert_array_equal(ids, encoding.text_ids(text, encoding.make_vocab(text, model), model))


def test_the_commonest_are_named_with_their_counts():
    found = covered(QUOTES, CODE_POINTS)[1]
    counts = {character: QUOTES.count(character) for character in "“”—"}
    assert dict(found.commonest) == counts and found.distinct == 3
    number = f"{counts['—']:,} times, {counts['—'] / len(QUOTES):.1%}"
    assert f"U+2014 EM DASH (—, {number})" in found.sentence()


def test_the_sentence_says_what_becomes_of_the_rest():
    vocab = Vocab("abc")
    found = coverage.of_prompt("abcabcabc" + "x" * 3 + "yyzq" + "ba" * 5, vocab)
    assert found.sentence("It", "the prompt") == (
        "It can read 73.1% of the prompt (19 of 26 characters). The others are read as one unknown character: "
        "U+0078 LATIN SMALL LETTER X (x, 3 times, 11.5%), U+0079 LATIN SMALL LETTER Y (y, 2 times, 7.7%), "
        "U+0071 LATIN SMALL LETTER Q (q, once, 3.8%) and 1 more."
    )
    dropped = Coverage(4, dropped=1, distinct=1, commonest=(("\u0301", 1),))
    assert dropped.sentence() == (
        "This model can read 75% of this text (3 of 4 characters). The others are left out: U+0301 COMBINING "
        "ACUTE ACCENT (once, 25%)."
    )
    assert coverage.of_prompt("cab", vocab).sentence() == coverage.of_prompt("", vocab).sentence() == ""


@pytest.mark.parametrize(
    ("character", "name"),
    [("—", "U+2014 EM DASH"), ("海", "U+6D77 CJK UNIFIED IDEOGRAPH"), ("\ue000", "U+E000"), ("\n", "U+000A")],
)
def test_a_character_has_its_number_and_its_name(character, name):
    assert coverage.code_point(character) == name


@pytest.mark.parametrize(
    ("share", "words"),
    [(1, "100%"), (0, "0%"), (0.99999, "over 99.9%"), (1e-7, "under 0.1%"), (0.934, "93.4%"), (0.06, "6%")],
)
def test_a_share_is_never_rounded_to_all_or_nothing(share, words):
    assert coverage.percent(share) == words


def test_a_right_to_left_letter_does_not_turn_its_count_round():
    assert "(\u2068ا\u2069, 2 times" in coverage.of_prompt("اا ab", Vocab(" ab")).sentence()


@pytest.mark.parametrize(
    ("text", "lower_case", "limit", "share"),
    [
        (RUSSIAN, False, 128, 1.0),
        (NOVEL, False, 4096, 1.0),
        ("a" * 990 + "".join(map(chr, range(0x4E00, 0x4E00 + 200))), False, 256, 1.0),
        ("a" * 19_900 + "".join(map(chr, range(0x4E00, 0x4E00 + 200))), False, 128, 1 - 73 / 20_100),
        ("".join(map(chr, range(0x4E00, 0x4E00 + 10_000))), False, MAX_ALPHABET, 0.8192),
    ],
    ids=["russian", "novel", "some more", "enough", "no limit is enough"],
)
def test_the_smallest_limit_that_reads_nearly_all_is_offered(text, lower_case, limit, share):
    assert coverage.fitting_limit(text, lower_case) == (limit, pytest.approx(share))


def test_a_share_promised_is_the_share_read():
    weights = 1 / np.arange(1, 601)
    text = "".join(np.random.default_rng(3).choice(list(NOVEL[:600]), 9_000, p=weights / weights.sum()))
    limit, share = coverage.fitting_limit(text, False)
    found = covered(text, ModelConfig(alphabet_limit=limit))[1]
    assert limit in coverage.OFFERED_LIMITS and share == found.share


def test_it_goes_to_json_and_back():
    found = covered(QUOTES, CODE_POINTS)[1]
    data = json.loads(json.dumps(found.to_json()))
    assert Coverage.from_json(data) == found
    assert data["share"] == found.share and data["left_out"][0]["name"] == "U+2014 EM DASH"


def test_a_long_text_is_counted_in_pieces(monkeypatch):
    whole = covered(QUOTES, CODE_POINTS)
    monkeypatch.setattr(coverage, "_PIECE", 777)
    assert covered(QUOTES, CODE_POINTS)[1] == whole[1]
