"""The suffix array of a corpus, compared with a plain search."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlab.corpora import suffix_array
from charlab.errors import CorpusError

few = st.text(alphabet="ab\n", max_size=120)
many = st.text(max_size=40)
long = st.tuples(st.text(alphabet="abc", min_size=70, max_size=100), st.integers(1, 3)).map(lambda x: x[0] * x[1])
corpora = few | many | long


def by_hand(corpus: str, text: str) -> list[int]:
    found = []
    for start in range(len(text)):
        length = 0
        while start + length < len(text) and text[start : start + length + 1] in corpus:
            length += 1
        found.append(length)
    return found


@settings(max_examples=150, deadline=None)
@given(corpora, corpora, st.integers(0, 60), st.integers(0, 150))
def test_the_longest_passages_are_those_that_a_plain_search_finds(corpus, text, start, length):
    text = text + corpus[start : start + length] + text[:5]  # so that there is something in common
    lengths, places = suffix_array.build(corpus).longest(text)
    assert lengths.tolist() == by_hand(corpus, text)
    for at, (length, place) in enumerate(zip(lengths, places, strict=True)):
        assert (place == -1) == (length == 0)
        assert length == 0 or corpus[place : place + length] == text[at : at + length]


@pytest.mark.parametrize("letters", ["ab", "abcdefgh"])
def test_passages_are_found_in_every_section_of_a_longer_text(letters):
    chance = np.random.default_rng(1)
    corpus, other = ("".join(chance.choice(list(letters), size)) for size in (3000, 300))
    text = other + corpus[1234:1300] + other[:50] + corpus[:9] + corpus[-9:]
    lengths, places = suffix_array.build(corpus).longest(text)
    assert lengths.tolist() == by_hand(corpus, text)
    for at, (length, place) in enumerate(zip(lengths, places, strict=True)):
        assert corpus[place : place + length] == text[at : at + length]


@settings(max_examples=100, deadline=None)
@given(corpora, st.integers(0, 100), st.integers(0, 80))
def test_followers_are_counted_as_by_going_through_the_corpus(corpus, start, length):
    context = corpus[start : start + length]
    wanted: dict[str, int] = {}
    for place in range(len(corpus) - len(context)):
        if corpus.startswith(context, place):
            wanted[corpus[place + len(context)]] = wanted.get(corpus[place + len(context)], 0) + 1
    found = suffix_array.build(corpus).followers(context)
    assert found == wanted
    assert list(found.values()) == sorted(found.values(), reverse=True)


@settings(max_examples=100, deadline=None)
@given(corpora, corpora, st.integers(1, 20))
def test_passages_do_not_overlap_and_cover_what_is_copied(corpus, text, least):
    index = suffix_array.build(corpus)
    passages = index.passages(text, least)
    taken = np.zeros(len(text), int)
    for start, length, place in passages:
        assert length >= least and corpus[place : place + length] == text[start : start + length]
        taken[start : start + length] += 1
    assert taken.max(initial=0) <= 1
    assert [length for _, length, _ in passages] == sorted((p[1] for p in passages), reverse=True)
    lengths = by_hand(corpus, text)
    copied = {at + i for at, length in enumerate(lengths) if length >= least for i in range(length)}
    assert set(np.flatnonzero(suffix_array.covered(index.longest(text)[0], least)).tolist()) == copied
    assert set(np.flatnonzero(taken).tolist()) <= copied
    assert not copied or max(lengths) == passages[0][1]


def test_what_is_copied_and_what_is_not():
    index = suffix_array.build("The king is dead.\nLong live the king.\n")
    text = "xx Long live the zebra"
    assert index.passages(text, 8) == [(3, 14, 18)]
    lengths, _ = index.longest(text)
    assert suffix_array.covered(lengths, 8).tolist() == [False] * 3 + [True] * 14 + [False] * 5
    assert not suffix_array.covered(lengths, 16).any()
    assert index.line(18) == 2 and index.line(0) == 1
    assert index.around(18, 4, 5) == ("ead.\n", " live")
    assert index.followers("king") == {" ": 1, ".": 1}
    assert index.followers("zebra") == {}


def test_an_empty_corpus_and_lone_surrogates():
    assert suffix_array.build("").longest("ab")[0].tolist() == [0, 0]
    assert suffix_array.build("").followers("a") == {}
    assert suffix_array.build("a\ud800b").longest("\ud800b")[0].tolist() == [2, 1]


def test_a_text_that_is_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(suffix_array, "MAX_LENGTH", 10)
    with pytest.raises(CorpusError, match="Received: 11"):
        suffix_array.build("a" * 11)


def test_a_text_that_repeats_itself_is_seen_to():
    assert suffix_array.share_repeated("abcdefgh" * 10) > 0.8
    assert suffix_array.share_repeated("abcdefghijklmnopqrstuvwxyz") == 0
    assert suffix_array.share_repeated("abc") == 0


def test_a_corpus_of_one_character_over_and_over_takes_no_time():
    index = suffix_array.build("a" * 100_000)
    started = time.perf_counter()
    lengths, _ = index.longest("b" + "a" * 2000)
    assert lengths.tolist() == [0, *range(2000, 0, -1)]
    assert time.perf_counter() - started < 2
