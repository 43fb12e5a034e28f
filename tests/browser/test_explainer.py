"""The Explainer in a real browser: two models, the epoch slider, links, and texts that would be more than text."""

from __future__ import annotations

import re
import urllib.parse

import pytest
from playwright.sync_api import expect

from helpers.browser import CELLS, button, chart, new_context, settled, unfold_settings, wait_until
from helpers.tiny import TINY, make_run, random_weights

HOSTILE = "<img src=x onerror=alert(1)> </script> {{7*7}} **b** $x$ \u05d0\u05d1 e\u0301"
ANY_CELLS = "[role=listbox] [role=option]"  # of the text, or of what is written step by step
pytestmark = pytest.mark.browser


def opened(page, address, **settings):
    page.goto(f"{address}/explainer?{urllib.parse.urlencode(settings)}")
    settled(page)
    expect(page.locator(ANY_CELLS).first).to_be_visible()


def shades(page) -> list[str]:
    return page.locator(CELLS).evaluate_all("cells => cells.map(cell => cell.className.match(/shade-\\d+/)?.[0])")


def bars(page) -> list[float]:
    """The model probabilities as they are drawn."""
    return chart(page, "bars").evaluate("({ data }) => data[0].x")


def no_errors(page):
    assert page.locator("[data-testid=stException], [data-testid=stAlertContentError]").count() == 0


def test_the_epoch_slider_moves_strip_bars_and_mean_together(shared_server, page):
    run = make_run()
    for epoch in (0, 1, 2):
        run.write_weights(random_weights(TINY["gru"], len(run.vocab()), seed=10 + epoch), f"epoch-{epoch:03d}")
    opened(page, shared_server, model=run.id, text="the quick brown", view="over training", epoch=1)
    mean = page.locator("p", has_text="Mean surprise")
    before = shades(page), bars(page), mean.inner_text()
    slider = page.get_by_role("slider", name="After epoch")
    slider.focus()
    page.keyboard.press("ArrowRight")
    settled(page)
    expect(page).to_have_url(re.compile("epoch=2"))
    seen = lambda: (shades(page), bars(page), mean.inner_text())  # noqa: E731
    wait_until(lambda: all(one != two for one, two in zip(before, seen(), strict=True)))
    slider.focus()
    page.keyboard.press("ArrowLeft")
    settled(page)
    wait_until(lambda: seen() == before)
    no_errors(page)


def test_a_model_without_epochs_says_so_and_what_to_do(shared_server, page):
    run = make_run(name="no epochs")
    opened(page, shared_server, model=run.id, text="the fox", view="over training")
    expect(page.get_by_text("no earlier epochs to show")).to_be_visible()
    expect(page.get_by_role("link", name="Train a model")).to_be_visible()


@pytest.mark.slow
def test_two_models_on_one_text_and_their_difference(shared_server, page):
    one, two = make_run("gru", name="One of them"), make_run("lstm", name="The other", text="the fox.\n")
    opened(page, shared_server, model=one.id, text="the quick fox")
    unfold_settings(page)
    page.get_by_role("combobox", name="Compare with").click()
    page.get_by_role("option", name=re.compile("The other")).first.click()
    settled(page)
    expect(page).to_have_url(re.compile(f"other={two.id}"))
    expect(page).to_have_url(re.compile("colour=difference"))
    expect(page.get_by_text("Two models on this text")).to_be_visible()
    expect(page.get_by_text("Their alphabets differ")).to_be_visible()
    expect(page.get_by_text(re.compile("predicted this text"))).to_be_visible()
    titles = lambda: page.locator(CELLS).evaluate_all("cells => cells.map(cell => cell.title)")  # noqa: E731
    wait_until(lambda: any("bits of difference" in words for words in titles()))
    assert "bits of difference" not in titles()[4]  # the other has no "q"
    no_errors(page)


@pytest.mark.slow
def test_a_link_in_a_fresh_browser_opens_the_same_text_step_and_sliders(shared_server, page, chrome):
    run = make_run(name="linked")
    opened(page, shared_server, model=run.id, text="the quick brown fox.\nthe")
    page.locator(CELLS).nth(7).click()
    expect(page).to_have_url(re.compile("step=7"))
    settled(page)
    page.get_by_role("slider", name="Temperature").focus()
    page.keyboard.press("ArrowRight")
    settled(page)
    expect(page).to_have_url(re.compile(r"step=7.*temperature=1\.05"))
    fresh = new_context(chrome, viewport={"width": 390, "height": 844})
    try:
        other = fresh.new_page()
        other.goto(page.url)
        settled(other)
        cells = other.locator(CELLS)
        expect(cells.first).to_be_visible()
        assert cells.all_inner_texts() == page.locator(CELLS).all_inner_texts()
        expect(cells.nth(7)).to_have_attribute("aria-selected", "true")
        wait_until(lambda: bars(other) == bars(page))
        expect(other.get_by_role("heading", name="Position 8: after “the·qui”")).to_be_visible()
        expect(other.get_by_role("slider", name="Temperature")).to_have_value("1.05")
        no_errors(other)
    finally:
        fresh.close()


def test_a_moved_slider_redraws_the_bars_and_leaves_the_rest_of_the_page_alone(shared_server, page):
    run = make_run(name="alone")
    opened(page, shared_server, model=run.id, text="the quick brown fox.")
    model_probabilities = bars(page)
    for name in ("bars", "heatmap", "along"):
        chart(page, name)
    settled(page)
    runs = page.evaluate("charlabScript.runs")
    page.evaluate("""() => {
        window.redrawn = [0, 0];
        const plots = document.querySelectorAll('.js-plotly-plot');
        [0, 1].forEach(i => plots[i].on('plotly_afterplot', () => window.redrawn[i]++));
    }""")
    page.get_by_role("slider", name="Temperature").focus()
    page.keyboard.press("ArrowLeft")
    wait_until(lambda: chart(page, "bars").evaluate("({ data }) => data.length") == 2)
    settled(page)
    first, second = page.evaluate("window.redrawn")
    assert first >= 1 and second == 0
    assert page.evaluate("charlabScript.runs") == runs  # the server was not asked
    assert sorted(bars(page)) == sorted(model_probabilities)  # the model probabilities are unchanged


def test_digits_jump_to_surprises_and_so_do_the_buttons(shared_server, page):
    run = make_run(name="jumps")
    opened(page, shared_server, model=run.id, text="the quick brown fox.")
    told = page.locator(CELLS).evaluate_all("cells => cells.map(cell => cell.title.match(/([\\d.]+) bits/)?.[1])")
    greatest = max(range(len(told)), key=lambda i: float(told[i] or -1))
    elsewhere = greatest - 1 or 2
    for jump in (lambda: page.keyboard.press("1"), page.locator(".st-key-jumps button").first.click):
        page.locator(CELLS).nth(elsewhere).click()
        expect(page).to_have_url(re.compile(f"step={elsewhere}(&|$)"))
        settled(page)
        jump()
        expect(page).to_have_url(re.compile(f"step={greatest}(&|$)"))


def test_hostile_text_is_text_in_every_view(shared_server, page):
    run = make_run(name="hostile", text=HOSTILE)
    make_run("lstm", name="<b>bold</b> [a](http://e.x)", text=HOSTILE)
    for view in ("read", "write with it", "over training"):
        opened(page, shared_server, model=run.id, text=HOSTILE, view=view, step=20)
        joined = "".join(page.locator(ANY_CELLS).all_inner_texts())
        assert "·onerror=alert(1)>" in joined and "{{7*7}}" in joined
        assert view == "write with it" or "<img·src=x·onerror=alert(1)>" in joined  # it shows the end of a text
        assert page.locator("img[src=x], [role=listbox] script, [role=listbox] b").count() == 0
        no_errors(page)


def test_without_a_text_three_are_offered(shared_server, page):
    run = make_run(name="empty")
    opened(page, shared_server, model=run.id, text="the")
    unfold_settings(page)
    page.get_by_label("Text", exact=True).fill("")
    page.keyboard.press("Tab")
    settled(page)
    expect(button(page, "Read this")).to_have_count(3)
    button(page, "Read this").first.click()
    settled(page)
    wait_until(lambda: "".join(page.locator(CELLS).all_inner_texts()).startswith("ROMEO:"))
    no_errors(page)
