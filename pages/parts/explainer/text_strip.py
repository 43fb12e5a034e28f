"""A reading as a strip of characters, and the place in it that the reader chose.

The chosen place is the index of a character in the text (`st.session_state.step`): shown is what the model
expected in its place, after reading all before it. One past the end asks what would come next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import streamlit as st

from charlab.core.display import named, visible
from charlab.core.reading import Reading, explain
from charlab.core.vocab import UNKNOWN_CHARACTER
from charlab.explain import evidence
from charlab.runs.models import Model
from pages.parts.shared import url_state
from pages.parts.shared.character_strip import character_strip
from pages.parts.shared.safe_text import plain

_END = "▯"
_LONG = 700  # characters; a longer text's strip scrolls
_MAX_DIFFERENT = 4.0  # bits drawn in the deepest colour of either side


@dataclass(frozen=True)
class Colouring:
    """How a strip is coloured: what is told and how deep it is drawn for each cell, and what the shades mean."""

    values: list[float | None]
    shades: list[float | None]
    unit: str
    swatches: list[tuple[float, str]]
    scale: Literal["sequential", "diverging"] = "sequential"
    words: str = ""  # what one sees, in a sentence
    legend: tuple[str, str] | None = None


def read(model: Model, text: str) -> Reading:
    return _read(model.digest, text, model)


@st.cache_resource(show_spinner="Reading ...", max_entries=12)
def _read(digest: str, text: str, _model: Model) -> Reading:
    return explain(_model.predictor, _model.vocab, text)


def choose(place: int) -> None:
    """Make a character of the text the chosen one: for callbacks, before the page runs again."""
    st.session_state.step = place


def alphabet(model: Model) -> list[str]:
    """The character of each id; the unknown one is drawn as U+FFFD."""
    return [*model.vocab.characters, UNKNOWN_CHARACTER]


def before(text: str, place: int, most: int = 16) -> str:
    """The last characters before a place, as they can be seen."""
    start = max(0, place - most)
    return ("…" if start else "") + "".join(visible(character) for character in text[start:place])


def percent(values: np.ndarray) -> list[float]:
    return np.round(100 * values, 2).tolist()


def strip(model: Model, reading: Reading, other: Reading | None = None, unit: tuple | None = None) -> None:
    """The text, coloured by what the reader picks; a click, an arrow key or a digit chooses a place.

    `other` is another model's reading of the same text, `unit` what `inside.unit_colours` said: with them the
    strip can be coloured by the difference and by the unit.
    """
    colourings: dict[str, Callable[[], Colouring]] = {
        "surprise": lambda: _surprise(reading),
        "probability": lambda: _probability(reading),
        "rank": lambda: _rank(reading),
        "entropy": lambda: _entropy(reading),
    }
    if other is not None:
        colourings["difference"] = lambda: _difference(reading, other)
    if unit is not None:
        colourings["unit"] = lambda: _unit(unit, len(reading.text))
    url_state.read("colour", choices=colourings)
    colour = st.segmented_control(
        "Colour by", list(colourings), key="colour", required=True, persist_state="session"
    )
    colouring = colourings[colour]()
    character_strip(
        [*reading.text, _END],
        colouring.shades,
        key="strip",
        label="The text, a cell a character",
        chosen=st.session_state.step,
        on_choose=choose,
        values=colouring.values,
        unit=colouring.unit,
        surprises=reading.most_surprising(9),
        scale=colouring.scale,
        swatches=colouring.swatches,
        legend=colouring.legend,
        height=220 if len(reading.text) > _LONG else None,
    )
    st.caption(
        colouring.words + " Click a character, or use the arrow keys, Home and End; digits 1 to 9 jump to the "
        "greatest surprises. The empty box at the end asks what comes next."
    )
    if unknown := model.vocab.unknown_in(reading.text):
        shown = " ".join(named(character) for character in unknown[:20])
        st.caption(plain(f"Not in the model's alphabet, so without a figure: {shown}"))


def figures(reading: Reading, name: str = "") -> None:
    """A reading in one line of numbers, each with its unit."""
    if np.isnan(reading.mean_bits):
        return
    words = (
        f"mean surprise {reading.mean_bits:.2f} bits a character, expected {reading.entropies.mean():.2f} bits · "
        f"{reading.share_within(1):.0%} of the characters were its first choice, "
        f"{reading.share_within(10):.0%} among its first ten"
    )
    st.markdown(plain(f"{name}: {words}" if name else words[0].upper() + words[1:]))


def _surprise(reading: Reading) -> Colouring:
    swatches = [(bits / 8, f"{bits} bits") for bits in (0, 2, 4, 6)] + [(1.0, "8 bits and more")]
    words = "The more a character stands out, the less the model expected it."
    return _cells(len(reading.text), reading.bits, np.minimum(1, reading.bits / 8), "bits", swatches, words)


def _probability(reading: Reading) -> Colouring:
    values = reading.next_probabilities
    swatches = [(1 - p, f"{p:g}") for p in (1.0, 0.75, 0.5, 0.25, 0.0)]
    words = "What had a high probability before it came fades into the page, what had a low one stands out."
    return _cells(len(reading.text), values, 1 - values, "probability", swatches, words)


def _rank(reading: Reading) -> Colouring:
    """1, 2 to 5, 6 to 10, rest: as GLTR does for words (Gehrmann et al., 2019)."""
    steps = [(0.0, "1st choice"), (0.35, "2nd to 5th"), (0.65, "6th to 10th"), (1.0, "after the 10th")]
    values = reading.ranks
    shades = np.select(
        [values <= 1, values <= 5, values <= 10, values > 10], [shade for shade, _ in steps], np.nan
    )
    words = "The characters in the order of their probability: which place did the one that came have?"
    return _cells(len(reading.text), values, shades, "rank", steps, words)


def _entropy(reading: Reading) -> Colouring:
    swatches = [(bits / 6, f"{bits} bits") for bits in (0, 2, 4)] + [(1.0, "6 bits and more")]
    words = (
        "How unsure the model was before each character, whatever came: 0 bits is certain, 1 bit a coin's toss."
    )
    values = reading.entropies  # known for what comes after the end, too
    return _cells(len(reading.text), values, np.minimum(1, values / 6), "bits of entropy", swatches, words)


def _difference(reading: Reading, other: Reading) -> Colouring:
    bits = evidence.difference(reading, other).bits
    most = _MAX_DIFFERENT
    swatches = [
        (-1.0, f"{most:g} bits and more: the other knew better"),
        (-0.5, f"{most / 2:g} bits"),
        (0.0, "alike"),
        (0.5, f"{most / 2:g} bits"),
        (1.0, f"{most:g} bits and more: this model knew better"),
    ]
    words = "By how many bits the two models' surprise differed at each character."
    return _cells(
        len(reading.text), bits, np.clip(bits / most, -1, 1), "bits of difference", swatches, words, "diverging"
    )


def _unit(told: tuple[list, list, tuple[str, str], str], length: int) -> Colouring:
    values, shades, legend, unit = told
    words = "What the unit chosen under Inside was after reading each character."
    return Colouring(_padded(values, length), _padded(shades, length), unit, [], "diverging", words, legend)


def _cells(
    length: int,
    values: np.ndarray,
    shades: np.ndarray,
    unit: str,
    swatches: list[tuple[float, str]],
    words: str,
    scale: Literal["sequential", "diverging"] = "sequential",
) -> Colouring:
    """A value and a shade for each cell of a text and its end; before the first character nothing was expected."""
    cells = [_padded([None, *map(float, numbers)], length) for numbers in (values, shades)]
    return Colouring(*cells, unit, swatches, scale, words)


def _padded(cells: list, length: int) -> list:
    """One for each character of a text of that length, and one for its end."""
    return [*cells, *[None] * (length + 1 - len(cells))]
