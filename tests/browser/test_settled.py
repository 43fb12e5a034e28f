"""The browser tests' own `settled`: a script that loads late, as on a slow machine, is waited for."""

from __future__ import annotations

import re

import pytest

from helpers.browser import CELLS, settled
from helpers.slow_tests import slow

CHART = ".charlab-chart .main-svg"
TEXTS = "[data-testid=stCode]:visible"
SAMPLES = "playground?model=quick-gru&length=20&write=1"
LATE = 2000  # milliseconds; the page's own script has long ended by then
pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("script", "path", "drawn"),
    [
        slow(("StreamlitSyntaxHighlighter", SAMPLES, TEXTS)),
        slow(("BidiComponent", "explainer", CELLS)),
        ("plotly.min", "explainer", CHART),
    ],
    ids=["code", "component", "chart"],
)
def test_what_is_loaded_late_is_drawn_when_the_page_has_settled(shared_server, page, script, path, drawn):
    delayed = []

    def delay(route) -> None:
        delayed.append(route.request.url)
        page.wait_for_timeout(LATE)
        route.continue_()

    page.route(re.compile(rf"/{re.escape(script)}[^/]*\.js"), delay)
    try:
        page.goto(f"{shared_server}/{path}")
        settled(page)
        assert delayed and page.locator(drawn).count() > 0
    finally:
        page.unroute_all(behavior="wait")
