"""All steps of a reading: the heatmap, surprise along the text, and the most surprising characters."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from charlab.charts import along_text
from charlab.core.display import named
from charlab.core.reading import Reading
from charlab.runs.models import Model
from pages.parts.explainer.text_strip import alphabet, before, choose, choose_next, choose_position
from pages.parts.shared.chart import plotly_chart
from pages.parts.shared.safe_text import plain

_JUMPS = 10


def show(model: Model, reading: Reading, step: int) -> None:
    """Heatmap of steps by characters; a click on a column or on the line below chooses the position."""
    figure = along_text.heatmap_figure(
        reading.text, alphabet(model), reading.probabilities, reading.bits, max(0, step - 1), reading.entropies
    )
    rows = min(len(alphabet(model)), along_text.MAX_ROWS)
    plotly_chart(
        figure,
        key="heatmap",
        height=270 + 15 * rows,
        on_click=choose_next,
        filename="all-steps",
        label="Heatmap: the probability of each character at every step; squares mark the actual character.",
    )
    with st.popover("What am I looking at?"):
        st.markdown(
            "Each **column** is a step: the model has read one more character. Each **row** is a character that "
            "could come next: the more a square stands out, the higher its probability. **Orange** marks the "
            "actual character. The lines below show the surprise at the actual character and, dotted, the "
            "surprise that the model itself expected (entropy). Click a column to choose it. Of a long text the "
            "chart shows the steps around the chosen one; double-click to see all of them, and again to return."
        )
    if len(reading.text) > 2:
        along(reading, step)
        jumps(reading)


def along(reading: Reading, step: int) -> None:
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
    st.markdown("**Most surprising characters**")
    row = st.container(horizontal=True, gap="xsmall")
    for number, position in enumerate(reading.most_surprising(_JUMPS)):
        actual, bits = named(reading.text[position]), reading.bits[position - 1]
        words = f"{position}: {before(reading.text, position, 5)} → {actual} · {bits:.1f} bits"
        row.button(plain(words), key=f"jump-{number}", on_click=choose, args=(position,))


def table(reading: Reading) -> None:
    """Every step as a table, also for screen readers; made only when it is opened."""
    with st.expander("All steps as a table", on_change="rerun", key="steps_table") as opened:
        if not opened.open:
            return
        values = {
            "probability": (reading.next_probabilities, 4),
            "surprise, bits": (reading.bits, 2),
            "rank": (reading.ranks, 0),
            "entropy, bits": (reading.entropies[:-1], 2),
        }
        columns: dict[str, Any] = {
            "position": list(range(1, len(reading.text))),
            "character": [named(character) for character in reading.text[1:]],
        }
        columns |= {name: np.round(numbers, decimals) for name, (numbers, decimals) in values.items()}
        st.dataframe(columns, hide_index=True)
