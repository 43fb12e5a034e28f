"""A language model on the Reber grammar: what it expects at each position, and what the grammar allows there."""

from __future__ import annotations

import numpy as np
import streamlit as st

from charlab.charts import judgement
from charlab.core.reading import Reading, explain
from charlab.labs.reber import data
from charlab.runs.models import Model, load
from pages.parts.shared import chart, present

MODEL = "reber-gru"  # a built-in model
_LETTERS = (*data.LETTERS, "\n")


def show(text: str) -> None:
    """The chart of a string of capital letters, its figures, and the way to the Explainer."""
    reading = _read(text)
    probabilities, allowed = _of_positions(reading)
    chart.plotly_chart(
        judgement.allowed_figure(text, _LETTERS, probabilities, allowed),
        key="allowed",
        label="What the model expects at each position of the string; squares mark what the grammar allows",
        height=present.taller(340),
        filename="allowed",
    )
    _figures(text, probabilities, allowed)
    with present.details("about-predictions"):
        st.caption(
            "This model was trained on lines of such strings, to predict the next character. Nobody told it the "
            "grammar. ↵ is the end of a line. Before the first letter it has read the end of a line."
        )
        query = {"model": MODEL, "text": reading.text, "step": len(text)}
        st.page_link(
            "explainer.py",
            label="Look at this string in the Explainer",
            icon=":material/search_insights:",
            query_params=query,
        )


def _figures(text: str, probabilities: np.ndarray, allowed: np.ndarray) -> None:
    """How much probability goes to what the grammar does not allow, where the grammar says anything."""
    known = allowed.any(axis=1)
    forbidden = np.where(allowed, 0, probabilities).sum(axis=1)[known]
    words = f"**{forbidden.mean():.1%} of the probability goes to letters that the grammar does not allow**"
    words += f" (at the worst position {forbidden.max():.1%})."
    last = len(text) - 2
    if data.is_good(text):
        remembered = probabilities[last, data.LETTERS.index(text[1])]
        words += f" {text[1]} at position {last + 1}, to be remembered over {len(text) - 4} letters, "
        words += f"gets {remembered:.1%}."
    elif not known.all():
        place = int(np.argmin(known))
        words += (
            f" The grammar does not allow {text[place - 1]} at position {place}: after it, no letter is right."
        )
    st.markdown(words)


def _read(text: str) -> Reading:
    """The string on a line of its own: the model begins with the end of the line before."""
    model = _model()
    return explain(model.predictor, model.vocab, f"\n{text}")


@st.cache_resource(show_spinner=False)
def _model() -> Model:
    return load(MODEL)


def _of_positions(reading: Reading) -> tuple[np.ndarray, np.ndarray]:
    """The probability of each letter at each position of the string and after its end, and whether the grammar
    allows it there: [T + 1, V] each."""
    ids = _model().vocab.encode("".join(_LETTERS))
    follow = [data.allowed_after(reading.text[: place + 1]) for place in range(len(reading.text))]
    return reading.probabilities[:, ids], np.array(
        [[letter in allowed for letter in _LETTERS] for allowed in follow]
    )
