"""The Stop of Streamlit's header: what was generated stays, and a page that is not complete says so."""

from __future__ import annotations

import re
import urllib.parse

import pytest
from playwright.sync_api import expect

from charlab.core.config import ModelConfig
from helpers.browser import CELLS, button, settled, wait_until
from helpers.tiny import TINY, make_run

TEXTS = "[data-testid=stCode]:visible"
pytestmark = pytest.mark.browser


def texts(page) -> list[str]:
    return [text.strip("\n") for text in page.locator(TEXTS).all_inner_texts()]


@pytest.fixture
def slow_model(shared_server, monkeypatch) -> str:
    monkeypatch.setitem(TINY, "slow", ModelConfig(kind="lstm", layers=2, units=512, embedding=8))
    return make_run("slow", name="Slow").id


def test_the_headers_stop_leaves_what_was_written_and_the_page_is_ready_again(shared_server, slow_model, page):
    query = {"model": slow_model, "length": "2000", "samples": "4"}
    page.goto(f"{shared_server}/playground?{urllib.parse.urlencode(query)}")
    settled(page)
    button(page, "Generate").click()
    wait_until(lambda: len(texts(page)) == 4 and len(texts(page)[-1]) > 40)
    page.locator("button[kind=header]", has_text="Stop").click()
    expect(page.get_by_text(re.compile(r"Stopped after \d+ of 2000 characters"))).to_be_visible()
    settled(page)
    for words in ("Generating", "You stopped this page"):
        expect(page.get_by_text(words)).to_have_count(0)
    assert len(texts(page)) == 4 and all(len(text) > 40 for text in texts(page))
    expect(page.get_by_role("button", name="Explain", exact=True)).to_have_count(4)
    before = texts(page)
    page.get_by_role("slider", name="Temperature").focus()
    page.keyboard.press("ArrowRight")
    settled(page)
    assert texts(page) == before  # it does not begin again by itself
    expect(page.get_by_text("outdated")).to_have_count(4)


@pytest.mark.slow
def test_any_other_page_that_was_stopped_says_so_and_can_be_shown(shared_server, slow_model, page):
    query = {"model": slow_model, "text": "the quick brown fox " * 240}
    page.goto(f"{shared_server}/explainer?{urllib.parse.urlencode(query)}")
    page.locator("button[kind=header]", has_text="Stop").click()
    expect(page.get_by_text("You stopped this page before it was complete")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Show all of it", exact=True).click()
    settled(page)
    expect(page.get_by_text("You stopped this page")).to_have_count(0)
    expect(page.locator(CELLS).first).to_be_visible()


@pytest.mark.slow
def test_a_page_that_ends_by_itself_was_not_stopped_by_the_reader(shared_server, page):
    page.goto(f"{shared_server}/playground?{urllib.parse.urlencode({'mode': 'temperature sweep'})}")
    settled(page)
    page.get_by_role("textbox", name="Temperatures").fill("warm")
    button(page, "Generate").click()
    expect(page.get_by_text("Received: 'warm'")).to_be_visible()
    settled(page)
    expect(page.get_by_text("You stopped this page")).to_have_count(0)
    page.get_by_role("textbox", name="Temperatures").fill("0, 1")
    button(page, "Generate").click()  # it has stayed where it was
    wait_until(lambda: len(texts(page)) == 2)
    expect(page.get_by_text("Received: 'warm'")).to_have_count(0)
    for address in ("explainer?text=", "playground?model=no-such-model"):
        page.goto(f"{shared_server}/{address}")
        settled(page)
        expect(page.get_by_text("You stopped this page")).to_have_count(0)
