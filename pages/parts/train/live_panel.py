"""The parts of a run's panel that follow the run: one component, drawn in several places, fed by live_route.py.

The page's script runs again only where its own controls change; until then the browser asks the server once per
second, once for all parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from charlab.runs import permissions, store
from charlab.runs.store import Run, Status
from pages.parts.shared import browser_cookie, chart, present, served_files
from pages.parts.train import live_document, live_route
from pages.parts.train.live_document import Wanted

Part = Literal["progress", "figures", "chart", "texts", "about", "caption", "words"]

_mount = st.components.v2.component(
    "charlab_live_panel", js=served_files.loader("live_panel.js"), isolate_styles=False
)


@dataclass(frozen=True)
class Live:
    """A run's panel: where its state comes from, and with which controls the page's script has drawn it."""

    run: str
    route: str
    controls: str
    active: bool  # as it was drawn
    at: float  # when the script read the run, in seconds since 1970

    def part(self, name: Part, *, key: str = "", height: int = 0) -> None:
        """Draw a part of the panel; the chart and the texts have `height` pixels."""
        data = {"part": name, "run": self.run, "route": self.route, "height": height}
        if name == "progress":  # it lets the script run again
            data |= {"controls": self.controls, "active": self.active, "at": self.at}
        elif name == "chart":
            data |= {"script": chart.script_address(), "least_type": present.TYPE if present.is_on() else 0}
        _mount(key=key or f"live-{name}-{self.run}", data=data, on_changed_change=_run_again)


def follow(run: Run, status: Status, at: float, unit: str, over: str, others: Sequence[Run]) -> Live:
    """The panel of a run whose `status` was read `at` that time."""
    may_act = permissions.may_act(browser_cookie.actor(), run)
    wanted = Wanted(run.id, unit, over, tuple(other.id for other in others), may_act)
    controls = live_document.controls(run, status, run.weight_names())
    return Live(run.id, live_route.address(wanted), controls, status.state in store.ACTIVE, at)


def _run_again() -> None:
    """Nothing is to be done but to run the script again."""
