"""Figures of a translator: its attention or its probabilities as a matrix, the tree of a beam search, and what
becomes of dates at each temperature."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

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
    empty_figure,
    literal,
    rounded,
)
from charlab.core.display import named, visible

_NODE = 22  # pixels across
_PADDING = "rgba(127, 136, 150, 0.28)"


@dataclass(frozen=True)
class Leaf:
    """One text of a tree: its last character, the place of the text before it in the step before, and the
    probability of the whole text, 0 to 1."""

    character: str
    parent: int
    probability: float


def attention_matrix_figure(read: str, written: str, weights: np.ndarray) -> Figure:
    """Attention [L, T]: a row per character written, a column per character read, and greyed columns for padding,
    where T is more than the characters of `read`."""
    T = weights.shape[1]
    columns = [*read, *[""] * (T - len(read))]
    figure = empty_figure("character written", "character read")
    figure.add_heatmap(
        x=list(range(1, T + 1)),
        y=list(range(1, len(written) + 1)),
        z=rounded(weights),
        coloraxis="coloraxis",
        showlegend=False,
        text=[[f"{w} looks at {named(c) if c else 'padding'}" for c in columns] for w in written],
        hovertemplate="%{text}: %{z:.1%}<extra></extra>",
        xgap=1,
        ygap=1,
    )
    _scale(figure, "share of attention")
    figure.update_xaxes(**character_axis(columns, range(T), "character read"), side="top")
    _rows(figure, written)
    if len(read) < T:
        figure.add_shape(
            type="rect",
            x0=len(read) + 0.5,
            x1=T + 0.5,
            y0=0.5,
            y1=len(written) + 0.5,
            fillcolor=_PADDING,
            line={"width": 0},
        )
        figure.add_annotation(
            x=(len(read) + T + 1) / 2,
            y=(len(written) + 1) / 2,
            text="padding: 0%",
            showarrow=False,
            textangle=-90,
            font={"color": INK, "size": 14},
        )
    return figure


def candidates_figure(characters: str, written: str, probabilities: np.ndarray) -> Figure:
    """The probability of each character that could be written, [L, V], a row per position; outlined is the one
    that was."""
    figure = empty_figure("character written", None)
    figure.add_heatmap(
        x=list(range(1, len(characters) + 1)),
        y=list(range(1, len(written) + 1)),
        z=rounded(probabilities),
        coloraxis="coloraxis",
        showlegend=False,
        text=[[f"{c} as character {row + 1}" for c in characters] for row in range(len(written))],
        hovertemplate="%{text}: %{z:.1%}<extra></extra>",
        xgap=1,
        ygap=1,
    )
    for row, character in enumerate(written, start=1):
        x = characters.index(character) + 1
        figure.add_shape(
            type="rect", x0=x - 0.5, x1=x + 0.5, y0=row - 0.5, y1=row + 0.5, line={"color": ACTUAL, "width": 1.5}
        )
    _scale(figure, "probability")
    figure.update_xaxes(**character_axis(characters, range(len(characters)), "could be written"), side="top")
    _rows(figure, written)
    return figure


def _scale(figure: Figure, title: str) -> None:
    bar = {"title": {"text": title, "side": "right"}, "tickformat": ".0%", "thickness": 12, "len": 1}
    figure.update_layout(
        coloraxis={"colorscale": SEQUENTIAL, "cmin": 0, "cmax": 1, "colorbar": bar}, margin={"t": 10}
    )


def _rows(figure: Figure, written: str) -> None:
    figure.update_yaxes(
        tickvals=list(range(1, len(written) + 1)),
        ticktext=[literal(visible(character)) for character in written],
        tickfont={"family": "monospace"},
        range=[len(written) + 0.5, 0.5],
        showgrid=False,
        zeroline=False,
    )


def beam_figure(
    steps: Sequence[Sequence[Leaf]],
    endings: Sequence[str],
    greedy: str,
    kept: Sequence[int | None],
    greedy_probabilities: Sequence[float],
) -> Figure:
    """The tree of a beam search. `steps` are the texts kept at each step, most likely first, `endings` the whole
    texts of the last one; above each node is the probability of its text so far. What leads to none of the endings
    is grey, the best text is bold. The greedy text is orange: `kept` is its place in each step, None from where
    the beam has dropped it and where it has a row of its own below, with its probabilities."""
    figure = empty_figure(None, None)
    alive, best = _ancestors(steps, range(len(steps[-1]))), _ancestors(steps, [0])
    for wanted, colour, width in ((None, QUIET, 1.0), (alive, MODEL, 1.5), (best, MODEL, 4.0)):
        _add_edges(figure, steps, alive, wanted, colour, width)
    _add_greedy(figure, steps, greedy, kept, greedy_probabilities)
    for is_alive, colour in ((False, QUIET), (True, MODEL)):
        nodes = [
            (step, place, leaf)
            for step, leaves in enumerate(steps)
            for place, leaf in enumerate(leaves)
            if ((step, place) in alive) == is_alive
        ]
        _add_nodes(figure, nodes, colour)
    for place, text in enumerate(endings):
        _name_row(figure, f"<b>{literal(text)}</b>" if place == 0 else literal(text), len(steps), place, INK)
    rows = max(map(len, steps))
    figure.update_layout(margin={"t": 8, "b": 8, "l": 4, "r": 4}, hovermode="closest", showlegend=False)
    figure.update_xaxes(visible=False, range=[0.5, len(steps) + 3.1])
    figure.update_yaxes(visible=False, range=[rows + (0.5 if None in kept else -0.4), -0.75])
    return figure


def _ancestors(steps: Sequence[Sequence[Leaf]], places: Sequence[int] | range) -> set[tuple[int, int]]:
    """The nodes, as (step, place), that lead to these places of the last step."""
    found, current = set(), set(places)
    for step in range(len(steps) - 1, -1, -1):
        found |= {(step, place) for place in current}
        current = {steps[step][place].parent for place in current}
    return found


def _add_edges(
    figure: Figure,
    steps: Sequence[Sequence[Leaf]],
    alive: set[tuple[int, int]],
    wanted: set[tuple[int, int]] | None,
    colour: str,
    width: float,
) -> None:
    x: list[float | None] = []
    y: list[float | None] = []
    for step in range(1, len(steps)):
        for place, leaf in enumerate(steps[step]):
            if (step, place) in (wanted or ()) or (wanted is None and (step, place) not in alive):
                x += [step, step + 1, None]
                y += [leaf.parent, place, None]
    figure.add_scatter(x=x, y=y, mode="lines", line={"color": colour, "width": width}, hoverinfo="skip")


def _add_nodes(figure: Figure, nodes: Sequence[tuple[int, float, Leaf]], colour: str) -> None:
    x, y = [step + 1 for step, _, _ in nodes], [place for _, place, _ in nodes]
    figure.add_scatter(
        x=x,
        y=y,
        mode="markers+text",
        marker={"size": _NODE, "color": "var(--st-background-color)", "line": {"color": colour, "width": 2}},
        text=[literal(leaf.character) for _, _, leaf in nodes],
        textfont={"family": "monospace", "size": 14, "color": INK},
        customdata=[leaf.probability for _, _, leaf in nodes],
        hovertemplate="probability of the text up to here: %{customdata:.2%}<extra></extra>",
        cliponaxis=False,
    )
    figure.add_scatter(
        x=x,
        y=[height - 0.45 for height in y],
        mode="text",
        text=[percent(leaf.probability) for _, _, leaf in nodes],
        textfont={"size": SMALLEST, "color": INK},
        hoverinfo="skip",
        cliponaxis=False,
    )


def _add_greedy(
    figure: Figure,
    steps: Sequence[Sequence[Leaf]],
    greedy: str,
    kept: Sequence[int | None],
    probabilities: Sequence[float],
) -> None:
    below = max(map(len, steps)) + 0.1
    heights = [below if place is None else place for place in kept]
    figure.add_scatter(
        x=list(range(1, len(heights) + 1)),
        y=heights,
        mode="lines",
        line={"color": ACTUAL, "width": 2, "dash": "dot"},
        hoverinfo="skip",
    )
    dropped = [
        (step, below, Leaf(character, 0, probability))
        for step, (character, place, probability) in enumerate(zip(greedy, kept, probabilities, strict=True))
        if place is None
    ]
    if dropped:
        _add_nodes(figure, dropped, ACTUAL)
        _name_row(figure, literal(greedy), len(steps), below, ACTUAL)


def _name_row(figure: Figure, words: str, last: int, height: float, colour: str) -> None:
    figure.add_annotation(
        x=last + 0.3,
        y=height,
        text=words,
        showarrow=False,
        xanchor="left",
        font={"family": "monospace", "size": 13, "color": colour},
    )


def percent(share: float) -> str:
    """A probability in whole percent, or that it is less than one, for Plotly."""
    return f"{share:.0%}" if share >= 0.005 else "&lt;1%"


def temperature_figure(
    temperatures: Sequence[float], exact: Sequence[float], valid: Sequence[float], chosen: float
) -> Figure:
    """The shares of translations, 0 to 1, that are right and that are dates at all, against temperature; a dotted
    line is the chosen one."""
    figure = empty_figure("of 200 dates, %", "temperature")
    for name, shares, colour, dash in (("dates at all", valid, MODEL, "solid"), ("right", exact, ACTUAL, "dash")):
        figure.add_scatter(
            x=list(temperatures),
            y=rounded([100 * share for share in shares], 1),
            mode="lines+markers",
            name=name,
            line={"color": colour, "width": 2, "dash": dash},
            marker={"size": 7},
            hovertemplate="temperature %{x:g}: %{y:.1f}%",
        )
    figure.add_vline(x=chosen, line={"color": QUIET, "width": 2, "dash": "dot"})
    figure.update_layout(margin={"t": 10}, hovermode="x unified")
    figure.update_yaxes(range=[-2, 104])
    figure.update_xaxes(range=[-0.1, math.ceil(max(temperatures)) + 0.1])
    return figure
