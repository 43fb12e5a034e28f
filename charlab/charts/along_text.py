"""Figures along a text: all steps, surprise and its running mean, two models' difference, a text over training.

Built on base.py's empty figure, and as pure: data in, figure out, colours by name. A click's x is the index of
the character in the text (along a text) or the epoch.
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
    empty_figure,
    literal,
    rounded,
)
from charlab.charts.loss import thin
from charlab.core.display import named, visible
from charlab.core.reading import running_mean

MAX_ROWS = 40
MAX_STEPS = 200
_THIN = "var(--st-chart-sequential-colors-5)"  # single characters' lines: pale, but seen on either background
_CONTEXT = 12  # characters told before a place when the pointer rests on it


def heatmap_figure(
    text: Sequence[str],
    characters: Sequence[str],
    probabilities: np.ndarray,
    bits: np.ndarray,
    chosen: int | None = None,
    entropies: np.ndarray | None = None,
) -> Figure:
    """Every step of a reading at once: column t is what the model expected after text[t], row by row.

    `probabilities` [T, V], `bits` [T - 1] and `entropies` [T] are a Reading's; `characters` those of the ids.
    At most MOST_STEPS steps around the chosen one and MOST_ROWS characters are drawn; the title says what is
    left out. A click's x is the step in the whole text. Under it the surprise of what came, on the same axis.
    """
    steps = _window(len(text), chosen)
    columns = list(steps)
    part = np.asarray(probabilities, dtype=float)[steps.start : steps.stop]
    rows = sorted(int(i) for i in np.argsort(-part.sum(axis=0), kind="stable")[:MAX_ROWS])
    figure = empty_figure("next character", None)
    figure.add_heatmap(
        x=columns,
        y=list(range(len(rows))),
        z=rounded(part[:, rows].T),
        coloraxis="coloraxis",
        xgap=1,
        ygap=1,
        hovertemplate="step %{x}<br>%{y}: %{z:.4f}<extra></extra>",
        showlegend=False,
    )
    _add_came(figure, text, characters, columns, rows)
    _add_surprise(figure, text, columns, bits, entropies)
    if chosen is not None:
        figure.add_shape(
            type="rect",
            x0=chosen - 0.5,
            x1=chosen + 0.5,
            y0=0,
            y1=1,
            yref="paper",
            line={"color": INK, "width": 1.5},
        )
    figure.update_layout(
        uirevision=f"from {steps.start}",
        clickmode="event",
        title={
            "text": "What it expected at every step",
            "subtitle": {"text": _left_out(steps, len(text), len(rows), part.shape[1])},
        },
        margin={"t": 60},
        meta={"focus": chosen},
        coloraxis={
            "colorscale": SEQUENTIAL,
            "cmin": 0,
            "cmax": 1,
            "colorbar": {
                "title": {"text": "probability", "side": "right"},
                "thickness": 10,
                "len": 0.7,
                "y": 1,
                "yanchor": "top",
            },
        },
    )
    _name_steps(figure, text, columns)
    figure.update_layout(
        yaxis={
            "domain": [0.25, 1],
            "tickvals": list(range(len(rows))),
            "range": [len(rows) - 0.5, -0.5],
            "ticktext": [literal(named(characters[i])) for i in rows],
            "tickfont": {"family": "monospace", "size": SMALLEST},
            "showgrid": False,
            "zeroline": False,
        }
    )
    return figure


def surprise_figure(
    text: Sequence[str], bits: np.ndarray, entropies: np.ndarray | None = None, chosen: int | None = None
) -> Figure:
    """Surprise of every character but the first, with the mean so far; dotted the entropy before each.

    `bits` [T - 1] and `entropies` [T] are a Reading's. A long text's lines are thinned; no spike is lost.
    """
    figure = empty_figure("bits", "place in the text, characters")
    places = np.arange(1, len(bits) + 1)
    _line(figure, text, places, bits, "surprise of what came", {"color": _THIN, "width": 1.2})
    if entropies is not None:
        style = {"color": QUIET, "width": 1, "dash": "dot"}
        _line(figure, text, places, entropies[: len(bits)], "entropy: the surprise it expected", style)
    _line(figure, text, places, running_mean(bits), "mean so far", {"color": MODEL, "width": 2.5})
    _dress(figure, len(text), chosen, "Surprise along the text")
    figure.update_yaxes(rangemode="tozero")
    return figure


def difference_figure(
    text: Sequence[str], difference: np.ndarray, names: tuple[str, str], chosen: int | None = None
) -> Figure:
    """By how many bits the first of two models was less surprised than the other: [T - 1], NaN where one has none.

    Above zero the first knew better, below it the other.
    """
    figure = empty_figure("difference, bits", "place in the text, characters")
    places = np.arange(1, len(difference) + 1)
    _line(figure, text, places, difference, "difference at this character", {"color": _THIN, "width": 1.2})
    _line(figure, text, places, running_mean(difference), "mean so far", {"color": MODEL, "width": 2.5})
    _dress(figure, len(text), chosen, "Where which model knew better")
    figure.update_layout(title={"subtitle": {"text": literal(f"above 0: {names[0]}; below: {names[1]}")}})
    figure.update_layout(margin={"t": 60})
    figure.add_hline(y=0, line={"color": QUIET, "width": 1})
    return figure


def epochs_figure(
    epochs: Sequence[int], means: Sequence[float], chosen: int, uniform: float | None = None
) -> Figure:
    """How a run's mean surprise at one text changed from epoch to epoch, the chosen one marked.

    `means` are bits a character. `uniform` is what knowing nothing costs: log2 of the alphabet's size.
    """
    figure = empty_figure("mean surprise, bits a character", "epoch")
    figure.add_scatter(
        x=list(epochs),
        y=rounded(means, 3),
        mode="lines+markers",
        name="this text",
        marker={"size": 6},
        line={"color": MODEL, "width": 2},
        hovertemplate="epoch %{x}: %{y:.2f} bits a character<extra></extra>",
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
        figure.add_hline(
            y=round(uniform, 3),
            line={"color": QUIET, "width": 1},
            annotation={"text": f"knowing nothing {uniform:.2f} bits", "font": {"color": QUIET, "size": SMALLEST}},
            annotation_position="bottom right",
        )
    figure.update_layout(
        title="This text from epoch to epoch",
        showlegend=False,
        clickmode="event",
        uirevision=f"{len(epochs)} epochs",
        margin={"t": 44},
    )
    figure.update_xaxes(tick0=0, dtick=max(1, math.ceil((max(epochs) - min(epochs)) / 10)))
    figure.update_yaxes(rangemode="tozero")
    return figure


def _line(
    figure: Figure, text: Sequence[str], places: np.ndarray, values: np.ndarray, name: str, line: dict
) -> None:
    x, y = thin(places.tolist(), rounded(values, 3))
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines+markers" if len(places) == 1 else "lines",
        name=name,
        line=line,
        text=[_context(text, place) for place in x],
        hovertemplate="%{text}: %{y:.2f} bits<extra>" + name + "</extra>",
    )


def _dress(figure: Figure, length: int, chosen: int | None, title: str) -> None:
    if chosen is not None and 0 < chosen < length:
        figure.add_vline(x=chosen, line={"color": INK, "width": 1.5})
    figure.update_layout(
        title=title, clickmode="event", hovermode="closest", uirevision=f"{length} characters", margin={"t": 44}
    )
    figure.update_xaxes(range=[0.5, max(length - 0.5, 1.5)])


def _context(text: Sequence[str], place: int) -> str:
    """The characters before a place, and the one that came there."""
    return f"after “{_read(text, place - 1)}” came “{literal(visible(text[place]))}”"


def _read(text: Sequence[str], step: int) -> str:
    """The last characters that had been read after a step."""
    return literal("".join(visible(c) for c in text[max(0, step + 1 - _CONTEXT) : step + 1]))


def _add_came(
    figure: Figure, text: Sequence[str], characters: Sequence[str], columns: list[int], rows: list[int]
) -> None:
    """An outlined square on each cell of a character that really came."""
    row_of = {characters[i]: row for row, i in enumerate(rows)}
    actual = [(t, row_of[text[t + 1]]) for t in columns if t + 1 < len(text) and text[t + 1] in row_of]
    figure.add_scatter(
        x=[t for t, _ in actual],
        y=[row for _, row in actual],
        mode="markers",
        name="what came",
        hoverinfo="skip",
        marker={"symbol": "square-open", "size": 8, "color": ACTUAL, "line": {"width": 1.5}},
    )


def _add_surprise(
    figure: Figure, text: Sequence[str], columns: list[int], bits: np.ndarray, entropies: np.ndarray | None
) -> None:
    known = [t for t in columns if t < len(bits)]
    lines = [("surprise of what came", known, bits, "solid")]
    if entropies is not None:
        lines.append(("entropy: the surprise it expected", columns, entropies, "dot"))
    for name, places, values, dash in lines:
        figure.add_scatter(
            x=places,
            y=[None if math.isnan(values[t]) else round(float(values[t]), 3) for t in places],
            name=name,
            yaxis="y2",
            mode="lines",
            line={"color": MODEL if dash == "solid" else QUIET, "dash": dash},
            text=[_read(text, t) for t in places],
            hovertemplate="after “%{text}”: %{y:.2f} bits<extra>" + name + "</extra>",
        )
    figure.update_layout(
        yaxis2={"domain": [0, 0.2], "title": "bits", "rangemode": "tozero", "anchor": "x", "automargin": True}
    )


def _name_steps(figure: Figure, text: Sequence[str], columns: list[int]) -> None:
    figure.update_xaxes(
        title="character just read",
        tickvals=columns,
        ticktext=[literal(visible(text[t])) for t in columns],
        tickangle=0,
        tickfont={"family": "monospace"},
        showgrid=False,
        zeroline=False,
        anchor="y2",
        range=[columns[0] - 0.5, columns[-1] + 0.5],
    )


def _window(length: int, chosen: int | None) -> range:
    """At most MOST_STEPS steps with the chosen one in the middle, where the text's ends allow it."""
    first = min(max(0, (chosen or 0) - MAX_STEPS // 2), max(0, length - MAX_STEPS))
    return range(first, min(length, first + MAX_STEPS))


def _left_out(steps: range, length: int, rows: int, characters: int) -> str:
    words = []
    if len(steps) < length:
        words.append(f"steps {steps.start + 1} to {steps.stop} of {length}")
    if rows < characters:
        words.append(f"the {rows} likeliest of {characters} characters")
    return ", ".join(words)
