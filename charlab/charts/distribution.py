"""The distribution over next characters: as bars, and as segments from 0 to 1 from which a random number picks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from charlab.charts.base import ACTUAL, CLEAR, INK, MODEL, SAMPLING, SMALLEST, literal, plain_layout, rounded
from charlab.core.display import named, visible

MAX_BARS = 15
SEGMENT_COLOURS = (
    "var(--st-chart-sequential-colors-2)",
    SAMPLING,
    ACTUAL,
)  # one and the next, and the chosen one's line
MIN_SEGMENT = 0.0005  # of the cumulative probability: half a pixel
MIN_LABELLED = 0.03  # wide enough for a letter on a phone
_GLIDE = 200  # milliseconds that the marker of the random number takes to its new position


def bars_figure(
    characters: Sequence[str],
    model_probabilities: np.ndarray,
    sampling_probabilities: np.ndarray | None = None,
    actual: int | None = None,
    title: str = "",
    most: int = MAX_BARS,
    mark: str = "actual",
) -> go.Figure:
    """The `most` likely next characters as bars, the actual one among them however unlikely it is.

    `characters` are those of the ids, `model_probabilities` [V] the model's, `sampling_probabilities` [V] those
    after temperature, top-k and top-p, `actual` the id of the actual next character, `mark` the word at its bar.
    Bars that top-k and top-p remove are hatched.
    """
    return go.Figure(bars(characters, model_probabilities, sampling_probabilities, actual, title, most, mark))


def bars(
    characters: Sequence[str],
    model_probabilities: np.ndarray,
    sampling_probabilities: np.ndarray | None,
    actual: int | None,
    title: str,
    most: int,
    mark: str = "actual",
) -> dict[str, Any]:
    """The same as Plotly's JSON, for bars that follow a slider: building a Figure takes some 7 ms."""
    model = np.asarray(model_probabilities, dtype=float)
    sampling = None if sampling_probabilities is None else np.asarray(sampling_probabilities, dtype=float)
    greatest = model if sampling is None else np.maximum(model, sampling)
    shown = [int(i) for i in np.argsort(-greatest, kind="stable")[:most]]
    if actual is not None and actual not in shown:
        shown[-1] = actual
    heights = list(range(len(shown)))
    marks = [f" <b>{literal(mark)}</b>" if i == actual else "" for i in shown]
    drawn = {
        "type": "bar",
        "orientation": "h",
        "y": heights,
        "textposition": "outside",
        "cliponaxis": False,
        "constraintext": "none",
        "textangle": 0,
        "customdata": [literal(named(characters[i])) for i in shown],
    }
    outline = {
        "color": [ACTUAL if i == actual else CLEAR for i in shown],
        "width": [2.5 if i == actual else 0 for i in shown],
    }

    rows = [
        {
            "name": "model probability",
            "offsetgroup": "model",
            "x": rounded(model[shown], 6),
            "marker": {"color": MODEL, "line": outline},
            "textfont": {"size": SMALLEST, "color": [ACTUAL if i == actual else INK for i in shown]},
            "text": [f"{_share(model[i])}{mark}" for i, mark in zip(shown, marks, strict=True)],
            "hovertemplate": "%{customdata}: %{x:.2%}<extra>model probability</extra>",
        }
    ]
    if sampling is not None:
        rows += _sampling_bars(model[shown], sampling[shown])
    ceiling = next((limit for limit in (0.25, 0.5) if greatest.max() <= limit), 1.0)
    layout = plain_layout(None, "probability")
    layout |= {
        "title": {"text": literal(title)},
        "barmode": "overlay" if sampling is None else "group",
        "bargap": 0.2,
        "bargroupgap": 0.05,
        "showlegend": sampling is not None,
    }
    layout["xaxis"] |= {
        "range": [0, ceiling * (1.18 if actual is None else 1.3)],
        "tickformat": ".0%",
        "tickangle": 0,
        "tickvals": rounded(np.linspace(0, ceiling, 6)),
    }
    layout["yaxis"] |= {
        "tickvals": heights,
        "ticktext": [literal(named(characters[i])) for i in shown],
        "tickfont": {"family": "monospace"},
        "range": [len(shown) - 0.4, -0.6],
        "showgrid": False,
        "zeroline": False,
    }
    return {"data": [drawn | row for row in rows], "layout": layout}


def sampling_chart(
    characters: Sequence[str], sampling_probabilities: np.ndarray, uniform: float, chosen: int
) -> dict[str, Any]:
    """The sampling probabilities [V] as segments side by side from 0 to 1, in the order of the alphabet.

    In Plotly's JSON, for what is drawn at each step: building a Figure takes some 7 ms.

    The random number `uniform` is marked, and the segment of the character `chosen` is outlined. Wide segments
    are labelled; those too thin to be seen are left as a gap.

    The page lets the marker glide to a new number (`meta`). Plotly's own transition would move the segments as
    well: it matches them by their order, so that a part of the bar is missing until all have their new widths.
    """
    sampling = np.asarray(sampling_probabilities, dtype=float)
    starts = np.cumsum(sampling) - sampling
    shown = [i for i in range(len(sampling)) if sampling[i] >= MIN_SEGMENT or i == chosen]
    bar = {
        "type": "bar",
        "orientation": "h",
        "y": [0] * len(shown),
        "x": rounded(sampling[shown], 6),
        "base": rounded(starts[shown], 6),
        "width": 1,
        "marker": {
            "color": [SEGMENT_COLOURS[segment % 2] for segment in range(len(shown))],
            "line": {
                "color": [ACTUAL if i == chosen else SAMPLING for i in shown],
                "width": [3 if i == chosen else 1 for i in shown],
            },
        },
        "text": [_segment_label(characters[i], sampling[i]) for i in shown],
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "constraintext": "none",
        "textfont": {"size": 13, "color": INK, "family": "monospace"},
        "customdata": [literal(named(characters[i])) for i in shown],
        "name": "",
        "showlegend": False,
        "hovertemplate": "%{customdata}: probability %{x:.2%}<extra></extra>",
    }
    marker = {
        "type": "scatter",
        "x": [round(uniform, 6)] * 2,
        "y": [0.85, -0.5],
        "mode": "lines+markers",
        "line": {"color": INK, "width": 2},
        "marker": {"symbol": ["triangle-down", "circle"], "size": [14, 5], "color": INK},
        "showlegend": False,
        "name": "",
        "hovertemplate": "random number %{x:.4f}<extra></extra>",
    }
    told = {
        "x": uniform,
        "y": 0.95,
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"color": INK, "size": SMALLEST},
        "text": f"{uniform:.3f} falls on <b>{literal(named(characters[chosen]))}</b>",
        "xanchor": "left" if uniform < 0.25 else "right" if uniform > 0.75 else "center",
    }
    layout = plain_layout(None, "cumulative probability")
    layout |= {"annotations": [told], "bargap": 0, "meta": {"glide": _GLIDE}}
    layout["margin"] |= {"t": 10}
    layout["xaxis"] |= {"range": [-0.01, 1.01], "tickvals": [0, 0.25, 0.5, 0.75, 1], "fixedrange": True}
    layout["xaxis"] |= {"showgrid": False, "zeroline": False}
    layout["yaxis"] |= {"visible": False, "range": [-0.6, 1.4], "fixedrange": True}
    return {"data": [bar, marker], "layout": layout}


def _sampling_bars(model: np.ndarray, sampling: np.ndarray) -> list[dict[str, Any]]:
    """A second row of lighter bars: the sampling probabilities, hatched where top-k or top-p removes one."""
    cut = (sampling == 0) & (model > 0)
    kept = {
        "name": "sampling probability",
        "offsetgroup": "sampling",
        "x": rounded(sampling, 6),
        "marker": {"color": SAMPLING},
        "textfont": {"size": SMALLEST},
        "text": ["" if gone else _share(p) for p, gone in zip(sampling, cut, strict=True)],
        "hovertemplate": "%{customdata}: %{x:.2%}<extra>sampling probability</extra>",
    }
    hatched = {
        "name": "cut off",
        "offsetgroup": "sampling",
        "x": rounded(np.where(cut, model, 0), 6),
        "marker": {
            "color": CLEAR,
            "line": {"color": MODEL, "width": np.where(cut, 0.5, 0).tolist()},
            "pattern": {"shape": "/", "fgcolor": MODEL, "bgcolor": CLEAR, "size": 6, "solidity": 0.25},
        },
        "textfont": {"size": SMALLEST},
        "text": ["cut off" if gone else "" for gone in cut],
        "hovertemplate": "%{customdata}: cut off<extra></extra>",
    }
    return [kept, hatched] if cut.any() else [kept]


def _segment_label(character: str, probability: float) -> str:
    """A character's name in a wide segment, the character alone in a narrower one, nothing in a thin one."""
    if probability < MIN_LABELLED:
        return ""
    return literal(named(character) if probability > 0.2 else visible(character))


def _share(probability: float) -> str:
    """A probability in per cent as the label of a bar, as it is in sentences: "81.2%", "0.4%", "<0.1%"."""
    return literal("<0.1%") if 0 < probability < 0.0005 else f"{probability:.1%}"
