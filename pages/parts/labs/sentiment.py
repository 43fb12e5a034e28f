"""The lab of film reviews: a review is judged word by word; what padding does; and the views of other modules."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from charlab.charts import internals, reviews
from charlab.errors import CharlabError
from charlab.labs import catalogue
from charlab.labs.catalogue import Lab
from charlab.labs.sentiment import measured, network
from charlab.labs.sentiment.network import Judge, Judgement
from charlab.runs.store import Run
from pages.parts.labs import lab_runs, sentiment_training, sentiment_words, train_lab, views
from pages.parts.labs.word_strip import Word, word_strip
from pages.parts.shared import chart, page_state, present, url_state
from pages.parts.shared.safe_text import plain

VIEWS = {
    "try": "Judge a review",
    "words": "Map of words",
    "masking": "Masking",
    "labels": "Few labels",
    "train": "Train it live",
}
_SHOWS = {  # the settings that each view has in the page's link
    "try": ("lab_run", "review"),
    "words": ("lab_run", "word"),
    "masking": ("lab_run", "review"),
    "labels": (),
    "train": ("lab_run",),
}
_EXAMPLES = {
    "Great, but boring": "a great idea, but the film is boring",
    "Not bad at all": "not bad at all",
    "Without an opinion": "the film is about a man and a dog",
    "Unknown words": "a splendiferous, unputdownable film",
}


def show(lab: Lab) -> dict[str, Any]:
    """Draw the lab; returns the settings for the page's link."""
    view, row = views.pick(VIEWS)
    networks = lab_runs.read(lab)
    for key in ("review", "word"):
        url_state.read(key)
    if view == "train":
        train_lab.show(lab, sentiment_training.choose)
    elif view == "labels":
        sentiment_training.few_labels(lab)
    else:
        lab_runs.pick(networks, row)
        try:
            _draw(lab, view)
        except CharlabError as problem:
            is_empty = not st.session_state.review.strip()
            (st.info if is_empty else st.error)(plain(str(problem)))
    return {"lab_view": view} | {key: st.session_state[key] for key in _SHOWS[view]}


def _draw(lab: Lab, view: str) -> None:
    run = catalogue.find_run(lab, st.session_state.lab_run)
    judge = _judge(*lab_runs.key_of(lab, st.session_state.lab_run))
    if view == "words":
        sentiment_words.show(judge, run.config().train.seed)
    elif view == "masking":
        _masking(judge)
    else:
        _try(judge, run)


@st.cache_resource(max_entries=20, show_spinner=False)
def _judge(path: str, weights_name: str, written_at: float) -> Judge:
    """The judge of a run, once for everyone; it is loaded again once its weights were written again."""
    return network.of_run(Run(path), weights_name)


def _typed() -> str:
    """The box of the review, and examples; returns the text."""
    row = st.container(horizontal=True, vertical_alignment="bottom")
    row.text_input(
        "Review",
        key="review",
        max_chars=page_state.limits("review")[1],
        persist_state="session",
        placeholder="Type a review, for example: a great film",
        label_visibility="collapsed",
    )
    with present.details("reviews", row, horizontal=True, width="content"):
        for label, text in _EXAMPLES.items():
            st.button(label, on_click=_put, args=(text,), key=f"review-{label}")
    return st.session_state.review


def _put(text: str) -> None:
    st.session_state.review = text


# Judge a review


def _try(judge: Judge, run: Run) -> None:
    judged = judge.judge(_typed())
    text = " ".join(judged.words)
    last = len(judged.words) - 1
    chosen = min(st.session_state.get("review_place", {}).get(text, last), last)
    left, right = st.columns([5, 6], gap="medium")
    with left:
        _strip(judge, judged, chosen, text)
        _verdict(judged)
        _unknown(judge, judged)
        _hidden(judged, chosen)
    with right:
        chart.plotly_chart(
            reviews.review_figure(judged.words, judged.after.tolist(), judged.contributions.tolist(), chosen),
            key="review-words",
            label="The probability that the review is positive after each word, and what each word contributes",
            height=present.taller(350),
            on_click=lambda click: _choose(text, round(click["x"]) - 1),
            filename="review",
        )
        with present.details("about-the-review"):
            st.caption(f"{_said_of_contributions(judge)} {_accuracies(run)}")


def _strip(judge: Judge, judged: Judgement, chosen: int, text: str) -> None:
    shown = zip(judged.words, judged.after, judged.contributions, strict=True)
    words = [
        Word(word, float(after), f"{after:.0%} positive so far, contributes {100 * part:+.1f} points", known)
        for (word, after, part), known in zip(shown, map(judge.words.is_known, judged.words), strict=True)
    ]
    word_strip(
        words,
        chosen,
        key=f"review-strip-{text}",  # the choice belongs to this text
        label="The review, coloured by the probability that it is positive if it ended after each word",
        on_choose=partial(_choose, text),
    )


def _choose(text: str, place: int) -> None:
    st.session_state.review_place = {text: max(0, place)}


def _verdict(judged: Judgement) -> None:
    says = "positive" if judged.verdict > 0.5 else "negative"
    st.markdown(f"**The network: {says}** (positive with probability {judged.verdict:.1%})")


def _unknown(judge: Judge, judged: Judgement) -> None:
    """The bucket of each unknown word, and the words that share it."""
    unknown = [word for word in dict.fromkeys(judged.words) if not judge.words.is_known(word)]
    for word in unknown[:2]:
        st.caption(f":material/inbox: {plain(sentiment_words.in_words(judge, word))}")
    if len(unknown) > 2:
        st.caption(f"Further unknown words are underlined: {len(unknown) - 2}.")


def _hidden(judged: Judgement, chosen: int) -> None:
    figure = internals.states_figure(list(judged.words), judged.hidden, chosen)
    figure.update_layout(margin={"t": 28}, title_text="Hidden state after each word")
    figure.update_xaxes(**reviews.word_ticks(judged.words, 42), title_text="word just read")
    chart.plotly_chart(
        figure,
        key="states-review",
        label="The hidden state after each word: one row per unit, one column per word",
        height=present.taller(230),
        filename="states-review",
    )


def _said_of_contributions(judge: Judge) -> str:
    order = (
        "For a mean of word vectors, each word says the same wherever it stands."
        if not judge.form.record.recurrent
        else "Training asked for a judgement at the end alone: before it, nothing was learned about it."
    )
    return (
        "**Contribution** (leave-one-out): by how many percentage points the judgement of the whole review falls "
        f"where only this word is left out. {order}"
    )


def _accuracies(run: Run) -> str:
    """How often the network is right, on the test set and on what it learned from."""
    figures = catalogue.figures_of_best(run)
    if "test_accuracy" not in figures:
        return ""
    return (
        f"This network judges {figures['test_accuracy']:.1%} of the test set rightly, and "
        f"{figures['training_accuracy']:.1%} of the sentences it learned from."
    )


# Masking


def _masking(judge: Judge) -> None:
    text = _typed()
    words = network.check(text)
    zeros = max(judge.length - len(words), 0)
    read = judge.after_padding(text, max(60, zeros)).tolist()
    st.markdown(
        f"In training all texts are filled up with zeros to {judge.length} words. **Masking** makes the network "
        f"stop at the last word; without it, zeros are read as a word. {_measured('gru', 'A GRU')}"
    )
    chart.plotly_chart(
        reviews.padding_figure(read[0], read, zeros),
        key="padding",
        label="The judgement of this review against the number of zeros behind it that are read",
        height=present.taller(300),
        filename="padding",
    )
    this = "with" if judge.form.masked else "without"
    with present.details("about-masking"):
        st.caption(
            f"This network was trained {this} masking. {_measured('mean', 'A mean of word vectors')} In "
            "training it always adds up as many vectors, so that it learns to ignore the zeros; with another "
            f"number of zeros it judges otherwise. Figures: means of several seeds, `{measured.COMMAND}`. Try it: "
            "choose *Train it live*, switch masking off, then choose that run here."
        )


def _measured(code: str, title: str) -> str:
    """What a network reaches with masking and without."""
    found = measured.read()
    both, neither = found[code], found[f"{code}-unmasked"]
    return (
        f"{title} reaches {both.mean_test:.1%} on the test set with masking ({both.mean_training:.1%} in "
        f"training) and {neither.mean_test:.1%} without ({neither.mean_training:.1%})."
    )
