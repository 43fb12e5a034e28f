"""Texts of many languages in their encodings before UTF-8 are told apart, however many accents they have."""

import unicodedata

import pytest

from charlab.corpora import decoding, languages
from helpers import odd_texts

ENCODED = [(name, encoding) for name, spoken in odd_texts.LANGUAGES.items() for encoding in spoken.encodings]


@pytest.mark.parametrize("characters", [2_100, 20_000])
@pytest.mark.parametrize(("name", "encoding"), ENCODED)
def test_a_text_is_read_as_it_was_written(name, encoding, characters):
    text = odd_texts.sentences(name, characters, seed=characters)
    assert decoding.decode(text.encode(encoding), "a.txt").text == text


@pytest.mark.parametrize("name", ["french", "german", "spanish", "polish", "turkish", "hungarian"])
def test_a_language_is_known_by_its_letters(name):
    first = odd_texts.LANGUAGES[name].encodings[0]
    assert languages.latin_encoding(odd_texts.sentences(name, 2_500).encode(first)) == first


@pytest.mark.parametrize("name", ["russian", "greek", "hebrew", "arabic", "thai", "korean", "chinese", "japanese"])
def test_other_scripts_are_not_taken_for_latin(name):
    for encoding in odd_texts.LANGUAGES[name].encodings:
        data = odd_texts.sentences(name, 2_500).encode(encoding)
        assert languages.latin_encoding(data) is None and not languages.is_western(data)


def test_several_western_languages_in_one_text():
    text = "".join(odd_texts.sentences(name, 900) for name in ("french", "german", "spanish", "swedish"))
    data = text.encode("cp1252")
    assert languages.latin_encoding(data) is None and languages.is_western(data)
    assert decoding.decode(data, "a.txt").text == text


def test_quotation_marks_alone_are_windows_1252():
    text = "“It’s calm,” he said – and the sea was calm… " * 60
    assert decoding.decode(text.encode("cp1252"), "a.txt").text == text


def test_the_texts_are_composed():
    assert all(unicodedata.is_normalized("NFC", odd_texts.sentences(name, 2_000)) for name in odd_texts.LANGUAGES)
