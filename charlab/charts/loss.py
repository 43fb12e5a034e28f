"""Loss curves: one run, runs to compare with, and labelled reference lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import plotly.graph_objects as go

from charlab.charts.base import QUIET, SMALLEST, TRAINING, VALIDATION, empty_figure, literal, rounded
from charlab.errors import ConfigError
from charlab.runs.diagnosis import NATS

X = TypeVar("X", bound=float)  # steps or epochs: whole numbers stay whole
MAX_POINTS = 1000
_LABEL_SHARE = 0.05  # of a chart's height that a line's label takes
ACCURACY = "accuracy"  # drawn instead of a loss
_X_TITLES = {"steps": "steps", "epochs": "epochs", "seconds": "seconds of training"}
_X_FIELDS = {"steps": "step", "epochs": "epoch", "seconds": "seconds"}


def thin(x: Sequence[X], y: Sequence[float], most: int = MAX_POINTS) -> tuple[list[X], list[float]]:
    """At most `most` points of a line: the lowest and the highest of each interval, so that no spike is lost."""
    if len(x) <= most:
        return list(x), list(y)
    heights = np.array([math.nan if value is None else value for value in y], dtype=float)
    kept = {0, len(x) - 1}
    for stretch in np.array_split(np.arange(len(x)), max(1, (most - 2) // 2)):
        values = heights[stretch]
        if not np.isnan(values).all():
            kept |= {int(stretch[np.nanargmin(values)]), int(stretch[np.nanargmax(values)])}
    order = sorted(kept)
    return [x[i] for i in order], [y[i] for i in order]


def loss_figure(
    runs: Sequence[dict[str, Any]],
    unit: str = "nats",
    x: str = "steps",
    reference_lines: Sequence[tuple[str, float]] = (),
) -> go.Figure:
    """Loss curves: training solid, validation dashed with markers; runs after the first in grey.

    With the unit "accuracy" the figure shows the share of characters predicted correctly, in percent, and leaves
    out the reference lines, which are losses.

    A run is {"label": str, "events": [...]} with events as in metrics.jsonl; a single run needs no label.
    Reference lines are pairs of a name and a loss in nats. Raises ConfigError for an unknown unit or x axis.
    """
    if unit not in (*NATS, ACCURACY):
        raise ConfigError(f"Loss is drawn in {', '.join(NATS)} or as {ACCURACY}. Received: {unit!r}.")
    if x not in _X_FIELDS:
        raise ConfigError(f"Loss is drawn over {', '.join(_X_FIELDS)}. Received: {x!r}.")
    title = "accuracy, %" if unit == ACCURACY else f"loss, {unit} per character"
    figure = empty_figure(title, _X_TITLES[x])
    for index, run in reversed(list(enumerate(runs))):  # this run last, on top
        for wanted in ("training", "validation"):
            points = _loss_points(run["events"], wanted, _X_FIELDS[x], unit)
            if points[0]:
                figure.add_trace(_loss_line(run["label"], points, wanted, index, unit))
    if unit in NATS:
        _add_references(figure, [(name, nats / NATS[unit]) for name, nats in reference_lines])
    figure.update_layout(hovermode="x unified", uirevision=f"{unit} over {x}", margin={"t": 14})
    figure.update_xaxes(rangemode="tozero")
    return figure


def _loss_points(
    events: Sequence[dict[str, Any]], wanted: str, field: str, unit: str
) -> tuple[list[float], list[float]]:
    kind, key = ("step", "loss") if wanted == "training" else ("epoch", "val_loss")
    if unit == ACCURACY:
        key = key.replace("loss", "accuracy")
    factor = 100 if unit == ACCURACY else 1 / NATS[unit]
    there = [e for e in events if e.get("event") == kind and e.get(key) is not None and e.get(field) is not None]
    return thin([e[field] for e in there], rounded([e[key] * factor for e in there]))


def _loss_line(label: str, points: tuple, wanted: str, index: int, unit: str) -> go.Scatter:
    earlier = index > 0
    hue = QUIET if earlier else {"training": TRAINING, "validation": VALIDATION}[wanted]
    return go.Scatter(
        x=points[0],
        y=points[1],
        name=literal(f"{label}: {wanted}" if label else wanted),
        mode="lines" if wanted == "training" else "lines+markers",
        line={"color": hue, "width": 1 if earlier else 2, "dash": "solid" if wanted == "training" else "dash"},
        marker={"size": 4 if earlier else 7},
        opacity=0.8 if earlier else 1,
        hovertemplate="%{y:.1f}%" if unit == ACCURACY else f"%{{y:.3f}} {unit}",
        legendrank=index,
    )


def _add_references(figure: go.Figure, lines: list[tuple[str, float]]) -> None:
    """Thin labelled lines; the labels of lines that are close together are stacked."""
    heights = [float(y) for trace in figure.data for y in trace.y] + [value for _, value in lines]
    close = _LABEL_SHARE * (max(heights, default=0) - min(heights, default=0))
    groups: list[list[tuple[str, float]]] = []
    for name, value in sorted(lines, key=lambda line: -line[1]):
        figure.add_hline(y=value, line={"color": QUIET, "width": 1})
        if groups and groups[-1][-1][1] - value <= close:
            groups[-1].append((name, value))
        else:
            groups.append([(name, value)])
    for group in groups:
        figure.add_annotation(
            x=1,
            xref="x domain",
            xanchor="right",
            y=group[0][1],
            yanchor="bottom",
            showarrow=False,
            align="right",
            text="<br>".join(literal(f"{name} {value:.2f}") for name, value in group),
            font={"color": QUIET, "size": SMALLEST},
        )
