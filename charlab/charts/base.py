"""What all figures share: colours, an empty figure, rounded numbers, literal texts, columns of characters.

Figures are pure: data in, figure out. Colours are names of CSS variables, which the page's theme fills in
(pages/parts/shared/chart.js), so one figure serves light and dark. Plotly interprets texts as a kind of HTML:
everything that comes from a person or a model goes through `literal`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from charlab.core.display import isolated, visible, without_turns

Figure = go.Figure

MODEL = "var(--st-blue-color)"  # model probability
SAMPLING = "var(--st-chart-sequential-colors-5)"  # sampling probability (after temperature, top-k and top-p)
ACTUAL = "var(--st-orange-color)"  # the actual character
TRAINING = "var(--st-green-color)"
VALIDATION = "var(--st-violet-color)"
QUIET = "var(--st-gray-color)"  # reference lines, earlier runs
INK = "var(--st-text-color)"
CLEAR = "rgba(0,0,0,0)"
# Ten steps from the page's background to the deepest hue.
SEQUENTIAL = [[i / 9, f"var(--st-chart-sequential-colors-{i})"] for i in range(10)]

SMALLEST = 12  # pixels: no letter in a figure is smaller


def literal(text: str) -> str:
    """A text escaped for Plotly, so that tags, links and entities in it are shown and not interpreted.

    Text that is read from right to left stays apart from the words around it, and nothing can turn these around.
    """
    text = isolated(without_turns(text))
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def empty_figure(y_title: str | None, x_title: str | None) -> go.Figure:
    """An empty figure that leaves fonts, grid and ink to the page's theme and keeps the reader's zoom."""
    return go.Figure(layout=plain_layout(y_title, x_title))


def plain_layout(y_title: str | None, x_title: str | None) -> dict[str, Any]:
    """The layout of `empty_figure` as a dictionary of Plotly's JSON."""
    return {
        "template": {"data": {"scatter": [{"type": "scatter"}]}},
        "uirevision": "fixed",
        "autosize": True,
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "margin": {"l": 10, "r": 10, "t": 40, "b": 10},
        "legend": {"orientation": "h", "x": 0, "y": 0, "yanchor": "bottom", "yref": "container"},
        "xaxis": {"title": {"text": x_title or ""}, "automargin": True},
        "yaxis": {"title": {"text": y_title or ""}, "automargin": True},
    }


def rounded(values: Any, decimals: int = 4) -> list:
    """Plain rounded numbers, NaN as None: small JSON, and no binary arrays in it."""
    array = np.round(np.asarray(values, dtype=float), decimals)
    result = array.astype(object)
    result[np.isnan(array)] = None
    return result.tolist()


def window(length: int, step: int, most: int) -> range:
    """At most `most` of `length` steps, with the given one in the middle where the ends of the text allow it."""
    first = min(max(0, step - most // 2), max(0, length - most))
    return range(first, min(length, first + most))


def column_outline(index: int) -> dict[str, Any]:
    """A shape: the outline of the column of one character, over the whole height of a figure."""
    return {
        "type": "rect",
        "x0": index + 0.5,
        "x1": index + 1.5,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"color": INK, "width": 1.5},
    }


def positions(indices: range) -> list[int]:
    """The positions of some characters of a text, as people count them: the first character has position 1."""
    return [index + 1 for index in indices]


def character_axis(text: Sequence[str], indices: range, title: str) -> dict[str, Any]:
    """An x axis with one column per character of a part of a text: x is its position, its label the character.

    Columns run from left to right in any script, as in every chart; an arrow says so where the text does not.
    """
    shown = "".join(text[indices.start : indices.stop])
    return {
        "title": f"{title} →" if isolated(shown) != shown else title,
        "tickvals": positions(indices),
        "ticktext": [literal(visible(text[t])) for t in indices],
        "tickangle": 0,
        "tickfont": {"family": "monospace"},
        "showgrid": False,
        "zeroline": False,
        "range": [indices.start + 0.5, indices.stop + 0.5],
    }
