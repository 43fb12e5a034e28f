"""The distribution over next characters: as bars, and as the bar from 0 to 1 that a random number falls on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from charlab.charts.base import (
    ACTUAL,
    CLEAR,
    INK,
    MODEL,
    PAPER,
    SAMPLING,
    SMALLEST,
    empty_figure,
    literal,
    plain_layout,
    rounded,
)
from charlab.core.display import named, visible

_PALER = "var(--st-chart-sequential-colors-2)"  # every second segment of the needle's bar, beside SHAPED
MAX_BARS = 15
_THINNEST = 0.0005  # of the needle's bar: half a pixel
_GLIDE = 300  # milliseconds that the needle takes to its place
_LABELLED = 0.03  # wide enough for a letter on a phone


def bars_figure(
    characters: Sequence[str],
    own: np.ndarray,
    shaped: np.ndarray | None = None,
    actual: int | None = None,
    title: str = "",
    most: int = MAX_BARS,
) -> go.Figure:
    """What may come next: the `most` likeliest characters as bars, and the one that came, however unlikely.

    `characters` are those of the ids, `own` the model's probabilities [V], `shaped` the same after temperature
    and cut-offs [V], `actual` the id that came. What the cut-offs removed is hatched.
    """
    return go.Figure(bars(characters, own, shaped, actual, title, most))


def bars(
    characters: Sequence[str],
    own: np.ndarray,
    shaped: np.ndarray | None,
    actual: int | None,
    title: str,
    most: int,
) -> dict[str, Any]:
    """The same as Plotly's JSON has it, for bars that follow a slider: to make a Figure of it takes some 7 ms."""
    own = np.asarray(own, dtype=float)
    shaped = None if shaped is None else np.asarray(shaped, dtype=float)
    greatest = own if shaped is None else np.maximum(own, shaped)
    shown = [int(i) for i in np.argsort(-greatest, kind="stable")[:most]]
    if actual is not None and actual not in shown:
        shown[-1] = actual
    places = list(range(len(shown)))
    marks = [" <b>came</b>" if i == actual else "" for i in shown]
    drawn = {
        "type": "bar",
        "orientation": "h",
        "y": places,
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
            "name": "the model's own",
            "offsetgroup": "own",
            "x": rounded(own[shown], 6),
            "marker": {"color": MODEL, "line": outline},
            "textfont": {"size": SMALLEST, "color": [ACTUAL if i == actual else INK for i in shown]},
            "text": [f"{_share(own[i])}{mark}" for i, mark in zip(shown, marks, strict=True)],
            "hovertemplate": "%{customdata}: %{x:.4f}<extra>the model's own</extra>",
        }
    ]
    if shaped is not None:
        rows += _shaped_bars(own[shown], shaped[shown])
    ceiling = next((limit for limit in (0.25, 0.5) if greatest.max() <= limit), 1.0)
    layout = plain_layout(None, "probability")
    layout |= {
        "title": {"text": literal(title)},
        "barmode": "overlay" if shaped is None else "group",
        "bargap": 0.2,
        "bargroupgap": 0.05,
        "showlegend": shaped is not None,
    }
    layout["xaxis"] |= {
        "range": [0, ceiling * (1.18 if actual is None else 1.3)],
        "tickformat": ".2~f",
        "tickvals": rounded(np.linspace(0, ceiling, 6)),
    }
    layout["yaxis"] |= {
        "tickvals": places,
        "ticktext": [literal(named(characters[i])) for i in shown],
        "tickfont": {"family": "monospace"},
        "range": [len(shown) - 0.4, -0.6],
        "showgrid": False,
        "zeroline": False,
    }
    return {"data": [drawn | row for row in rows], "layout": layout}


def needle_figure(characters: Sequence[str], shaped: np.ndarray, uniform: float, chosen: int) -> go.Figure:
    """The probabilities `shaped` [V] side by side from 0 to 1, in the alphabet's order: what is drawn from.

    The random number `uniform` is a needle on it, and the character `chosen` is outlined. Wide segments are
    labelled; those too thin to be seen are left as a gap.
    """
    shaped = np.asarray(shaped, dtype=float)
    starts = np.cumsum(shaped) - shaped
    shown = [i for i in range(len(shaped)) if shaped[i] >= _THINNEST or i == chosen]
    figure = empty_figure(None, "probability, added up")
    figure.add_trace(
        go.Bar(
            orientation="h",
            y=[0] * len(shown),
            x=rounded(shaped[shown], 6),
            base=rounded(starts[shown], 6),
            width=1,
            marker={
                "color": [SAMPLING if place % 2 else _PALER for place in range(len(shown))],
                "line": {
                    "color": [ACTUAL if i == chosen else PAPER for i in shown],
                    "width": [3 if i == chosen else 0.5 for i in shown],
                },
            },
            text=[
                "" if shaped[i] < _LABELLED else literal((named if shaped[i] > 0.2 else visible)(characters[i]))
                for i in shown
            ],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            constraintext="none",
            textfont={"size": 13, "color": INK, "family": "monospace"},
            customdata=[literal(named(characters[i])) for i in shown],
            name="",
            showlegend=False,
            hovertemplate="%{customdata}: %{x:.4f} of the bar<extra></extra>",
        )
    )
    figure.add_trace(
        go.Scatter(
            x=[round(uniform, 6)] * 2,
            y=[0.85, -0.5],
            mode="lines+markers",
            line={"color": INK, "width": 2},
            marker={"symbol": ["triangle-down", "circle"], "size": [14, 5], "color": INK},
            showlegend=False,
            name="",
            hovertemplate="random number %{x:.4f}<extra></extra>",
        )
    )
    figure.add_annotation(
        x=uniform,
        y=0.95,
        yanchor="bottom",
        showarrow=False,
        font={"color": INK, "size": SMALLEST},
        text=f"{uniform:.3f} falls on <b>{literal(named(characters[chosen]))}</b>",
        xanchor="left" if uniform < 0.25 else "right" if uniform > 0.75 else "center",
    )
    figure.update_layout(bargap=0, margin={"t": 10}, transition={"duration": _GLIDE, "easing": "cubic-in-out"})
    figure.update_xaxes(range=[-0.01, 1.01], tickvals=[0, 0.25, 0.5, 0.75, 1], fixedrange=True)
    figure.update_xaxes(showgrid=False, zeroline=False)
    figure.update_yaxes(visible=False, range=[-0.6, 1.4], fixedrange=True)
    return figure


def _shaped_bars(own: np.ndarray, shaped: np.ndarray) -> list[dict[str, Any]]:
    """A second row of bars, lighter: after temperature and cut-offs; hatched is what the cut-offs took away."""
    cut = (shaped == 0) & (own > 0)
    left = {
        "name": "after temperature and cut-offs",
        "offsetgroup": "shaped",
        "x": rounded(shaped, 6),
        "marker": {"color": SAMPLING},
        "textfont": {"size": SMALLEST},
        "text": ["" if gone else _share(p) for p, gone in zip(shaped, cut, strict=True)],
        "hovertemplate": "%{customdata}: %{x:.4f}<extra>after temperature and cut-offs</extra>",
    }
    hatched = {
        "name": "cut off",
        "offsetgroup": "shaped",
        "x": rounded(np.where(cut, own, 0), 6),
        "marker": {
            "color": CLEAR,
            "line": {"color": MODEL, "width": np.where(cut, 0.5, 0).tolist()},
            "pattern": {"shape": "/", "fgcolor": MODEL, "bgcolor": CLEAR, "size": 6, "solidity": 0.25},
        },
        "textfont": {"size": SMALLEST},
        "text": ["cut off" if gone else "" for gone in cut],
        "hovertemplate": "%{customdata}: cut off<extra></extra>",
    }
    return [left, hatched] if cut.any() else [left]


def _share(probability: float) -> str:
    return f"{probability:.2f}" if probability >= 0.005 else f"{probability:.1g}" if probability > 0 else "0"
