"""Evidence for one prediction: the counts of an n-gram model, and what followed in the training text."""

from __future__ import annotations

import numpy as np
import streamlit as st

from charlab.core.display import in_line, named
from charlab.core.reading import Reading
from charlab.explain import evidence
from charlab.runs.models import Model
from pages.parts.explainer.text_strip import before, percent
from pages.parts.shared import corpus_index
from pages.parts.shared.safe_text import plain

_MAX_ROWS = 15


_KEYS = ("counts", "in_corpus")


def is_open() -> bool:
    """Whether the reader has opened one of them."""
    return any(st.session_state.get(key) for key in _KEYS)


def show(model: Model, reading: Reading, step: int) -> bool:
    """Both, each made when it is opened. Returns whether one of them is open: it must follow the reader."""
    shown = [_counts_behind(model, reading.text[:step]), _in_the_corpus(model, reading, step)]
    return any(shown)


def _counts_behind(model: Model, read: str) -> bool:
    """For an n-gram model: how often each character followed each context that it uses."""
    if not isinstance(model.predictor, evidence.Counting):
        return False
    with st.expander("N-gram counts", on_change="rerun", key="counts") as opened:
        if opened.open and _is_something(read):
            _counts(model, read)
    return bool(opened.open)


def _is_something(read: str) -> bool:
    """Whether anything was read; says so where not."""
    if not read:
        st.caption("Before the first character the model has read nothing. Choose a later character.")
    return bool(read)


def _counts(model: Model, read: str) -> None:
    if behind := evidence.counts_behind(model.predictor, model.vocab.encode(read).astype(np.int64)):
        st.caption(
            "An n-gram model consists of counts: how often each character followed the last few characters. The "
            "longest context counts most, the more so the more often it occurred; shorter ones are mixed in."
        )
        characters = model.vocab.alphabet
        counted = {length: dict(zip(ids.tolist(), counts.tolist(), strict=True)) for length, ids, counts in behind}
        shown = list(dict.fromkeys(i for ids in counted.values() for i in ids))[:_MAX_ROWS]
        columns: dict[str, list] = {"character": [named(characters[i]) for i in shown]}
        for length, counts in counted.items():
            name = f"after “{in_line(read[len(read) - length :])}”" if length else "in the whole text"
            columns[name] = [int(counts.get(i, 0)) for i in shown]
        st.dataframe(columns, hide_index=True)


def _in_the_corpus(model: Model, reading: Reading, step: int) -> bool:
    """What followed the same context in the training text, next to the model's prediction."""
    with st.expander("What followed in the training text", on_change="rerun", key="in_corpus") as opened:
        if opened.open and _is_something(reading.text[:step]):
            _followers(model, reading, step)
    return bool(opened.open)


def _followers(model: Model, reading: Reading, step: int) -> None:
    index = corpus_index.find(model.config)
    if index is None:
        st.caption("The training text of this model is not on this server, or it has changed since.")
        return
    read = reading.text[:step]
    found = evidence.followers_in(index, read.lower() if model.vocab.lower_case else read)
    if found is None:
        st.caption("This context hardly occurs in the training text, so the model has to generalise.")
        return
    context, counts = found
    total = sum(counts.values())
    shown = before(context, len(context), 20)
    st.caption(
        plain(
            f"Longest context seen at least 5 times: “{shown}”, {total:,} times. The table compares what "
            "followed it with what the model predicts after reading the whole text before this position."
        )
    )
    _compare(model, reading.probabilities[step - 1], counts, reading.text[step : step + 1])


def _compare(model: Model, model_probabilities: np.ndarray, counts: dict[str, int], actual: str) -> None:
    total, ids = sum(counts.values()), model.vocab.encode("".join(counts))
    most_likely = {
        model.vocab.alphabet[i]: 0 for i in np.argsort(-model_probabilities, kind="stable")[:5].tolist()
    }
    of_id = dict(zip(counts, ids.tolist(), strict=True))
    of_id |= {c: int(i) for c, i in zip(most_likely, model.vocab.encode("".join(most_likely)), strict=True)}
    shown = list((dict(list(counts.items())[:12]) | {c: counts.get(c, 0) for c in most_likely}).items())
    columns = {
        "character": [named(character) for character, _ in shown],
        "actual": ["actual" if character == actual else "" for character, _ in shown],
        "count": [count for _, count in shown],
        "in the text, %": percent(np.array([count / total for _, count in shown])),
        "model, %": percent(np.array([model_probabilities[of_id[character]] for character, _ in shown])),
    }
    bar = st.column_config.ProgressColumn
    st.dataframe(
        columns,
        hide_index=True,
        column_config={
            name: bar(name, min_value=0, max_value=100, format="%.1f") for name in ("in the text, %", "model, %")
        },
    )
