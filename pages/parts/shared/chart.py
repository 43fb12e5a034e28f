"""A Plotly chart that stays: one node that is redrawn in place, so that a reader's zoom outlives every tick.

Streamlit's own st.plotly_chart is torn down and built again whenever its figure changes. Plotly itself comes
from this server (streamlit_app.py).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import streamlit as st

_mount = st.components.v2.component(
    "charlab_chart", js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"), isolate_styles=False
)


def plotly_chart(
    figure: go.Figure | str,
    *,
    key: str,
    label: str,
    height: int = 400,
    on_click: Callable[[dict[str, Any]], None] | None = None,
    filename: str = "charlab",
) -> dict[str, Any] | None:
    """Draw a figure (or its JSON) under `key`; `label` says in a sentence what the picture shows.

    A click reruns the page, or the fragment that the chart stands in: `on_click` is called before that, and
    returned, for this one run, is {"x", "y", "curve", "point"}. Without `on_click` clicks are not reported.
    """

    def report() -> None:
        click = _checked(st.session_state[key].get("click"))
        if click and on_click:
            on_click(click)

    data = {
        "figure": figure if isinstance(figure, str) else figure.to_json(),
        "script": _script_address(),
        "height": height,
        "label": label,
        "filename": filename,
        "clickable": on_click is not None,
    }
    return _checked(_mount(key=key, data=data, on_click_change=report).click)


def _checked(click: Any) -> dict[str, Any] | None:
    """What a browser sent, where it has the form of a click."""
    if isinstance(click, dict) and {"x", "y", "curve", "point"} <= set(click):
        return {name: click[name] for name in ("x", "y", "curve", "point")}
    return None


@cache
def _script_address() -> str:
    """Where this server has Plotly; the version makes a browser fetch a newer one."""
    base = st.get_option("server.baseUrlPath").strip("/")
    return f"{'/' + base if base else ''}/assets/plotly.min.js?{version('plotly')}"
