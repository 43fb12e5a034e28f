"""The app below a base path, as behind a school's proxy (docs/hosting.md): pages, links, charts in a browser."""

import re

import pytest
from playwright.sync_api import expect

from helpers.browser import CELLS, serving, settled

pytestmark = pytest.mark.browser


def test_pages_links_and_charts_work_below_a_base_path(tmp_path, page):
    missing = []
    page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)
    with serving(tmp_path, base="school") as served:
        page.goto(f"{served.address}/explainer?model=ngram&text=To+be")  # a link that somebody was sent
        settled(page)
        expect(page.locator(CELLS).first).to_be_visible()
        expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()  # Plotly came from below the path
        page.goto(f"{served.address}/")
        settled(page)
        page.locator("a[href*='explainer?model=']").first.click()
        settled(page)
        expect(page).to_have_url(re.compile(f"^{re.escape(served.address)}/explainer\\?model="))
        expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
        page.goto("about:blank")
    # Streamlit looks for its base path below every page's address first.
    assert [address for address in missing if "/explainer/_stcore/" not in address] == []
