"""Figures along a text: predictions at all steps, surprise, the difference of two models, surprise by epoch.

A click's x is the position of the character in the text, which has position 1 at its beginning, or the epoch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from charlab.charts.base import (
    ACTUAL,
    INK,
    MODEL,
    QUIET,
    SEQUENTIAL,
    SMALLEST,
    Figure,
    character_axis,
    column_outline,
    empty_figure,
    literal,
    positions,
    rounded,
    window,
)
from charlab.charts.loss import thin
from charlab.core.display import named, visible, visible_text
from charlab.core.reading import running_mean

END = "▯"  # the place after the last character, where the next one is open
MAX_ROWS = 40
MAX_STEPS = 200
_THIN = "var(--st-chart-sequential-colors-5)"  # lines of single characters: pale, but visible on either background
_MAX_LABEL = 18  # characters
_CONTEXT = 12  # characters before a position that a tooltip shows
_ROW, _GAP, _LINES, _AROUND = (16, 28, 90, 190)  # pixels: a row, the lines below, titles and legend


def heatmap_figure(
    text: Sequence[str],
    characters: Sequence[str],
    probabilities: np.ndarray,
    bits: np.ndarray,
    first: int = 0,
    entropies: np.ndarray | None = None,
    unit: str = "character",
) -> Figure:
    """The predictions at every position as a heatmap: a column is the distribution after everything before it.

    `probabilities` [T, V], `bits` [T - 1] and `entropies` [T] are those of a Reading; `characters` those of the
    ids. The first character has no column. The figure shows at most MAX_STEPS columns from the step `first` on, or
    the last ones, and MAX_ROWS characters, and its title says what it leaves out. Below, on the same axis, the
    surprise of the actual characters. `unit` is what the text consists of. The page outlines the chosen column
    (`meta`).
    """
    steps = window(len(text), first + MAX_STEPS // 2, MAX_STEPS)
    indices = range(steps.start + 1, steps.stop + 1)  # of the characters that are predicted
    part = np.asarray(probabilities, dtype=float)[steps.start : steps.stop]
    rows = sorted(int(i) for i in np.argsort(-part.sum(axis=0), kind="stable")[:MAX_ROWS])
    figure = empty_figure(f"next {unit}", None)
    figure.add_heatmap(
        x=positions(indices),
        y=list(range(len(rows))),
        z=rounded(part[:, rows].T),
        coloraxis="coloraxis",
        xgap=1,
        ygap=1,
        hovertemplate="position %{x:d}<br>%{y}: %{z:.3~p}<extra></extra>",
        showlegend=False,
    )
    _add_actual(figure, text, characters, indices, rows, unit)
    _add_surprise(figure, text, steps, bits, entropies, unit)
    figure.update_layout(
        uirevision=f"from {steps.start}",
        clickmode="event",
        title={
            "text": "Predictions at every position",
            "subtitle": {"text": _left_out(indices, len(text), len(rows), part.shape[1], unit)},
        },
        margin={"t": 60},
        meta={"cursor": {"shape": column_outline(0), "last": len(text), "focuses": True}},
        coloraxis={
            "colorscale": SEQUENTIAL,
            "cmin": 0,
            "cmax": 1,
            "colorbar": {
                "title": {"text": "probability", "side": "right"},
                "tickformat": ".0%",
                "thickness": 10,
                "len": 0.7,
                "y": 1,
                "yanchor": "top",
            },
        },
    )
    axis = character_axis([*text, END], indices, f"{unit} at each position")
    figure.update_xaxes(axis, anchor="y2")
    figure.update_layout(
        yaxis={
            "domain": [1 - len(rows) * _ROW / _plot_height(len(rows)), 1],
            "tickvals": list(range(len(rows))),
            "range": [len(rows) - 0.5, -0.5],
            "ticktext": [_row_label(characters[i]) for i in rows],
            "tickfont": {"family": "monospace", "size": SMALLEST},
            "showgrid": False,
            "zeroline": False,
        },
        yaxis2={"domain": [0, _LINES / _plot_height(len(rows))]},
    )
    return figure


def heatmap_height(characters: int) -> int:
    """The height in pixels at which the labels of a heatmap's rows do not touch, for an alphabet of that size."""
    return _plot_height(min(characters, MAX_ROWS)) + _AROUND


def _plot_height(rows: int) -> int:
    return rows * _ROW + _GAP + _LINES


def surprise_figure(
    text: Sequence[str], bits: np.ndarray, entropies: np.ndarray | None = None, unit: str = "character"
) -> Figure:
    """The surprise of every character but the first, its running mean, and dotted the entropy before each.

    `bits` [T - 1] and `entropies` [T] are those of a Reading. The lines of a long text are thinned without losing
    a spike.
    """
    figure = empty_figure("surprise, bits", f"position in the text, {unit}s")
    _line(figure, text, bits, f"surprise of the actual {unit}", {"color": _THIN, "width": 1.2})
    if entropies is not None:
        style = {"color": QUIET, "width": 1, "dash": "dot"}
        _line(figure, text, entropies[: len(bits)], "entropy: the surprise the model expected", style)
    _line(figure, text, running_mean(bits), "running mean", {"color": MODEL, "width": 2.5})
    _dress(figure, len(text), "Surprise along the text")
    figure.update_yaxes(rangemode="tozero")
    return figure


def difference_figure(
    text: Sequence[str], difference: np.ndarray, names: tuple[str, str], unit: str = "character"
) -> Figure:
    """By how many bits the first of two models was less surprised than the other, [T - 1]: NaN where unknown.

    Above zero the first model was better, below zero the other.
    """
    figure = empty_figure("difference, bits", f"position in the text, {unit}s")
    _line(figure, text, difference, f"difference at this {unit}", {"color": _THIN, "width": 1.2})
    _line(figure, text, running_mean(difference), "running mean", {"color": MODEL, "width": 2.5})
    _dress(figure, len(text), "Where each model was better")
    figure.update_layout(title={"subtitle": {"text": literal(f"above 0: {names[0]}; below: {names[1]}")}})
    figure.update_layout(margin={"t": 60})
    figure.add_hline(y=0, line={"color": QUIET, "width": 1})
    return figure


def epochs_figure(
    epochs: Sequence[int], means: Sequence[float], chosen: int, uniform: float | None = None
) -> Figure:
    """A run's mean surprise on one text, epoch by epoch, with the chosen epoch marked.

    `means` are bits per character. `uniform` is the uniform baseline: log2 of the number of distinct characters.
    """
    figure = empty_figure("bits per character", "epoch")
    figure.add_scatter(
        x=list(epochs),
        y=rounded(means, 3),
        mode="lines+markers",
        name="this text",
        marker={"size": 6},
        line={"color": MODEL, "width": 2},
        hovertemplate="epoch %{x}: %{y:.2f} bits per character<extra></extra>",
    )
    if chosen in epochs:
        figure.add_scatter(
            x=[chosen],
            y=rounded([means[list(epochs).index(chosen)]], 3),
            mode="markers",
            name="shown above",
            marker={"symbol": "circle-open", "size": 15, "color": ACTUAL, "line": {"width": 2.5}},
            hoverinfo="skip",
        )
    if uniform is not None:
        label = {"color": QUIET, "size": SMALLEST}
        figure.add_hline(
            y=round(uniform, 3),
            line={"color": QUIET, "width": 1},
            annotation={"text": f"uniform baseline {uniform:.2f} bits", "font": label},
            annotation_position="bottom right",
        )
    figure.update_layout(
        title="Mean surprise of this text, epoch by epoch",
        showlegend=False,
        clickmode="event",
        uirevision=f"{len(epochs)} epochs",
        margin={"t": 44},
    )
    figure.update_xaxes(tick0=0, dtick=max(1, math.ceil((max(epochs) - min(epochs)) / 10)))
    figure.update_yaxes(rangemode="tozero")
    return figure


def _line(figure: Figure, text: Sequence[str], values: np.ndarray, name: str, line: dict) -> None:
    """A line of one value per character but the first [T - 1], over its position."""
    x, y = thin(positions(range(1, len(values) + 1)), rounded(values, 3))
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines+markers" if len(values) == 1 else "lines",
        name=name,
        line=line,
        text=[_context(text, position) for position in x],
        hovertemplate="position %{x:d}, %{text}: %{y:.2f} bits<extra>" + name + "</extra>",
    )


def _dress(figure: Figure, length: int, title: str) -> None:
    """Title and axes, and the line that the page draws at the chosen position (`meta`): here that of index 0."""
    line = {"type": "line", "x0": 1, "x1": 1, "y0": 0, "y1": 1, "yref": "y domain"}
    figure.update_layout(
        title=title,
        clickmode="event",
        hovermode="closest",
        uirevision=f"{length} characters",
        margin={"t": 44},
        meta={"cursor": {"shape": line | {"line": {"color": INK, "width": 1.5}}, "last": length - 1}},
    )
    figure.update_xaxes(range=[1.5, max(length + 0.5, 2.5)])


def _row_label(character: str) -> str:
    """The name, or the form alone where the name is a long one: "U+FE0F"."""
    name = named(character)
    return literal(name if len(name) <= _MAX_LABEL else visible(character))


def _context(text: Sequence[str], position: int) -> str:
    """The characters before a position, which counts from 1, and the one at it."""
    return f"after “{_read(text, position - 2)}”, “{literal(visible(text[position - 1]))}”"


def _read(text: Sequence[str], step: int) -> str:
    """The last characters read at a step."""
    return literal("".join(visible_text(text[max(0, step + 1 - _CONTEXT) : step + 1])))


def _add_actual(
    figure: Figure, text: Sequence[str], characters: Sequence[str], indices: range, rows: list[int], unit: str
) -> None:
    """An outlined square on the cell of the actual character at each position."""
    row_of = {characters[i]: row for row, i in enumerate(rows)}
    actual = [(index + 1, row_of[text[index]]) for index in indices if index < len(text) and text[index] in row_of]
    figure.add_scatter(
        x=[position for position, _ in actual],
        y=[row for _, row in actual],
        mode="markers",
        name=f"actual {unit}",
        hoverinfo="skip",
        marker={"symbol": "square-open", "size": 8, "color": ACTUAL, "line": {"width": 1.5}},
    )


def _add_surprise(
    figure: Figure, text: Sequence[str], steps: range, bits: np.ndarray, entropies: np.ndarray | None, unit: str
) -> None:
    """Lines of the values after each step, at the position of the character that followed."""
    known = range(steps.start, min(steps.stop, len(bits)))
    lines = [(f"surprise of the actual {unit}", known, bits, "solid")]
    if entropies is not None:
        lines.append(("entropy: the surprise the model expected", steps, entropies, "dot"))
    for name, part, values, dash in lines:
        figure.add_scatter(
            x=[t + 2 for t in part],
            y=[None if math.isnan(values[t]) else round(float(values[t]), 3) for t in part],
            name=name,
            yaxis="y2",
            mode="lines",
            line={"color": MODEL if dash == "solid" else QUIET, "dash": dash},
            text=[_read(text, t) for t in part],
            hovertemplate="position %{x:d}, after “%{text}”: %{y:.2f} bits<extra>" + name + "</extra>",
        )
    figure.update_layout(yaxis2={"title": "bits", "rangemode": "tozero", "anchor": "x", "automargin": True})


def _left_out(indices: range, length: int, rows: int, characters: int, unit: str) -> str:
    words = []
    if len(indices) < length:
        words.append(f"positions {indices.start + 1} to {indices.stop} of {length}")
    if rows < characters:
        words.append(f"the {rows} most likely of {characters} {unit}s")
    return ", ".join(words)
