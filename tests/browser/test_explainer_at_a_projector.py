"""The Explainer on a projector, 1280 x 720 points: what each view is for is in the first screen."""

from __future__ import annotations

import re
import urllib.parse

import pytest
from playwright.sync_api import expect

from helpers.browser import CELLS, button, chart, new_context, settled, wait_until
from helpers.tiny import TINY, make_run, random_weights

WIDTH, HEIGHT = 1280, 720
STRIP = "[role=listbox][aria-label^='The text']"
WRITTEN = "[role=listbox][aria-label^='Written text']"
LINE = ".st-key-line-text_and_model button"
TEXT = "the quick brown fox jumps over the lazy dog.\n"
pytestmark = pytest.mark.browser
# Streamlit's Stop, as the button in its bar sends it, right behind the next run that the page asks for.
SOCKET = """{ const Socket = WebSocket;
window.WebSocket = class extends Socket {
  send(data) {
    super.send(data);
    if (!window.stopsNext || data[0] !== 90) return;
    window.stopsNext = false;
    super.send(new Uint8Array([56, 1]));
  }
}; }"""


@pytest.fixture(name="projector")
def _projector(chrome):
    context = new_context(chrome, viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=1.5)
    context.add_init_script(SOCKET)
    yield context.new_page()
    context.close()


def opened(page, address: str, **settings: str) -> None:
    page.goto(f"{address}/explainer?{urllib.parse.urlencode(settings)}")
    settled(page)


def box(page, selector: str) -> dict[str, float]:
    """Where something is in the window: its edges."""
    found = page.locator(selector).first
    expect(found).to_be_visible()
    edges = found.bounding_box()
    return edges | {"bottom": edges["y"] + edges["height"], "right": edges["x"] + edges["width"]}


def assert_in_sight(page, *selectors: str) -> None:
    for selector in selectors:
        edges = box(page, selector)
        assert 0 <= edges["y"] and edges["bottom"] <= HEIGHT, (selector, edges)
        assert 0 <= edges["x"] and edges["right"] <= WIDTH, (selector, edges)


def drawn(page, key: str) -> str:
    """The selector of a chart, once it has been drawn."""
    chart(page, key)
    return f".st-key-{key} .js-plotly-plot"


def test_a_visitor_sees_the_default_text_and_its_bars_at_once(shared_server, projector):
    opened(projector, shared_server)
    assert_in_sight(projector, STRIP, drawn(projector, "bars"), LINE)
    expect(projector.locator(LINE)).to_contain_text("To·be,·or·not·to·be")
    expect(projector.get_by_label("Text", exact=True)).to_be_hidden()
    temperature = projector.get_by_role("slider", name="Temperature").bounding_box()
    assert temperature["y"] + temperature["height"] <= HEIGHT


def test_strip_and_bars_stay_together_where_a_long_text_scrolls(shared_server, projector):
    run = make_run()
    opened(projector, shared_server, model=run.id, text=TEXT * 30, step="1")
    bars = drawn(projector, "bars")
    strip = projector.locator(STRIP)
    assert strip.evaluate("(node) => node.scrollHeight > 2 * node.clientHeight")
    projector.locator(CELLS).nth(1).focus()
    projector.keyboard.press("End")
    expect(projector).to_have_url(re.compile(f"step={30 * len(TEXT)}"))
    settled(projector)
    last = projector.locator(CELLS).last
    expect(last).to_have_attribute("aria-selected", "true")
    expect(last).to_be_in_viewport()
    assert projector.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == 0
    assert_in_sight(projector, STRIP, bars)


def test_step_by_step_begins_with_the_bar_and_the_button_which_stays_in_its_place(shared_server, projector):
    run = make_run()
    opened(projector, shared_server, model=run.id, text=TEXT, view="write with it")
    bar, step = drawn(projector, "random_number"), ".st-key-walk_step button"
    assert_in_sight(projector, bar, step, ".st-key-walk_play button", WRITTEN)
    before = box(projector, step)
    assert box(projector, bar)["bottom"] <= before["y"] and before["bottom"] <= box(projector, WRITTEN)["y"]
    for number in (1, 2, 3):
        button(projector, "Step").click()
        expect(projector.get_by_text(re.compile(rf"\b{number} characters? written"))).to_be_visible()
    settled(projector)
    assert box(projector, step)["y"] == before["y"]
    assert_in_sight(projector, bar, step, WRITTEN)


@pytest.mark.slow
def test_the_other_views_show_text_and_picture(shared_server, projector):
    opened(projector, shared_server, model="quick-gru", text=TEXT, view="inside", step="20")
    assert_in_sight(projector, STRIP, drawn(projector, "unit_along"))
    opened(projector, shared_server, model="mini-gpt", text=TEXT, view="inside", step="20")
    assert_in_sight(projector, STRIP, drawn(projector, "arcs"))
    opened(projector, shared_server, model="small-gru", text=TEXT, view="over training", step="20")
    assert_in_sight(projector, STRIP, drawn(projector, "bars"), ".st-key-epoch", ".st-key-epochs .js-plotly-plot")


def test_a_presented_choice_of_layer_and_head_is_beside_what_was_read(shared_server, projector):
    opened(projector, shared_server, model="mini-gpt", text=TEXT, view="inside", step="20", present="1")
    drawn(projector, "arcs")
    said, head = box(projector, ".st-key-said p"), box(projector, ".st-key-head")
    assert head["y"] < said["bottom"] <= head["bottom"] and said["right"] < box(projector, ".st-key-layer")["x"]


@pytest.mark.parametrize(
    ("view", "seen", "hidden"),
    [
        ("read", [STRIP, ".st-key-bars", ".st-key-explainer-temperature"], ["view", "hand_csv", "heatmap"]),
        ("write with it", [WRITTEN, ".st-key-walk_step", ".st-key-walk_play"], ["walk_back", "walk_any", "view"]),
    ],
)
def test_present_shows_the_picture_and_two_controls(shared_server, projector, view, seen, hidden):
    run = make_run()
    opened(projector, shared_server, model=run.id, text=TEXT, view=view, step="5", present="1")
    drawn(projector, "bars" if view == "read" else "random_number")
    assert_in_sight(projector, *seen)
    for key in [*hidden, "line-text_and_model"]:
        assert not projector.locator(f".st-key-{key}").first.is_visible(), key


@pytest.mark.slow
def test_what_was_typed_counts_at_once(shared_server, projector):
    run = make_run()
    opened(projector, shared_server, model=run.id, text="the fox")
    projector.locator(LINE).click()
    field = projector.get_by_label("Text", exact=True)
    field.fill("the lazy dog")
    field.press("Control+Enter")
    expect(projector.locator(CELLS)).to_have_count(len("the lazy dog") + 1)
    settled(projector)
    field.fill("the quick fox")
    button(projector, "Fold the settings").click()
    expect(field).to_be_hidden()
    expect(projector.locator(CELLS)).to_have_count(len("the quick fox") + 1)
    expect(projector.locator(LINE)).to_contain_text("the·quick·fox")

    opened(projector, shared_server, model=run.id, text="the fox", view="write with it")
    drawn(projector, "random_number")
    seed = projector.get_by_role("spinbutton", name="Random seed")
    seed.click()
    seed.fill("77")
    button(projector, "Step").click()
    expect(projector).to_have_url(re.compile("walk=s77t1n1"))


@pytest.mark.slow
def test_streamlits_own_stop_ends_what_plays(shared_server, projector):
    run = make_run()
    opened(projector, shared_server, model=run.id, text=TEXT, view="write with it")
    drawn(projector, "random_number")
    button(projector, "Play").click()
    wait_until(lambda: projector.locator(f"{WRITTEN} [role=option]").count() > len(TEXT) + 3)
    for _ in range(20):  # a run may have ended before it is told to stop
        projector.evaluate("window.stopsNext = true")
        projector.wait_for_timeout(1500)
        if button(projector, "Play").is_visible():
            break
    expect(button(projector, "Play")).to_be_visible()
    projector.evaluate("window.stopsNext = false")
    number = projector.locator(f"{WRITTEN} [role=option]").count()
    projector.wait_for_timeout(1500)
    assert projector.locator(f"{WRITTEN} [role=option]").count() == number
    button(projector, "Step").click()
    expect(projector.locator(f"{WRITTEN} [role=option]")).to_have_count(number + 1)


@pytest.mark.slow
def test_a_model_without_epochs_offers_a_built_in_one_that_has_some(shared_server, projector):
    opened(projector, shared_server, model="quick-gru", text=TEXT, view="over training")
    projector.get_by_role("button", name="Small GRU (20 epochs): epochs 1, 2, 5, 10 and 20").click()
    expect(projector).to_have_url(re.compile("model=small-gru.*epoch=20"))
    assert_in_sight(projector, STRIP, drawn(projector, "bars"), ".st-key-epoch")
    opened(projector, shared_server, model="ngram", text=TEXT, view="over training")
    expect(projector.get_by_text("counts the training text once: it has no epochs")).to_be_visible()


@pytest.mark.slow
def test_the_rows_of_a_heatmap_of_21_characters_do_not_touch(shared_server, projector):
    alphabet = "abcdefghijklmnopqrst "
    run = make_run(text=alphabet)
    run.write_weights(random_weights(TINY["gru"], len(run.vocab())), "best")
    opened(projector, shared_server, model=run.id, text="a bad cat sat on a mat")
    rows = (
        chart(projector, "heatmap")
        .locator(".ytick text")
        .evaluate_all(
            "(all) => all.map((one) => one.getBoundingClientRect()).map(({ top, bottom }) => [top, bottom])"
        )
    )
    rows.sort()
    assert len(rows) >= 21
    wait_until(lambda: all(low[1] <= high[0] + 0.5 for low, high in zip(rows, rows[1:], strict=False)), 1)
