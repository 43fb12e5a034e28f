"""Dates in words and in ISO form: what is drawn, what a text's translation is, and ids there and back."""

from datetime import date

import numpy as np
import pytest

from charlab.core.vocab import Vocab
from charlab.errors import ConfigError, CorpusError
from charlab.labs import catalogue
from charlab.labs.dates import data


@pytest.fixture(scope="module")
def drawn() -> data.Data:
    return data.draw(1)


def test_a_seeds_dates_are_always_the_same_and_all_translated_rightly(drawn):
    assert data.draw(1).sha256 == drawn.sha256 != data.draw(2).sha256
    parts = (drawn.training, drawn.validation, drawn.test)
    assert [len(part.texts) for part in parts] == [10_000, 2_000, 2_000]
    for part in parts:
        assert len(part.isos) == len(part.texts)
        for text, iso in zip(part.texts, part.isos, strict=True):
            assert data.in_words(date.fromisoformat(iso)) == text and data.translation(text) == iso
            assert "1000-01-01" <= iso <= "9999-12-31"


def test_all_months_digits_and_lengths_occur(drawn):
    texts = drawn.training.texts
    assert {text.split()[0] for text in texts} == set(data.MONTHS)
    assert set("".join(texts)) == set(data.INPUT_CHARS)
    assert max(map(len, texts)) == data.LENGTH and min(map(len, texts)) == len("May 01, 2020")


def test_the_lectures_alphabet_has_one_character_twice():
    lectures = "ADFJMNOSabceghilmnoprstuvy01234567890, "
    assert sorted(set(lectures)) == sorted(data.INPUT_CHARS) and len(lectures) == len(data.INPUT_CHARS) + 1
    assert data.INPUT_IDS == 39 and data.OUTPUT_IDS == 12 == data.START


def test_rows_have_padding_behind_the_words_and_then_the_iso_form(drawn):
    rows = drawn.validation.rows()
    assert rows.shape == (2_000, 28) and rows.dtype == np.int32
    for row, text, iso in zip(rows[::97], drawn.validation.texts[::97], drawn.validation.isos[::97], strict=True):
        assert "".join(data.INPUT_CHARS[i - 1] for i in row[: len(text)]) == text
        assert not row[len(text) : 18].any()
        assert data.written_text(row[18:]) == iso


def test_ids_are_as_long_as_in_training_as_the_longest_or_as_is_asked_for():
    assert data.ids(["May 01, 2020"]).shape == (1, 18)
    assert data.ids(["May 01, 2020", "July 14, 1789"], length=0).shape == (2, 13)
    assert data.ids(["May " * 6]).shape == (1, 24)


@pytest.mark.parametrize("text", data.ODD)
def test_odd_inputs_can_be_read_and_have_no_translation(text):
    data.check(text)
    assert data.translation(text) is None


def test_examples_have_a_translation():
    assert [data.translation(text) for text in data.EXAMPLES][:2] == ["2019-04-22", "1789-07-14"]
    assert None not in map(data.translation, data.EXAMPLES)
    assert data.translation("February 29, 2020") == "2020-02-29" and data.translation("February 29, 2021") is None
    assert data.translation("May 01, 0000") is None


def test_only_days_of_the_calendar_in_iso_form_are_dates():
    assert all(map(data.is_date, ("2019-04-22", "2020-02-29", "0001-01-01")))
    others = "2021-02-29 2019-13-01 0000-01-01 20190422 2019-04-2 2019--4-22 2019-W01-1".split()
    assert not any(map(data.is_date, [*others, ""]))


@pytest.mark.parametrize(
    "text, said", [("", "no date"), ("May 01, 2020 " * 4, "at most 40"), ("Märch 1", "'ä'"), ("2019/1", "'/'")]
)
def test_what_cannot_be_read_is_said(text, said):
    with pytest.raises(ConfigError, match=said):
        data.check(text)


def test_a_run_gets_its_own_dates_or_a_sentence(drawn):
    config = catalogue.LABS["dates"].config(seed=1)
    assert data.of_run(config, Vocab(data.INPUT_CHARS)).sha256 == drawn.sha256
    with pytest.raises(CorpusError, match="Start a new run"):
        data.of_run(config.__class__(**config.__dict__ | {"corpus_sha256": "0"}), Vocab(data.INPUT_CHARS))
