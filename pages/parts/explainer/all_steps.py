"""All steps of a reading: the heatmap, surprise along the text, and the most surprising characters."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from charlab.charts import along_text
from charlab.core.display import named
from charlab.core.reading import Reading
from charlab.runs.models import Model
from pages.parts.explainer.text_strip import alphabet, before, choose, choose_position
from pages.parts.shared.chart import plotly_chart
from pages.parts.shared.safe_text import plain

_JUMPS = 10


def show(model: Model, reading: Reading, step: int) -> None:
    """Heatmap of positions by characters; a click on a column or on the line below chooses the position."""
    heatmap, line = st.columns([3, 2], gap="large")
    with heatmap:
        _heatmap(model, reading, step)
    with line:
        if len(reading.text) > 2:
            _along(reading, step)
        _table(reading)


def _heatmap(model: Model, reading: Reading, step: int) -> None:
    characters = alphabet(model)
    figure = along_text.heatmap_figure(
        reading.text, characters, reading.probabilities, reading.bits, max(1, step), reading.entropies
    )
    plotly_chart(
        figure,
        key="heatmap",
        height=along_text.heatmap_height(len(characters)),
        on_click=choose_position,
        filename="all-steps",
        label="Heatmap: the probability of each character at every position; squares mark the actual character.",
    )
    with st.popover("What am I looking at?"):
        st.markdown(
            "Each **column** is a position in the text: the model has read everything before it. Each **row** is "
            "a character that could come there: the more a square stands out, the higher its probability. "
            "**Orange** marks the actual character. The lines below show the surprise at the actual character "
            "and, dotted, the surprise that the model itself expected (entropy). Click a column to choose it. Of "
            "a long text the chart shows the positions around the chosen one; double-click to see all of them, "
            "and again to return."
        )


def _along(reading: Reading, step: int) -> None:
    """Surprise, entropy and the running mean along the whole text."""
    figure = along_text.surprise_figure(reading.text, reading.bits, reading.entropies, step)
    plotly_chart(
        figure,
        key="along",
        height=260,
        on_click=choose_position,
        filename="surprise",
        label="Surprise of each character along the text, with the running mean in bits per character.",
    )
    st.caption(
        "The thick line is the running mean: the average surprise so far, in bits per character. It falls where "
        "the text becomes easier to predict. Click to choose a position."
    )


def jumps(reading: Reading) -> None:
    """The least expected characters, each a button that chooses its position."""
    if len(reading.text) < 3:
        return
    st.header("Most surprising characters")
    row = st.container(horizontal=True, gap="xsmall")
    for number, index in enumerate(reading.most_surprising(_JUMPS)):
        actual, bits = named(reading.text[index]), reading.bits[index - 1]
        words = f"{index + 1}: {before(reading.text, index, 5)} → {actual} · {bits:.1f} bits"
        row.button(plain(words), key=f"jump-{number}", on_click=choose, args=(index,))


def _table(reading: Reading) -> None:
    """Every step as a table, also for screen readers; made only when it is opened."""
    with st.expander("All steps as a table", on_change="rerun", key="steps_table") as opened:
        if not opened.open:
            return
        values = {
            "probability, %": (100 * reading.next_probabilities, 2),
            "surprise, bits": (reading.bits, 2),
            "rank": (reading.ranks, 0),
            "entropy, bits": (reading.entropies[:-1], 2),
        }
        columns: dict[str, Any] = {
            "position": list(range(2, len(reading.text) + 1)),
            "character": [named(character) for character in reading.text[1:]],
        }
        columns |= {name: np.round(numbers, decimals) for name, (numbers, decimals) in values.items()}
        st.dataframe(columns, hide_index=True)
