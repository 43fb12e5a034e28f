"""The components by keyboard and for the eye: what has the focus is seen, and every letter of the strip."""

from __future__ import annotations

import re
import urllib.parse

import pytest
from playwright.sync_api import expect

from helpers.accessibility import WIDE, look
from helpers.browser import CELLS, chart, settled
from helpers.contrast import MARK, TEXT, THEMES, contrast
from helpers.tiny import make_run

pytestmark = pytest.mark.browser

# Background and letters of each shade of a strip, as the browser has them.
SHADES = """text => [...text.parentElement.querySelector("style").sheet.cssRules]
  .filter(({ selectorText }) => selectorText.startsWith(".shade-"))
  .map(({ style }) => [style.backgroundColor, style.color])"""
# The ring around what has the focus, and the page behind it; a fading button has got there.
RING = """async node => {
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(node);
  await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
  let opacity = 1;
  for (let part = node; part; part = part.parentElement) opacity *= getComputedStyle(part).opacity;
  const { backgroundColor } = getComputedStyle(document.querySelector("[data-testid=stApp]"));
  return [outlineStyle, parseFloat(outlineWidth), outlineColor, backgroundColor, opacity];
}"""


@pytest.fixture
def explainer(shared_server, page):
    size = page.viewport_size
    query = {"model": make_run().id, "text": "the quick brown fox.", "step": "5"}
    page.goto(f"{shared_server}/explainer?{urllib.parse.urlencode(query)}")
    settled(page)
    yield page
    page.emulate_media(color_scheme=None)
    page.set_viewport_size(size)


def as_hex(painted: str) -> str:
    """ "rgb(0, 17, 255)" as "#0011ff"."""
    return "#" + "".join(f"{int(channel):02x}" for channel in re.findall(r"\d+", painted)[:3])


def assert_ring(node) -> None:
    """What has the focus has a ring of at least two pixels that stands out from the page."""
    style, width, colour, paper, opacity = node.evaluate(RING)
    assert style == "solid" and width >= 2 and opacity == 1
    assert contrast(as_hex(colour), as_hex(paper)) >= MARK


@pytest.mark.parametrize("scheme", THEMES)
def test_every_letter_of_the_strip_can_be_read_on_every_shade(explainer, scheme):
    look(explainer, scheme, WIDE)
    strip = explainer.locator("[role=listbox][aria-label^='The text']")
    for colour in ("Surprise", "Unit"):  # of one scale each, sequential and diverging
        if colour == "Unit":
            explainer.get_by_role("radio", name="Look inside").click()
            settled(explainer)
            explainer.get_by_role("button", name="Colour the text by this unit").click()
            settled(explainer)
        shades = [(as_hex(paper), as_hex(ink)) for paper, ink in strip.evaluate(SHADES)]
        assert len(set(shades)) == 25
        assert min(contrast(ink, paper) for paper, ink in shades) >= TEXT


@pytest.mark.parametrize("scheme", THEMES)
def test_strip_and_charts_are_reached_by_keyboard_and_show_where_the_focus_is(explainer, scheme):
    look(explainer, scheme, WIDE)
    chart(explainer, "bars")
    strip = explainer.locator("[role=listbox][aria-label^='The text']")
    cells = explainer.locator(CELLS)
    assert strip.locator("[tabindex='0']").count() == 1  # one stop for Tab; arrow keys move within
    cells.nth(5).focus()
    explainer.keyboard.press("ArrowRight")
    expect(cells.nth(6)).to_be_focused()
    assert_ring(cells.nth(6))
    settled(explainer)
    buttons = explainer.locator(".st-key-bars .modebar-btn")
    names = buttons.evaluate_all("all => all.map(one => one.getAttribute('aria-label'))")
    assert "Download as PNG" in names and all(names)
    explainer.keyboard.press("Tab")
    for _ in range(60):
        if buttons.evaluate_all("all => all.includes(document.activeElement)"):
            break
        explainer.keyboard.press("Tab")
    focused = explainer.locator(".st-key-bars .modebar-btn:focus")
    expect(focused).to_have_count(1)
    assert_ring(focused)


def test_a_chart_is_named_and_its_picture_is_not_read_letter_by_letter(explainer):
    node = chart(explainer, "bars")
    expect(node).to_have_attribute("role", "figure")
    expect(node).to_have_attribute("aria-label", re.compile(r"\w+ \w+"))
    hidden = node.locator(".main-svg").evaluate_all("all => all.map(one => one.getAttribute('aria-hidden'))")
    assert hidden and set(hidden) == {"true"}
