"""The main job in a real browser: train on Tiny Shakespeare by clicking, watch, generate, explain."""

from __future__ import annotations

import os
import re
import urllib.parse

import psutil
import pytest
from playwright.sync_api import expect

from charlab.corpora import catalogue
from helpers.browser import CELLS, button, settled, wait_until
from helpers.runs import all_runs
from helpers.tiny import make_run

HOSTILE = "<img src=x onerror=alert(1)> **bold** $x^2$ :smile: {{7*7}} </script>"
TICKS = "performance.getEntriesByType('resource').filter(({ name }) => name.includes('/live/run')).length"
POINTS = "Math.max(...window.kept.data.map(line => line.x.length))"
pytestmark = pytest.mark.browser


@pytest.mark.skipif(
    not catalogue.CORPORA["shakespeare"].is_here() and not os.environ.get("CI"),
    reason="Tiny Shakespeare is not on this machine",
)
def test_train_generate_and_explain_by_clicking(shared_server, page):
    page.goto(f"{shared_server}/train?preset=custom&epochs.custom=30&custom.units=64")
    settled(page)
    button(page, "Start").click()

    # The loss falls while one looks on
    page.wait_for_function(
        "() => (document.querySelector('.js-plotly-plot')?.data || []).length > 1", timeout=120_000
    )
    (run,) = all_runs()
    losses = lambda: [event["loss"] for event in run.events()[0] if event["event"] == "step"]  # noqa: E731
    wait_until(lambda: len(losses()) > 5)

    # The chart's node stays, and so does a zoom made by hand
    page.evaluate("window.kept = document.querySelector('.js-plotly-plot')")
    plot = page.locator(".js-plotly-plot .nsewdrag").first
    box = plot.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.7, steps=5)
    page.mouse.up()
    zoom = page.evaluate("[...window.kept.layout.xaxis.range, ...window.kept.layout.yaxis.range]")
    points = page.evaluate(POINTS)
    page.wait_for_function(f"ticks => {TICKS} >= ticks", arg=page.evaluate(TICKS) + 10)
    page.wait_for_function(f"points => {POINTS} > points", arg=points)
    assert page.evaluate("document.querySelector('.js-plotly-plot') === window.kept")
    assert page.evaluate("[...window.kept.layout.xaxis.range, ...window.kept.layout.yaxis.range]") == zoom
    wait_until(lambda: losses()[-1] < losses()[0] - 0.5)

    # It goes on while nobody looks, and is stopped by a click
    step = run.status().step
    page.goto("about:blank")
    wait_until(lambda: run.status().step > step)
    assert run.status().state == "running"
    page.goto(f"{shared_server}/train?run={run.id}")
    button(page, "Stop").click()
    wait_until(lambda: run.status().state == "stopped")
    assert "last" in run.weight_names()

    # Generate from that run
    page.get_by_role("link", name="Generate text with it").click()
    page.wait_for_url("**/playground**")
    settled(page)
    expect(page).to_have_url(re.compile(run.id))
    button(page, "Generate").click()
    expect(page.get_by_text("characters generated")).to_be_visible()
    expect(page.locator("[data-testid=stCode]:visible")).to_have_count(3)

    # Look at it in the Explainer, and choose a character
    page.get_by_role("button", name="Explain").first.click()
    page.wait_for_url("**/explainer**")
    settled(page)
    page.locator(CELLS).nth(10).click()
    settled(page)
    expect(page).to_have_url(re.compile("step=10"))
    expect(page.get_by_text("Mean surprise").first).to_be_visible()
    page.keyboard.press("ArrowRight")
    settled(page)
    expect(page).to_have_url(re.compile("step=11"))


SLOW = "corpus=coin-flips&preset=custom&epochs.custom=5000&custom.units=16&custom.batch_size=4"


@pytest.mark.slow
def test_three_in_a_queue_and_all_that_can_be_asked_of_a_run(shared_server, page):
    """Start three, the last without TensorFlow; watch the first; pause, resume, stop, rename, delete."""
    page.goto(f"{shared_server}/train?{SLOW}")
    for number in range(1, 4):
        if number == 3:
            page.goto(f"{shared_server}/train?corpus=coin-flips&preset=ngram")
        settled(page)
        button(page, "Start").click()
        wait_until(lambda number=number: len(list(all_runs())) == number)
    third, second, first = sorted(all_runs(), key=lambda run: run.config().created, reverse=True)
    assert len({run.config().owner for run in (first, second, third)}) == 1 and first.config().owner
    expect(page.get_by_text("Number 2 in the queue")).to_be_visible()
    wait_until(lambda: first.status().step > 0)
    expect(button(page, "Watch the current run")).to_be_visible()
    button(page, "Watch the current run").click()
    expect(page).to_have_url(re.compile(first.id))

    button(page, "Pause").click()
    wait_until(lambda: first.status().state == "paused")
    wait_until(lambda: second.status().state == "running")
    button(page, "Resume").click()
    wait_until(lambda: first.status().state == "queued")
    expect(page.get_by_text("Number 2 in the queue")).to_be_visible()  # behind the third
    button(page, "Stop").click()
    wait_until(lambda: first.status().state == "stopped")

    page.goto(f"{shared_server}/train?run={second.id}")
    button(page, "Stop").click()
    wait_until(lambda: second.status().state == "stopped")
    wait_until(lambda: third.status().state == "done")
    expect(button(page, "Resume")).to_be_visible()
    settled(page)
    button(page, "Rename").click()
    page.get_by_label("Name", exact=True).fill("Second <b>one</b>")
    page.keyboard.press("Enter")
    settled(page)
    button(page, "Save name").click()
    wait_until(lambda: second.config().name == "Second <b>one</b>")
    settled(page)
    button(page, "Delete").click()
    button(page, "Delete permanently").click()
    wait_until(lambda: not second.path.exists())
    settled(page)
    expect(page.get_by_role("combobox", name=re.compile(r"\bRun$"))).to_be_visible()
    assert page.locator("[data-testid=stException], [data-testid=stAlertContentError]").count() == 0


@pytest.mark.slow
def test_a_worker_that_is_killed_and_runs_of_others(shared_server, page):
    theirs = make_run(name="Of somebody else")
    page.goto(f"{shared_server}/train?{SLOW}")
    settled(page)
    button(page, "Start").click()
    wait_until(lambda: len(list(all_runs())) == 2)
    (mine,) = [run for run in all_runs() if run.id != theirs.id]
    wait_until(lambda: mine.status().step > 0)
    begun = page.evaluate("charlabScript.runs")
    psutil.Process(mine.status().pid).kill()
    expect(page.get_by_text("worker process", exact=False).first).to_be_visible()
    assert page.evaluate("charlabScript.runs") <= begun + 10  # the page looks once a second
    expect(button(page, "Resume")).to_be_visible()
    settled(page)

    expect(page.get_by_text("Everyone's")).to_have_count(0)  # one person's server: all runs are their own
    page.get_by_role("combobox", name=re.compile(r"\bRun$")).click()
    expect(page.get_by_role("option")).to_have_count(2)
    page.keyboard.press("Escape")
    page.goto(f"{shared_server}/train?run={theirs.id}")
    settled(page)
    expect(page).to_have_url(re.compile(theirs.id))
    expect(button(page, "Train longer")).to_be_visible()


def test_a_server_that_starts_again_offers_what_it_interrupted(shared_server, page):
    from charlab.runs import control

    run = make_run(state="paused", reason=control.SERVER_STOPPED)
    page.goto(f"{shared_server}/train")
    settled(page)
    button(page, "Resume it").click()
    wait_until(lambda: run.recorded_status().state != "paused")


@pytest.mark.slow
def test_no_tensorflow_in_the_web_process_after_every_page(shared_server, one_server, page):
    make_run()
    for path in ("", "train", "playground", "explainer"):
        page.goto(f"{shared_server}/{path}")
        settled(page)
        expect(page.locator("h1")).to_be_visible()
        assert page.locator("[data-testid=stException], [data-testid=stAlertContentError]").count() == 0
    web = psutil.Process(one_server.process.pid)
    assert web.memory_info().rss < 350e6
    if hasattr(web, "memory_maps"):
        assert not [entry.path for entry in web.memory_maps() if "tensorflow" in entry.path]


def test_texts_and_names_are_shown_as_they_are(shared_server, page):
    run = make_run(text=HOSTILE + "\n", name=HOSTILE)
    for path in ("", f"train?run={run.id}", f"playground?model={run.id}", f"explainer?model={run.id}"):
        page.goto(f"{shared_server}/{path}")
        settled(page)
        assert page.locator("img[src=x]").count() == 0
    page.goto(f"{shared_server}/")
    settled(page)
    main = page.locator("[data-testid=stMain]")
    wait_until(lambda: HOSTILE in main.inner_text().replace("\u2060", ""))
    page.goto(f"{shared_server}/explainer?model={run.id}&text=" + urllib.parse.quote(HOSTILE))
    settled(page)
    expect(page.locator(CELLS)).to_have_count(len(HOSTILE) + 1)
    assert "".join(page.locator(CELLS).all_inner_texts()).startswith(HOSTILE.replace(" ", "·"))
    line = page.locator("[class*=st-key-toggle-] button").inner_text().replace("\u2060", "")
    assert f"{HOSTILE} reads “{HOSTILE[:10].replace(' ', '·')}" in line
    assert page.locator("img[src=x]").count() == 0
