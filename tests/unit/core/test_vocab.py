import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlab.core.vocab import UNKNOWN_CHARACTER, Vocab
from charlab.errors import ConfigError


@given(st.text(min_size=1))
def test_a_text_survives_encoding_and_decoding(text):
    vocab = Vocab.from_text(text)
    assert vocab.decode(vocab.encode(text)) == text
    assert Vocab.from_json(vocab.to_json()) == vocab


def test_the_alphabet_is_sorted_and_the_unknown_character_is_its_last_id():
    vocab = Vocab.from_text("banana")
    assert vocab.characters == "abn"
    assert (vocab.unknown_id, len(vocab)) == (3, 4)
    assert vocab.encode("nap").tolist() == [2, 0, 3]
    assert vocab.decode([0, 3]) == "a" + UNKNOWN_CHARACTER
    assert vocab.unknown_in("a zebra") == [" ", "e", "r", "z"]


def test_a_large_alphabet_keeps_the_most_frequent_characters():
    text = "".join(chr(0x4E00 + i) * (i + 1) for i in range(20))
    vocab = Vocab.from_text(text, maximum=5)
    assert vocab.characters == "".join(chr(0x4E00 + i) for i in range(15, 20))


def test_capitals_are_read_as_small_letters_and_lengths_stay():
    vocab = Vocab.from_text(
        "Ab\u0130B", lower_case=True
    )  # the dotted capital I has a lower case of two characters
    assert vocab.characters == "ab\u0130"
    assert vocab.encode("ABab").tolist() == [0, 1, 0, 1]


def test_ids_take_the_smallest_type_that_holds_them():
    assert Vocab.from_code_points().encode("a").dtype == np.uint8
    assert Vocab("".join(map(chr, range(300)))).encode("a").dtype == np.uint16


def test_code_points_are_their_own_ids():
    vocab = Vocab.from_code_points()
    assert len(vocab) == 256
    assert vocab.encode("Az\u00fe\u00ff\u20ac").tolist() == [65, 122, 254, 255, 255]


@pytest.mark.parametrize("characters", ["", "aa"])
def test_an_alphabet_that_makes_no_sense_is_refused(characters):
    with pytest.raises(ConfigError):
        Vocab(characters)


def test_long_texts_are_encoded_piece_by_piece_without_a_seam():
    text = "abc" * 400_000
    assert Vocab("abc").encode(text).tolist() == [0, 1, 2] * 400_000


def test_each_id_stands_for_one_character_of_a_text(vocab):
    text = "the dog?"
    assert vocab.split(text) == text and len(vocab.split(text)) == len(vocab.encode(text))
