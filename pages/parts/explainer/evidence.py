"""Evidence for one prediction: the counts of an n-gram model, what a grammar allows, what followed in the training
text."""

from __future__ import annotations

import numpy as np
import streamlit as st

from charlab.core.display import in_line, named
from charlab.core.reading import Reading
from charlab.explain import evidence
from charlab.labs.reber import data
from charlab.runs.models import Model
from pages.parts.explainer.text_strip import before, percent
from pages.parts.shared import corpus_index
from pages.parts.shared.safe_text import plain

_MAX_ROWS = 15
_KEYS = ("counts", "grammar", "in_corpus")  # of the parts that are opened


def is_open() -> bool:
    """Whether the reader has opened one of them."""
    return any(st.session_state.get(key) for key in _KEYS)


def show(model: Model, reading: Reading, step: int) -> bool:
    """What there is for this model, each made when it is opened. Returns whether one is open: it must follow the
    reader."""
    read = reading.text[:step]
    shown = [_counts_behind(model, read), _by_grammar(model, reading, step), _in_the_corpus(model, reading, step)]
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


def _by_grammar(model: Model, reading: Reading, step: int) -> bool:
    """For a model of strings of the Reber grammar: what the grammar allows next, next to the prediction."""
    if model.config.corpus != "reber":
        return False
    with st.expander("What the grammar allows", on_change="rerun", key="grammar") as opened:
        if opened.open and _is_something(reading.text[:step]):
            _allowed(model, reading, step)
    return bool(opened.open)


def _allowed(model: Model, reading: Reading, step: int) -> None:
    read = reading.text[:step]
    allowed = data.allowed_after(read)
    if not allowed:
        st.caption(
            "This is not the beginning of a string of the grammar, so the grammar does not say how it goes on."
        )
        return
    characters, probabilities = model.vocab.alphabet, reading.probabilities[step - 1]
    on_others = sum(p for c, p in zip(characters, probabilities.tolist(), strict=True) if c not in allowed)
    names = " or ".join(named(character) for character in allowed)
    st.caption(
        plain(
            f"After “{before(read, step)}” the grammar allows {names}. To anything else, the model gives "
            f"{on_others:.1%} in all."
        )
    )
    shown = list(model.vocab.characters)
    _percentages(
        {
            "character": [named(character) for character in shown],
            "actual": _actual(shown, reading.text[step : step + 1]),
            "grammar, %": percent(np.array([allowed.get(character, 0) for character in shown])),
            "model, %": percent(probabilities[: len(shown)]),
        }
    )
    if "\n" not in read:
        st.caption(
            "The model has not read the end of a line before this string, so it cannot know that a string begins "
            "here: begin the text with a new line."
        )


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
        "actual": _actual([character for character, _ in shown], actual),
        "count": [count for _, count in shown],
        "in the text, %": percent(np.array([count / total for _, count in shown])),
        "model, %": percent(np.array([model_probabilities[of_id[character]] for character, _ in shown])),
    }
    _percentages(columns)


def _actual(shown: list[str], actual: str) -> list[str]:
    return ["actual" if character == actual else "" for character in shown]


def _percentages(columns: dict[str, list]) -> None:
    """A table whose columns in per cent are drawn as bars, too."""
    bar = st.column_config.ProgressColumn
    st.dataframe(
        columns,
        hide_index=True,
        column_config={
            name: bar(name, min_value=0, max_value=100, format="%.1f") for name in columns if name.endswith("%")
        },
    )
