"""The Reber lab: a string along the grammar's graph and what the judge makes of it, its memory, its training."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from charlab.charts import internals, judgement
from charlab.errors import CharlabError
from charlab.labs.catalogue import Lab
from charlab.labs.reber import data, network
from charlab.labs.reber.network import Judge, Judgement
from pages.parts.labs import grammar_predictions, lab_runs, train_lab, views
from pages.parts.labs.grammar_graph import grammar_graph
from pages.parts.shared import character_strip, chart, page_state, present, url_state
from pages.parts.shared.safe_text import plain

VIEWS = {
    "try": "Try a string",
    "tricky": "Two tricky strings",
    "memory": "How far it remembers",
    "next": "What comes next",
    "train": "Train it live",
}
DISTANCES = (5, 8, 12, 16, 20, 25, 30, 35, 40, 45, 50, 60, 70, 80, 100)
_HEIGHT = 270
_BEFORE_START = train_lab.Words(
    start="A GRU of 30 units learns from 10,000 strings, half of them corrupted. 20 epochs take about a minute.",
    watch="Press Start: the accuracy appears here within a few seconds. Watch for two steps: first the network "
    "learns what may follow what, then to remember the second letter.",
)
_IN_MIDDLE = (
    "Only the last judgement counts: training asked for one at the end of each string. Before the end, the output "
    "layer reads the state in the same way, but nothing was learned about it."
)


def show(lab: Lab) -> dict[str, Any]:
    """Draw the lab; returns the settings for the page's link."""
    view, row = views.pick(VIEWS)
    networks = lab_runs.read(lab)
    if view == "next":
        return {"lab_view": view, "lab_run": st.session_state.lab_run} | _next()
    if view == "train":
        train_lab.show(lab, lambda lab: (lab, _BEFORE_START))
        return {"lab_view": view, "lab_run": st.session_state.lab_run}
    run = lab_runs.pick(networks, row)
    try:
        judge = lab_runs.network(lab, run, Judge)
    except CharlabError as problem:
        st.error(plain(str(problem)))
        return {"lab_view": view, "lab_run": run}
    settings = {"try": _try, "tricky": _tricky, "memory": _memory}[view](judge)
    return {"lab_view": view, "lab_run": run} | settings


# Try a string


def _try(judge: Judge) -> dict[str, Any]:
    text = _typed_string()
    left, right = st.columns([5, 4], gap="medium")
    with left:
        grammar_graph(_state(text), key="grammar-graph", on_letter=_add)
    if not text:
        right.info("Click the letter B in the graph, then go on: the network judges after each letter.")
        return {"string": text}
    try:
        judged = judge.judge(text)
    except CharlabError as problem:
        right.error(plain(str(problem)))
        return {"string": text}
    with left:
        _verdict(judged)
        with present.details("in-the-middle"):
            st.caption(_IN_MIDDLE)
    with right:
        _inside(judged, _strip(judged, "string-strip"))
    return {"string": text}


def _typed_string() -> str:
    """The string of the page, and what changes it."""
    url_state.read("string")
    row = st.container(horizontal=True, vertical_alignment="bottom")
    row.text_input(
        "String",
        key="string",
        max_chars=page_state.limits("string")[1],
        persist_state="session",
        on_change=_typed,
        placeholder="Capital letters B, E, P, S, T, V, X, or click letters in the graph",
        label_visibility="collapsed",
    )
    with present.details("strings", row, horizontal=True, width="content"):
        for label, icon, make in _BUTTONS:
            st.button(label, icon=icon, on_click=_put, args=(make,), key=f"string-{label}")
    return st.session_state.string


def _state(text: str) -> str | None:
    """Where the graph is after the letter that is chosen in the strip, the last one at first."""
    return data.path(text)[_place(text)] if text else data.START


def _place(text: str) -> int:
    return st.session_state.get("string_place", {}).get(text, len(text) - 1)


def _add(letter: str) -> None:
    """Go on with a letter from where the graph is: what was behind that place is left."""
    text = st.session_state.string
    st.session_state.string = (text[: _place(text) + 1] + letter)[: page_state.limits("string")[1]]


def _typed() -> None:
    st.session_state.string = st.session_state.string.strip().upper()


def _put(make: Any) -> None:
    st.session_state.string = make(st.session_state.string)


def _drawn(good: bool) -> str:
    """A string that nobody has seen before: of the time, since the session's own would repeat."""
    return data.one(np.random.default_rng(time.time_ns()), good)


_BUTTONS = (
    ("Back", ":material/backspace:", lambda text: text[:-1]),
    ("Clear", ":material/clear:", lambda text: ""),
    ("Good", ":material/casino:", lambda text: _drawn(True)),
    ("Corrupted", ":material/casino:", lambda text: _drawn(False)),
    ("T/P swap", ":material/swap_horiz:", lambda text: data.swap(_drawn(True))),
)


def _strip(judged: Judgement, key: str) -> int:
    """The string, coloured by the judgement after each letter; returns the chosen position."""
    chosen = character_strip.character_strip(
        list(judged.text),
        judged.good.tolist(),
        key=f"{key}-{judged.text}",  # the choice belongs to this string
        label="The string, coloured by the probability that it is good if it ended there",
        chosen=_place(judged.text),
        on_choose=partial(_choose, judged.text),
        values=(100 * judged.good).tolist(),
        unit="% good",
        legend=("0% good", "100% good"),
        first_position=1,
    )
    return len(judged.text) - 1 if chosen is None else chosen


def _choose(text: str, index: int) -> None:
    st.session_state.string_place = {text: index}


def _verdict(judged: Judgement) -> None:
    """What the network says at the end, and what the grammar says."""
    says_good, is_good = judged.verdict > 0.5, data.is_good(judged.text)
    words = f"**The network: {'good' if says_good else 'bad'}** (good with probability {judged.verdict:.1%}). "
    words += f"The grammar: {'good' if is_good else _why_bad(judged.text)}."
    (st.success if says_good == is_good else st.warning)(words)


def _why_bad(text: str) -> str:
    """Why the grammar does not accept a string, in words."""
    path = data.path(text)
    if None not in path:
        return f"not finished, {' or '.join(data.TRANSITIONS[str(path[-1])])} may follow"
    place = path.index(None)
    before = path[place - 1] if place else data.START
    allowed = list(data.TRANSITIONS[str(before)])
    instead = f"it must be {' or '.join(allowed)}" if allowed else "the string has ended"
    remembered = ", like the second letter" if str(before).endswith("again") else ""
    return f"bad, {text[place]} at position {place + 1} is wrong ({instead}{remembered})"


def _inside(judged: Judgement, chosen: int) -> None:
    """The judgement after each letter and the hidden state, one column per letter."""
    wrong = data.path(judged.text).index(None) if None in data.path(judged.text) else None
    chart.plotly_chart(
        judgement.judgement_figure(judged.text, judged.good.tolist(), chosen, wrong),
        key="judgement",
        label="The probability that the string is good if it ended after each letter",
        height=present.taller(110),
        filename="judgement",
    )
    _heatmap(judged.text, judged.activations["layer_0/hidden"], chosen, "hidden")


def _heatmap(text: str, values: np.ndarray, chosen: int, key: str, title: str = "", height: int = _HEIGHT) -> None:
    figure = internals.states_figure(list(text), values, chosen)
    figure.update_layout(margin={"t": 28}, **({"title_text": title} if title else {}))
    chart.plotly_chart(
        figure,
        key=f"states-{key}",
        label="The hidden state after each letter: one row per unit, one column per letter",
        height=present.taller(height),
        filename=f"states-{key}",
    )


# Two tricky strings


def _tricky(judge: Judge) -> dict[str, Any]:
    st.markdown(
        "These strings differ in their last but one letter only. It must be **P**, like the second letter, with "
        f"{len(data.TRICKY[0]) - 4} letters in between."
    )
    columns = st.columns(2, gap="medium")
    judged = [judge.judge(text) for text in data.TRICKY]
    for column, one, name in zip(columns, judged, ("bad", "good"), strict=True):
        with column:
            chosen = _strip(one, f"tricky-{name}")
            _verdict(one)
    good = judged[1]
    other = judge.judge(good.text[0] + "T" + good.text[2:])
    differences = good.activations["layer_0/hidden"] - other.activations["layer_0/hidden"]  # [T, U]
    middle = np.abs(differences[2:-2]).mean(axis=0)
    unit = int(middle.argmax())
    st.markdown(
        f"**Where does it remember the second letter?** The hidden state of the good string, minus that of the "
        f"same string with T as its second letter: what stays different is the memory. Unit {unit + 1} keeps it "
        f"most clearly, with a mean difference of {middle[unit]:.2f}."
    )
    _heatmap(good.text, differences, chosen, "difference", "Difference of the units after each letter")
    return {}


# What comes next


def _next() -> dict[str, Any]:
    text = _typed_string()
    if not text:
        st.info("Type a string, or press Good: a language model says what it expects next, letter by letter.")
        return {"string": text}
    try:
        network.check(text)
        grammar_predictions.show(text)
    except CharlabError as problem:
        st.error(plain(str(problem)))
    return {"string": text}


# Memory


def _memory(judge: Judge) -> dict[str, Any]:
    accuracies = network.memory_curve(judge, DISTANCES)
    reach = next((d for d, share in zip(DISTANCES, accuracies, strict=True) if share < 1), None)
    words = "over all distances shown" if reach is None else f"up to {_before(reach)} letters"
    st.markdown(
        f"**How far does it remember?** Strings BTBT S…S XSETE and BPBT S…S XSEPE with more and more letters S, "
        f"and the same with their last but one letters exchanged. This network tells them apart {words}."
    )
    chart.plotly_chart(
        judgement.memory_figure(DISTANCES, accuracies, data.LENGTH - 4),
        key="memory",
        label="Accuracy on strings whose second letter must be remembered over more and more letters",
        height=present.taller(330),
        filename="memory",
    )
    with present.details("about-memory"):
        st.caption(
            "At 50% it guesses: it has forgotten whether the second letter was T or P. Training strings have 12 "
            f"letters on average, and at most {data.LENGTH}."
        )
    return {}


def _before(distance: int) -> int:
    """The last of DISTANCES before this one; 0 before the first."""
    return max((other for other in DISTANCES if other < distance), default=0)
