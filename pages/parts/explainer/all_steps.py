"""All steps of a reading: the heatmap, surprise along the text, and the most surprising characters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from charlab.charts import along_text
from charlab.core.display import isolated, named
from charlab.core.reading import Reading
from charlab.runs.models import Model
from pages.parts.explainer import readings
from pages.parts.explainer.text_strip import before
from pages.parts.shared import served_files
from pages.parts.shared.chart import plotly_chart

_JUMPS = 10
_mount_jumps = served_files.component("charlab_jumps", Path(__file__).with_name("jumps.js"), isolate_styles=False)


def show(model: Model, reading: Reading) -> None:
    """Heatmap of positions by characters; a click on a column or on the line below chooses the position."""
    heatmap, line = st.columns([3, 2], gap="large")
    with heatmap:
        _heatmap(model, reading)
    with line:
        if len(reading.text) > 2:
            _along(model, reading)
        _table(model, reading)


def _heatmap(model: Model, reading: Reading) -> None:
    source = readings.address(model, reading).replace("{what}", "heatmap-{first}")
    plotly_chart(
        {"address": source, "length": len(reading.text), "most": along_text.MAX_STEPS},
        key="heatmap",
        height=along_text.heatmap_height(reading.probabilities.shape[1]),
        follows=True,
        filename="all-steps",
        label="Heatmap: the probability of each character at every position; squares mark the actual character.",
    )
    unit = model.vocab.unit
    with st.popover("What am I looking at?"):
        st.markdown(
            "Each **column** is a position in the text: the model has read everything before it. Each **row** is "
            f"a {unit} that could come there: the more a square stands out, the higher its probability. "
            f"**Orange** marks the actual {unit}. The lines below show the surprise at the actual {unit} "
            "and, dotted, the surprise that the model itself expected (entropy). Click a column to choose it. Of "
            "a long text the chart shows the positions around the chosen one; double-click to see all of them, "
            "and again to return."
        )


def _along(model: Model, reading: Reading) -> None:
    """Surprise, entropy and the running mean along the whole text."""
    length = len(reading.text)
    plotly_chart(
        {"address": readings.address(model, reading).replace("{what}", "along"), "length": length, "most": length},
        key="along",
        height=260,
        follows=True,
        filename="surprise",
        label="Surprise of each character along the text, with the running mean in bits per character.",
    )
    st.caption(
        f"The thick line is the running mean: the average surprise so far, in bits per {model.vocab.unit}. It "
        "falls where the text becomes easier to predict. Click to choose a position."
    )


def jumps(model: Model, reading: Reading) -> None:
    """The least expected characters or tokens, each a button that chooses its position."""
    if len(reading.text) < 3:
        return
    st.header(f"Most surprising {model.vocab.unit}s")
    _mount_jumps(key="jumps", data={"jumps": [_jump(reading, i) for i in reading.most_surprising(_JUMPS)]})


def _jump(reading: Reading, index: int) -> tuple[int, str]:
    """The index of a character, and its button's words."""
    actual, bits = isolated(named(reading.text[index])), reading.bits[index - 1]
    return index, f"{index + 1}: {before(reading.text, index, 5)} → {actual} · {bits:.1f} bits"


def _table(model: Model, reading: Reading) -> None:
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
            model.vocab.unit: [named(character) for character in reading.text[1:]],
        }
        columns |= {name: np.round(numbers, decimals) for name, (numbers, decimals) in values.items()}
        st.dataframe(columns, hide_index=True)
