"""Figures of the inside of a network: states along a text, gates at a step, one unit, attention.

Values below and above zero have two hues that every kind of colour vision can tell apart. A column of a figure is
the network after reading one character; its x is that character's position in the text, from 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from charlab.charts.base import (
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
from charlab.core.display import named, visible

MAX_STEPS = 120
MAX_UNITS = 40
MAX_LOOK_BACK = 80  # characters back that arcs reach at most
MAX_MATRIX = 64  # rows and columns of an attention matrix
# Ten steps from far below zero, through the page's background, to far above.
DIVERGING = [[i / 9, f"var(--st-chart-diverging-colors-{i})"] for i in range(10)]
GATES = {  # names of activations, as people read them
    "update": "update gate", "reset": "reset gate", "input": "input gate", "forget": "forget gate",
    "output": "output gate", "candidate": "candidate", "cell": "cell", "hidden": "hidden state",
}  # fmt: skip
THINNEST_ARC = 0.01  # of the attention


def shown_units(values: np.ndarray, step: int, unit: int | None = None, most: int = MAX_UNITS) -> list[int]:
    """Which units of [T, U] the heatmap shows around a step, from top to bottom.

    Those that vary the most there. With a chosen unit, that unit comes first and the others are sorted by their
    correlation with it, from the most similar to the most opposite.
    """
    steps = window(len(values), step, MAX_STEPS)
    part = np.asarray(values[steps.start : steps.stop], dtype=float)
    part = part - part.mean(axis=0)
    spread = np.sqrt((part**2).sum(axis=0))
    chosen = np.argsort(-spread, kind="stable")[:most]
    if unit is None:
        return sorted(int(u) for u in chosen)
    together = part.T @ part[:, unit] / np.maximum(spread * spread[unit], 1e-12)
    others = sorted((int(u) for u in chosen if u != unit), key=lambda u: -together[u])
    return [unit, *others[: most - 1]]


def signed(r: float) -> str:
    """A correlation with its sign, as people read it."""
    return f"{r:+.2f}".replace("-", "−")


def states_figure(text: Sequence[str], values: np.ndarray, step: int, unit: int | None = None) -> Figure:
    """A layer's state along the text, [T, U]: one row per unit, one column per character.

    At most MAX_STEPS columns around `step` and MAX_UNITS rows (`shown_units`) are drawn; title and axis say what
    is left out. The scale is symmetric about 0 and covers 99 of a hundred values. The page outlines the column of
    the last character read, and is told the unit of a row (`meta`).
    """
    steps = window(len(text), step, MAX_STEPS)
    units = shown_units(values, step, unit)
    part = np.asarray(values[steps.start : steps.stop], dtype=float)[:, units]
    names = _names(text, steps)
    limit = max(round(float(np.quantile(np.abs(part), 0.99)), 2), 0.01)
    figure = empty_figure("unit", None)
    figure.add_heatmap(
        x=positions(steps),
        y=list(range(len(units))),
        z=rounded(part.T, 3),
        coloraxis="coloraxis",
        showlegend=False,
        text=[[f"unit {u + 1} after {name}" for name in names] for u in units],
        hovertemplate="position %{x:d}, %{text}: %{z:.2f}<extra></extra>",
    )
    if unit is not None:
        figure.add_shape(type="rect", y0=-0.5, y1=0.5, x0=0, x1=1, xref="paper", line={"color": INK, "width": 1.5})
    number = f"{len(units)} of {values.shape[1]} units" if len(units) < values.shape[1] else ""
    figure.update_layout(
        coloraxis=_scale(DIVERGING, -limit, limit, "state"),
        clickmode="event",
        margin={"t": 60},
        meta={"cursor": _cursor(len(text)), "rows": units},
        uirevision=f"{units} from {steps.start}",
        title=_title("Units after each character", number),
    )
    _name_columns(figure, text, steps)
    figure.update_yaxes(
        tickvals=list(range(len(units))),
        ticktext=[str(u + 1) for u in units],
        tickfont={"size": SMALLEST},
        range=[len(units) - 0.5, -0.5],
        showgrid=False,
        zeroline=False,
    )
    return figure


def unit_figure(
    text: Sequence[str],
    values: np.ndarray,
    step: int,
    unit: str,
    feature: tuple[str, np.ndarray, float] | None = None,
) -> Figure:
    """One unit along the text [T] as bars; in grey behind it a feature: its name, values [T] and r.

    At most MAX_STEPS columns around `step` are drawn. The page outlines that of the last character read (`meta`).
    """
    steps = window(len(text), step, MAX_STEPS)
    part = rounded(values[steps.start : steps.stop], 3)
    limit = max(float(np.abs(values).max()), 0.01)
    figure = empty_figure(None, None)
    subtitle = ""
    if feature:
        subtitle = f"r = {signed(feature[2])} with “{feature[0]}” (grey)"
        _add_feature(figure, steps, *feature[:2])
    figure.add_bar(
        x=positions(steps),
        y=part,
        yaxis="y2",
        name=literal(unit),
        text=_names(text, steps),
        marker={"color": part, "coloraxis": "coloraxis", "line": {"width": 0}},
        textposition="none",
        hovertemplate="position %{x:d}, after %{text}: %{y:.2f}<extra></extra>",
    )
    figure.update_layout(
        coloraxis=_scale(DIVERGING, -limit, limit, "state") | {"showscale": False},
        clickmode="event",
        bargap=0.1,
        meta={"cursor": _cursor(len(text))},
        uirevision=f"{unit} from {steps.start}",
        margin={"t": 60},
        showlegend=False,
        title=_title(unit[0].upper() + unit[1:], subtitle),
        yaxis2={
            "range": [-limit * 1.08, limit * 1.08],
            "overlaying": "y",
            "side": "left",
            "anchor": "x",
            "title": "state of the unit",
            "zeroline": True,
            "automargin": True,
            "tickmode": "auto",
        },
    )
    _name_columns(figure, text, steps)
    return figure


def _add_feature(figure: Figure, steps: range, name: str, present: np.ndarray) -> None:
    """A feature as a grey area; one that counts has its own axis on the right."""
    top = max(float(np.max(present)), 1.0)
    figure.add_scatter(
        x=positions(steps),
        y=rounded(present[steps.start : steps.stop]),
        name=literal(name),
        mode="lines",
        fill="tozeroy",
        line={"color": QUIET, "shape": "hvh", "width": 1},
        opacity=0.8,
        hovertemplate=f"{literal(name)}: %{{y}}<extra></extra>",
    )
    figure.update_layout(
        yaxis={
            "range": [0, top * 1.05],
            "side": "right",
            "showgrid": False,
            "zeroline": False,
            "visible": top > 1,
            "title": literal(name),
        }
    )


def gates_figure(
    parts: Mapping[str, np.ndarray], unit: int | None = None, limits: tuple[float, float] = (0.0, 0.0)
) -> Figure:
    """All units of a layer at one step, one dot per unit: the values of every gate and of the resulting state.

    `parts` are arrays [U] by the names of their activations; gates range from 0 to 1, states from -1 to 1 except
    for an LSTM's cell. The chosen unit is outlined and labelled with its values. `limits` are the least and the
    greatest value of other steps, if they are to have the same axis.
    """
    figure = empty_figure(None, "value")
    names = list(parts)
    for row, name in enumerate(names):
        values = np.asarray(parts[name], dtype=float)
        # Spread by the golden ratio, the same way at each step, so that similar values do not hide each other.
        heights = row + 0.62 * (np.arange(len(values)) * 0.6180339887 % 1 - 0.5)
        figure.add_scatter(
            x=rounded(values, 3),
            y=rounded(heights, 3),
            mode="markers",
            name=GATES.get(name, literal(name)),
            marker={"size": 5, "color": MODEL, "opacity": 0.65},
            text=[f"unit {u + 1}" for u in range(len(values))],
            hovertemplate="%{text}: %{x:.2f}<extra></extra>",
            showlegend=False,
        )
        if unit is not None:
            figure.add_scatter(
                x=rounded([values[unit]], 3),
                y=rounded([heights[unit]], 3),
                mode="markers+text",
                showlegend=False,
                marker={"size": 13, "color": INK, "symbol": "circle-open", "line": {"width": 2.5}},
                text=[f"<b>{values[unit]:.2f}</b>"],
                textposition="top center",
                textfont={"color": INK},
                cliponaxis=False,
                hoverinfo="skip",
            )
    least = min([-1.0, limits[0], *(float(np.min(values)) for values in parts.values())])
    most = max([1.0, limits[1], *(float(np.max(values)) for values in parts.values())])
    outlined = "" if unit is None else f"outlined: unit {unit + 1}"
    figure.update_layout(
        title=_title("Gates at this step, one dot per unit", outlined), margin={"t": 60}, hovermode="closest"
    )
    figure.update_xaxes(range=[least * 1.06, most * 1.06])
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=[GATES.get(name, literal(name)) for name in names],
        range=[len(names) - 0.45, -0.6],
        showgrid=False,
        zeroline=False,
    )
    return figure


def arcs_figure(text: Sequence[str], weights: np.ndarray, first: int = 0, unit: str = "character") -> Figure:
    """One head's attention from the last character read to those before it and to itself, as arcs and bars.

    `weights` [T] sum to 1 and belong to text[first : first + T]. The wider an arc, the greater its share of the
    attention; at most MAX_LOOK_BACK characters back are drawn, and the title says how much goes further back.
    """
    weights = np.asarray(weights, dtype=float)
    last = first + len(weights) - 1
    steps = range(max(first, last - MAX_LOOK_BACK + 1), last + 1)
    part = weights[steps.start - first :]
    figure = empty_figure("share of attention", None)
    figure.add_bar(
        x=positions(steps),
        y=rounded(part),
        marker={"color": MODEL, "opacity": 0.85},
        textposition="none",
        text=_names(text, steps),
        name="attention",
        showlegend=False,
        hovertemplate="position %{x:d}, %{text}: %{y:.1%} of the attention<extra></extra>",
    )
    height = max(1.0, float(last - steps.start))
    arcs = [
        _arc(last + 1, t + 1, float(weight), (last - t) / height)
        for weight, t in sorted(zip(part, steps, strict=True))  # the strongest last, on top
        if weight >= THINNEST_ARC and t < last
    ]
    figure.update_layout(shapes=[*arcs, column_outline(last)])
    further = float(weights[: steps.start - first].sum())
    figure.update_layout(
        clickmode="event",
        meta={"focus": last + 1},
        uirevision=f"arcs at {last}",
        bargap=0.25,
        margin={"t": 60},
        title=_title(
            f"Attention from the last {unit}",
            f"{further:.0%} goes further back than shown" if further >= 0.005 else "",
        ),
        yaxis={
            "domain": [0, 0.42],
            "rangemode": "tozero",
            "range": [0, max(float(part.max()) * 1.1, 0.05)],
            "tickformat": ".0%",
        },
        yaxis2={"domain": [0.45, 1], "range": [0, 1.05], "visible": False, "anchor": "x"},
    )
    _name_columns(figure, text, steps, f"{unit} looked at")
    return figure


def _arc(reader: int, looked_at: int, share: float, distance: float) -> dict:
    """An arc as a shape: a greater share makes it wider and deeper, a greater distance (0 to 1) higher.

    Its colour is opaque: some browsers draw many transparent arcs on top of each other as black.
    """
    top = 2 * (0.15 + 0.85 * distance)  # a curve of this form reaches half of it
    return {
        "type": "path",
        "path": f"M {reader},0 Q {(reader + looked_at) / 2},{top:.3f} {looked_at},0",
        "yref": "y2",
        "layer": "below",
        "line": {"color": SEQUENTIAL[round(5 + 4 * share)][1], "width": round(1 + 7 * share, 2)},
    }


def attention_figure(
    text: Sequence[str], weights: np.ndarray, step: int, first: int = 0, unit: str = "character"
) -> Figure:
    """One head's attention as a matrix: each row is a character read, its columns the characters it looks at.

    `weights` [T, T] belong to text[first : first + T]. At most MAX_MATRIX characters around `step` are drawn; the
    axis says which. A row's y is the position of its character. The page outlines that of the last character read
    (`meta`).
    """
    length = len(weights)
    inner = window(length, step - first, MAX_MATRIX)
    part = np.asarray(weights, dtype=float)[inner.start : inner.stop, inner.start : inner.stop]
    part = np.where(np.triu(np.ones(part.shape, bool), 1), np.nan, part)
    steps = range(first + inner.start, first + inner.stop)
    names = _names(text, steps)
    figure = empty_figure(f"{unit} just read", None)
    figure.add_heatmap(
        x=positions(steps),
        y=positions(steps),
        z=rounded(part),
        coloraxis="coloraxis",
        showlegend=False,
        hoverongaps=False,
        text=[[f"from {row} to {looked_at}" for looked_at in names] for row in names],
        hovertemplate="from position %{y:d} to %{x:d}, %{text}: %{z:.1%}<extra></extra>",
    )
    outline = {"type": "rect", "y0": -0.5, "y1": 0.5, "x0": steps.start + 0.5, "x1": 0.5}
    cursor = {"shape": outline | {"line": {"color": INK, "width": 1.5}}, "moves": ["y0", "y1", "x1"], "axis": "y"}
    greatest = max(float(np.nanmax(part)), 0.01)
    figure.update_layout(
        coloraxis=_scale(SEQUENTIAL, 0, round(greatest, 2), "share of attention", ".0%"),
        clickmode="event",
        margin={"t": 60},
        meta={"cursor": _cursor(steps.stop) | cursor, "square": True},
        uirevision=f"attention from {steps.start}",
        title=_title("Attention matrix"),
    )
    _name_columns(figure, text, steps, f"{unit} looked at")
    figure.update_yaxes(
        tickvals=positions(steps),
        ticktext=[literal(visible(text[t])) for t in steps],
        tickfont={"family": "monospace", "size": SMALLEST},
        range=[steps.stop + 0.5, steps.start + 0.5],
        showgrid=False,
        zeroline=False,
    )
    return figure


def _cursor(last: int) -> dict:
    """What is outlined at a step: the column of the character read just before it; see putCursor in chart.js."""
    return {"shape": column_outline(-1), "last": last, "focuses": True}


def _names(text: Sequence[str], steps: range) -> list[str]:
    return [literal(named(text[t])) for t in steps]


def _title(words: str, subtitle: str = "") -> dict:
    return {"text": literal(words), "subtitle": {"text": literal(subtitle)}}


def _scale(colours: list, low: float, high: float, title: str, tick_format: str = "") -> dict:
    bar = {"title": {"text": title, "side": "right"}, "thickness": 10, "tickformat": tick_format}
    return {"colorscale": colours, "cmin": low, "cmax": high, "colorbar": bar}


def _name_columns(figure: Figure, text: Sequence[str], steps: range, title: str = "character just read") -> None:
    """Label the columns with their characters; the axis says which part of a longer text they are."""
    part = f", {steps.start + 1} to {steps.stop} of {len(text)}" if len(steps) < len(text) else ""
    figure.update_xaxes(character_axis(text, steps, title + part))
