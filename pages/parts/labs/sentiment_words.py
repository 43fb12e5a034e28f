"""The map of words: their vectors on a plane, before and after training, and which words are nearest."""

from __future__ import annotations

import numpy as np
import streamlit as st

from charlab.charts import reviews
from charlab.labs.sentiment import network
from charlab.labs.sentiment import words as reading
from charlab.labs.sentiment.network import Judge
from pages.parts.shared import chart, page_state, present
from pages.parts.shared.safe_text import plain

_DRAWN = 400  # words of a map: the most frequent
_COMPARED = 3_000  # words among which the nearest are looked for
_NEAR = 8


def show(judge: Judge, seed: int) -> None:
    """Draw the map of a network's words. `seed` is its run's, from which the first vectors are drawn again."""
    row = st.container(horizontal=True, vertical_alignment="center")
    row.text_input(
        "Word",
        key="word",
        max_chars=page_state.limits("word")[1],
        persist_state="session",
        width=220,
        label_visibility="collapsed",
        placeholder="A word, for example boring",
    )
    words = reading.split(st.session_state.word)
    place = judge.words.id(words[0]) - 1 if words and judge.words.is_known(words[0]) else None
    if place is None:
        row.markdown(plain(in_words(judge, words[0])) if words else "Type a word, or click one in the map.")
    vectors = {"After training": judge.weights["embedding"]}
    if judge.form.vectors == "learned":
        first = network.first_vectors(judge.form, seed, judge.words.ids_in_all)
        vectors = {"Before training": first} | vectors
    else:
        vectors = {"Pretrained vectors, the same before and after": vectors["After training"]}
    drawn = _drawn(judge, place)
    tones = judge.probabilities([np.array([1 + one]) for one in drawn])
    for column, (title, table) in zip(st.columns(len(vectors)), vectors.items(), strict=True):
        with column:
            _map(judge, title, table[1 : 1 + judge.words.known], drawn, tones, place)
    with present.details("about-the-map"):
        st.caption(
            f"The {min(_DRAWN, judge.words.known)} most frequent words. Each has {judge.form.model.embedding} "
            "numbers; the map shows the two directions in which these words differ most, with their share of the "
            "variance (principal component analysis). Colour: the judgement of the word by itself, from orange "
            "(negative) to blue (positive). Before training the vectors are random. Afterwards the first axis is "
            "the opinion: nothing else is asked for in this task."
        )


def in_words(judge: Judge, word: str) -> str:
    """That a word is unknown, in which bucket it is, and with which words of the training set."""
    bucket = judge.words.bucket(word)
    others = [other for other in judge.words.in_bucket(bucket) if other != word]
    shared = f"together with {', '.join(others[:5])}" if others else "where no word of the training set is"
    return (
        f"“{word}” is unknown: bucket {bucket} of {judge.words.buckets:,}, {shared}. They share one word "
        "vector by chance."
    )


def _drawn(judge: Judge, place: int | None) -> list[int]:
    """The places of the words that are drawn: the most frequent ones, and the chosen one."""
    frequent = list(range(min(_DRAWN, judge.words.known)))
    return frequent if place is None or place < len(frequent) else [*frequent, place]


def _map(
    judge: Judge, title: str, vectors: np.ndarray, drawn: list[int], tones: np.ndarray, place: int | None
) -> None:
    words, near = judge.words.words, []
    if place is not None:
        compared = sorted({*range(min(_COMPARED, len(vectors))), place})
        found = network.neighbours(vectors[compared], compared.index(place), _NEAR)
        near = [(compared[one], cosine) for one, cosine in found]
    points, shares = network.plane(vectors[drawn])
    inside = {one: index for index, one in enumerate(drawn)}
    figure = reviews.map_figure(
        [words[one] for one in drawn],
        points,
        tones.tolist(),
        inside.get(place, -1) if place is not None else -1,
        [inside[one] for one, _ in near if one in inside],
        f"{title}: {shares.sum():.0%} of the variance",
    )
    chart.plotly_chart(
        figure,
        key=f"map-{title.split()[0].lower()}",
        label=f"A map of words. {title}.",
        height=present.taller(300),
        on_click=lambda click: _choose(words[drawn[int(click["point"])]]),
        filename="words",
    )
    if place is not None:
        listed = ", ".join(f"{words[one]} {cosine:.2f}" for one, cosine in near)
        st.markdown(f"**Nearest to “{plain(words[place])}”** (cosine): {plain(listed)}")


def _choose(word: str) -> None:
    st.session_state.word = word
