"""Figures of a judge of reviews: its judgement along a text, padding that is read, a map of words, few labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from charlab.charts.base import (
    ACTUAL,
    INK,
    MODEL,
    QUIET,
    SMALLEST,
    Figure,
    column_outline,
    empty_figure,
    literal,
    rounded,
)
from charlab.charts.internals import DIVERGING

_LABELLED = 36  # words of a map whose names are drawn; all others are named where the pointer rests


def review_figure(
    words: Sequence[str], after: Sequence[float], contributions: Sequence[float], chosen: int
) -> Figure:
    """One column per word [T]: above, the probability that the text is positive if it ended there; below, by how
    many percentage points the whole text's probability falls without that word. The chosen word is outlined."""
    figure = empty_figure("positive, %", None)
    places, names = list(range(1, len(words) + 1)), [literal(word) for word in words]
    figure.add_scatter(
        x=places,
        y=rounded([100 * share for share in after], 1),
        mode="lines+markers",
        line={"color": MODEL, "width": 2},
        marker={"size": 7},
        text=names,
        hovertemplate="after “%{text}”: %{y:.0f}% positive<extra></extra>",
        showlegend=False,
    )
    points = [100 * share for share in contributions]
    figure.add_bar(
        x=places,
        y=rounded(points, 1),
        yaxis="y2",
        marker={"color": rounded(points, 1), "coloraxis": "coloraxis"},
        text=names,
        textposition="none",
        hovertemplate="“%{text}” contributes %{y:+.1f} points<extra></extra>",
        showlegend=False,
    )
    limit = max(5.0, *(abs(point) for point in points))
    figure.add_shape(**column_outline(chosen))
    figure.add_shape(**_line(50, "y"))
    figure.add_shape(**_line(0, "y2"))
    figure.update_layout(
        coloraxis={"colorscale": DIVERGING, "cmin": -limit, "cmax": limit, "showscale": False},
        bargap=0.25,
        clickmode="event",
        margin={"t": 8},
        yaxis={"domain": [0.56, 1], "range": [-4, 104], "tickvals": [0, 50, 100]},
        yaxis2={
            "domain": [0, 0.46],
            "title": {"text": "contributes, points"},
            "range": [-1.15 * limit, 1.15 * limit],
            "automargin": True,
            "anchor": "x",
        },
    )
    figure.update_xaxes(
        **word_ticks(words, 68), showgrid=False, zeroline=False, range=[0.5, len(words) + 0.5], anchor="y2"
    )
    return figure


def padding_figure(masked: float, read: Sequence[float], in_training: int) -> Figure:
    """The judgement of one text against the zeros behind it that are read, 0 to n [n + 1]: without masking all
    are, and with it none, so that the judgement stays. `in_training` is how many this text had there."""
    figure = empty_figure("positive, %", "zeros behind the text that are read as words")
    lines = {
        "padding is read": (read, ACTUAL, "solid"),
        "masking stops there": ([masked] * len(read), MODEL, "dash"),
    }
    for name, (values, hue, dash) in lines.items():
        figure.add_scatter(
            x=list(range(len(read))),
            y=rounded([100 * share for share in values], 1),
            mode="lines",
            name=name,
            line={"color": hue, "width": 3, "dash": dash},
            hovertemplate="%{x:d} zeros: %{y:.0f}%",
        )
    figure.add_shape(**_line(50, "y"))
    figure.add_vline(x=in_training, line={"color": QUIET, "width": 1, "dash": "dot"})
    figure.add_annotation(**_label("a row in training ends here", in_training, 100), xanchor="right")
    figure.update_layout(margin={"t": 26}, hovermode="x unified")
    figure.update_yaxes(range=[-4, 104])
    return figure


def map_figure(
    words: Sequence[str], points: np.ndarray, tones: Sequence[float], chosen: int, near: Sequence[int], title: str
) -> Figure:
    """Words on a plane [n, 2], coloured by what the network makes of each alone (`tones`, 0 negative to 1
    positive). The chosen word, the words nearest to it and the most extreme ones have their names drawn."""
    figure = empty_figure("second axis", "first axis")
    figure.add_scatter(
        x=rounded(points[:, 0], 3),
        y=rounded(points[:, 1], 3),
        mode="markers",
        marker={"size": 7, "color": rounded(tones, 3), "coloraxis": "coloraxis", "line": {"width": 0}},
        text=[literal(word) for word in words],
        hovertemplate="%{text}: %{marker.color:.0%} positive by itself<extra></extra>",
        showlegend=False,
    )
    named = _named(points, tones, [chosen, *near])
    for place in named:
        is_near = place == chosen or place in near
        figure.add_annotation(
            x=float(points[place, 0]),
            y=float(points[place, 1]),
            text=f"<b>{literal(words[place])}</b>" if place == chosen else literal(words[place]),
            showarrow=False,
            yshift=10,
            font={"size": SMALLEST + (2 if is_near else 0), "color": INK if is_near else QUIET},
        )
    figure.update_layout(
        coloraxis={"colorscale": DIVERGING, "cmin": 0, "cmax": 1, "showscale": False},
        clickmode="event",
        margin={"t": 40},
        title={"text": title, "font": {"size": 15}},
        uirevision=title,
    )
    figure.update_xaxes(zeroline=False, showticklabels=False)
    figure.update_yaxes(zeroline=False, showticklabels=False)
    return figure


@dataclass(frozen=True)
class Accuracies:
    """Accuracies, 0 to 1, by the number of labels: on the test set, and on what was learned from."""

    labels: Sequence[str]
    test: Sequence[float]
    training: Sequence[float]


def labels_figure(lines: Mapping[str, Accuracies], own: Mapping[str, Accuracies]) -> Figure:
    """Accuracy against the number of labels, a hue per line: on the test set solid, on the training set dotted.
    Single runs of one's `own` are drawn as diamonds in the hue of their line."""
    figure = empty_figure("accuracy, %", "sentences with a label")
    for (name, one), hue, symbol in zip(lines.items(), (MODEL, ACTUAL), ("circle", "square"), strict=False):
        for part, values, dash in (("test", one.test, "solid"), ("training", one.training, "dot")):
            figure.add_scatter(
                x=list(one.labels),
                y=rounded([100 * value for value in values], 1),
                mode="lines+markers",
                name=literal(f"{name}, {part}"),
                line={"color": hue, "width": 3 if part == "test" else 1, "dash": dash},
                marker={"size": 9 if part == "test" else 5, "symbol": symbol},
                hovertemplate="%{y:.1f}%",
            )
        if mine := own.get(name):
            figure.add_scatter(
                x=list(mine.labels),
                y=rounded([100 * value for value in mine.test], 1),
                mode="markers",
                name=literal(f"{name}, your runs"),
                marker={"size": 13, "symbol": "diamond-open", "color": hue, "line": {"width": 3}},
                hovertemplate="%{y:.1f}%",
            )
    figure.add_shape(**_line(50, "y"))
    figure.update_layout(margin={"t": 10}, hovermode="x unified")
    figure.update_yaxes(range=[48, 102])
    figure.update_xaxes(type="category")
    return figure


def word_ticks(words: Sequence[str], room: int) -> dict[str, Any]:
    """The words below columns of equal width, with room for so many letters side by side: turned where they are
    longer, and of many words only every second, third and so on."""
    every = -(-2 * len(words) // room)
    places = range(0, len(words), every)
    return {
        "tickvals": [place + 1 for place in places],
        "ticktext": [literal(words[place]) for place in places],
        "tickangle": 0 if max(map(len, words)) * len(words) <= room else -40,
    }


def _named(points: np.ndarray, tones: Sequence[float], first: Sequence[int]) -> list[int]:
    """Which words have their names drawn: the first ones, then the most extreme where there is room."""
    span = np.maximum(np.ptp(points, axis=0), 1e-9)
    order = [*first, *np.argsort(-np.abs(np.asarray(tones) - 0.5), kind="stable").tolist()]
    chosen: list[int] = []
    for place in order:
        far = [np.abs((points[place] - points[other]) / span) for other in chosen]
        if place not in chosen and all(away[0] > 0.09 or away[1] > 0.045 for away in far):
            chosen.append(place)
        if len(chosen) == _LABELLED:
            break
    return chosen


def _line(height: float, axis: str) -> dict[str, Any]:
    across = {"x0": 0, "x1": 1, "xref": "paper", "y0": height, "y1": height, "yref": axis}
    return {"type": "line", **across, "line": {"color": QUIET, "width": 1}}


def _label(text: str, x: float, y: float) -> dict[str, Any]:
    font = {"color": QUIET, "size": SMALLEST}
    return {"text": text, "x": x, "y": y, "yanchor": "bottom", "showarrow": False, "font": font}
