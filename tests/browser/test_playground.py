"""The Playground in a real browser: comparing temperatures, stopping, changing settings meanwhile, links."""

from __future__ import annotations

import re
import urllib.parse

import pytest
from playwright.sync_api import expect

from charlab.core.config import ModelConfig
from helpers.browser import CELLS, button, new_context, settled, wait_until
from helpers.tiny import TINY, make_run

HOSTILE = "<img src=x onerror=alert(1)> </script> {{7*7}} $x$ אבג e\u0301\u0323 **b** :smile:"
TEXTS = "[data-testid=stCode]:visible"  # the command line is folded away
STRIP = "[role=listbox][aria-label^='{}'] [role=option]"
pytestmark = pytest.mark.browser


def texts(page) -> list[str]:
    return [text.strip("\n") for text in page.locator(TEXTS).all_inner_texts()]


def go(page, address: str, **query: str) -> None:
    page.goto(f"{address}/playground?{urllib.parse.urlencode(query)}")
    settled(page)


def is_written(page) -> None:
    expect(page.get_by_text("characters generated")).to_be_visible()
    settled(page)


@pytest.mark.slow
def test_a_sweep_and_its_link_in_another_browser(shared_server, page, chrome):
    go(page, shared_server, model="quick-gru", mode="temperature sweep", temperatures="0,0.5,1.3", length="40")
    button(page, "Generate").click()
    is_written(page)
    expect(page.locator(TEXTS)).to_have_count(3)
    found = texts(page)
    assert len(set(found)) == 3 and all(text.startswith("First Citizen:") for text in found)
    for temperature in ("0", "0.5", "1.3"):
        expect(page.get_by_text(f"Temperature {temperature}", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("digest=[0-9a-f]{12}"))

    context = new_context(chrome)
    other = context.new_page()
    other.goto(page.url)
    is_written(other)
    wait_until(lambda: texts(other) == found)
    expect(other.get_by_text("have changed")).to_have_count(0)
    other.goto(re.sub("digest=[0-9a-f]{12}", "digest=000000000000", page.url))
    is_written(other)
    expect(other.get_by_text("have changed since this link was made")).to_be_visible()
    context.close()


@pytest.fixture
def slow_model(shared_server, monkeypatch) -> str:
    """A model that generates slowly, so that there is time to do something meanwhile."""
    monkeypatch.setitem(TINY, "slow", ModelConfig(kind="lstm", layers=2, units=640, embedding=8))
    return make_run("slow", name="Slow").id


def test_stop_in_mid_stream_and_a_changed_temperature_begins_again(shared_server, slow_model, page):
    go(page, shared_server, model=slow_model, length="2000", samples="16", temperature="0.5")
    slider, first = page.get_by_role("slider", name="Temperature"), page.locator(TEXTS).first
    expect(button(page, "Stop")).to_be_disabled()
    slider.focus()
    page.keyboard.press("Control+Enter")  # Generate; the slider keeps the focus
    wait_until(lambda: len(first.inner_text().strip("\n")) > 40)
    old = first.inner_text()[:40]
    page.keyboard.press("End")  # to 2.0
    expect(page).to_have_url(re.compile("temperature=2(&|$)"))
    wait_until(lambda: len(first.inner_text().strip("\n")) > 40 and first.inner_text()[:40] != old)
    expect(page.get_by_text("outdated")).to_have_count(0)
    expect(page.get_by_text("characters generated")).to_have_count(0)  # it is still at it
    button(page, "Stop").click()
    expect(page.get_by_text("Stopped after")).to_be_visible()
    settled(page)
    (stopped,) = re.findall(r"Stopped after (\d+) of 2000", page.get_by_text("Stopped after").inner_text())
    assert 0 < int(stopped) < 2000
    expect(button(page, "Stop")).to_be_disabled()
    found = texts(page)
    page.wait_for_timeout(700)
    assert len(found) == 16 and texts(page) == found


def test_nothing_of_an_older_text_stands_beside_a_new_one(shared_server, slow_model, page):
    go(page, shared_server, model=slow_model, mode="temperature sweep", length="20", write="1")
    is_written(page)
    expect(page.locator(TEXTS)).to_have_count(6)
    page.get_by_role("radio", name="Samples").or_(
        page.get_by_role("button", name="Samples", exact=True)
    ).first.click()
    settled(page)
    page.get_by_role("button", name=re.compile("20 characters")).click()  # the folded settings
    page.get_by_label("Length (characters)", exact=True).fill("2000")
    button(page, "Generate").click()
    wait_until(lambda: len(texts(page)) == 3)
    expect(page.get_by_text("Temperature 1.6", exact=True)).to_have_count(0)
    expect(page.get_by_text("characters generated")).to_have_count(0)
    button(page, "Stop").click()
    expect(page.get_by_text("Stopped after")).to_be_visible()


@pytest.mark.parametrize(("seed_text", "ahead"), [("ROMEO:\n", 0), ("", 1)])
def test_a_click_on_a_character_opens_the_explainer_there(shared_server, page, seed_text, ahead):
    query = {"model": "quick-gru", "mode": "temperature sweep", "temperatures": "0.5,1.2", "length": "30"}
    go(page, shared_server, **query, shade="surprise", seed_text=seed_text or " ")
    if not seed_text:
        page.get_by_role("textbox", name="Prompt").fill("")
        page.keyboard.press("Control+Enter")
        settled(page)
    button(page, "Generate").click()
    is_written(page)
    cells = page.locator(STRIP.format("Temperature 1.2"))
    expect(cells).to_have_count(len(seed_text) + 30)
    written = cells.all_inner_texts()
    bits = re.search(r"[\d.]+(?= bits)", cells.nth(20).get_attribute("aria-label"))[0]
    cells.nth(20).click()
    page.wait_for_url("**/explainer**")
    settled(page)
    expect(page).to_have_url(re.compile(f"step={20 + ahead}(&|$)"))
    expect(page).to_have_url(re.compile("temperature=1.2"))
    expect(page.locator(CELLS).nth(20 + ahead)).to_have_attribute("aria-selected", "true")
    assert page.locator(CELLS).all_inner_texts()[ahead:-1] == written
    told = page.locator(CELLS).nth(20 + ahead).get_attribute("aria-label")
    assert float(re.search(r"[\d.]+(?= bits)", told)[0]) == pytest.approx(float(bits), abs=0.011)


def test_any_text_is_shown_as_text(shared_server, page):
    run = make_run(text=HOSTILE + "\n", name=HOSTILE)
    for shade in ("nothing", "probability"):
        go(page, shared_server, model=run.id, seed_text=HOSTILE, samples="1", length="50", shade=shade, write="1")
        is_written(page)
        if shade == "nothing":
            assert texts(page)[0].startswith(HOSTILE)
        else:
            cells = page.locator(STRIP.format("Sample 1")).all_inner_texts()
            assert "".join(cells).startswith("<img·src=x·onerror=alert(1)>·</script>·{{7*7}}")
        assert page.locator("img[src=x]").count() == 0
    go(page, shared_server, model="quick-gru", seed_text=HOSTILE, samples="1", length="10", write="1")
    is_written(page)  # most of it is unknown to this model
    expect(page.get_by_text(re.compile("can read .* of the prompt"))).to_be_visible()
    assert page.locator("img[src=x]").count() == 0
