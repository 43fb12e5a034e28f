"""Over training: how the same text looked to a run's model at each epoch that it kept."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import streamlit as st

from charlab.charts import along_text
from charlab.core.reading import Reading, explain
from charlab.runs import models
from charlab.runs.models import Model, ModelInfo
from pages.parts.shared import url_state
from pages.parts.shared.chart import plotly_chart
from pages.parts.shared.model_picker import load_model

_MAX_READ = 40_000  # characters that are read for one curve, all epochs together: seconds, not minutes


def epochs(info: ModelInfo) -> list[int]:
    """The numbers of the epochs whose weights a model has kept; 0 is untrained."""
    names = models.find(info.name).weight_names()
    return [int(found[1]) for name in names if (found := re.fullmatch(r"epoch-(\d+)", name))]


def load(info: ModelInfo) -> Model | None:
    """The model as it was after the epoch that the slider stands at; None where it kept no epochs."""
    there = epochs(info)
    if not there:
        return None
    url_state.read("epoch", default=there[-1], choices=there)
    return load_model(info, _name(st.session_state.epoch))


def slider(info: ModelInfo) -> None:
    """Drawn under the strip that it moves."""
    there = epochs(info)
    if len(there) < 2:
        st.caption(f"This run has kept one epoch, number {there[0]}: train it longer to see it change.")
        return
    st.select_slider(
        "After epoch",
        there,
        key="epoch",
        persist_state="session",
        help="Moves the strip, the bars and the mean together. Epoch 0 is before any training.",
    )


def curve(info: ModelInfo, model: Model, reading: Reading) -> None:
    """Mean surprise at this text from epoch to epoch, with the epoch shown marked; a click chooses another."""
    there, chosen = epochs(info), st.session_state.epoch
    drawn = _drawn(there, chosen, len(reading.text))
    means = [reading.mean_bits if epoch == chosen else _mean(info, epoch, reading.text) for epoch in drawn]
    if np.isnan(means).all():
        st.caption("A text of at least two characters that the model knows has a mean.")
        return
    figure = along_text.epochs_figure(drawn, means, chosen, float(np.log2(len(model.vocab.characters))))
    plotly_chart(
        figure,
        key="epochs",
        height=340,
        on_click=_choose_epoch,
        filename="over-training",
        label=f"Mean surprise at this text by epoch; at epoch {chosen} {reading.mean_bits:.2f} bits a character.",
    )
    left_out = (
        f" Drawn are {len(drawn)} of {len(there)} epochs: the text is long." if len(drawn) < len(there) else ""
    )
    st.caption(
        "Each point is the whole text read again by the model as it was after that epoch. Where the line stops "
        f"falling, it has learned of this text what it will. Click a point to go there.{left_out}"
    )
    with st.expander("As a table", on_change="rerun", key="epochs_table") as opened:
        if opened.open:
            columns = {"epoch": drawn, "mean surprise, bits a character": np.round(means, 3).tolist()}
            st.dataframe(columns, hide_index=True)


def without_epochs() -> None:
    st.info(
        "This model has kept its last weights alone, so there is nothing to go through. Train one on the Train "
        "page: every run keeps its weights after each epoch."
    )
    st.page_link("train.py", label="Train a model", icon=":material/trending_down:")


def _choose_epoch(click: dict[str, Any]) -> None:
    st.session_state.epoch = round(float(click["x"]))


def _drawn(there: list[int], chosen: int, length: int) -> list[int]:
    """As many epochs as can be read in a moment, evenly spread, the first, the last and the chosen among them."""
    most = max(2, _MAX_READ // length)
    if len(there) <= most:
        return there
    places = np.linspace(0, len(there) - 1, most).round().astype(int).tolist()
    return sorted({there[place] for place in places} | {chosen})


def _mean(info: ModelInfo, epoch: int, text: str) -> float:
    written = models.find(info.name).weights_path(_name(epoch)).stat().st_mtime
    return _mean_bits(info.name, _name(epoch), written, text)


@st.cache_data(show_spinner="Reading the text as it looked after each epoch ...", max_entries=2000)
def _mean_bits(name: str, weights_name: str, written: float, text: str) -> float:
    """`written` is when the weights were: other ones are asked anew."""
    model = models.load(name, weights_name)
    return explain(model.predictor, model.vocab, text).mean_bits


def _name(epoch: int) -> str:
    return f"epoch-{epoch:03d}"
