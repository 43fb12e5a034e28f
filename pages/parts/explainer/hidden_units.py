"""The units of a recurrent network: what they track, their states along the text, gates at a step."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from charlab.charts import internals
from charlab.core.display import named
from charlab.errors import CharlabError
from charlab.explain import probes
from charlab.explain.probes import Activations, FeatureMatch, Unit
from charlab.runs.models import Model
from pages.parts.explainer import activations, follower
from pages.parts.explainer.text_strip import choose
from pages.parts.shared import present, url_state
from pages.parts.shared.chart import frame, plotly_chart
from pages.parts.shared.shared_cache import SharedCache

_MATCHES: SharedCache[list[FeatureMatch]] = SharedCache(4 * 2**20)


def chosen(model: Model, found: Activations, text: str) -> Unit:
    """The unit in the link or chosen before; without one, the unit that tracks a feature best."""
    url_state.read("unit")
    try:
        unit = Unit.parse(st.session_state.unit)
        if probes.column(found, unit) is not None:
            return unit
    except CharlabError:
        pass  # none was chosen yet, or the link names none
    matches = _best_units(model.digest, text, found)
    unit = matches[0].units[0][0] if matches else Unit("hidden", 0, 0)
    st.session_state.unit = unit.name
    return unit


def choose_unit(unit: Unit) -> None:
    st.session_state.unit = unit.name
    st.session_state.colour = "unit"


def show(model: Model, found: Activations, text: str) -> dict[str, Any]:
    unit = chosen(model, found, text)
    matches = {match.feature: match for match in _best_units(model.digest, text, found)}
    left, right = st.columns([2, 3], gap="large")
    with left:
        feature = _choose_by_feature(found, text, matches, unit)
        with present.details("unit-number"):
            _choose_by_number(found, unit)
    with right:
        _one_unit(model, text, unit, feature)
    gates, heatmap = st.columns([2, 3], gap="large")
    with heatmap:
        _all_units(model, found, text, unit)
    with gates:
        _gates(model, found, text, unit)
    return {"feature": feature}


def _choose_by_feature(found: Activations, text: str, matches: dict[str, FeatureMatch], unit: Unit) -> str | None:
    """Choose a feature, then one of the units that track it best; returns the feature's name."""
    st.header("Which unit tracks what?")
    with present.details("unit-words"):
        st.caption("The network stores what it has read in a few hundred numbers, its **units**.")
    if not matches:
        st.caption(
            f"This needs a text of at least {probes.MIN_CHARACTERS} characters: in a shorter one some unit "
            "correlates with any feature by chance."
        )
        return None
    best = next(iter(probes.correlate(probes.column(found, unit), text)))
    url_state.read("feature", default=best if best in matches else next(iter(matches)), choices=matches)
    name = st.selectbox(
        "Text feature",
        matches,
        key="feature",
        persist_state="session",
        format_func=lambda name: f"{name} (best: r = {internals.signed(matches[name].units[0][1])})",
    )
    match, several = matches[name], len(probes.states(found)) > 1
    row = st.container(horizontal=True, gap="small")
    for tracking, r in match.units:
        row.button(
            f"{_short(tracking, several)}: {internals.signed(r)}",
            key=f"tracks.{tracking.name}",
            on_click=choose_unit,
            args=(tracking,),
            type="primary" if tracking == unit else "secondary",
            help=f"Colour the text by {tracking.label}",
        )
    with present.details("correlation"):
        st.caption(
            "r is Pearson's correlation: +1 if unit and feature rise and fall together, −1 if one rises as the "
            "other falls, 0 if they are unrelated. By chance alone the best unit would reach about "
            f"{match.by_chance:.2f} in this text, with either sign."
        )
        _matches_table(matches, several)
    return name


def _short(unit: Unit, several: bool) -> str:
    """A unit's name, with layer and state only if there are several."""
    return unit.label if several else f"unit {unit.index + 1}"


def _matches_table(matches: dict[str, FeatureMatch], several: bool) -> None:
    with st.expander("All features as a table"):
        st.dataframe(
            [
                {
                    "feature": match.feature,
                    "unit": _short(match.units[0][0], several),
                    "r": round(match.units[0][1], 2),
                    "best by chance": round(match.by_chance, 2),
                }
                for match in matches.values()
            ],
            hide_index=True,
        )
        st.caption(
            "Best by chance: the same search with the feature shifted along the text to 19 wrong positions. Only "
            "values well above it are meaningful."
        )


def _choose_by_number(found: Activations, unit: Unit) -> None:
    """Choose any unit by its layer and number."""
    arrays = probes.states(found)
    st.session_state["unit.array"], st.session_state["unit.number"] = unit.array, unit.index + 1

    def changed() -> None:
        layer, state = st.session_state["unit.array"].removeprefix("layer_").split("/")
        units = arrays[st.session_state["unit.array"]].shape[1]
        choose_unit(Unit(state, int(layer), min(st.session_state["unit.number"], units) - 1))

    first, second = st.columns(2)
    first.selectbox(
        "Layer and state",
        arrays,
        key="unit.array",
        on_change=changed,
        format_func=lambda name: Unit(name.split("/")[1], int(name[6:].split("/")[0]), 0).label.rsplit(",", 1)[0],
    )
    second.number_input("Unit", 1, arrays[unit.array].shape[1], step=1, key="unit.number", on_change=changed)


def _one_unit(model: Model, text: str, unit: Unit, feature: str | None) -> None:
    plotly_chart(
        _source(model, text, "unit", unit=unit.name, feature=feature or "", first="{first}"),
        key="unit_along",
        height=present.taller(270),
        follows=True,
        filename="unit",
        label=f"State of {unit.label} after each character of the text, with the chosen feature.",
    )
    st.button("Colour the text by this unit", on_click=choose_unit, args=(unit,), icon=":material/palette:")
    with present.details("unit-help"), st.popover("What am I looking at?"):
        st.markdown(
            "Each bar is the state of one unit, one of the numbers in which a recurrent network keeps what it has "
            "read, after one more character. **Grey** shows where the feature is present; a feature that counts "
            "something has its scale on the right.\n\n"
            "**The limits.** A correlation does not prove that a unit *represents* a feature: the unit may track "
            "something else that occurs together with it. Most units track nothing that has a name, and most "
            "knowledge is spread over many units. A value from a short text can change with the next text."
        )


def _source(model: Model, text: str, what: str, **wanted: Any) -> dict[str, Any]:
    """Where browsers find a figure along the text."""
    address = activations.address(model, text, what, **wanted)
    return {"address": address, "length": len(text), "most": internals.MAX_STEPS}


def _all_units(model: Model, found: Activations, text: str, unit: Unit) -> None:
    values = found[unit.array]

    def clicked(click: dict[str, Any]) -> None:
        if isinstance(click["x"], int) and 1 <= click["x"] <= len(text):
            choose(click["x"])  # it is predicted once that one is read
        if isinstance(click["y"], int) and 0 <= click["y"] < values.shape[1]:
            choose_unit(Unit(unit.state, unit.layer, click["y"]))

    plotly_chart(
        _source(model, text, "states", unit=unit.name, first="{first}"),
        key="states",
        height=150 + 15 * min(values.shape[1], internals.MAX_UNITS),
        on_click=clicked,
        follows=True,
        filename="states",
        label="Heatmap: the state of the units, one row per unit, after each character of the text.",
    )
    with present.details("states"):
        _states_words(values, unit, text)


def _states_words(values: np.ndarray, unit: Unit, text: str) -> None:
    st.caption(
        "Each row is a unit, each column one more character: blue is above zero, orange below. The chart shows "
        "the units that vary the most here. The top row is the chosen unit; the rows below it behave similarly, "
        "those at the bottom do the opposite. Click to choose a unit and a position."
    )
    with st.expander("As a table", on_change="rerun", key="states_table") as opened:
        if opened.open:
            rows = internals.shown_units(values, st.session_state.step - 1, unit.index)
            columns: dict[str, Any] = {"character just read": [named(character) for character in text]}
            columns |= {f"unit {row + 1}": values[:, row].astype(float).round(2) for row in rows}
            st.dataframe({"position": list(range(1, len(text) + 1)), **columns}, hide_index=True)


_GATE_WORDS = {
    "update": "**Update gate**: 1 keeps the unit as it is, 0 replaces it by the candidate.",
    "reset": "**Reset gate**: how much of the old state is used to compute the candidate.",
    "input": "**Input gate**: how much of the candidate enters the cell.",
    "forget": "**Forget gate**: 1 keeps the content of the cell, 0 erases it.",
    "output": "**Output gate**: how much of the cell the rest of the network sees.",
    "candidate": "**Candidate**: the proposed new value.",
    "cell": "**Cell**: the memory; values are added to it, so it can grow beyond 1.",
    "hidden": "**Hidden state**: the output of the layer, and its memory for the next character.",
}


def _gates(model: Model, found: Activations, text: str, unit: Unit) -> None:
    """The gates after the last character read, from the numbers of all characters; and these as a table."""
    parts = probes.of_layer(found, unit.layer, 0)
    whole = [found[f"layer_{unit.layer}/{name}"] for name in parts]
    limits = min(float(values.min()) for values in whole), max(float(values.max()) for values in whole)
    follower.mount(
        "gates",
        text,
        address=activations.address(model, text, "gates", layer=unit.layer, first="{first}"),
        rows=activations.rows_of_gates(parts),
        names=[internals.GATES.get(name, name) for name in parts],
        units=len(whole[0][0]),
        unit=unit.index,
        figure=internals.gates_figure(parts, unit.index, limits).to_json(),
        chart=frame(130 + 90 * len(parts))
        | {
            "label": "Every unit of the layer at this step: the values of its gates and its state.",
            "filename": "gates",
        },
    )
    with present.details("gates"), st.popover("What am I looking at?"):
        st.markdown("\n\n".join(_GATE_WORDS[name] for name in parts if name in _GATE_WORDS))


def _best_units(digest: str, text: str, found: Activations) -> list[FeatureMatch]:
    compute = lambda: probes.best_units(found, text)  # noqa: E731
    return _MATCHES.get((digest, text), compute, st.spinner("Comparing every unit with every feature ..."))
