"""The Train page on a projector and without a network, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from charlab.corpora import catalogue
from helpers.browser import button, chart, serving, settled, wait_until
from helpers.runs import all_runs

TINY = "corpus=coin-flips&preset=custom&epochs.custom=5000&custom.units=16&custom.batch_size=256"
WIDTH, HEIGHT = 1280, 720  # CSS pixels: 1920 x 1080 at 150%
pytestmark = pytest.mark.browser


@pytest.fixture
def projector(page):
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    yield page
    page.set_viewport_size({"width": 1440, "height": 1000})


def is_on_first_screen(place: Locator) -> bool:
    box = place.bounding_box()
    return box is not None and 0 <= box["y"] and box["y"] + box["height"] <= HEIGHT and box["height"] > 10


def shown_text(page: Page) -> Locator:
    return page.locator(".charlab-live-text")


@pytest.mark.slow
def test_curve_newest_text_figures_and_controls_are_on_the_first_screen_while_a_run_trains(
    shared_server, projector
):
    page = projector
    page.goto(f"{shared_server}/train")
    settled(page)
    assert is_on_first_screen(button(page, "Start")) and is_on_first_screen(page.get_by_text("Press Start").first)
    page.goto(f"{shared_server}/train?{TINY}")
    settled(page)
    button(page, "Start").click()
    wait_until(lambda: list(all_runs()))
    (run,) = all_runs()
    texts = lambda: [event["text"] for event in run.events()[0] if event["event"] == "sample"]  # noqa: E731
    wait_until(lambda: len(texts()) > 3)
    settled(page)  # before that the chart may still move, and be scrolled to
    figure = chart(page, f"loss-{run.id}")
    assert run.status().state == "running"
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == 0
    for place in (figure, shown_text(page), button(page, "Pause"), button(page, "Stop"), button(page, "Start")):
        expect(place).to_be_visible()
        assert is_on_first_screen(place), place
    for label in ("Time left", "Characters/s", "Validation, bits"):
        assert is_on_first_screen(page.locator(".charlab-live-figure").filter(has_text=label))
    tops = page.locator(".charlab-live-figure").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().top)"
    )
    assert len(tops) == 3 and len(set(tops)) == 1  # in one row, also with a million characters per second

    expect(page.get_by_role("combobox", name=re.compile(r"\bRun$"))).to_have_value(re.compile(" · training$"))

    # The text follows the newest, until the reader goes back; then it stays
    older = len(texts())
    wait_until(lambda: len(texts()) > older + 3)
    slider = page.get_by_role("slider", name="Text after epoch").and_(page.locator(":visible"))
    wait_until(lambda: int(slider.input_value()) > older)
    slider.focus()
    page.keyboard.press("Home")
    expect(shown_text(page)).to_contain_text(texts()[0].strip()[:20])
    newer = len(texts())
    wait_until(lambda: len(texts()) > newer + 3)
    expect(shown_text(page)).to_contain_text(texts()[0].strip()[:20])

    # Present mode: curve, text and the two controls
    page.goto(f"{shared_server}/train?run={run.id}&present=1")
    settled(page)
    for place in (chart(page, f"loss-{run.id}"), shown_text(page), button(page, "Pause"), button(page, "Stop")):
        expect(place).to_be_visible()
        assert is_on_first_screen(place)
    assert chart(page, f"loss-{run.id}").bounding_box()["height"] > HEIGHT / 2  # it has the screen to itself
    for hidden in ("Start", "Rename", "Compare"):
        expect(button(page, hidden)).to_be_hidden()
    for hidden in ("Generate text with it", "Explain with it"):
        expect(page.get_by_role("link", name=hidden)).to_have_count(0)
    button(page, "Stop").click()
    wait_until(lambda: run.status().state == "stopped")
    expect(button(page, "Start")).to_be_visible()

    # A trained model is to be used: the links are next to its curve
    page.goto(f"{shared_server}/train?run={run.id}&present=0")
    settled(page)
    for link in ("Generate text with it", "Explain with it"):
        assert is_on_first_screen(page.get_by_role("link", name=link))


def test_the_title_of_a_run_is_read_whole_in_a_narrow_window(shared_server, page):
    from helpers.tiny import make_run

    name = "A network of 256 units on a text with a title that is longer than any telephone is wide"[:80]
    make_run(name=name)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{shared_server}/train")
    settled(page)
    expect(page.locator(".st-key-run-in-full").get_by_text(name)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1440, "height": 1000})
    expect(page.locator(".st-key-run-in-full")).to_be_hidden()


@pytest.mark.slow
def test_without_a_network_and_with_an_empty_cache_the_default_start_trains(tmp_path, page):
    refusing = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    nothing = dict.fromkeys(("NO_PROXY", "no_proxy", "CHARLAB_CORPORA"), "")
    with serving(tmp_path, **refusing, **nothing) as served:
        page.goto(f"{served.address}/train")
        settled(page)
        assert not (tmp_path / "cache" / "shakespeare.txt").exists()
        button(page, "Start").click()
        wait_until(lambda: list(all_runs(served.folder)))
        (run,) = all_runs(served.folder)
        expect(page.get_by_text("Tiny Shakespeare could not be downloaded.")).to_be_visible()
        wait_until(lambda: run.status().step > 0)
        assert run.config().corpus == catalogue.stand_in().name != catalogue.DEFAULT
        chart(page, f"loss-{run.id}")
        page.goto("about:blank")


def test_to_paste_a_text_nothing_has_to_be_scrolled(shared_server, projector):
    page = projector
    page.goto(f"{shared_server}/train")
    settled(page)
    button(page, "Add your own text").click()
    take = button(page, "Use this text")
    settled(page)
    label = page.get_by_text("Text file (.txt)")
    readers = page.get_by_text("Everyone on this server can read the texts uploaded here.")
    for place in (
        label,
        page.get_by_role("textbox", name="Or paste a text"),
        page.get_by_role("textbox", name="Name"),
        take,
        readers,
    ):
        box = place.bounding_box()
        for y in (box["y"] + 3, box["y"] + box["height"] - 3):
            is_seen = "(place, at) => place.contains(document.elementFromPoint(...at))"
            assert place.evaluate(is_seen, [box["x"] + 5, y]), place
