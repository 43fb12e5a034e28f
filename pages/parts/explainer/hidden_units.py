"""The units of a recurrent network: which follows what, one along the text, all as a heatmap, gates at a step."""

from __future__ import annotations

from typing import Any

import streamlit as st

from charlab.charts import internals
from charlab.core.display import named
from charlab.errors import CharlabError
from charlab.explain import probes
from charlab.explain.probes import Activations, FeatureMatch, Unit
from charlab.runs.models import Model
from pages.parts.explainer.text_strip import choose
from pages.parts.shared import url_state
from pages.parts.shared.chart import plotly_chart


def chosen(model: Model, activations: Activations, text: str) -> Unit:
    """The unit in the link or chosen before; where this model has none such, the one that follows something
    best."""
    url_state.read("unit")
    try:
        unit = Unit.parse(st.session_state.unit)
        if probes.column(activations, unit) is not None:
            return unit
    except CharlabError:
        pass  # none was chosen yet, or a link names one wrongly
    findings = _found(model.digest, text, activations)
    unit = findings[0].units[0][0] if findings else Unit("hidden", 0, 0)
    st.session_state.unit = unit.name
    return unit


def choose_unit(unit: Unit) -> None:
    st.session_state.unit = unit.name
    st.session_state.colour = "unit"


def show(model: Model, activations: Activations, text: str, step: int) -> dict[str, Any]:
    unit = chosen(model, activations, text)
    findings = {finding.feature: finding for finding in _found(model.digest, text, activations)}
    left, right = st.columns([2, 3], gap="large")
    with left:
        feature = _finder(activations, text, findings, unit)
        _by_number(activations, unit)
    with right:
        _one_unit(activations, text, step, unit, feature)
    gates, heatmap = st.columns([2, 3], gap="large")
    with heatmap:
        _all_units(activations, text, step, unit)
    with gates:
        _gates(activations, step, unit)
    return {"feature": feature}


def _finder(activations: Activations, text: str, findings: dict[str, FeatureMatch], unit: Unit) -> str | None:
    """Choose something nameable, then one of the units that follow it best; returns its name."""
    st.markdown("**Which unit follows what?**")
    if not findings:
        st.caption(
            f"Units are ranked on texts of at least {probes.MIN_CHARACTERS} characters: in a shorter one some "
            "unit follows anything."
        )
        return None
    best = next(iter(probes.correlate(probes.column(activations, unit), text)))
    url_state.read("feature", default=best if best in findings else next(iter(findings)), choices=findings)
    name = st.selectbox(
        "Something in the text that has a name",
        findings,
        key="feature",
        persist_state="session",
        format_func=lambda name: f"{name} (best: r = {internals.signed(findings[name].units[0][1])})",
    )
    finding, several = findings[name], len(probes.states(activations)) > 1
    row = st.container(horizontal=True, gap="small")
    for found, r in finding.units:
        row.button(
            f"{_short(found, several)}: {internals.signed(r)}",
            key=f"follows.{found.name}",
            on_click=choose_unit,
            args=(found,),
            type="primary" if found == unit else "secondary",
            help=f"Colour the text by {found.words}",
        )
    st.caption(
        f"r is Pearson's correlation: 1 where unit and feature rise and fall together, −1 where one rises as the "
        f"other falls, 0 where they have nothing to do with each other. By chance alone the best unit would reach "
        f"about {finding.by_chance:.2f} in this text."
    )
    _findings_table(findings, several)
    return name


def _short(unit: Unit, several: bool) -> str:
    """A unit's name; of its layer and state only where there are several."""
    return unit.words if several else f"unit {unit.index + 1}"


def _findings_table(findings: dict[str, FeatureMatch], several: bool) -> None:
    with st.expander("All features as a table"):
        st.dataframe(
            [
                {
                    "feature": finding.feature,
                    "unit": _short(finding.units[0][0], several),
                    "r": round(finding.units[0][1], 2),
                    "best by chance": round(finding.by_chance, 2),
                }
                for finding in findings.values()
            ],
            hide_index=True,
        )
        st.caption(
            "Best by chance: the same search with the feature moved along the text to 19 wrong places. Only "
            "figures well above it say something."
        )


def _by_number(activations: Activations, unit: Unit) -> None:
    """Any unit, by its layer and number."""
    arrays = probes.states(activations)
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
        format_func=lambda name: Unit(name.split("/")[1], int(name[6:].split("/")[0]), 0).words.rsplit(",", 1)[0],
    )
    second.number_input("Unit", 1, arrays[unit.array].shape[1], step=1, key="unit.number", on_change=changed)


def _one_unit(activations: Activations, text: str, step: int, unit: Unit, name: str | None) -> None:
    values = probes.column(activations, unit)
    feature = (name, probes.features(text)[name], probes.correlate(values, text)[name]) if name else None
    figure = internals.unit_figure(text, values, step, unit.words, feature)
    plotly_chart(
        figure,
        key="unit_along",
        height=330,
        on_click=_choose_column,
        filename="unit",
        label=f"State of {unit.words} after each character of the text, beside what it may follow.",
    )
    st.button("Colour the text by this unit", on_click=choose_unit, args=(unit,), icon=":material/palette:")
    with st.popover("What am I looking at"):
        st.markdown(
            "A recurrent network keeps what it has read in a few hundred numbers, its **units**. Each bar is one "
            "unit after one more character. **Grey** marks where the named thing is there; a feature that counts "
            "has its scale at the right.\n\n"
            "**The limits.** A unit that goes along with something is no proof that the model *means* it: it may "
            "follow something else that comes along with it. Most units follow nothing that has a name, and most "
            "knowledge is spread over many units. A figure from a short text can change with the next one."
        )


def _all_units(activations: Activations, text: str, step: int, unit: Unit) -> None:
    values = activations[unit.array]
    rows = internals.shown_units(values, step, unit.index)

    def clicked(click: dict[str, Any]) -> None:
        _choose_column(click)
        if isinstance(click["y"], int) and 0 <= click["y"] < len(rows):
            choose_unit(Unit(unit.state, unit.layer, rows[click["y"]]))

    figure = internals.states_figure(text, values, step, unit.index)
    plotly_chart(
        figure,
        key="states",
        height=150 + 15 * len(rows),
        on_click=clicked,
        filename="states",
        label="Heatmap: the state of the units, a row each, after every character of the text.",
    )
    st.caption(
        "Each row is a unit, each column one more character read: blue is above zero, orange below. Shown are the "
        "units that change the most here. The top row is the chosen one; the rows under it do much the same, "
        "those at the bottom the opposite. Click to choose a unit and a place."
    )
    with st.expander("As a table", on_change="rerun", key="states_table") as opened:
        if opened.open:
            columns: dict[str, Any] = {"character just read": [named(character) for character in text]}
            columns |= {f"unit {row + 1}": values[:, row].astype(float).round(2) for row in rows}
            st.dataframe({"place": list(range(len(text))), **columns}, hide_index=True)


_GATE_WORDS = {
    "update": "**Update gate**: 1 keeps the unit as it was, 0 replaces it by the candidate.",
    "reset": "**Reset gate**: how much of the old state may speak when the candidate is made.",
    "input": "**Input gate**: how much of the candidate is let into the cell.",
    "forget": "**Forget gate**: 1 keeps what the cell held, 0 wipes it out.",
    "output": "**Output gate**: how much of the cell is shown to the rest of the network.",
    "candidate": "**Candidate**: what the unit would become by this character alone.",
    "cell": "**Cell**: the memory; it is added to and may grow beyond 1.",
    "hidden": "**Hidden state**: what came out, and what the next character finds.",
}


def _gates(activations: Activations, step: int, unit: Unit) -> None:
    parts = probes.of_layer(activations, unit.layer, step)
    figure = internals.gates_figure(parts, unit.index)
    plotly_chart(
        figure,
        key="gates",
        height=130 + 90 * len(parts),
        filename="gates",
        label="Every unit of the layer at this step: what its gates let through and what it became.",
    )
    with st.popover("What am I looking at"):
        st.markdown("\n\n".join(_GATE_WORDS[name] for name in parts if name in _GATE_WORDS))
    with st.expander("As a table"):
        st.dataframe(
            [
                {
                    "": internals.GATES.get(name, name),
                    f"unit {unit.index + 1}": round(float(v[unit.index]), 3),
                    "mean of all": round(float(v.mean()), 3),
                    "least": round(float(v.min()), 3),
                    "greatest": round(float(v.max()), 3),
                }
                for name, v in parts.items()
            ],
            hide_index=True,
        )


@st.cache_resource(show_spinner="Asking every unit what it follows ...", max_entries=24)
def _found(digest: str, text: str, _trace: Activations) -> list[FeatureMatch]:
    return probes.best_units(_trace, text)


# A figure's column t is the network after reading text[t]: what it guesses next stands at t + 1.


def _choose_column(click: dict[str, Any]) -> None:
    if isinstance(click["x"], int) and click["x"] >= 0:
        choose(click["x"] + 1)
