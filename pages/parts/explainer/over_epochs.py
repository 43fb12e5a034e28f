"""During training: the same text, read with the weights of each saved epoch."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import streamlit as st

from charlab.charts import along_text
from charlab.core import kinds
from charlab.core.reading import Reading
from charlab.errors import CharlabError
from charlab.labs import published
from charlab.runs import models
from charlab.runs.models import Model, ModelInfo
from pages.parts.explainer import readings
from pages.parts.shared import present, url_state
from pages.parts.shared.chart import plotly_chart
from pages.parts.shared.model_picker import load_model
from pages.parts.shared.safe_text import plain

_HEIGHT = 215  # pixels: slider, text and curve fit on a projector
_MAX_READ = 40_000  # characters read for one curve, over all epochs: seconds, not minutes


def epochs(info: ModelInfo) -> list[int]:
    """The numbers of the epochs whose weights are saved; 0 is untrained."""
    names = published.weight_names(info.name)
    return [int(found[1]) for name in names if (found := re.fullmatch(r"epoch-(\d+)", name))]


def load(info: ModelInfo) -> Model | None:
    """The model with the weights of the chosen epoch; None if no epochs are saved."""
    saved = epochs(info)
    if not saved:
        return None
    url_state.read("epoch", default=saved[-1], choices=saved)
    return load_model(info, _name(st.session_state.epoch))


def slider(info: ModelInfo) -> None:
    """The slider that chooses the epoch."""
    saved = epochs(info)
    if len(saved) < 2:
        st.caption(f"Only the weights of epoch {saved[0]} are saved: there is no other epoch to compare with.")
        return
    st.select_slider(
        "After epoch",
        saved,
        key="epoch",
        persist_state="session",
        help="Changes the text's colours, the bars and the mean together. Epoch 0 is before training.",
    )


def curve(info: ModelInfo, model: Model, reading: Reading) -> None:
    """Mean surprise on this text by epoch, with the chosen epoch marked; a click chooses another."""
    saved, chosen = epochs(info), st.session_state.epoch
    drawn = _drawn(saved, chosen, len(reading.text))
    means = [reading.mean_bits if epoch == chosen else _mean(info, epoch, reading.text) for epoch in drawn]
    if np.isnan(means).all():
        st.caption("The mean needs a text with at least two characters that the model knows.")
        return
    figure = along_text.epochs_figure(drawn, means, chosen, float(np.log2(len(model.vocab.characters))))
    plotly_chart(
        figure,
        key="epochs",
        height=present.taller(_HEIGHT),
        on_click=_choose_epoch,
        filename="over-training",
        label=f"Mean surprise by epoch, in bits per character: {reading.mean_bits:.2f} at epoch {chosen}.",
    )
    left_out = ""
    if len(drawn) < len(saved):
        left_out = f" The text is long, so the chart shows {len(drawn)} of {len(saved)} epochs."
    with present.details("epochs"):
        st.caption(
            "For each point the model reads the whole text with its weights after that epoch. Where the line "
            f"stops falling, it will hardly improve on this text. Click a point to choose its epoch.{left_out}"
        )
        with st.expander("As a table", on_change="rerun", key="epochs_table") as opened:
            if opened.open:
                columns = {"epoch": drawn, "mean surprise, bits per character": np.round(means, 3).tolist()}
                st.dataframe(columns, hide_index=True)


def without_epochs(info: ModelInfo, model: Model) -> None:
    """Why this model has no epochs to show, and the built-in ones that have some."""
    if not kinds.of(model.config.model).trained:
        why = "An n-gram model counts the training text once: it has no epochs."
    else:
        why = "This model kept only its final weights, so there are no earlier epochs to show."
    st.info(why + " Choose a model that kept them, or train one: every run keeps its weights after each epoch.")
    with st.container(horizontal=True, vertical_alignment="center"):
        for other in models.available_models():
            if other.where == "starter" and other.name != info.name and len(saved := epochs(other)) > 1:
                words = f"{other.title}: epochs {', '.join(map(str, saved[:-1]))} and {saved[-1]}"
                st.button(plain(words), key=f"epochs-of-{other.name}", on_click=_choose_model, args=(other.name,))
        st.page_link("train.py", label="Train a model", icon=":material/trending_down:")


def _choose_model(name: str) -> None:
    st.session_state.model = name


def _choose_epoch(click: dict[str, Any]) -> None:
    st.session_state.epoch = round(float(click["x"]))


def _drawn(saved: list[int], chosen: int, length: int) -> list[int]:
    """As many epochs as can be read in seconds, evenly spread, with the first, the last and the chosen."""
    most = max(2, _MAX_READ // length)
    if len(saved) <= most:
        return saved
    indices = np.linspace(0, len(saved) - 1, most).round().astype(int).tolist()
    return sorted({saved[index] for index in indices} | {chosen})


def _mean(info: ModelInfo, epoch: int, text: str) -> float:
    modified = models.find(info.name).weights_path(_name(epoch)).stat().st_mtime
    return _mean_bits(info.name, _name(epoch), modified, text)


@st.cache_data(show_spinner="Reading the text with the weights of each epoch ...", max_entries=2000)
def _mean_bits(name: str, weights_name: str, modified: float, text: str) -> float:
    """`modified` is the time of the weights' file, so that changed weights are read again."""
    try:
        model = models.load(name, weights_name)
    except CharlabError:  # its point is left out of the curve; choosing the epoch says why
        return float("nan")
    return readings.compute(model, text).mean_bits


def _name(epoch: int) -> str:
    return f"epoch-{epoch:03d}"
