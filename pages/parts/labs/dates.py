"""The dates lab: a date in words is translated, with attention; padding; and the views of dates_decoding.py."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import streamlit as st

from charlab.charts import translation
from charlab.core.config import ModelConfig
from charlab.core.predictor import Weights
from charlab.errors import CharlabError
from charlab.labs.catalogue import Lab
from charlab.labs.dates import data, decoding, network
from charlab.labs.dates.network import Translator
from pages.parts.labs import dates_decoding, dates_training, lab_runs, train_lab, views
from pages.parts.shared import character_strip, chart, page_state, present, url_state
from pages.parts.shared.safe_text import plain

VIEWS = {
    "try": "Translate a date",
    "padding": "The padding trap",
    "beam": "Beam search",
    "temperature": "Creative dates",
    "train": "Train it live",
    "speeds": "Two speeds",
}
_SHOWS = {  # the settings that each view has in the page's link
    "try": ("lab_run", "date"),
    "padding": ("date",),
    "beam": ("beam_run", "beam_date", "beam_width"),
    "temperature": ("lab_run", "date", "lab_temperature", "lab_random"),
    "train": ("lab_run",),
    "speeds": (),
}
_HEIGHT, _PRESENT_HEIGHT = 370, 500
_CHARACTERS = "_" + data.OUTPUT_CHARS  # of the ids that are written
_SOME = 200  # dates of the test set that shares are measured on


def show(lab: Lab) -> dict[str, Any]:
    """Draw the lab; returns the settings for the page's link."""
    view, row = views.pick(VIEWS)
    networks = {key: lab_runs.read(lab, key) for key in ("lab_run", "beam_run")}
    for key in ("date", "beam_date", "beam_width", "lab_temperature", "lab_random"):
        url_state.read(key)
    if view == "train":
        train_lab.show(lab, dates_training.choose)
    elif view == "speeds":
        dates_training.speeds()
    else:
        picked = "beam_run" if view == "beam" else "lab_run"
        if view != "padding":
            lab_runs.pick(networks[picked], row, picked)
        try:
            _draw(lab, view, picked)
        except CharlabError as problem:
            is_empty = not st.session_state["beam_date" if view == "beam" else "date"].strip()
            (st.info if is_empty else st.error)(plain(str(problem)))
    return {"lab_view": view} | {key: st.session_state[key] for key in _SHOWS[view]}


def _draw(lab: Lab, view: str, picked: str) -> None:
    if view == "padding":
        _padding(lab)
        return
    name = st.session_state[picked]
    translator = lab_runs.network(lab, name, translator_of)
    if view == "try":
        _try(translator)
    elif view == "beam":
        dates_decoding.beam(translator, typed)
    else:
        dates_decoding.temperature(translator, lab_runs.key_of(lab, name), typed)


def translator_of(model: ModelConfig, weights: Weights) -> Translator:
    """The translator of these weights. Raises ModelError where they are of no version."""
    return Translator(network.version_of(model, weights), model, weights)


def random_date() -> str:
    """A date of the years 1000 to 9999: of the time, since the session's own random numbers would repeat."""
    return data.drawn(np.random.default_rng(time.time_ns()), 1).texts[0]


def typed(key: str, row: Any, label: Literal["visible", "collapsed"] = "visible") -> str:
    """The text box of a date in words; returns what is typed there, without spaces around it."""
    row.text_input(
        "Date in words",
        key=key,
        max_chars=page_state.limits(key)[1],
        persist_state="session",
        placeholder="For example April 22, 2019",
        label_visibility=label,
        width=230,
    )
    return st.session_state[key].strip()


def put(key: str, make: Callable[[], str]) -> None:
    """Type something into that box, from a button's callback."""
    st.session_state[key] = make()


# Translate a date


def _try(translator: Translator) -> None:
    row = st.container(horizontal=True, vertical_alignment="bottom")
    text = typed("date", row, "collapsed")
    with present.details("dates", row, horizontal=True, vertical_alignment="bottom", width="content"):
        st.button("Another date", icon=":material/casino:", on_click=put, args=("date", random_date))
        for odd, about in data.ODD.items():
            st.button(_SHORT[odd], on_click=put, args=("date", lambda odd=odd: odd), help=f"{odd}: {about}.")
    data.check(text)
    written = decoding.write(translator, data.ids([text]))
    (iso,) = written.texts()
    left, right = st.columns([4, 7], gap="medium")
    with left:
        _verdict(text, iso)
        _confidence(iso, written)
        with present.details("about-the-version"):
            st.caption(f"**{translator.version.title}.** {translator.version.about}")
    with right:
        _inside(text, iso, written)


_SHORT = {
    "July 14 1789": "No comma",
    "February 30, 2021": "February 30",
    "July 4, 1776": "Day of one digit",
    "14 July, 1789": "Day first",
    "Juli 14, 1789": "Juli",
    "May 01, 20": "Short year",
}


def _verdict(text: str, iso: str) -> None:
    st.markdown(f"# `{iso}`")  # digits and hyphens alone
    if (right := data.translation(text)) is not None:
        (st.success if iso == right else st.warning)("Right." if iso == right else f"Wrong: it is {right}.")
        return
    why = f": {data.ODD[text]}" if text in data.ODD else ""
    kind = "a day of the calendar" if data.is_date(iso) else "no day of the calendar"
    st.info(
        f"Unlike every date of the training set{why}. What the network writes for it is {kind}. Nobody told it "
        "what to do here: it does what it learned from 10,000 proper dates."
    )


def _confidence(iso: str, written: decoding.Written) -> None:
    chosen = np.take_along_axis(written.probabilities, written.ids[:, :, None], 2)[0, :, 0]
    character_strip.character_strip(
        list(iso),
        chosen.tolist(),
        key=f"iso-{iso}",
        label="The date as it was written, coloured by the probability of each character",
        values=(100 * chosen).tolist(),
        unit="% probable",
        legend=("0%", "100% probable"),
        first_position=1,
        read_only=True,
    )


def _inside(text: str, iso: str, written: decoding.Written) -> None:
    """The attention, or without it what could have been written in place of each character."""
    height = _PRESENT_HEIGHT if present.is_on() else _HEIGHT
    if written.attention is not None:
        figure = translation.attention_matrix_figure(text, iso, written.attention[0])
        label = "Attention: one row per character written, one column per character read"
        words = (
            "Each row says where the network looks while it writes that character: shares that sum to 100%. "
            "Digits look at their own characters, the month at the letters that tell it from others."
        )
        if len(text) < data.LENGTH:
            words += (
                f" Shorter dates are filled up to {data.LENGTH} places, so that many can be computed at once: "
                "this is padding, in grey. Attention skips it: exactly 0%."
            )
    else:
        figure = translation.candidates_figure(_CHARACTERS[1:], iso, written.probabilities[0, :, 1:])
        label = "The probability of each character that could have been written, one row per position"
        words = (
            "This network has no attention: its encoder must put the whole date into one state of 128 numbers. "
            "Each row shows what it could have written there; outlined is what it wrote."
        )
    chart.plotly_chart(figure, key="translation", label=label, height=height, filename="translation")
    with present.details("about-translation"):
        st.caption(words)


# Padding


def _padding(lab: Lab) -> None:
    row = st.container(horizontal=True, vertical_alignment="bottom")
    text = typed("date", row, "collapsed")
    row.button("Another date", icon=":material/casino:", on_click=put, args=("date", random_date))
    data.check(text)
    missing = data.LENGTH - len(text)
    st.markdown(
        f"In training every date was filled up to {data.LENGTH} places. "
        + (f"This one has {len(text)} characters and {missing} places of padding. " if missing > 0 else "")
        + "**What if the padding is left out?**"
        + ("" if missing > 0 else " This date is not shorter: nothing changes. Type a shorter one.")
    )
    columns = st.columns(2, gap="medium", border=True)
    for column, name, title in zip(columns, _TRAP, _TRAP.values(), strict=True):
        translator = lab_runs.network(lab, name, translator_of)
        with column:
            _with_and_without(title, translator, text, lab_runs.key_of(lab, name))
    with present.details("about-padding"):
        st.caption(
            "Without attention the network reads padding like any other character, after the date: it has only "
            "ever written from the state in which 18 places end. A shorter input ends in another state, and the "
            "date comes out wrong, without any error message. Attention with a mask skips padding: both inputs "
            "are the same for it. The first network is half trained and also makes other mistakes."
        )


_TRAP = {"half-trained": "Without attention (teacher forcing)", "": "With attention and a mask"}


def _with_and_without(title: str, translator: Translator, text: str, key: lab_runs.Key) -> None:
    right = data.translation(text)
    shares = _padding_shares(key, translator)
    lines = [f"**{title}**", "", "| input | written | of 200 dates right |", "|---|---|---|"]
    for words, length, share in (("with padding", data.LENGTH, shares[0]), ("without padding", 0, shares[1])):
        (iso,) = decoding.write(translator, data.ids([text], length)).texts()
        mark = "" if right is None else " :material/check: right" if iso == right else " :material/close: wrong"
        lines.append(f"| {words} | `{iso}`{mark} | {share:.0%} |")
    st.markdown("\n".join(lines))


@st.cache_data(max_entries=20, show_spinner=False)
def _padding_shares(key: lab_runs.Key, _translator: Translator) -> tuple[float, float]:
    """The shares of the test set's first dates shorter than the longest that are right, with padding and without:
    those of one length at a time, since rows of one batch are as long as each other."""
    test, right = data.draw(1).test, [0, 0]
    pairs = [pair for pair in zip(test.texts, test.isos, strict=True) if len(pair[0]) < data.LENGTH][:_SOME]
    for size in sorted({len(text) for text, _ in pairs}):
        texts, isos = zip(*[pair for pair in pairs if len(pair[0]) == size], strict=True)
        for place, length in enumerate((data.LENGTH, 0)):
            written = decoding.write(_translator, data.ids(texts, length)).texts()
            right[place] += sum(map(str.__eq__, written, isos))
    return right[0] / len(pairs), right[1] / len(pairs)
