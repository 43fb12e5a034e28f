"""How the dates lab's network writes: by beam search with its tree, or with a temperature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from charlab.charts import translation
from charlab.charts.translation import Leaf
from charlab.core.config import SampleConfig
from charlab.labs.dates import data, decoding
from charlab.labs.dates.decoding import AtTemperature, Beam
from charlab.labs.dates.network import Translator
from pages.parts.labs import lab_runs
from pages.parts.shared import chart, page_state, present

TEMPERATURES = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
_SOME = 200  # dates of the test set
_DRAWN = 60  # translations of one date
_LISTED = 8  # of each kind
_ROW_HEIGHT = 40  # pixels of the tree per text of the beam
_TRIED = 200  # dates, in search of one that greedy writing misses

Typed = Callable[[str, Any], str]


# Beam search


def beam(translator: Translator, typed: Typed) -> None:
    """Draw a date's tree, and what greedy writing makes of it."""
    row = st.container(horizontal=True, vertical_alignment="bottom")
    text = typed("beam_date", row)
    least, most = page_state.limits("beam_width")
    width = row.slider(
        "Beam width",
        least,
        most,
        key="beam_width",
        persist_state="session",
        width=220,
        help="How many texts are kept at each step. 1 is greedy: only the most likely character counts.",
    )
    row.button(
        "Another date that greedy misses", icon=":material/casino:", on_click=_put_missed, args=(translator,)
    )
    data.check(text)
    ids = data.ids([text])
    found, greedy = decoding.beam_search(translator, ids[0], width), decoding.write(translator, ids)
    _compare(text, found, greedy)
    kept = found.path(greedy.ids[0].tolist())
    chosen = np.take_along_axis(greedy.probabilities, greedy.ids[:, :, None], 2)[0, :, 0]
    rows = max(map(len, found.steps)) + (None in kept)
    chart.plotly_chart(
        translation.beam_figure(
            leaves(found),
            [found.text(place) for place in range(len(found.steps[-1]))],
            greedy.texts()[0],
            kept,
            np.cumprod(chosen).tolist(),
        ),
        key="beam",
        label=f"The tree of the beam search: the {width} most likely texts after each character",
        height=present.taller(max(150, _ROW_HEIGHT * rows + 40)),
        filename="beam",
    )
    with present.details("about-beam"):
        st.caption(
            "One column per character written: the texts that were kept, the most likely at the top. Above each "
            "circle is the probability of its text so far. Grey texts were dropped later. Dotted orange: greedy "
            "writing, which always takes the most likely next character. Where it leaves the tree, the beam has "
            "found more likely texts."
        )


def leaves(found: Beam) -> list[list[Leaf]]:
    """A beam's tree, for its figure."""
    return [
        [Leaf(data.OUTPUT_CHARS[node.id - 1], node.parent, float(np.exp(node.log_probability))) for node in nodes]
        for nodes in found.steps
    ]


def _compare(text: str, found: Beam, greedy: decoding.Written) -> None:
    """Say what greedy writing and the beam found, and where they part."""
    right, (first,), best = data.translation(text), greedy.texts(), found.text()
    first_share, best_share = np.exp(greedy.log_probability[0]), np.exp(found.steps[-1][0].log_probability)

    def said(iso: str, share: float) -> str:
        mark = "" if right is None else ", right" if iso == right else ", wrong"
        return f"`{iso}` (probability {share:.1%}{mark})"

    if first == best:
        st.markdown(f"Greedy writing and the beam find the same: {said(best, best_share)}.")
        return
    place = next(i for i, (a, b) in enumerate(zip(first, best, strict=True)) if a != b)
    here = greedy.probabilities[0, place]
    shares = [here[data.OUTPUT_CHARS.index(iso[place]) + 1] for iso in (first, best)]
    st.markdown(
        f"**Greedy** writes {said(first, first_share)}, the **beam** {said(best, best_share)}. For character "
        f"{place + 1} greedy takes “{first[place]}” ({shares[0]:.0%}) before “{best[place]}” ({shares[1]:.0%}), "
        "and cannot go back."
    )


def _put_missed(translator: Translator) -> None:
    """Choose a date that greedy writing gets wrong and the beam right, if one is found soon; else any."""
    drawn = data.drawn(np.random.default_rng(), _TRIED)
    greedy = decoding.write(translator, data.ids(drawn.texts)).texts()
    width = st.session_state.beam_width
    wrong = [i for i, iso in enumerate(drawn.isos) if greedy[i] != iso][: _TRIED // 4]
    for i in wrong:
        if decoding.beam_search(translator, data.ids([drawn.texts[i]])[0], width).text() == drawn.isos[i]:
            st.session_state.beam_date = drawn.texts[i]
            return
    st.session_state.beam_date = drawn.texts[wrong[0] if wrong else 0]
    st.toast("Of 200 dates, none was found that greedy writing misses and this beam finds.")


# Temperature


def temperature(translator: Translator, key: lab_runs.Key, typed: Typed) -> None:
    """Draw what becomes of a date at a temperature, and the shares of right and of valid dates against it."""
    row = st.container(horizontal=True, vertical_alignment="bottom")
    text = typed("date", row)
    least, most = page_state.limits("lab_temperature")
    chosen = row.slider(
        "Temperature",
        least,
        most,
        step=0.25,
        key="lab_temperature",
        persist_state="session",
        width=260,
        help="Divides the logits before softmax. 0 = greedy, 1 = unchanged, above 1 = flatter.",
    )
    row.button("New random numbers", icon=":material/casino:", on_click=_new_numbers)
    data.check(text)
    sampling = SampleConfig(temperature=chosen, seed=st.session_state.lab_random)
    written = decoding.write(translator, np.repeat(data.ids([text]), _DRAWN, axis=0), sampling).texts()
    left, right = st.columns([5, 6], gap="medium")
    with left:
        _listed(written, data.translation(text))
    curve = temperature_curve(key, translator)
    with right:
        chart.plotly_chart(
            translation.temperature_figure(
                [at.temperature for at in curve], [at.exact for at in curve], [at.valid for at in curve], chosen
            ),
            key="temperature-curve",
            label="Shares of translations that are right, and that are dates at all, against temperature",
            height=present.taller(330),
            filename="temperatures",
        )
    with present.details("about-temperature"):
        st.caption(
            "The curves: 200 dates of the test set, each translated once per temperature, always with the same "
            "random numbers. Between the curves are the creative dates: days of the calendar, but not the one "
            "that was asked for. A network that is very sure of itself writes them only at high temperatures."
        )


def _listed(written: list[str], right: str | None) -> None:
    """The translations of one date by what they are, without repetition, with how often each came."""
    groups: dict[str, list[str]] = {"Right": [], "Creative": [], "No date": []}
    for iso in written:
        kind = "Right" if iso == right else "Creative" if data.is_date(iso) else "No date"
        groups[kind].append(iso)
    columns = st.columns(3)
    for column, (title, isos) in zip(columns, groups.items(), strict=True):
        distinct = list(dict.fromkeys(isos))
        lines = [f"`{iso}`" for iso in distinct[:_LISTED]]
        if len(distinct) > _LISTED:
            lines.append(f"and {len(distinct) - _LISTED} more")
        share = f"{len(isos) / len(written):.0%}"
        column.markdown(f"**{title}**  \n{share} of {len(written)}\n\n" + "  \n".join(lines))


def _new_numbers() -> None:
    st.session_state.lab_random = int(np.random.default_rng().integers(1, 1_000_000))


@st.cache_data(max_entries=20, show_spinner=False)
def temperature_curve(key: lab_runs.Key, _translator: Translator) -> list[AtTemperature]:
    """The curve of a network on the test set's first dates, computed once for everyone."""
    test = data.draw(1).test
    some = data.Dates(test.texts[:_SOME], test.isos[:_SOME])
    return decoding.temperature_curve(_translator, some, TEMPERATURES)
