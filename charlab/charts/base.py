"""Figures from data: loss curves, bars of next characters, and what all figures have in common.

along_text.py draws along a text with it. Only few modules know Plotly: this one, and those that draw pictures
of another kind.

Pure: nothing is read, kept or drawn here. Colours are names of CSS variables, which the page's theme fills in
(pages/parts/shared/chart.js), so one figure serves light and dark. Plotly reads texts as a kind of HTML: whatever
comes from a person or a model goes through `literal`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import plotly.graph_objects as go

from charlab.core.display import named, visible
from charlab.errors import ConfigError

Figure = go.Figure
X = TypeVar("X", bound=float)  # steps or epochs: whole numbers stay whole

OWN = "var(--st-blue-color)"  # the model's own probability
SHAPED = "var(--st-chart-sequential-colors-4)"  # the same after temperature and cut-offs: lighter
CAME = "var(--st-orange-color)"  # what really came
TRAINING = "var(--st-green-color)"
VALIDATION = "var(--st-violet-color)"
QUIET = "var(--st-gray-color)"  # reference lines, earlier runs
INK = "var(--st-text-color)"
CLEAR = "rgba(0,0,0,0)"
PAPER = "var(--st-background-color)"
_PALER = "var(--st-chart-sequential-colors-2)"  # every second segment of the needle's bar, beside SHAPED
# Ten steps from the page's background to the deepest hue.
SEQUENTIAL = [[i / 9, f"var(--st-chart-sequential-colors-{i})"] for i in range(10)]

SMALLEST = 12  # pixels: no letter in a picture is smaller
MOST_POINTS = 1000
MOST_BARS = 15
_THINNEST = 0.0005  # of the needle's bar: half a pixel
_GLIDE = 300  # milliseconds that the needle takes to its place
_LABELLED = 0.03  # wide enough for a letter on a phone
_NATS = {"nats": 1.0, "bits": math.log(2)}  # how many nats one unit is
_LABEL_SHARE = 0.05  # of a chart's height that a line's name takes
ACCURACY = "accuracy"  # the third way to draw how a run went
_X_TITLES = {"steps": "steps", "epochs": "epochs", "seconds": "seconds of training"}
_X_FIELDS = {"steps": "step", "epochs": "epoch", "seconds": "seconds"}


def literal(text: str) -> str:
    """A text that Plotly shows as it is: no tag, link or entity in it is obeyed."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def thin(x: Sequence[X], y: Sequence[float], most: int = MOST_POINTS) -> tuple[list[X], list[float]]:
    """At most `most` points of a line: of every stretch its lowest and its highest, so that no spike is lost."""
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
    """How loss fell: training solid, validation dashed with markers; runs after the first in grey.

    With the unit "accuracy" it is how the share of characters guessed right rose, in percent; reference lines,
    being losses, are left out then.

    A run is {"label": str, "events": [...]} with events as in metrics.jsonl; one alone needs no label.
    Reference lines are pairs of a name and a loss in nats. Raises ConfigError for a unit or an x axis that
    there is not.
    """
    if unit not in (*_NATS, ACCURACY):
        raise ConfigError(f"Loss is drawn in {', '.join(_NATS)} or as {ACCURACY}. Received: {unit!r}.")
    if x not in _X_FIELDS:
        raise ConfigError(f"Loss is drawn over {', '.join(_X_FIELDS)}. Received: {x!r}.")
    title = "characters guessed right, %" if unit == ACCURACY else f"loss, {unit} a character"
    figure = empty_figure(title, _X_TITLES[x])
    for index, run in reversed(list(enumerate(runs))):  # this run last: it lies on top
        for wanted in ("training", "validation"):
            points = _loss_points(run["events"], wanted, _X_FIELDS[x], unit)
            if points[0]:
                figure.add_trace(_loss_line(run["label"], points, wanted, index, unit))
    if unit in _NATS:
        _add_references(figure, [(name, nats / _NATS[unit]) for name, nats in reference_lines])
    figure.update_layout(hovermode="x unified", uirevision=f"{unit} over {x}", margin={"t": 14})
    figure.update_xaxes(rangemode="tozero")
    return figure


def bars_figure(
    characters: Sequence[str],
    own: np.ndarray,
    shaped: np.ndarray | None = None,
    came: int | None = None,
    title: str = "",
    most: int = MOST_BARS,
) -> go.Figure:
    """What may come next: the `most` likeliest characters as bars, and the one that came, however unlikely.

    `characters` are those of the ids, `own` the model's probabilities [V], `shaped` the same after temperature
    and cut-offs [V], `came` the id that came. What the cut-offs removed is hatched.
    """
    return go.Figure(bars(characters, own, shaped, came, title, most))


def bars(
    characters: Sequence[str], own: np.ndarray, shaped: np.ndarray | None, came: int | None, title: str, most: int
) -> dict[str, Any]:
    """The same as Plotly's JSON has it, for bars that follow a slider: to make a Figure of it takes some 7 ms."""
    own = np.asarray(own, dtype=float)
    shaped = None if shaped is None else np.asarray(shaped, dtype=float)
    greatest = own if shaped is None else np.maximum(own, shaped)
    shown = [int(i) for i in np.argsort(-greatest, kind="stable")[:most]]
    if came is not None and came not in shown:
        shown[-1] = came
    places = list(range(len(shown)))
    marks = [" <b>came</b>" if i == came else "" for i in shown]
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
        "color": [CAME if i == came else CLEAR for i in shown],
        "width": [2.5 if i == came else 0 for i in shown],
    }

    rows = [
        {
            "name": "the model's own",
            "offsetgroup": "own",
            "x": rounded(own[shown], 6),
            "marker": {"color": OWN, "line": outline},
            "textfont": {"size": SMALLEST, "color": [CAME if i == came else INK for i in shown]},
            "text": [f"{_share(own[i])}{mark}" for i, mark in zip(shown, marks, strict=True)],
            "hovertemplate": "%{customdata}: %{x:.4f}<extra>the model's own</extra>",
        }
    ]
    if shaped is not None:
        rows += _shaped_bars(own[shown], shaped[shown])
    ceiling = next((limit for limit in (0.25, 0.5) if greatest.max() <= limit), 1.0)
    layout = _layout(None, "probability")
    layout |= {
        "title": {"text": literal(title)},
        "barmode": "overlay" if shaped is None else "group",
        "bargap": 0.2,
        "bargroupgap": 0.05,
        "showlegend": shaped is not None,
    }
    layout["xaxis"] |= {
        "range": [0, ceiling * (1.18 if came is None else 1.3)],
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


def empty_figure(y_title: str | None, x_title: str | None) -> go.Figure:
    """An empty figure whose fonts, grid and ink are left to the page's theme, and whose zoom stays."""
    return go.Figure(layout=_layout(y_title, x_title))


def _layout(y_title: str | None, x_title: str | None) -> dict[str, Any]:
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


def needle_figure(characters: Sequence[str], shaped: np.ndarray, draw: float, chosen: int) -> go.Figure:
    """The probabilities `shaped` [V] side by side from 0 to 1, in the alphabet's order: what is drawn from.

    The random number `draw` is a needle on it, and the character `chosen` is outlined. Wide segments are
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
                "color": [SHAPED if place % 2 else _PALER for place in range(len(shown))],
                "line": {
                    "color": [CAME if i == chosen else PAPER for i in shown],
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
            x=[round(draw, 6)] * 2,
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
        x=draw,
        y=0.95,
        yanchor="bottom",
        showarrow=False,
        font={"color": INK, "size": SMALLEST},
        text=f"{draw:.3f} falls on <b>{literal(named(characters[chosen]))}</b>",
        xanchor="left" if draw < 0.25 else "right" if draw > 0.75 else "center",
    )
    figure.update_layout(bargap=0, margin={"t": 10}, transition={"duration": _GLIDE, "easing": "cubic-in-out"})
    figure.update_xaxes(range=[-0.01, 1.01], tickvals=[0, 0.25, 0.5, 0.75, 1], fixedrange=True)
    figure.update_xaxes(showgrid=False, zeroline=False)
    figure.update_yaxes(visible=False, range=[-0.6, 1.4], fixedrange=True)
    return figure


def _loss_points(
    events: Sequence[dict[str, Any]], wanted: str, field: str, unit: str
) -> tuple[list[float], list[float]]:
    kind, key = ("step", "loss") if wanted == "training" else ("epoch", "val_loss")
    if unit == ACCURACY:
        key = key.replace("loss", "accuracy")
    factor = 100 if unit == ACCURACY else 1 / _NATS[unit]
    there = [e for e in events if e.get("event") == kind and e.get(key) is not None and field in e]
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
        opacity=0.7 if earlier else 1,
        hovertemplate="%{y:.1f} %" if unit == ACCURACY else f"%{{y:.3f}} {unit}",
        legendrank=index,
    )


def _add_references(figure: go.Figure, lines: list[tuple[str, float]]) -> None:
    """Thin lines with their names on them; names of lines that lie close together stand above one another."""
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


def _shaped_bars(own: np.ndarray, shaped: np.ndarray) -> list[dict[str, Any]]:
    """A second row of bars, lighter: after temperature and cut-offs; hatched is what the cut-offs took away."""
    cut = (shaped == 0) & (own > 0)
    left = {
        "name": "after temperature and cut-offs",
        "offsetgroup": "shaped",
        "x": rounded(shaped, 6),
        "marker": {"color": SHAPED},
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
            "line": {"color": OWN, "width": np.where(cut, 0.5, 0).tolist()},
            "pattern": {"shape": "/", "fgcolor": OWN, "bgcolor": CLEAR, "size": 6, "solidity": 0.25},
        },
        "textfont": {"size": SMALLEST},
        "text": ["cut off" if gone else "" for gone in cut],
        "hovertemplate": "%{customdata}: cut off<extra></extra>",
    }
    return [left, hatched] if cut.any() else [left]


def _share(probability: float) -> str:
    return f"{probability:.2f}" if probability >= 0.005 else f"{probability:.1g}" if probability > 0 else "0"
