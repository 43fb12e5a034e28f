"""A reading drawn: the strip of characters, the bars of one step, the heatmap of all.

The chosen place is the index of a character in the text (`st.session_state.step`): shown is what the model
expected in its place, after reading all before it. One past the end asks what would come next.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from charlab import charts, sampling
from charlab.config import SampleConfig
from charlab.library import Model
from charlab.reading import Reading, explain
from charlab.symbols import named, visible
from pages.parts import link
from pages.parts.chart import plotly_chart
from pages.parts.strip import character_strip
from pages.parts.words import plain

_DEEPEST_BITS = 8.0  # drawn in the deepest colour
_COLOURS = {
    "surprise": ("bits", ("0 bits, expected", "8 bits and more, a surprise")),
    "probability": ("probability", ("1, certain", "0, unthinkable")),
    "rank": ("rank", ("1st choice", "after the 10th")),
    "entropy": ("bits of entropy", ("0 bits, sure", "6 bits, no idea")),
}
_END = "▯"


def read(model: Model, text: str) -> Reading:
    return _read(model.digest, text, model)


@st.cache_resource(show_spinner="Reading ...", max_entries=48)
def _read(digest: str, text: str, _model: Model) -> Reading:
    return explain(_model.predictor, _model.vocab, text)


def strip(model: Model, reading: Reading) -> None:
    """The text, coloured by what the reader picks; a click, an arrow key or a digit chooses a place."""
    link.read("colour", "surprise", options=_COLOURS)
    colour = st.segmented_control(
        "Colour by", list(_COLOURS), key="colour", required=True, persist_state="session"
    )
    values, shades = _shades(reading, colour)
    order = np.argsort(-np.nan_to_num(reading.bits, nan=-1), kind="stable")[:9] + 1
    character_strip(
        [*reading.text, _END], shades, key="strip", label="The text, a cell a character",
        chosen=st.session_state.step, on_choose=_choose, values=values, unit=_COLOURS[colour][0],
        surprises=order.tolist(), legend=_COLOURS[colour][1], height=220 if len(reading.text) > 700 else None,
    )  # fmt: skip
    mean = reading.mean_bits
    words = "" if np.isnan(mean) else f"Mean surprise {mean:.2f} bits a character. "
    st.caption(words + "Click a character, or use the arrow keys; digits 1 to 9 jump to the greatest surprises.")
    if unknown := model.vocab.unknown_in(reading.text):
        shown = " ".join(named(character) for character in unknown[:20])
        st.caption(plain(f"Not in the model's alphabet, so without a figure: {shown}"))


def _choose(index: int) -> None:
    st.session_state.step = index


def _shades(reading: Reading, colour: str) -> tuple[list, list]:
    """What is told and how deep it is drawn, for each cell: the first has no expectation before it."""
    values = {
        "surprise": reading.bits,
        "probability": reading.next_probabilities,
        "rank": reading.ranks,
        "entropy": reading.entropies,
    }[colour]
    if colour == "surprise":
        shades = np.minimum(1, values / _DEEPEST_BITS)
    elif colour == "probability":
        shades = 1 - values
    elif colour == "rank":  # 1, 2 to 5, 6 to 10, rest, as GLTR does for words
        shades = np.select([values <= 1, values <= 5, values <= 10, values > 10], [0.0, 0.35, 0.65, 1.0], np.nan)
    else:
        shades = np.minimum(1, values / 6.0)
    after = [] if colour == "entropy" else [None]  # entropy is known for what comes after the end, too
    return [None, *map(float, values), *after], [None, *map(float, shades), *after]


def one_step(model: Model, reading: Reading, step: int, config: SampleConfig) -> None:
    """What was read, and the distribution over what may come in the chosen place."""
    if step == 0:
        st.subheader("The first character")
        st.info("Before it the model has read nothing, so it expected nothing yet. Choose a later character.")
        return
    t = step - 1
    before = "".join(visible(character) for character in reading.text[max(0, step - 16) : step])
    dots = "…" if step > 16 else ""
    st.subheader(plain(f"After “{dots}{before}”"))
    shaped = None
    if (config.temperature, config.top_k, config.top_p) != (1.0, None, None):
        shaped = sampling.shape(reading.logits[t][None], config, model.vocab.unknown_id)[0]
    came = int(reading.next_ids[t]) if step < len(reading.text) else None
    characters = [*model.vocab.characters, "\ufffd"]
    figure = charts.bars_figure(characters, reading.probabilities[t], shaped, came, "What it expected next")
    plotly_chart(figure, key="bars", height=460, label=_in_words(reading, step), filename=f"step-{step}")
    st.write(plain(_in_words(reading, step)))


def _in_words(reading: Reading, step: int) -> str:
    t = step - 1
    entropy = reading.entropies[t]
    sure = f"Entropy {entropy:.2f} bits: as unsure as among {2**entropy:.1f} equally likely characters."
    if step == len(reading.text):
        return f"What comes next is open: the text ends here. {sure}"
    character = named(reading.text[step])
    if np.isnan(reading.bits[t]):
        return f"“{character}” came, which the model's alphabet does not have. {sure}"
    return (
        f"“{character}” came: probability {reading.next_probabilities[t]:.3f}, "
        f"surprise {reading.bits[t]:.2f} bits, rank {reading.ranks[t]:.0f} of {reading.probabilities.shape[1]}. "
        f"{sure}"
    )


def all_steps(model: Model, reading: Reading, step: int) -> None:
    """The heatmap of steps by characters, with surprise and entropy under it."""
    characters = [*model.vocab.characters, "\ufffd"]
    figure = charts.heatmap_figure(
        reading.text, characters, reading.probabilities, reading.bits, max(0, step - 1), reading.entropies
    )
    plotly_chart(
        figure, key="heatmap", height=640, on_click=_choose_column, filename="all-steps",
        label="Heatmap: for every step how likely each character was; squares mark what came.",
    )  # fmt: skip
    st.caption("A column is a step: dark where the model put its hopes. Squares mark what came. Click a column.")


def _choose_column(click: dict[str, Any]) -> None:
    st.session_state.step = round(float(click["x"])) + 1
