"""Loss curves: one run, runs to compare with, and labelled reference lines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from charlab.charts.base import (
    ACTUAL,
    INK,
    MODEL,
    QUIET,
    SMALLEST,
    TRAINING,
    VALIDATION,
    literal,
    plain_layout,
    rounded,
)
from charlab.errors import ConfigError
from charlab.runs.diagnosis import NATS

X = TypeVar("X", bound=float)  # steps or epochs: whole numbers stay whole
MAX_POINTS = 1000
_LABEL_SHARE = 0.05  # of a chart's height that a line's label takes
ACCURACY = "accuracy"  # drawn instead of a loss
_FURTHER = (  # hue and marker of the further accuracies of each run
    (ACTUAL, "circle"), (MODEL, "square"), ("var(--st-red-color)", "diamond"), (QUIET, "triangle-up"),
    (TRAINING, "star"), (VALIDATION, "x"), (INK, "cross"), ("var(--st-yellow-color)", "pentagon"),
)  # fmt: skip
_MARGIN = {"l": 56, "r": 12, "t": 0, "b": 52}  # pixels, for numbers and titles of the axes
_X_TITLES = {"steps": "steps", "epochs": "epochs", "seconds": "seconds of training"}
_X_FIELDS = {"steps": "step", "epochs": "epoch", "seconds": "seconds"}


def thin(x: Sequence[X], y: Sequence[float], most: int = MAX_POINTS) -> tuple[list[X], list[float]]:
    """At most `most` points of a line: the lowest and the highest of each interval, so that no spike is lost."""
    if len(x) <= most:
        return list(x), list(y)
    heights = np.array([math.nan if value is None else value for value in y], dtype=float)
    intervals = max(1, (most - 2) // 2)
    length, longer = divmod(len(x), intervals)  # so many of them are longer by one
    kept = {0, len(x) - 1}
    for first, count, size in ((0, longer, length + 1), (longer * (length + 1), intervals - longer, length)):
        values = heights[first : first + count * size].reshape(count, size)
        starts = np.arange(first, first + count * size, size)[~np.isnan(values).all(axis=1)]
        values = values[~np.isnan(values).all(axis=1)]
        kept.update((starts + np.where(np.isnan(values), np.inf, values).argmin(axis=1)).tolist())
        kept.update((starts + np.where(np.isnan(values), -np.inf, values).argmax(axis=1)).tolist())
    order = sorted(kept)
    return [x[i] for i in order], [y[i] for i in order]


def loss_chart(
    runs: Sequence[dict[str, Any]],
    unit: str = "nats",
    x: str = "steps",
    reference_lines: Sequence[tuple[str, float]] = (),
    *,
    accuracy_lines: Sequence[tuple[str, float]] = (),
    further: Mapping[str, str] = {},
    one: str = "character",
    grows: bool = False,
) -> dict[str, Any]:
    """Loss curves, as a dictionary of Plotly's JSON: it is made anew while a run trains, twenty times as fast as a
    figure. Training solid, validation dashed with markers; runs after the first in grey.

    The axes of a run that `grows` reach further than its lines, in steps: from one figure to the next the lines
    differ, now and then the reach of an axis, and seldom all else. chart.js draws only what differs.

    With the unit "accuracy" the figure shows the share of characters predicted correctly, in percent, and leaves
    out the reference lines, which are losses.

    A run is {"label": str, "events": [...]} with events as in metrics.jsonl; a single run needs no label. Where it
    has "reported", the legend says that its figures of training are those that a device has reported.
    Reference lines are pairs of a name and a loss in nats. Runs of labs have more: lines of accuracies (0 to 1) in
    place of the reference lines, `further` accuracies by their keys in the events, each with its name, which are
    all that is drawn of other runs, and a loss per something else than one character. Raises ConfigError for an
    unknown unit or x axis.
    """
    if unit not in (*NATS, ACCURACY):
        raise ConfigError(f"Loss is drawn in {', '.join(NATS)} or as {ACCURACY}. Received: {unit!r}.")
    if x not in _X_FIELDS:
        raise ConfigError(f"Loss is drawn over {', '.join(_X_FIELDS)}. Received: {x!r}.")
    lines = []
    for index, run in reversed(list(enumerate(runs))):  # this run last, on top
        if index and further and unit == ACCURACY:
            continue  # only what it has further is compared
        kinds = ("training", "validation")
        points = {wanted: _loss_points(run["events"], wanted, _X_FIELDS[x], unit) for wanted in kinds}
        if grows and not index and points["training"][0] and not points["validation"][0]:
            points["validation"] = ([None], [None])  # in the legend before its first point
        for wanted, found in points.items():
            if found[0]:
                drawn = _loss_line(run["label"], found, wanted, index, unit)
                if wanted == "training" and run.get("reported"):
                    drawn["name"] += ", reported by the device"
                lines.append(drawn)
    layout = plain_layout("accuracy, %" if unit == ACCURACY else f"loss, {unit} per {one}", _X_TITLES[x])
    if unit == ACCURACY:
        lines += _further_lines(runs, further, _X_FIELDS[x])
        references = [(name, 100 * share) for name, share in accuracy_lines]
    else:
        references = [(name, nats / NATS[unit]) for name, nats in reference_lines]
    if references or unit in NATS:
        heights = _heights(lines) + [value for _, value in references]
        layout["shapes"] = [_reference(value) for _, value in sorted(references, key=_height)]
        layout["annotations"] = _labels(references, heights)
    layout |= {"hovermode": "x unified", "uirevision": f"{unit} over {x}"}
    layout["showlegend"] = True  # above the lines, where a small screen shows it
    layout["legend"] |= {"y": 1, "yanchor": "top"}
    layout["margin"] |= _MARGIN
    # Otherwise Plotly measures the place of each label, which takes a third of its time.
    layout["xaxis"] |= {"rangemode": "tozero", "ticklabeloverflow": "allow", "automargin": "height"}
    layout["yaxis"]["automargin"] = "left"
    if grows:
        _leave_room(layout, lines, references, unit)
    return {"data": lines, "layout": layout}


def _leave_room(
    layout: dict[str, Any], lines: Sequence[dict[str, Any]], references: Sequence[tuple[str, float]], unit: str
) -> None:
    """Set how far the axes reach, beyond the lines: to the right in steps of a quarter more, and to where the
    lines go to the next whole number, or ten percent. Margins are fixed: where they change, all is drawn anew."""
    last = max((x for line in lines for x in line["x"][-1:] if x is not None), default=0)
    heights = _heights(lines) + [value for _, value in references]
    if last <= 0 or not heights:
        return
    ahead = 1.25 ** math.ceil(math.log(last, 1.25) + 1e-9)
    each = 10 if unit == ACCURACY else 1
    low = each * math.floor(min(heights) / each)
    high = each * math.ceil(max(heights) / each) if unit == ACCURACY else (1 + _LABEL_SHARE) * max(heights)
    for axis, reach in (("xaxis", (0, ahead)), ("yaxis", (low, high))):
        options = {"minallowed": reach[0], "maxallowed": reach[1]}
        layout[axis] |= {"autorangeoptions": options, "automargin": False}


def _heights(lines: Sequence[dict[str, Any]]) -> list[float]:
    return [y for line in lines for y in line["y"] if y is not None]


def _loss_points(events: Sequence[dict[str, Any]], wanted: str, field: str, unit: str) -> tuple[list, list]:
    kind, key = ("step", "loss") if wanted == "training" else ("epoch", "val_loss")
    if unit == ACCURACY:
        key = key.replace("loss", "accuracy")
    factor = 100 if unit == ACCURACY else 1 / NATS[unit]
    there = [e for e in events if e.get("event") == kind and e.get(key) is not None and e.get(field) is not None]
    return thin([e[field] for e in there], rounded([e[key] * factor for e in there]))


def _loss_line(label: str, points: tuple, wanted: str, index: int, unit: str) -> dict[str, Any]:
    earlier = index > 0
    hue = QUIET if earlier else {"training": TRAINING, "validation": VALIDATION}[wanted]
    return {
        "type": "scatter",
        "x": points[0],
        "y": points[1],
        "name": literal(f"{label}: {wanted}" if label else wanted),
        "mode": "lines" if wanted == "training" else "lines+markers",
        "line": {"color": hue, "width": 1 if earlier else 2, "dash": "solid" if wanted == "training" else "dash"},
        "marker": {"size": 4 if earlier else 7},
        "opacity": 0.8 if earlier else 1,
        "hovertemplate": "%{y:.1f}%" if unit == ACCURACY else f"%{{y:.3f}} {unit}",
        "legendrank": index,
    }


def _further_lines(runs: Sequence[dict[str, Any]], further: Mapping[str, str], field: str) -> list[dict[str, Any]]:
    found = []
    for index, run in reversed(list(enumerate(runs))):
        hue, symbol = _FURTHER[index % len(_FURTHER)]
        label = f"{run['label']}: " if run["label"] else ""
        for key, name in further.items():
            there = [e for e in run["events"] if e.get("event") == "epoch" and e.get(key) is not None]
            points = thin([e[field] for e in there], rounded([100 * e[key] for e in there]))
            drawn = _loss_line("", points, "validation", 0, ACCURACY)
            line = {"color": hue, "width": 2, "dash": "solid" if index else "dot"}
            if there:
                drawn |= {"name": literal(f"{label}{name}"), "line": line, "legendrank": index}
                found.append(drawn | {"marker": {"size": 8, "symbol": symbol}})
    return found


def _height(line: tuple[str, float]) -> float:
    return -line[1]


def _reference(value: float) -> dict[str, Any]:
    """A thin line over the whole width."""
    across = {"x0": 0, "x1": 1, "xref": "x domain", "y0": value, "y1": value, "yref": "y"}
    return {"type": "line", **across, "line": {"color": QUIET, "width": 1}}


def _labels(lines: list[tuple[str, float]], heights: list[float]) -> list[dict[str, Any]]:
    """The names of lines in a chart of these heights; those of lines that are close together are stacked."""
    close = _LABEL_SHARE * (max(heights, default=0) - min(heights, default=0))
    groups: list[list[tuple[str, float]]] = []
    for name, value in sorted(lines, key=_height):
        if groups and groups[-1][-1][1] - value <= close:
            groups[-1].append((name, value))
        else:
            groups.append([(name, value)])
    return [
        {
            "x": 1,
            "xref": "x domain",
            "xanchor": "right",
            "y": group[0][1],
            "yref": "y",
            "yanchor": "bottom",
            "showarrow": False,
            "align": "right",
            "text": "<br>".join(literal(f"{name} {value:.2f}") for name, value in group),
            "font": {"color": QUIET, "size": SMALLEST},
        }
        for group in groups
    ]
