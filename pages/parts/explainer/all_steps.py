"""All steps of a reading: the heatmap, surprise along the text, and the places that surprised most."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from charlab.charts import along_text
from charlab.core.display import named
from charlab.core.reading import Reading
from charlab.runs.models import Model
from pages.parts.explainer.text_strip import alphabet, before, choose
from pages.parts.shared.chart import plotly_chart
from pages.parts.shared.safe_text import plain

_JUMPS = 10


def show(model: Model, reading: Reading, step: int) -> None:
    """Heatmap of steps by characters; a click on a column or on the line below chooses the place."""
    figure = along_text.heatmap_figure(
        reading.text, alphabet(model), reading.probabilities, reading.bits, max(0, step - 1), reading.entropies
    )
    rows = min(len(alphabet(model)), along_text.MAX_ROWS)
    plotly_chart(
        figure,
        key="heatmap",
        height=270 + 15 * rows,
        on_click=_choose_column,
        filename="all-steps",
        label="Heatmap: for every step how likely each character was; squares mark what came.",
    )
    with st.popover("What am I looking at"):
        st.markdown(
            "Each **column** is a step: one more character was read. Each **row** is a character that could come "
            "next; the more a square stands out, the likelier the model held it. **Orange** is around what came. "
            "Below lie the surprise at what came and, dotted, the surprise that the model itself expected "
            "(entropy). Click a column to choose it. Of a long text as many steps around the chosen one are "
            "shown as can be read; a double click shows all of them, another one these."
        )
    if len(reading.text) > 2:
        along(reading, step)
        jumps(reading)


def along(reading: Reading, step: int) -> None:
    """Surprise, entropy and the running mean over the whole text."""
    figure = along_text.surprise_figure(reading.text, reading.bits, reading.entropies, step)
    plotly_chart(
        figure,
        key="along",
        height=260,
        on_click=choose_place,
        filename="surprise",
        label="Surprise of each character along the text, with the mean so far in bits a character.",
    )
    st.caption(
        "The thick line is the mean of all surprises up to here, in bits a character: it falls where the text "
        "becomes easier to foresee. Click to choose a place."
    )


def jumps(reading: Reading) -> None:
    """The characters that came least expected, each a button that chooses its place."""
    st.markdown("**Most surprising places**")
    row = st.container(horizontal=True, gap="xsmall")
    for number, place in enumerate(reading.most_surprising(_JUMPS)):
        actual, bits = named(reading.text[place]), reading.bits[place - 1]
        words = f"{place}: {before(reading.text, place, 5)} → {actual} · {bits:.1f} bits"
        row.button(plain(words), key=f"jump-{number}", on_click=choose, args=(place,))


def table(reading: Reading) -> None:
    """Every step in figures, for those who read tables or hear them; made only when it is opened."""
    with st.expander("All steps as a table", on_change="rerun", key="steps_table") as opened:
        if not opened.open:
            return
        figures = {
            "probability": (reading.next_probabilities, 4),
            "surprise, bits": (reading.bits, 2),
            "rank": (reading.ranks, 0),
            "entropy before it, bits": (reading.entropies[:-1], 2),
        }
        columns: dict[str, Any] = {
            "place": list(range(1, len(reading.text))),
            "character": [named(character) for character in reading.text[1:]],
        }
        columns |= {name: np.round(values, decimals) for name, (values, decimals) in figures.items()}
        st.dataframe(columns, hide_index=True)


def choose_place(click: dict[str, Any]) -> None:
    choose(round(float(click["x"])))


def _choose_column(click: dict[str, Any]) -> None:
    choose(round(float(click["x"])) + 1)
