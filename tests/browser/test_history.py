"""Back and Forward of the browser, in a real one: a press leads to the page before, and page and address agree."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from helpers.browser import settled

HEADINGS = {
    "/": "Watch a language model learn and write",
    "/train": "Train a model",
    "/playground": "Generate text",
    "/explainer": "See what a model predicts",
}
pytestmark = pytest.mark.browser


def follow(page: Page, name: str) -> None:
    """A click on a page's name at the top."""
    page.get_by_test_id("stTopNavLink").filter(has_text=name).click()
    settled(page)


def is_at(page: Page, path: str) -> None:
    settled(page)
    expect(page).to_have_url(re.compile(rf"^[^?]*:\d+{path}(\?|$)"))
    expect(page.get_by_role("heading", level=1, name=HEADINGS[path])).to_be_visible()


def begin(page: Page, server: str, *names: str) -> None:
    """Open the start page, then each page of these names."""
    page.goto(server)
    is_at(page, "/")
    for name in names:
        follow(page, name)
        is_at(page, f"/{name.lower()}")


@pytest.mark.slow
def test_one_press_of_back_leads_to_the_page_before_whatever_was_set_on_this_one(shared_server, page):
    begin(page, shared_server, "Train")
    page.get_by_role("radio", name="Epochs").click()
    is_at(page, "/train")
    follow(page, "Playground")
    page.get_by_role("button", name=re.compile("^Generate")).click()
    is_at(page, "/playground")
    last = page.url
    page.go_back()
    is_at(page, "/train")
    expect(page).to_have_url(re.compile("budget.quick-gru=epochs"))
    expect(page.get_by_role("slider", name="Epochs")).to_be_visible()
    page.go_back()
    is_at(page, "/")
    page.go_forward()
    is_at(page, "/train")
    page.go_forward()
    is_at(page, "/playground")
    assert page.url == last


@pytest.mark.slow
def test_back_leads_from_a_door_to_home_and_forward_to_what_the_door_showed(shared_server, page):
    begin(page, shared_server)
    page.get_by_role("link", name="Temperature in three minutes").click()
    is_at(page, "/playground")
    shown, address = page.get_by_test_id("stCode").all_inner_texts(), page.url
    assert len(shown) >= 3
    page.go_back()
    is_at(page, "/")
    assert "?" not in page.url
    page.go_forward()
    is_at(page, "/playground")
    assert page.url == address and page.get_by_test_id("stCode").all_inner_texts() == shown


def test_back_leads_to_the_view_before_then_to_the_page_before(shared_server, page):
    begin(page, shared_server, "Explainer")
    page.get_by_role("radio", name="Look inside").click()
    is_at(page, "/explainer")
    expect(page).to_have_url(re.compile("view=inside"))
    page.go_back()
    is_at(page, "/explainer")
    expect(page.get_by_role("radio", name="Read", exact=True)).to_be_checked()
    page.go_back()
    is_at(page, "/")


@pytest.mark.slow
def test_presses_that_follow_each_other_at_once_leave_page_and_address_agreeing(shared_server, page):
    begin(page, shared_server, "Train", "Playground", "Explainer")
    page.evaluate("history.back(); setTimeout(() => history.back(), 20); setTimeout(() => history.back(), 60)")
    page.wait_for_timeout(500)
    is_at(page, "/")
    page.evaluate("history.forward(); setTimeout(() => history.forward(), 20)")
    page.wait_for_timeout(500)
    is_at(page, "/playground")


def test_settings_that_arrive_before_their_page_are_not_written_into_the_entry_of_the_one_before(
    shared_server, page
):
    begin(page, shared_server)
    for address in ("/?model=ngram", "/playground?model=ngram"):  # as Streamlit does, on a busy machine
        page.evaluate("address => history.pushState({}, '', address)", address)
    page.go_back()
    is_at(page, "/")
    assert "?" not in page.url


def test_a_page_begins_at_its_top(shared_server, page):
    page.set_viewport_size({"width": 390, "height": 600})
    try:
        page.goto(shared_server)
        is_at(page, "/")
        scrolled = "document.querySelector('[data-testid=stMain]').scrollTop"
        page.get_by_role("link", name="Train your own").scroll_into_view_if_needed()
        assert page.evaluate(scrolled) > 200
        page.get_by_role("link", name="Train your own").click()
        is_at(page, "/train")
        assert page.evaluate(scrolled) == 0
    finally:
        page.set_viewport_size({"width": 1440, "height": 1000})


@pytest.mark.slow
def test_one_press_of_back_leaves_a_page_that_was_opened_by_its_address(shared_server, page):
    page.goto(f"{shared_server}/playground")
    is_at(page, "/playground")
    page.goto(f"{shared_server}/train")
    is_at(page, "/train")
    expect(page).to_have_url(re.compile("corpus="))
    page.go_back()
    is_at(page, "/playground")
