"""Strings of the Reber lab: what is good is decided by a regular expression, not by the automaton."""

import re
from collections import Counter

import numpy as np
import pytest

from charlab.core.vocab import Vocab
from charlab.errors import CorpusError
from charlab.labs import catalogue
from charlab.labs.reber import data

# Reber's graph by hand. After X (its state 3): any number of XT...TVP, then S, or XT...TVV.
AFTER_X = "(?:XT*VP)*(?:S|XT*VV)"
GRAMMAR = re.compile(f"B([TP])B(?:TS*X{AFTER_X}|PT*V(?:V|P{AFTER_X}))E\\1E")


@pytest.fixture(scope="module")
def drawn() -> data.Data:
    return data.draw(1)


def test_good_strings_follow_the_grammar_and_the_others_do_not(drawn):
    parts = (drawn.training, drawn.validation, drawn.swaps)
    assert [len(part.texts) for part in parts] == [10_000, 2_000, 1_000]
    for part in parts:
        by_hand = np.array([GRAMMAR.fullmatch(text) is not None for text in part.texts])
        assert (by_hand == part.good).all()
    assert drawn.training.good.mean() == drawn.validation.good.mean() == 0.5
    assert not drawn.swaps.good.any() and drawn.originals.good.all()
    assert all(map(GRAMMAR.fullmatch, drawn.originals.texts))


def test_every_string_of_few_letters_is_judged_as_the_grammar_does():
    """All that reach some state, and each of these with any one letter changed, added or left out."""
    texts, front = {""}, {("", data.START)}
    for _ in range(12):
        front = {(text + letter, to) for text, state in front for letter, to in data.TRANSITIONS[state].items()}
        texts |= {text for text, _ in front}
    for text in list(texts):
        for place in range(len(text) + 1):
            texts |= {text[:place] + letter + text[place + more :] for letter in data.LETTERS for more in (0, 1)}
            texts.add(text[:place] + text[place + 1 :])
    judged = {text: data.is_good(text) for text in texts}
    assert len(judged) > 10_000 and sum(judged.values()) > 50
    assert {text for text, good in judged.items() if good != bool(GRAMMAR.fullmatch(text))} == set()


def test_a_path_ends_where_the_grammar_is_broken():
    assert data.path("BTBTXSETE")[-2:] == [data.LAST, data.END]
    assert data.path("BPX") == [data.FRAME, "P begin", None]
    assert data.path("BTBTXSEP")[-1] is None  # the second letter was T
    assert data.path("BTBTXSETEE")[-1] is None and not data.is_good("")


def test_the_books_tricky_strings_differ_in_one_letter_and_in_goodness():
    bad, good = data.TRICKY
    assert [place for place, pair in enumerate(zip(bad, good, strict=True)) if len(set(pair)) == 2] == [
        len(good) - 2
    ]
    assert (data.is_good(bad), data.is_good(good)) == (False, True) and data.swap(good) == bad


def test_where_two_letters_may_come_both_are_as_likely(drawn):
    good = [text for text, is_one in zip(drawn.training.texts, drawn.training.good, strict=True) if is_one]
    taken = Counter(
        (state, letter)
        for text in good
        for state, letter in zip([data.START, *data.path(text)], text, strict=False)
    )
    for state, ways in data.TRANSITIONS.items():
        if len(ways) == 2:
            first, second = (taken[state, letter] for letter in ways)
            assert abs(first - second) < 4 * np.sqrt(first + second), state  # four standard deviations


def test_rows_have_ids_from_one_zeros_behind_them_and_the_judgement_at_the_end(drawn):
    rows = drawn.validation.rows()
    assert rows.shape == (2_000, data.LENGTH + 1) and rows.dtype == np.int32
    for row, text, good in zip(rows[::97], drawn.validation.texts[::97], drawn.validation.good[::97], strict=True):
        assert "".join(data.LETTERS[i - 1] for i in row[: len(text)]) == text
        assert not row[len(text) : -1].any() and row[-1] == good


def test_strings_that_need_memory_differ_in_it_alone():
    for letters in (data.SHORTEST, 20, 60):
        for frame in "TP":
            text = data.with_distance(frame, letters)
            assert GRAMMAR.fullmatch(text) and len(text) == letters + 4
            assert not GRAMMAR.fullmatch(data.swap(text))


def test_counting_pieces_is_nearly_right_on_corrupted_strings_and_blind_to_swaps(drawn):
    three, two = data.counting_accuracy(drawn), data.counting_accuracy(drawn, 2)
    assert 0.97 < three < 0.99 and 0.83 < two < three
    swapped = data.Data(drawn.training, drawn.swaps, drawn.swaps)
    assert data.counting_accuracy(swapped) < 0.01


def test_the_data_are_a_function_of_the_seed(drawn):
    assert data.draw(1).sha256 == drawn.sha256 != data.draw(2).sha256
    config = catalogue.LABS["reber"].config(seed=1)
    assert data.of_run(config, Vocab(data.LETTERS)).sha256 == drawn.sha256
    with pytest.raises(CorpusError, match="Start a new run"):
        data.of_run(config.__class__(**config.__dict__ | {"corpus_sha256": "0"}), Vocab(data.LETTERS))


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("", "B"),
        ("\n", "B"),
        ("B", "PT"),
        ("BPBTSSXXTVV", "E"),
        ("BPBTSSXXTVVE", "P"),
        ("BTBTXSETE", "\n"),
        ("BTBTXSETE\nB", "PT"),
        ("BX", ""),
        ("BTBTXSETEE", ""),
    ],
)
def test_what_may_follow_in_lines_of_strings(text, allowed):
    found = data.allowed_after(text)
    assert "".join(sorted(found)) == "".join(sorted(allowed))
    assert not found or sum(found.values()) == pytest.approx(1)


def test_every_good_string_is_allowed_letter_by_letter_and_nothing_else_keeps_it_good(drawn):
    for text in drawn.training.texts[:200]:
        for place, letter in enumerate(f"{text}\n"):
            allowed = data.allowed_after(text[:place])
            assert letter in allowed
            for other in set(data.LETTERS) - set(allowed):
                assert data.path(text[:place] + other)[-1] is None
