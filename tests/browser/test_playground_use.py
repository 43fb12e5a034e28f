"""The Playground in front of a class: its first screen, what was just typed, the slider."""

from __future__ import annotations

import re
import urllib.parse

import pytest
from playwright.sync_api import expect

from charlab.core.config import ModelConfig
from helpers.browser import button, new_context, settled
from helpers.tiny import TINY, make_run

TEXTS = "[data-testid=stCode]:visible"
SLIDER = ".st-key-generate_bar [data-testid=stSlider]"
PROJECTOR = {"width": 1280, "height": 720}
PHONE = {"width": 390, "height": 844}
pytestmark = pytest.mark.browser


def go(page, address: str, **query: str) -> None:
    page.goto(f"{address}/playground?{urllib.parse.urlencode({'model': 'quick-gru'} | query)}")
    settled(page)


def go_and_generate(page, address: str, **query: str) -> list[str]:
    """The texts that are generated as soon as the page is opened."""
    go(page, address, write="1", **query)
    expect(page.get_by_text("characters generated")).to_be_visible()
    settled(page)
    return texts(page)


def texts(page) -> list[str]:
    return [text.strip("\n") for text in page.locator(TEXTS).all_inner_texts()]


def in_sight(page, element) -> bool:
    """Whether all of an element is on the screen, and nothing is in front of its middle."""
    box, size = element.bounding_box(), page.viewport_size
    inside = (
        box["y"] >= 0 and box["y"] + box["height"] <= size["height"] and box["x"] + box["width"] <= size["width"]
    )
    middle = "e => { const b = e.getBoundingClientRect(); return e.contains(document.elementFromPoint("
    return inside and element.evaluate(middle + "b.x + b.width / 2, b.y + b.height / 2)); }")


def lines_in_sight(page) -> list[float]:
    """How many lines of each text are above the lower edge of the screen."""
    script = "e => [e.getBoundingClientRect().top, parseFloat(getComputedStyle(e).lineHeight)]"
    found = [text.evaluate(script) for text in page.locator(f"{TEXTS} code").all()]
    return [(page.viewport_size["height"] - top) / height for top, height in found]


@pytest.fixture
def projector(chrome, shared_server):
    context = new_context(chrome, viewport=PROJECTOR, device_scale_factor=1.5)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("present", ["0", "1"])
def test_eight_lines_of_three_samples_are_on_a_projectors_screen(shared_server, projector, present):
    go(projector, shared_server, present=present)
    assert in_sight(projector, button(projector, "Generate"))
    button(projector, "Generate").click()
    settled(projector)
    assert len(texts(projector)) == 3 and min(lines_in_sight(projector)) >= 8
    assert in_sight(projector, button(projector, "Generate")) and in_sight(projector, projector.locator(SLIDER))
    expect(projector.get_by_role("button", name=re.compile("3 samples of 300 characters"))).to_have_count(
        0 if present == "1" else 1
    )
    for name in ("Prompt", "Length (characters)"):
        expect(projector.get_by_label(name, exact=True)).to_be_hidden()
    expect(projector.get_by_role("button", name="Explain", exact=True).first).to_be_visible(visible=present == "0")


def slider(page):
    return page.get_by_role("slider", name="Temperature")


@pytest.mark.parametrize("size", [PROJECTOR, PHONE], ids=["projector", "phone"])
def test_generate_is_in_reach_wherever_the_reader_is(shared_server, chrome, size):
    context = new_context(chrome, viewport=size)
    page = context.new_page()
    go(page, shared_server, length="1500")
    assert in_sight(page, button(page, "Generate"))
    button(page, "Generate").click()
    settled(page)
    page.locator(TEXTS).last.evaluate("e => e.scrollIntoView({ block: 'end' })")
    page.wait_for_timeout(300)
    assert in_sight(page, button(page, "Generate")) and in_sight(page, page.locator(SLIDER))
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= size["width"]
    context.close()


def type_into(page, label: str, words: str) -> None:
    """Type as a person does, over what is there; the field keeps the focus."""
    field = page.get_by_label(label, exact=True)
    field.click()
    page.keyboard.press("Control+A")
    page.keyboard.type(words)


def press_with_the_mouse(page) -> None:
    """Press and release where Generate was when the button went down, as a hand does, half a second apart."""
    box = button(page, "Generate").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_timeout(500)
    page.mouse.up()


def test_the_prompt_that_was_just_typed_is_used(shared_server, page):
    go(page, shared_server, length="40")
    type_into(page, "Prompt", "Zürich €")  # of which the model knows half: that is said, and moves no button
    press_with_the_mouse(page)
    expect(page.get_by_text("characters generated")).to_be_visible()
    settled(page)
    assert len(texts(page)) == 3 and all(text.startswith("Zürich €") for text in texts(page))
    expect(page.get_by_text(re.compile("can read .* of the prompt"))).to_be_visible()


@pytest.mark.parametrize("keys", ["Control+Enter", "Meta+Enter"])
def test_keys_in_the_prompt_generate(shared_server, page, keys):
    go(page, shared_server, length="40")
    type_into(page, "Prompt", "O Romeo, ")
    page.keyboard.press(keys)
    if keys.startswith("Control"):  # Command, on a Mac
        expect(page.get_by_text("characters generated")).to_be_visible()
        settled(page)
        assert len(texts(page)) == 3 and all(text.startswith("O Romeo,") for text in texts(page))


def test_the_length_and_the_number_that_were_just_typed_are_used(shared_server, page):
    go(page, shared_server)
    type_into(page, "Samples", "2")
    type_into(page, "Length (characters)", "57")
    press_with_the_mouse(page)
    expect(page.get_by_text("114 characters generated")).to_be_visible()


def test_the_temperatures_that_were_just_typed_are_used(shared_server, page):
    go(page, shared_server, mode="temperature sweep", length="30")
    type_into(page, "Temperatures", "0.1; 1,7")
    press_with_the_mouse(page)
    expect(page.get_by_text("60 characters generated")).to_be_visible()
    expect(page.get_by_text("Temperature 0.1", exact=True)).to_be_visible()
    expect(page.get_by_text("Temperature 1.7", exact=True)).to_be_visible()


def test_samples_follow_the_slider(shared_server, page):
    first = go_and_generate(page, shared_server, temperature="0", seed_text="ROMEO:", samples="3")
    assert len(set(first)) == 1
    slider(page).focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    settled(page)
    expect(page).to_have_url(re.compile("temperature=1(&|$)"))
    found = texts(page)
    assert len(set(found)) == 3
    expect(page.get_by_text("outdated")).to_have_count(0)
    button(page, "Generate").click()
    settled(page)
    assert texts(page) == found  # with the same random numbers


def test_figures_and_the_history_are_drawn_once_they_are_opened(shared_server, page):
    first = go_and_generate(page, shared_server, length="40", samples="2", seed_text="ROMEO:")
    slider(page).focus()
    page.keyboard.press("ArrowRight")
    settled(page)
    assert texts(page) != first
    expect(page.get_by_text("repeated")).to_have_count(0)
    page.get_by_role("button", name="Figures").nth(1).click()
    expect(page.get_by_text(re.compile(r"\d+% repeated"))).to_be_visible()
    expect(page.get_by_text("characters per second", exact=False).first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("repeated")).to_have_count(0)
    page.get_by_role("button", name="History").click()
    page.get_by_role("button", name=re.compile("temperature 0.8, samples")).click()
    settled(page)
    assert texts(page) == first
    expect(page.get_by_text("outdated")).to_have_count(0)


@pytest.fixture
def slow_model(shared_server, monkeypatch) -> str:
    monkeypatch.setitem(TINY, "slow", ModelConfig(kind="lstm", layers=2, units=512, embedding=8))
    return make_run("slow", name="Slow").id


@pytest.mark.slow
def test_many_long_samples_become_outdated_instead(shared_server, slow_model, page):
    before = go_and_generate(page, shared_server, model=slow_model, length="2000", samples="16")
    slider(page).focus()
    page.keyboard.press("ArrowRight")
    settled(page)
    assert texts(page) == before
    expect(page.get_by_text("outdated")).to_have_count(16)
    contrast = page.locator(f"{TEXTS} code").first.evaluate(CONTRAST)
    assert contrast >= 4.5
    button(page, "Generate").click()
    settled(page)
    expect(page.get_by_text("outdated")).to_have_count(0)


@pytest.mark.slow
def test_a_page_that_is_left_while_it_generates_shows_what_is_there_and_does_not_begin_again(
    shared_server, slow_model, page
):
    go(page, shared_server, model=slow_model, length="2000", samples="16")
    button(page, "Generate").click()
    expect(page.get_by_text("Generating.").first).to_be_visible()
    page.get_by_role("link", name="Train", exact=True).click()
    expect(page.get_by_role("heading", name="Train a model")).to_be_visible()
    settled(page)
    page.get_by_role("link", name="Playground", exact=True).click()
    expect(page.get_by_text(re.compile(r"Stopped after \d+ of 2000 characters"))).to_be_visible()
    settled(page)
    found = texts(page)
    page.wait_for_timeout(1000)
    assert texts(page) == found and all(0 < len(text) < 2000 for text in found)


# Of a text that is partly transparent, drawn over its background (WCAG 2.2).
CONTRAST = """e => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const over = (...colours) => {
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
      .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  };
  let behind = "rgba(0, 0, 0, 0)";
  for (let around = e; behind === "rgba(0, 0, 0, 0)"; around = around.parentElement)
    behind = getComputedStyle(around).backgroundColor;
  const levels = [over(behind), over(behind, getComputedStyle(e).color)].sort((a, b) => b - a);
  return (levels[0] + 0.05) / (levels[1] + 0.05);
}"""
