"""A Plotly chart in one node that is redrawn in place, so that a reader's zoom survives every update.

Streamlit's own st.plotly_chart is torn down and built again whenever its figure changes. Plotly itself comes
from this server (routes.py).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from pages.parts.shared import present, served_files

_mount = served_files.component("charlab_chart", Path(__file__).with_suffix(".js"), isolate_styles=False)


def plotly_chart(
    figure: go.Figure | str | dict[str, Any],
    *,
    key: str,
    label: str,
    height: int = 400,
    on_click: Callable[[dict[str, Any]], None] | None = None,
    filename: str = "charlab",
    follows: bool = False,
) -> dict[str, Any] | None:
    """Draw a figure (or its JSON) under `key`; `label` describes the chart in a sentence, for screen readers.

    A dictionary instead says where browsers load the JSON from: {"address": with "{first}" for the window's first
    step, "length": of the text, "most": steps of a window; where the text is read in "parts", with "{at}" for the
    first position of one}. A chart that `follows` shows the page's chosen position with the cursor of its figure's
    `meta`; a click chooses another, both in the browser (place.js).

    A click reruns the page, or the fragment around the chart: `on_click` is called before that, and the click is
    returned for this one run: {"x", "y", "curve", "point"}. Without `on_click` clicks are not reported.
    """

    def report() -> None:
        click = _checked(st.session_state[key].get("click"))
        if click and on_click:
            on_click(click)

    data = frame(height) | {
        "figure": None if isinstance(figure, dict) else figure if isinstance(figure, str) else figure.to_json(),
        "source": figure if isinstance(figure, dict) else None,
        "follows": follows,
        "label": label,
        "filename": filename,
        "clickable": on_click is not None,
    }
    return _checked(_mount(key=key, data=data, on_click_change=report).click)


def frame(height: int) -> dict[str, Any]:
    """What a script needs to draw a chart of that height itself (chart.js)."""
    return {"script": script_address(), "height": height, "least_type": present.TYPE if present.is_on() else 0}


def _checked(click: Any) -> dict[str, Any] | None:
    """The browser's message where it has the form of a click, else None."""
    if isinstance(click, dict) and {"x", "y", "curve", "point"} <= set(click):
        return {name: click[name] for name in ("x", "y", "curve", "point")}
    return None


@cache
def script_address() -> str:
    """The path of Plotly on this server; its version makes browsers fetch a newer one."""
    return f"{served_files.root()}/assets/plotly.min.js?{version('plotly')}"
