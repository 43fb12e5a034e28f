"""The dates lab in a browser: any date is translated at once; a version is trained live and then used; speeds."""

import re

import pytest
from playwright.sync_api import expect

from helpers import live_lab
from helpers.browser import WAIT, button, chart, settled

pytestmark = pytest.mark.browser


def alert(page):
    return page.locator("[data-testid=stAlert]")


def written(page):
    return page.locator("h1 code")


def test_a_date_that_somebody_types_is_translated_at_once(shared_server, page):
    page.goto(f"{shared_server}/labs?lab=dates")
    settled(page)
    box = page.get_by_label("Date in words")
    box.fill("July 14, 1789")
    box.press("Enter")
    expect(written(page)).to_have_text("1789-07-14")
    settled(page)
    expect(alert(page)).to_have_text("Right.")
    expect(chart(page, "translation")).to_contain_text("padding: 0%")
    assert "date=July" in page.url
    button(page, "No comma").click()
    expect(alert(page)).to_contain_text("the comma is missing")
    box.fill("<b>")
    box.press("Enter")
    expect(alert(page)).to_contain_text("Received: '<>'")


def test_the_beams_tree_shows_what_greedy_writing_misses(shared_server, page):
    page.goto(f"{shared_server}/labs?lab=dates&view=beam")
    settled(page)
    expect(page.get_by_text("and cannot go back")).to_be_visible()
    expect(chart(page, "beam")).to_contain_text("5747-12-08")
    page.get_by_role("slider", name="Beam width").press("Home")
    settled(page)
    expect(page.get_by_text("find the same")).to_be_visible()
    assert "width=1" in page.url


@pytest.mark.slow
def test_a_version_is_trained_live_and_then_translates(shared_server, page):
    page.goto(f"{shared_server}/labs?lab=dates&view=train")
    settled(page)
    live_lab.choose_epochs(page, 1)
    run = live_lab.trained(page)
    assert (run.config().preset, run.config().train.epochs) == ("attention", 1)
    expect(chart(page, f"lab-chart-{run.id}")).to_contain_text("exact dates")
    expect(page.get_by_text("Exact dates, %")).to_be_visible()
    page.goto(f"{shared_server}/labs?lab=dates&run={run.id}&date=September 17, 2009")
    settled(page)
    expect(written(page)).to_have_text("2009-09-17")


@pytest.mark.slow
def test_speeds_are_measured_beside_the_server(shared_server, page):
    page.goto(f"{shared_server}/labs?lab=dates&view=speeds")
    settled(page)
    button(page, "Measure on this machine").click()
    expect(page.get_by_text("TensorFlow starts in a separate process")).to_be_visible()
    expect(alert(page)).to_have_text(
        re.compile("One compiled graph is [0-9,]{2,} times as fast .* All wrote the same two dates"),
        timeout=3 * WAIT,
    )


@pytest.mark.parametrize("view, key", [("try", "translation"), ("beam", "beam")])
def test_the_picture_is_in_the_first_screen_of_a_projector(shared_server, page, view, key):
    before = page.viewport_size
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(f"{shared_server}/labs?lab=dates&view={view}")
    settled(page)
    box = chart(page, key).bounding_box()
    page.set_viewport_size(before)
    assert box["y"] + box["height"] <= 720
