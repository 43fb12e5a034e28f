"""What happens inside, in a real browser: a unit colours the text, attention follows the chosen place."""

from __future__ import annotations

import json
import re
import urllib.parse

import numpy as np
import pytest
from playwright.sync_api import expect

from charlab.charts import internals
from charlab.charts.base import SEQUENTIAL
from charlab.core.display import isolated, named
from charlab.explain import probes
from charlab.runs import models, writer
from helpers.browser import CELLS, runs, settled, wait_until
from helpers.tiny import make_run
from pages.parts.explainer import attention
from pages.parts.shared import served_files

pytestmark = pytest.mark.browser

PLAY = "KATE:\nThe hall is full of geese and none has paid.\n\nGUARD:\nShall I go out?\nThere is a bear.\n"
FOX = "the quick brown fox jumps over the lazy dog.\n"


def open_inside(page, address: str, model: str, text: str, **more: str) -> None:
    query = {"model": model, "text": text, "view": "inside", "step": "12"} | more
    page.goto(f"{address}/explainer?{urllib.parse.urlencode(query)}")
    settled(page)
    expect(page.locator(CELLS)).to_have_count(len(text) + 1)


def colours(page) -> list[str]:
    return page.eval_on_selector_all(CELLS, "cells => cells.map(cell => getComputedStyle(cell).backgroundColor)")


def colour_choice(page, name: str):
    """One of the choices of "Colour by"."""
    return page.get_by_role("radio", name=name, exact=True)


def drawn(page, label: str) -> dict:
    """The data and shapes of the chart whose label starts with this."""
    chart = page.locator(f"[role=figure][aria-label^='{label}']")
    chart.scroll_into_view_if_needed()  # it is loaded once it comes near the screen
    expect(chart.locator(".main-svg").first).to_be_visible()
    return chart.evaluate("({ data, layout }) => ({ data, layout })")


def test_a_unit_colours_the_text_and_stands_in_the_link(shared_server, page):
    open_inside(page, shared_server, "quick-gru", PLAY)
    before = colours(page)
    page.get_by_role("button", name=re.compile(r"^unit \d+: [+−]0\.\d\d$")).nth(1).click()
    settled(page)
    expect(page).to_have_url(re.compile(r"unit=hidden-1-\d+"))
    expect(page).to_have_url(re.compile("colour=unit"))
    expect(colour_choice(page, "Unit")).to_have_count(1)
    number = re.search(r"unit=hidden-1-(\d+)", page.url)[1]
    told = re.compile(rf"^“h”, -?\d\.\d\d state of layer 1, hidden, unit {number}, position 8$")
    expect(page.locator(CELLS).nth(7)).to_have_attribute("aria-label", told)

    # What a cell says is the bar of the same character, and its colour is the sign's
    bars = lambda: drawn(page, "State of layer 1")["data"][-1]["y"]  # noqa: E731
    labels = page.locator(CELLS).evaluate_all("cells => cells.map(cell => cell.ariaLabel)")
    values = [float(re.search(r"-?\d\.\d\d", label)[0]) for label in labels[:-1]]  # the last cell is the end
    wait_until(lambda: values == pytest.approx(bars(), abs=0.006))
    after = colours(page)
    assert after != before
    greatest = max(values, key=abs)
    red, _, blue = map(int, re.findall(r"\d+", after[values.index(greatest)])[:3])
    assert (blue > red) == (greatest > 0)

    # The link opened afresh shows the same
    page.context.clear_cookies()
    open_inside(page, shared_server, "quick-gru", PLAY, unit=f"hidden-1-{number}", colour="unit")
    wait_until(lambda: colours(page) == after)


@pytest.mark.slow
def test_another_unit_by_its_number_and_the_gates_at_the_chosen_place(shared_server, page):
    run = make_run("lstm", text=FOX, name="lstm")
    open_inside(page, shared_server, run.id, FOX * 2, unit="cell-2-3")
    gates = drawn(page, "Every unit of the layer")
    assert [tick for tick in gates["layout"]["yaxis"]["ticktext"]][:3] == [
        "input gate",
        "forget gate",
        "output gate",
    ]
    field = page.get_by_role("spinbutton", name="Unit", exact=True)
    expect(field).to_have_value("3")
    field.fill("16")
    field.press("Enter")
    settled(page)
    expect(page).to_have_url(re.compile("unit=cell-2-16"))
    before = runs(page)
    page.locator(CELLS).nth(30).click()
    levels = lambda: drawn(page, "Every unit of the layer")["data"][0]["x"]  # noqa: E731
    wait_until(lambda: levels() != gates["data"][0]["x"])
    shapes = lambda: drawn(page, "Heatmap: the state of the units")["layout"]["shapes"]  # noqa: E731
    wait_until(lambda: shapes()[-1]["x0"] == 29.5)  # before the chosen place the 30th character was read
    values = probes.of_layer(writer.activations(models.load(run.id), FOX * 2), 1, 29)
    for number, part in enumerate(values.values()):
        dots, ring = (drawn(page, "Every unit of the layer")["data"][2 * number + i] for i in (0, 1))
        assert dots["x"] == pytest.approx(part.astype(float), abs=1e-3) and ring["x"] == [dots["x"][15]]
    page.locator(".follower summary").click()
    expect(page.get_by_role("cell", name=f"{values['cell'][15]:.3f}", exact=True).first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the table as CSV").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "gate or state,unit 16,mean of all units,minimum,maximum" and len(lines) == 1 + len(values)
    assert any(line.split(",")[1] == f"{values['cell'][15]:.3f}" for line in lines)
    expect(page.get_by_text("has read up to “…x·jumps·over”")).to_be_visible()
    expect(page).to_have_url(re.compile("step=30&"))
    assert runs(page) == before


@pytest.mark.slow
def test_a_click_in_the_charts_chooses_a_place_and_one_on_a_row_a_unit(shared_server, page):
    open_inside(page, shared_server, "quick-gru", PLAY)
    before = runs(page)
    bars = drawn(page, "State of layer 1")["data"][-1]
    click_chart(page, "State of layer 1", 20.0, bars["y"][bars["x"].index(20)] / 2)
    expect(page.locator(CELLS).nth(20)).to_have_attribute("aria-selected", "true")
    assert runs(page) == before
    rows = drawn(page, "Heatmap: the state of the units")["layout"]["meta"]["rows"]
    click_chart(page, "Heatmap: the state of the units", 25.0, 3.0)
    expect(page.locator(CELLS).nth(25)).to_have_attribute("aria-selected", "true")
    expect(page).to_have_url(re.compile(f"step=25&.*unit=hidden-1-{rows[3] + 1}&"))
    expect(page.get_by_text("has read up to “…")).to_be_visible()


def click_chart(page, label: str, x: float, y: float) -> None:
    """Click a point of a chart, in the units of its axes."""
    chart = page.locator(f"[role=figure][aria-label^='{label}']")
    chart.scroll_into_view_if_needed()  # it is loaded once it comes near the screen
    expect(chart.locator(".main-svg").first).to_be_visible()
    chart.scroll_into_view_if_needed()
    place = chart.evaluate(
        """(node, [x, y]) => {
          const { xaxis, yaxis, yaxis2 } = node._fullLayout, down = yaxis2 ?? yaxis;
          const box = node.getBoundingClientRect();
          return [box.x + xaxis._offset + xaxis.d2p(x), box.y + down._offset + down.d2p(y)];
        }""",
        [x, y],
    )
    page.mouse.move(*place)
    page.mouse.click(*place)


def test_attention_looks_back_from_the_chosen_place_and_follows_it(shared_server, page):
    run = make_run("transformer", text=FOX, name="transformer")
    open_inside(page, shared_server, run.id, FOX * 2)
    arcs = lambda: drawn(page, "Arcs from")["data"][0]  # noqa: E731
    bars = arcs()
    assert bars["x"] == list(range(1, 13)) and sum(bars["y"]) == pytest.approx(1, abs=0.01)
    page.get_by_role("radiogroup", name="Head").get_by_text("3", exact=True).click()
    settled(page)
    expect(page).to_have_url(re.compile("head=3"))
    wait_until(lambda: arcs()["y"] != bars["y"])
    assert arcs()["x"] == bars["x"]
    before = runs(page)
    page.locator(CELLS).nth(70).click()  # past the context of 32 characters
    wait_until(lambda: arcs()["x"] != bars["x"])
    later = arcs()
    assert later["x"][-1] == 70 and later["x"][0] == 49 and sum(later["y"]) == pytest.approx(1, abs=0.01)
    wait_until(lambda: drawn(page, "Matrix")["data"][0]["x"][0] == 49)
    matrix = drawn(page, "Matrix")["data"][0]
    assert matrix["z"][0][1] is None  # nothing looks ahead
    titles = [drawn(page, label)["layout"]["xaxis"]["title"]["text"] for label in ("Arcs from", "Matrix")]
    assert all(title.startswith("character looked at") for title in titles)
    assert drawn(page, "Matrix")["layout"]["yaxis"]["title"]["text"] == "character just read"
    expect(page.get_by_text("Here the context begins at position 49")).to_be_visible()

    # The browser says and draws what Python does
    model, part = models.load(run.id), range(48, 80)
    layers = list(writer.activations(model, (FOX * 2)[48:80]).values())
    assert probes.context_window(model.predictor, 90, 69) == part
    position, share, distance = probes.attention_summaries(layers[0][2])[69 - 48]
    said = f"The greatest share, {share:.0%}, goes to “{named((FOX * 2)[48 + int(position)])}” at position "
    expect(page.get_by_text(said + f"{48 + position + 1:.0f}, ")).to_be_visible()
    expect(page.get_by_text(f"On average the head looks {distance:.1f} characters back.")).to_be_visible()
    page.get_by_text("Every head at this step as a table", exact=True).click()
    expect(page.locator(".follower tr")).to_have_count(1 + sum(map(len, layers)))
    assert runs(page) == before


@pytest.mark.parametrize(
    ("text", "length", "first"),
    [("the fox & “\u05d0\u05d1” <b>\n" * 30, 1, 0), (FOX * 5, 40, 0), (FOX * 9, 200, 57)],
)
def test_the_browser_draws_the_arcs_of_python(shared_server, page, text, length, first):
    page.goto(f"{shared_server}/explainer")
    weights = np.random.default_rng(1).random(length) ** 6
    weights = (weights / weights.sum()).astype(np.float32)
    wanted = json.loads(internals.arcs_figure(text, weights, first).to_json())
    given = {
        "figure": json.loads(internals.arcs_figure(text, np.ones(1)).to_json()),
        "weights": weights.tolist(),
        "first": first,
        "text": list(text),
        "letters": attention.letters(text),
        "leftward": [c for c in set(text) if isolated(c) != c],
        "most": internals.MAX_LOOK_BACK,
        "unit": "character",
        "thinnest": internals.THINNEST_ARC,
        "colours": [colour for _, colour in SEQUENTIAL],
    }
    compute = "async ([module, given]) => (await import(module)).arcsFigure(given)"
    found = page.evaluate(compute, [served_files.address("arcs.js"), given])
    for figure in (wanted, found):
        for shape in figure["layout"]["shapes"]:
            shape["path"] = [float(number) for number in re.findall(r"-?\d+\.?\d*", shape.get("path", ""))]
    assert found["data"][0].pop("y") == pytest.approx(wanted["data"][0].pop("y"), abs=1e-4)
    low, high = found["layout"]["yaxis"].pop("range")
    assert [low, high] == pytest.approx(wanted["layout"]["yaxis"].pop("range"), abs=1e-6)
    assert found == wanted


def test_a_model_without_units_and_attention_says_so(shared_server, page):
    run = make_counted()
    open_inside(page, shared_server, run.id, "the fox.\n", unit="hidden-1-3", colour="unit")
    expect(page.get_by_text("no units and no attention")).to_be_visible()
    expect(colour_choice(page, "Surprise")).to_have_count(1)
    expect(colour_choice(page, "Unit")).to_have_count(0)
    assert page.locator("[data-testid=stException], [data-testid=stAlertContentError]").count() == 0


def make_counted():
    from charlab.core import ngram
    from charlab.core.config import ModelConfig, TrainConfig
    from charlab.core.vocab import Vocab
    from charlab.runs import store

    vocab = Vocab.from_text(FOX)
    config = ModelConfig(kind="ngram", order=3)
    run = store.create(store.RunConfig("counted", "custom", "coin-flips", "0" * 64, config, TrainConfig()), vocab)
    run.write_weights(ngram.count(vocab.encode(FOX * 3), len(vocab), 3), "best")
    run.write_status(store.Status(state="done", results={"best_val_loss": 2.0}))
    return run


PROBLEM = "could not be drawn"


@pytest.mark.slow
def test_a_chart_waits_until_the_page_says_where_the_reader_is(shared_server, page):
    """The parts that say it may load last."""

    def delay(route) -> None:
        page.wait_for_timeout(1500)
        route.continue_()

    page.route(re.compile(r"/(character_strip|follower)\.js"), delay)
    open_inside(page, shared_server, "quick-gru", PLAY)
    assert drawn(page, "State of")["data"]
    expect(page.get_by_text(PROBLEM)).to_have_count(0)
    page.unroute_all(behavior="wait")


@pytest.mark.slow
def test_a_chart_that_could_not_be_loaded_says_so_until_one_could(shared_server, page):
    page.route(re.compile("/inside/[^/]+/unit"), lambda route: route.abort())
    page.goto(f"{shared_server}/explainer?{urllib.parse.urlencode({'model': 'quick-gru', 'view': 'inside'})}")
    expect(page.get_by_text(PROBLEM)).to_be_visible()
    page.unroute_all(behavior="wait")
    page.get_by_role("button", name=re.compile(r"^unit \d+: [+−]0\.\d\d$")).nth(1).click()
    settled(page)
    assert drawn(page, "State of")["data"]
    expect(page.get_by_text(PROBLEM)).to_be_hidden()
