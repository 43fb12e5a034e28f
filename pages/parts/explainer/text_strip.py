"""A reading as a strip of characters, and the position that the reader chose in it.

`st.session_state.step`, and `step` in links, is the index of the chosen character, from 0: the page shows the
model's prediction for it, made after reading everything before it. One past the end is the prediction for what
comes next. People read positions, which count from 1: the first character has position 1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from charlab.charts import along_text
from charlab.core.display import in_line
from charlab.core.reading import Reading
from charlab.corpora import coverage
from charlab.corpora.first_words import first_words
from charlab.errors import CharlabError
from charlab.explain import evidence
from charlab.runs.models import Model
from pages.parts.shared import present, url_state
from pages.parts.shared.character_strip import character_strip, keys_help
from pages.parts.shared.safe_text import plain

TALL, LOW = 264, 110  # pixels, eight lines and three: a longer text scrolls in its box, next to what it explains
_MAX_SAID = 70  # characters of a text in a line
COLOURS = ("surprise", "probability", "rank", "entropy", "difference", "unit")
_MAX_DIFFERENT = 4.0  # bits that have the deepest colour of either side


@dataclass(frozen=True)
class Colouring:
    """How a strip is coloured: the value and the shade of each cell, and what the shades mean."""

    values: list[float | None]
    shades: list[float | None]
    unit: str
    swatches: list[tuple[float, str]]
    scale: Literal["sequential", "diverging"] = "sequential"
    words: str = ""  # what the colours show, in a sentence
    legend: tuple[str, str] | None = None


@dataclass(frozen=True)
class Chosen:
    """What the reader chose to look at: a model's reading of a text, and another model's of the same text."""

    model: Model
    reading: Reading
    other_model: Model | None = None
    whole_other: Reading | None = None  # of the text in the other model's form of accents
    other: tuple[str, Reading] | None = None  # its name and its reading, in the positions of the first

    @property
    def unit(self) -> str:
        """What a position of the text is: "character" or "token"."""
        return self.model.vocab.unit


def said(model: Model, other: Model | None, text: str) -> str:
    """Model and text in one line."""
    compared = f", compared with {other.config.name}," if other else ""
    return f"{model.config.name}{compared} reads “{_beginning(text)}”"


def _beginning(text: str) -> str:
    """A text that fits into a line, or as many whole words of it."""
    if len(text) <= _MAX_SAID:
        return in_line(text)
    text = text.lstrip()
    return in_line(text[: len(first_words(re.sub(r"\s", " ", text), _MAX_SAID))]) + "…"


def choose(index: int) -> None:
    """Choose a character of the text: for callbacks, before the page runs again."""
    st.session_state.step = index


def before(text: Sequence[str], position: int, most: int = 16) -> str:
    """The last characters before a position, with invisible ones made visible; tokens whole."""
    start, room = position, most
    while start > 0 and (room := room - len(text[start - 1])) >= 0:
        start -= 1
    return in_line([*(["…"] if start else []), *text[start:position]])


def percent(values: np.ndarray) -> list[float]:
    """Probabilities in per cent, as the numbers of a table."""
    return np.round(100 * values, 2).tolist()


def strip(
    chosen: Chosen, height: int, unit: tuple | None, place: DeltaGenerator, moves: bool, summary: bool = False
) -> None:
    """The text in colours that the reader picks; a click, an arrow key or a digit chooses a position.

    It does so in the browser alone where the strip `moves` the page's place.

    Another model adds the difference to the choice of colours, and `unit`, the result of `internals.unit_colours`,
    the unit. `place` is where the reader picks one. A text that is higher than `height` pixels scrolls. Below it
    are its words, and where wanted a `summary` of what the whole text cost the model.
    """
    reading, other = chosen.reading, chosen.other[1] if chosen.other else None
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
    place.markdown("Colour by", width="content")
    colour = place.pills(
        "Colour by",
        list(colourings),
        key="colour",
        format_func=str.capitalize,
        required=True,
        persist_state="session",
        width="content",
        wrap=True,
        label_visibility="collapsed",
    )
    colouring = colourings[colour]()
    character_strip(
        [*reading.text, along_text.END],
        colouring.shades,
        key="strip",
        label=f"The text, one cell per {chosen.unit}",
        chosen=st.session_state.step,
        on_choose=choose,
        moves=moves,
        values=colouring.values,
        unit=colouring.unit,
        surprises=reading.most_surprising(9),
        scale=colouring.scale,
        swatches=colouring.swatches,
        legend=colouring.legend,
        height=present.taller(height),
        first_position=1,
    )
    with present.details("about-text"):
        keys = (
            f" Click a {chosen.unit}, or use the arrow keys; digits 1 to 9 jump to the greatest surprises. The "
            "empty box at the end is the prediction for what comes next."
        )
        words = colouring.words.replace("character", chosen.unit)
        st.caption(words + (keys if height == TALL else "") + keys_help(reading.text))
        if summary:
            summaries(chosen)
    _coverage(chosen.model, "".join(reading.text))


def _coverage(model: Model, text: str) -> None:
    """How much of the text the model can read, where that is not all of it."""
    found = coverage.of_prompt(text, model.vocab)
    try:
        if said := found.before_figures():
            (st.warning if found.is_little else st.caption)(
                plain(f"{said} Characters that it cannot read have no probability.")
            )
    except CharlabError as problem:
        st.warning(plain(str(problem)))


def summaries(chosen: Chosen) -> None:
    """The reading of each model in one line of numbers."""
    _summary(chosen.reading, chosen.unit, chosen.model.config.name if chosen.other else "")
    if chosen.other and chosen.other_model and chosen.whole_other:
        units = chosen.unit, chosen.other_model.vocab.unit
        _summary(chosen.whole_other, units[1], chosen.other[0])
        if units[0] != units[1]:
            st.caption(
                "One model reads tokens, the other one characters: the surprise at a token is compared with the "
                "sum over its characters. Choose the model with tokens first to see every difference."
            )
        elif chosen.whole_other.text != chosen.reading.text:
            st.caption(
                "The two models read some letters with accents in different forms, as one character or as "
                "several: these are left out where the models are compared."
            )


def _summary(reading: Reading, unit: str, name: str = "") -> None:
    """A reading in one line of numbers, each with its unit."""
    if np.isnan(reading.mean_bits):
        return
    words = (  # U+2011 and U+00A0 keep "top-1 67%" on one line
        f"mean surprise {reading.mean_bits:.2f} bits per {unit} (model expected "
        f"{reading.entropies.mean():.2f}) · top\u20111\u00a0{reading.share_within(1):.0%} (first choice right) · "
        f"top\u201110\u00a0{reading.share_within(10):.0%}"
    )
    st.markdown(plain(f"{name}: {words}" if name else words[0].upper() + words[1:]))


def _surprise(reading: Reading) -> Colouring:
    swatches = [(bits / 8, f"{bits}") for bits in (0, 2, 4, 6)] + [(1.0, "8+ bits")]
    words = "The more a character stands out, the less the model expected it."
    return _cells(len(reading.text), reading.bits, np.minimum(1, reading.bits / 8), "bits", swatches, words)


def _probability(reading: Reading) -> Colouring:
    values = reading.next_probabilities
    swatches = [(1 - p, f"{p:.0%}") for p in (1.0, 0.75, 0.5, 0.25, 0.0)]
    words = "The lower the probability that the model gave a character, the more the character stands out."
    return _cells(len(reading.text), 100 * values, 1 - values, "% probability", swatches, words)


def _rank(reading: Reading) -> Colouring:
    """1, 2 to 5, 6 to 10, rest: as GLTR does for words (Gehrmann et al., 2019)."""
    steps = [(0.0, "1st choice"), (0.35, "2nd to 5th"), (0.65, "6th to 10th"), (1.0, "after the 10th")]
    values = reading.ranks
    shades = np.select(
        [values <= 1, values <= 5, values <= 10, values > 10], [shade for shade, _ in steps], np.nan
    )
    words = "The model's predictions in order of probability: at which rank was the actual character?"
    return _cells(len(reading.text), values, shades, "rank", steps, words)


def _entropy(reading: Reading) -> Colouring:
    swatches = [(bits / 6, f"{bits}") for bits in (0, 2, 4)] + [(1.0, "6+ bits")]
    words = "How uncertain the model was before each character: 0 bits is certain, 1 bit is a coin toss."
    values = reading.entropies  # also known for the prediction after the end
    return _cells(len(reading.text), values, np.minimum(1, values / 6), "bits of entropy", swatches, words)


def _difference(reading: Reading, other: Reading) -> Colouring:
    bits = evidence.difference(reading, other).bits
    most = _MAX_DIFFERENT
    swatches = [
        (-1.0, f"{most:g}+ bits: the other was better"),
        (-0.5, f"{most / 2:g} bits"),
        (0.0, "equal"),
        (0.5, f"{most / 2:g} bits"),
        (1.0, f"{most:g}+ bits: this model was better"),
    ]
    words = "The difference between the two models' surprise at each character, in bits."
    return _cells(
        len(reading.text), bits, np.clip(bits / most, -1, 1), "bits of difference", swatches, words, "diverging"
    )


def _unit(colours: tuple[list, list, tuple[str, str], str], length: int) -> Colouring:
    values, shades, legend, unit = colours
    words = "The state of the unit chosen under “Look inside”, after each character."
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
    """A value and a shade for each cell of a text and its end; the first character has no prediction."""
    cells = [_padded([None, *map(float, numbers)], length) for numbers in (values, shades)]
    return Colouring(*cells, unit, swatches, scale, words)


def _padded(cells: list, length: int) -> list:
    """One cell for each character of a text of that length, and one for its end."""
    return [*cells, *[None] * (length + 1 - len(cells))]
