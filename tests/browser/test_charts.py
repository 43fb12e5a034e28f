"""Charts in a real browser: what their buttons offer, how much of a long text they show, how they move."""

from __future__ import annotations

import re
import urllib.parse

import pytest
from playwright.sync_api import expect

from helpers.browser import button, chart, new_context, settled
from helpers.tiny import make_run

CHART = ".js-plotly-plot"
# Places of the random number's marker as it glides, in 3 seconds instead of 0.2: busy machines draw slowly.
SLOWLY = """marker => {
  const animate = Element.prototype.animate;
  const look = () => places.add(Math.round(document.querySelector(marker).getBoundingClientRect().left));
  Element.prototype.animate = function (frames, timing) {
    return animate.call(this, frames, { ...timing, duration: 3000 });
  };
  window.places = new Set();
  look();
  setInterval(look, 10);
}"""
# The bars that follow the sliders, as they stand on the screen, and as the chart's data has them.
BARS = """node => {
  const { range, _length } = node._fullLayout.xaxis, unit = _length / (range[1] - range[0]);
  const bars = [...node.querySelectorAll(".barlayer .trace")].at(-1);
  return {
    lengths: [...bars.querySelectorAll("path")].map((bar) => bar.getBBox().width / unit),
    words: [...bars.querySelectorAll("text")].map((text) => text.textContent.trim()),
    data: node.data.at(-1), kept: node._fullData.at(-1).x,
  };
}"""
TEXT = "the quick brown fox jumps over the lazy dog.\n"
pytestmark = pytest.mark.browser


def opened(page, address: str, **settings: str) -> None:
    page.goto(f"{address}/explainer?{urllib.parse.urlencode(settings)}")
    page.wait_for_selector(f"{CHART} .main-svg")
    settled(page)


def test_no_button_sends_a_chart_away_and_a_long_texts_steps_can_be_read(shared_server, page):
    opened(page, shared_server, model=make_run().id, text="the quick brown fox.\n" * 30, step="300")
    titles = page.locator(".modebar-btn").evaluate_all("(all) => all.map((one) => one.dataset.title)")
    assert "Download as PNG" in titles
    assert not [title for title in titles if "Share" in title or "Cloud" in title]

    heatmap = chart(page, "heatmap")
    drawn, low, high, width = heatmap.evaluate(
        "(n) => [n.data[0].x.length, ...n._fullLayout.xaxis.range, n._fullLayout.xaxis._length]"
    )
    assert low <= 301 <= high and high - low < drawn
    assert width / (high - low) >= 9  # pixels a letter
    assert heatmap.evaluate("(n) => n._fullLayout.xaxis.tickvals.length") == drawn  # each is named
    said = heatmap.evaluate("(n) => n._fullLayout.title.subtitle.text")
    assert f"positions {low + 0.5:g} to {high - 0.5:g} of 630" in said


@pytest.mark.slow
def test_the_random_number_glides_unless_the_reader_prefers_no_motion(shared_server, chrome):
    run = make_run()
    for motion, glides in (("no-preference", True), ("reduce", False)):
        context = new_context(chrome, reduced_motion=motion)
        page = context.new_page()
        opened(page, shared_server, model=run.id, text="the fox", view="write with it", seed="3")
        page.evaluate(SLOWLY, f"{CHART} .scatterlayer path.point")
        button(page, "Step").click()
        expect(page.get_by_text("1 character written", exact=False)).to_be_visible()
        page.wait_for_function("least => places.size >= least", arg=3 if glides else 2)
        settled(page)
        assert (page.evaluate("places.size") > 2) == glides
        context.close()


def test_bars_that_follow_a_slider_are_drawn_with_the_lengths_in_their_data(shared_server, page):
    opened(page, shared_server, model=make_run().id, text="the quick brown fox.", temperature="0.6")
    bars = page.locator(CHART, has_text="Predicted next character")
    slider = page.get_by_role("slider", name="Temperature")
    page.evaluate(
        "() => { const react = Plotly.react; window.whole = 0;"
        "Plotly.react = (...all) => { window.whole++; return react(...all); } }"
    )
    seen = [bars.evaluate(BARS)]
    for _ in range(3):
        slider.press("ArrowRight")
        page.wait_for_function(
            f"([node, x]) => ({BARS})(node).data.x[0] !== x", arg=[bars.element_handle(), seen[-1]["data"]["x"][0]]
        )
        settled(page)
        seen.append(bars.evaluate(BARS))
    assert page.evaluate("window.whole") == 0  # lengths and words alone
    for now in seen:
        assert now["lengths"] == pytest.approx(now["data"]["x"], abs=2e-3)
        assert now["kept"] == now["data"]["x"]  # what a downloaded picture is made of
        assert now["words"] == [re.sub("<.*?>", "", words).strip() for words in now["data"]["text"]]
    tops = [now["data"]["x"][0] for now in seen]
    assert tops == sorted(tops, reverse=True) and tops[0] > tops[-1]  # the warmer, the more even


@pytest.mark.slow
def test_a_chart_that_present_mode_hides_is_drawn_once_it_is_seen(shared_server, page):
    # `page` fails where a script of the page does.
    opened(page, shared_server, model="quick-gru", other="ngram", text=TEXT * 4, step="3", present="1")
    for key in ("ArrowRight", "ArrowRight"):
        page.locator("[role=option][aria-selected=true]").press(key)
    page.wait_for_timeout(500)  # charts follow once the reader rests
    assert hidden(page, "By how many bits")
    for index in (5, 7):
        page.keyboard.press("Escape")
        expect(page).not_to_have_url(re.compile("present"))
        for label in ("By how many bits", "Heatmap", "Surprise of each"):
            figure = page.locator(f"[role=figure][aria-label^='{label}']")
            figure.scroll_into_view_if_needed()
            expect(figure.locator(".main-svg").first).to_be_visible()
            shows = "([{ layout }, index]) => [index + 0.5, index + 1].includes(layout.shapes.at(-1).x0)"
            page.wait_for_function(shows, arg=[figure.element_handle(), index])
        settled(page)
        button(page, "Present").click()
        settled(page)
        for _ in range(2):
            page.locator("[role=option][aria-selected=true]").press("ArrowRight")
        page.wait_for_timeout(500)
    assert hidden(page, "By how many bits")


def hidden(page, label: str) -> bool:
    return page.locator(f"[role=figure][aria-label^='{label}']").evaluate("node => !node.clientWidth")


CUT = """node => {
  const box = node.getBoundingClientRect();
  const isCut = (text) => {
    const { left, right } = text.getBoundingClientRect();
    return text.textContent.trim() && (left < box.left - 1 || right > box.right + 1);
  };
  const texts = [...node.querySelectorAll(".barlayer text, .gtitle, .xtick text")];
  return texts.filter(isCut).map((text) => text.textContent);
}"""
LENGTH = "node => node._fullLayout.xaxis._length / node._fullLayout.xaxis.range[1]"  # pixels of a bar of 100%


@pytest.mark.parametrize("query", [{}, {"present": "1"}])
def test_no_label_or_title_of_a_chart_is_cut_on_a_phone(shared_server, page, query):
    page.set_viewport_size({"width": 390, "height": 844})
    try:
        sure = {"model": "best-gru", "text": "To be, or not to be", "step": "4", "temperature": "0.3"} | query
        opened(page, shared_server, **sure)  # "e" after "To b" is the most likely one, by far
        bars = chart(page, "bars")
        labels = bars.locator(".barlayer text").all_text_contents()
        assert any("actual" in label for label in labels) and any("100.0%" in label for label in labels)
        assert bars.evaluate(CUT) == []
        lengths = bars.evaluate(BARS)["lengths"]
        assert (
            max(lengths) * bars.evaluate("(n) => n._fullLayout.xaxis._length / n._fullLayout.xaxis.range[1]") > 80
        )
        opened(
            page, shared_server, model="mini-gpt", text="To be, or not to be", step="10", view="inside", **query
        )
        for picture in page.locator(CHART).all():
            picture.scroll_into_view_if_needed()
            settled(page)
            assert picture.evaluate(CUT) == []
    finally:
        page.set_viewport_size({"width": 1440, "height": 1000})
