"""Figures of the training data and the network: the alphabet of a text, the first batches, a model's layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from charlab.charts.base import INK, MODEL, QUIET, SMALLEST, empty_figure, literal, rounded
from charlab.core.display import named, visible
from charlab.core.summary import Layer

MAX_DISTINCT = 80
ROWS_SHOWN, COLUMNS_SHOWN = 3, 32
_MAX_MARKS = 256  # rows of a batch that are marked in the overview of positions
# Colours of positions: dark enough for white letters, light enough for a dark page, unlike those of surprise.
_POSITIONS = [[0, "#8b4bb5"], [0.25, "#4668c2"], [0.5, "#1f7590"], [0.75, "#237a50"], [1, "#9a5b00"]]


def alphabet_figure(characters: Sequence[str], counts: np.ndarray) -> go.Figure:
    """How often each character occurs, at most MAX_DISTINCT, the most frequent first: both arrays are [V]."""
    counts = np.asarray(counts)
    shown = [int(i) for i in np.argsort(-counts, kind="stable")[:MAX_DISTINCT] if counts[i]]
    shares = counts / max(1, int(counts.sum())) * 100
    figure = empty_figure("share of the text, %", "character, the most frequent first")
    figure.add_trace(
        go.Bar(
            x=list(range(len(shown))),
            y=rounded(shares[shown]),
            marker={"color": MODEL},
            customdata=[[literal(named(characters[i])), f"{int(counts[i]):,}"] for i in shown],
            hovertemplate="%{customdata[0]}: %{customdata[1]} times, %{y:.2f}%<extra></extra>",
        )
    )
    figure.update_layout(bargap=0.15, margin={"t": 10}, showlegend=False)
    figure.update_xaxes(
        tickvals=list(range(len(shown))),
        ticktext=[literal(visible(characters[i])) for i in shown],
        tickangle=0,
        tickfont={"family": "monospace"},
        showgrid=False,
        range=[-0.7, len(shown) - 0.3],
    )
    return figure


def batch_figure(
    characters: Sequence[str],
    batches: Sequence[np.ndarray],
    offsets: Sequence[np.ndarray],
    length: int,
    held_out: Sequence[tuple[int, int]],
) -> go.Figure:
    """The first batches: above, the positions of their rows in the text; below, some rows, each with its target
    under it, shifted by one. Colour shows the position in the text.

    `characters` are those of the ids; `batches` one array [B, T + 1] of ids per step, and `offsets` [B] where
    its rows begin, counted from 0. The text is `length` characters long; `held_out` are the spans of the
    validation set. Position 1 is the first character.
    """
    figure = empty_figure(None, "position in the text, characters")
    _add_positions(figure, offsets, length, held_out)
    lines = _add_rows(figure, characters, batches, offsets, length)
    figure.update_layout(
        showlegend=False,
        margin={"t": 26},
        coloraxis={"colorscale": _POSITIONS, "cmin": 0, "cmax": length, "showscale": False},
        xaxis={"range": [-0.01 * length, 1.01 * length], "anchor": "y", "zeroline": False},
        yaxis={
            "domain": [0.84, 1],
            "range": [len(batches) + 0.6, 0.4],
            "tickvals": list(range(1, len(batches) + 1)),
            "ticktext": [f"step {step + 1}" for step in range(len(batches))],
            "zeroline": False,
        },
        xaxis2={
            "anchor": "y2",
            "showgrid": False,
            "zeroline": False,
            "side": "bottom",
            "title": "character of the row",
            "dtick": 4,
            "automargin": True,
        },
        yaxis2={
            "domain": [0, 0.69],
            "anchor": "x2",
            "range": [lines - 0.4, -0.6],
            "showgrid": False,
            "zeroline": False,
            "automargin": True,
        },
    )
    return figure


def layers_figure(layers: Sequence[Layer]) -> go.Figure:
    """A network's layers in the order in which a character passes through them, with their parameters as bars."""
    rows = list(range(len(layers)))
    figure = empty_figure(None, "parameters")
    figure.add_trace(
        go.Bar(
            orientation="h",
            y=rows,
            x=[layer.parameters for layer in layers],
            width=0.3,
            marker={"color": MODEL},
            customdata=[layer.name for layer in layers],
            hovertemplate="%{customdata}: %{x:,} parameters<extra></extra>",
        )
    )
    for row, layer in zip(rows, layers, strict=True):
        arrow = "" if row == 0 else "↓ "
        figure.add_annotation(
            x=0,
            y=row - 0.2,
            xref="paper",
            xanchor="left",
            yanchor="bottom",
            align="left",
            showarrow=False,
            text=f"{arrow}<b>{layer.name}</b>: {layer.parameters:,} parameters<br>{layer.does}",
        )
    figure.update_layout(showlegend=False, margin={"t": 10})
    figure.update_xaxes(rangemode="tozero", nticks=5)
    figure.update_yaxes(range=[len(layers) - 0.7, -0.95], visible=False)
    return figure


def _add_positions(
    figure: go.Figure, offsets: Sequence[np.ndarray], length: int, held_out: Sequence[tuple[int, int]]
) -> None:
    for step, begins in enumerate(offsets):
        every = -(-len(begins) // _MAX_MARKS)
        positions = [int(offset) + 1 for offset in begins[::every]]
        figure.add_trace(
            go.Scatter(
                x=positions,
                y=[step + 1] * len(positions),
                mode="markers",
                marker={
                    "symbol": "line-ns",
                    "size": 11,
                    "color": positions,
                    "coloraxis": "coloraxis",
                    "line": {"width": 2, "color": positions, "coloraxis": "coloraxis"},
                },
                hovertemplate=f"step {step + 1}: a row begins at character %{{x:,}}<extra></extra>",
            )
        )
    for start, end in held_out:
        figure.add_shape(
            type="rect",
            x0=start + 1,
            x1=end,
            y0=0,
            y1=1,
            yref="y domain",
            line={"width": 0},
            fillcolor=QUIET,
            opacity=0.25,
        )
    figure.add_annotation(
        x=length,
        y=1,
        yref="y domain",
        xanchor="right",
        yanchor="bottom",
        showarrow=False,
        text="validation set",
        font={"color": QUIET, "size": SMALLEST},
    )


def _add_rows(
    figure: go.Figure,
    characters: Sequence[str],
    batches: Sequence[np.ndarray],
    offsets: Sequence[np.ndarray],
    length: int,
) -> int:
    """Draw the text of some rows of each batch, input above target; returns the number of lines.

    The rows are spread over the batch and include the first and the last.
    """
    shown = np.unique(np.linspace(0, len(batches[0]) - 1, min(ROWS_SHOWN, len(batches[0]))).astype(int))
    columns = min(COLUMNS_SHOWN, batches[0].shape[1] - 1)
    where: list[list[int | None]] = []
    drawn: list[list[str]] = []
    ticks: dict[int, str] = {}
    for step, (ids, begins) in enumerate(zip(batches, offsets, strict=True)):
        if step:
            where.append([None] * columns)
            drawn.append([""] * columns)
        figure.add_annotation(
            x=0.5,
            y=len(where),
            xref="x2",
            yref="y2",
            xanchor="left",
            showarrow=False,
            text=f"<b>step {step + 1}</b>",
            font={"color": INK},
        )
        for row in shown:
            where.append([None] * columns)
            drawn.append([""] * columns)
            for shift, words in enumerate(("input", "target")):
                first = int(begins[row]) + 1 + shift
                ticks[len(where)] = f"{words} {first:,}"
                where.append([first + i for i in range(columns)])
                drawn.append([literal(visible(characters[i])) for i in ids[row, shift : shift + columns]])
    figure.add_trace(
        go.Heatmap(
            x=list(range(1, columns + 1)),
            y=list(range(len(where))),
            z=where,
            text=drawn,
            texttemplate="%{text}",
            textfont={"family": "monospace", "color": "#ffffff"},
            xaxis="x2",
            yaxis="y2",
            xgap=1,
            ygap=1,
            coloraxis="coloraxis",
            hovertemplate="“%{text}”, character %{z:,} of the text<extra></extra>",
            hoverongaps=False,
        )
    )
    figure.update_layout(
        yaxis2={
            "tickvals": list(ticks),
            "ticktext": list(ticks.values()),
            "tickfont": {"family": "monospace", "size": SMALLEST},
        }
    )
    return len(where)
