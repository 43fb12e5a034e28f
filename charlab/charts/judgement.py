"""Figures of the grammar lab: the judgement after each letter, how far memory reaches, and what a language model
expects next against what the grammar allows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from charlab.charts.along_text import END
from charlab.charts.base import (
    ACTUAL,
    MODEL,
    QUIET,
    SEQUENTIAL,
    SMALLEST,
    Figure,
    character_axis,
    column_outline,
    empty_figure,
    rounded,
)
from charlab.core.display import visible


def judgement_figure(text: str, good: Sequence[float], chosen: int, first_wrong: int | None = None) -> Figure:
    """The probability that a string is good if it ended after each of its letters [T], as bars; the column of the
    chosen letter is outlined, and the first letter that the grammar does not allow is marked."""
    figure = empty_figure("good", None)
    positions = list(range(1, len(text) + 1))
    figure.add_bar(
        x=positions,
        y=rounded(good),
        marker={"color": MODEL},
        hovertemplate="position %{x:d}: %{y:.1%}<extra></extra>",
        showlegend=False,
    )
    if first_wrong is not None:
        figure.add_annotation(
            **_label("not allowed here", first_wrong + 1, 1.0),
            xanchor=_side(first_wrong, len(text)),
            yanchor="top",
        )
        figure.add_vline(x=first_wrong + 1, line={"color": ACTUAL, "width": 2, "dash": "dot"})
    figure.add_shape(**column_outline(chosen))
    figure.add_hline(y=0.5, line={"color": QUIET, "width": 1})
    figure.update_layout(margin={"t": 8}, bargap=0.25, clickmode="event")
    figure.update_xaxes(**character_axis(text, range(len(text)), ""))
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%", tickvals=[0, 0.5, 1])
    return figure


def memory_figure(distances: Sequence[int], accuracies: Sequence[float], longest: int) -> Figure:
    """How well a letter is remembered: accuracy, 0 to 1, against the letters in between. A grey line is mere
    guessing, another the `longest` string that training had."""
    figure = empty_figure("accuracy, %", "letters between the second letter and the last but one")
    figure.add_scatter(
        x=list(distances),
        y=rounded([100 * share for share in accuracies], 1),
        mode="lines+markers",
        line={"color": MODEL, "width": 2},
        marker={"size": 7},
        hovertemplate="over %{x:d} letters: %{y:.0f}%<extra></extra>",
        showlegend=False,
    )
    figure.add_hline(y=50, line={"color": QUIET, "width": 1})
    figure.add_vline(x=longest, line={"color": QUIET, "width": 1, "dash": "dot"})
    figure.add_annotation(**_label("guessing", max(distances), 50), xanchor="right", yanchor="bottom")
    figure.add_annotation(**_label("longest in training", longest, 100), xanchor="left", yanchor="bottom")
    figure.update_layout(margin={"t": 26})
    figure.update_yaxes(range=[40, 104])
    figure.update_xaxes(rangemode="tozero")
    return figure


def allowed_figure(text: str, letters: Sequence[str], probabilities: np.ndarray, allowed: np.ndarray) -> Figure:
    """What a language model expects at each position of a string, and one past its end: `probabilities` [T + 1, V]
    of the `letters`, as a heatmap. Squares mark what the grammar allows there, `allowed` [T + 1, V]."""
    figure = empty_figure("next letter", None)
    figure.add_heatmap(
        x=list(range(1, len(text) + 2)),
        y=list(range(len(letters))),
        z=rounded(probabilities.T),
        coloraxis="coloraxis",
        xgap=1,
        ygap=1,
        hovertemplate="position %{x:d}<br>%{y}: %{z:.1%}<extra></extra>",
        showlegend=False,
    )
    places, rows = np.nonzero(allowed)
    figure.add_scatter(
        x=(places + 1).tolist(),
        y=rows.tolist(),
        mode="markers",
        marker={"symbol": "square-open", "size": 15, "color": ACTUAL, "line": {"width": 2}},
        name="allowed by the grammar",
        hoverinfo="skip",
    )
    figure.update_layout(
        margin={"t": 34},
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        coloraxis={
            "colorscale": SEQUENTIAL,
            "cmin": 0,
            "cmax": 1,
            "colorbar": {"title": {"text": "probability", "side": "right"}, "tickformat": ".0%", "thickness": 10},
        },
    )
    figure.update_xaxes(**character_axis([*text, END], range(len(text) + 1), "letter at each position"))
    figure.update_yaxes(
        tickvals=list(range(len(letters))), ticktext=[visible(letter) for letter in letters], showgrid=False
    )
    return figure


def _label(text: str, x: float, y: float) -> dict[str, Any]:
    return {"text": text, "x": x, "y": y, "showarrow": False, "font": {"color": QUIET, "size": SMALLEST}}


def _side(place: int, length: int) -> str:
    """On which side of a column its label has room."""
    return "left" if place < length / 2 else "right"
