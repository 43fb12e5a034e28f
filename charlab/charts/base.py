"""What all figures have in common: colours, an empty figure, rounded numbers, texts shown as they are.

Pure: nothing is read, kept or drawn here. Colours are names of CSS variables, which the page's theme fills in
(pages/parts/shared/chart.js), so one figure serves light and dark. Plotly reads texts as a kind of HTML: whatever
comes from a person or a model goes through `literal`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

Figure = go.Figure

MODEL = "var(--st-blue-color)"  # the model's own probability
SAMPLING = "var(--st-chart-sequential-colors-4)"  # the same after temperature and cut-offs: lighter
ACTUAL = "var(--st-orange-color)"  # what really came
TRAINING = "var(--st-green-color)"
VALIDATION = "var(--st-violet-color)"
QUIET = "var(--st-gray-color)"  # reference lines, earlier runs
INK = "var(--st-text-color)"
CLEAR = "rgba(0,0,0,0)"
PAPER = "var(--st-background-color)"
# Ten steps from the page's background to the deepest hue.
SEQUENTIAL = [[i / 9, f"var(--st-chart-sequential-colors-{i})"] for i in range(10)]

SMALLEST = 12  # pixels: no letter in a picture is smaller


def literal(text: str) -> str:
    """A text that Plotly shows as it is: no tag, link or entity in it is obeyed."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def empty_figure(y_title: str | None, x_title: str | None) -> go.Figure:
    """An empty figure whose fonts, grid and ink are left to the page's theme, and whose zoom stays."""
    return go.Figure(layout=plain_layout(y_title, x_title))


def plain_layout(y_title: str | None, x_title: str | None) -> dict[str, Any]:
    """The layout of `empty_figure`, as Plotly's JSON has it."""
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
