"""The start page and what all pages share, in a real browser: four doors, Present mode, the QR code."""

from __future__ import annotations

import re

import pytest
import segno
from playwright.sync_api import expect

from helpers.browser import CELLS, button, chart, new_context, serving, settled, wait_until
from pages.parts.home.doors import DOORS

pytestmark = pytest.mark.browser
PROJECTOR = {"width": 1280, "height": 720}
MODULES = """([code, size]) => new Promise((done) => {
  const image = new Image();
  image.onload = () => {
    const canvas = document.createElement("canvas"), scale = 8;
    canvas.width = canvas.height = size * scale;
    const pen = canvas.getContext("2d");
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    const is_dark = (row, column) =>
      pen.getImageData((column + 0.5) * scale, (row + 0.5) * scale, 1, 1).data[0] < 128;
    const counted = [...Array(size).keys()];
    done(counted.map((row) => counted.map((column) => +is_dark(row, column)).join("")));
  };
  image.src = code;
})"""

# What is read on a page, with its size in pixels; not the words of buttons.
LETTERS = """[...document.querySelectorAll('[data-testid=stMain] p, .charlab-chart text')]
  .filter((node) => node.checkVisibility() && node.textContent.trim() && !node.closest('button'))
  .map((node) => [node.textContent, parseFloat(getComputedStyle(node).fontSize)])"""


@pytest.fixture
def projector(page):
    before = page.viewport_size
    page.set_viewport_size(PROJECTOR)
    yield page
    page.set_viewport_size(before)


def open_door(page, address: str, key: str) -> None:
    """Click on a card beside its link: the whole card is the link."""
    page.goto(f"{address}/")
    settled(page)
    box = page.locator(f".st-key-door-{key} img").bounding_box()
    page.mouse.click(box["x"] + 5, box["y"] + 5)
    page.wait_for_url(re.compile("/(train|playground|explainer)"))
    settled(page)


@pytest.mark.slow
def test_each_door_is_above_the_fold_and_shows_its_lesson_after_one_click(shared_server, projector):
    page = projector
    page.goto(f"{shared_server}/")
    settled(page)
    for door in DOORS:
        box = page.locator(f".st-key-door-{door.key}").bounding_box()
        assert box["y"] > 0 and box["y"] + box["height"] < PROJECTOR["height"]
        expect(page.get_by_role("link", name=door.title)).to_be_visible()
    for model in ("best-gru", "small-gru"):  # a model and its links are one row
        links = page.locator(f"[data-testid=stMain] a[href$='model={model}']")
        expect(links).to_have_count(2)
        assert links.nth(0).bounding_box()["y"] == links.nth(1).bounding_box()["y"]

    open_door(page, shared_server, "temperature")
    expect(page).to_have_url(re.compile(r"/playground\?.*mode=temperature"))
    texts = page.locator("[data-testid=stCode]:visible", has_text="ROMEO:")
    expect(texts).to_have_count(3)
    wait_until(lambda: texts.first.inner_text().count("of the state") > 3)

    open_door(page, shared_server, "choose")
    expect(page).to_have_url(re.compile(r"/explainer\?.*view=write"))
    expect(page.get_by_text("falls on “y”", exact=False).first).to_be_visible()
    chart(page, "random_number")
    expect(button(page, "Step")).to_be_visible()
    button(page, "Step").hover()
    page.wait_for_timeout(1000)  # longer than a tooltip waits: it would cover the sentence above the button
    expect(page.get_by_test_id("stTooltipContent")).to_have_count(0)

    open_door(page, shared_server, "inside")
    expect(page).to_have_url(re.compile(r"/explainer\?.*view=inside"))
    assert "".join(page.locator(CELLS).all_inner_texts()).startswith("ROMEO:")
    strip = page.locator("[data-testid=stMain] " + CELLS).last.bounding_box()
    legend = page.get_by_text("8+ bits").bounding_box()
    assert strip["y"] + strip["height"] <= legend["y"]  # the last cell, too, is seen whole
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()

    open_door(page, shared_server, "train")
    expect(page).to_have_url(re.compile(r"/train\?.*preset=quick-gru"))
    expect(button(page, "Start")).to_be_enabled()
    assert page.locator("[data-testid=stException]").count() == 0


def test_present_mode_hides_navigation_stays_and_ends_with_escape(shared_server, projector):
    page = projector
    page.goto(f"{shared_server}/explainer")
    settled(page)
    expect(page.locator("[data-testid=stTopNav]")).to_be_visible()
    button(page, "Present").click()
    settled(page)
    expect(page.locator("[data-testid=stTopNav]")).to_be_hidden()
    assert page.locator("[class*=st-key-details-]:visible").count() == 0
    expect(page).to_have_url(re.compile("present=1"))
    page.reload()
    settled(page)
    expect(page.locator("[data-testid=stTopNav]")).to_be_hidden()
    letters = page.evaluate(LETTERS)
    assert len(letters) > 10 and not [words for words, size in letters if size < 19.9]
    page.keyboard.press("Escape")
    settled(page)
    expect(page.locator("[data-testid=stTopNav]")).to_be_visible()
    assert "present" not in page.url


@pytest.mark.slow
def test_the_code_is_that_of_the_link_and_can_be_read_from_afar(chrome, tmp_path):
    """A class's server, opened by its teacher at an address that leads students to their own machines."""
    names = {"STREAMLIT_SERVER_ADDRESS": "0.0.0.0", "STREAMLIT_BROWSER_SERVER_ADDRESS": "charlab.example"}  # noqa: S104
    with serving(tmp_path, CHARLAB_CLASS="1", **names) as school:
        port = school.address.rpartition(":")[2]
        page = new_context(chrome, viewport=PROJECTOR, color_scheme="dark").new_page()
        page.goto(school.teachers_link.replace("charlab.example", "127.0.0.1"))
        settled(page)
        page.goto(f"http://127.0.0.1:{port}/playground?samples=2&seed_text=Be%20%3Cb%3Ebold&present=1")
        settled(page)
        page.locator(".st-key-class_link button").click()
        code = page.get_by_alt_text("QR code of the link to this page")
        expect(code).to_be_visible()
        settled(page)
        link = page.locator("[data-testid=stPopoverBody] code").inner_text().strip()
        assert link.startswith(f"http://charlab.example:{port}/playground?mode=samples&") and "samples=2" in link
        assert "seed_text=Be+%3Cb%3Ebold" in link and "token" not in link and "present" not in link
        box = code.bounding_box()
        assert box["width"] > 480 and box["height"] > 480 and box["y"] + box["height"] < PROJECTOR["height"]
        light = [0] * 4
        matrix = [[*light, *row, *light] for row in segno.make(link, error="l", micro=False).matrix]
        blank = [[0] * len(matrix[0])] * 4
        expected = ["".join(map(str, row)) for row in [*blank, *matrix, *blank]]
        assert page.evaluate(MODULES, [code.get_attribute("src"), len(expected)]) == expected
        page.context.close()
