"""A run's panel in a real browser: it follows the run while the page's script rests, and says what stops it."""

from __future__ import annotations

import re
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, Page, expect

from charlab.runs import store
from helpers.browser import button, chart, settled, wait_until
from helpers.tiny import make_run

pytestmark = pytest.mark.browser
STEP = {"event": "step", "loss": 1.5, "characters_per_second": 1000, "seconds": 3.0}


def write_samples(run: store.Run, *epochs: float) -> None:
    for epoch in epochs:
        place = {"event": "sample", "epoch": epoch, "step": int(10 * epoch)}
        run.append_event(place | {"seed_text": "the ", "text": f"text {epoch:g} <b>$x$"})


def write_steps(run: store.Run, *steps: int) -> None:
    for step in steps:
        run.append_event(STEP | {"step": step, "epoch": step / 10, "loss": 3 / (step + 1)})
        run.write_status(store.Status("running", epoch=step / 10, step=step, seconds_left=100.0 - step))


@contextmanager
def training(**facts):
    """A run that this process trains, as far as anybody can see."""
    run = make_run(state="running", **facts)
    with run.lock():
        yield run


def opened(page: Page, address: str, **query: str) -> None:
    page.goto(f"{address}/train?{'&'.join(f'{name}={value}' for name, value in query.items())}")
    settled(page)


def text(page: Page) -> Locator:
    return page.locator(".charlab-live-text code")


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name="Text after epoch")


def runs_of_the_script(page: Page) -> int:
    return page.evaluate("charlabScript.runs")


def let_the_script_rest(page: Page) -> None:
    """Until the server knows its accelerators, a part of the page looks for them once per second."""

    def rests() -> bool:
        before = runs_of_the_script(page)
        page.wait_for_timeout(2500)
        return runs_of_the_script(page) == before

    wait_until(rests)


def test_the_panel_follows_a_run_while_the_script_rests_and_zoom_and_node_stay(shared_server, page):
    with training() as run:
        write_steps(run, *range(1, 6))
        opened(page, shared_server, run=run.id)
        node = chart(page, f"loss-{run.id}")
        expect(page.get_by_text("1:35 min")).to_be_visible()
        let_the_script_rest(page)
        node.evaluate("node => { node.marked = true; Plotly.relayout(node, {'xaxis.range': [0.1, 0.3]}); }")
        before = runs_of_the_script(page)
        points = lambda: node.evaluate("node => node.data[0].x.length")  # noqa: E731
        for last in (6, 7, 8):
            write_steps(run, last)
            wait_until(lambda last=last: points() == last)
        expect(page.get_by_text("1:32 min")).to_be_visible()
        assert node.evaluate("node => [node.marked, node.layout.xaxis.range]") == [True, [0.1, 0.3]]
        assert runs_of_the_script(page) == before

        # One run of the script where the controls change, and no question once the run has ended
        run.write_status(store.Status("done", epoch=0.8, step=8, seconds=7.0))
        expect(button(page, "Train longer")).to_be_visible()
        settled(page)
        assert runs_of_the_script(page) == before + 1
        assert node.evaluate("node => node.marked")
        expect(page.get_by_text("0:07 min")).to_be_visible()
        page.wait_for_timeout(2500)  # one more, where the script has seen the run later than the last answer
        asked = []
        page.on("request", lambda request: asked.append(request.url) if "/live/run" in request.url else None)
        page.wait_for_timeout(2500)
        assert not asked and runs_of_the_script(page) == before + 1


# What Plotly is asked for from now on; where the training line ends, as drawn and by its data, in pixels.
COUNT = """() => {
  window.charlabDrawn = [];
  for (const name of ["newPlot", "react", "relayout", "animate"]) {
    const draw = Plotly[name];
    Plotly[name] = (...all) => { charlabDrawn.push(name); return draw(...all); };
  }
}"""
ENDS = """node => {
  const { xaxis } = node._fullLayout, line = node.querySelector(".scatterlayer .js-line").getBBox();
  return [line.x + line.width, xaxis.l2p(node.data[0].x.at(-1))];
}"""


def test_as_a_run_grows_its_axes_and_lines_grow_and_the_chart_is_never_drawn_anew(shared_server, page):
    with training() as run:
        write_steps(run, *range(1, 6))
        opened(page, shared_server, run=run.id)
        node = chart(page, f"loss-{run.id}")
        assert node.locator(".legendtext").all_text_contents() == ["training", "validation"]
        wait_until(lambda: node.evaluate("node => node.layout.annotations.length"))  # the baselines
        page.evaluate(COUNT)
        reaches = []
        for last in (10, 20, 40):
            write_steps(run, last)
            wait_until(lambda last=last: node.evaluate("node => node.data[0].x.at(-1)") == last / 10)
            assert node.evaluate(ENDS)[0] == pytest.approx(node.evaluate(ENDS)[1], abs=1)
            reaches.append(
                node.evaluate("({ _fullLayout: { xaxis, yaxis } }) => [xaxis.range[1], yaxis.range[0]]")
            )
            assert last / 10 < reaches[-1][0] <= 1.25 * last / 10
        assert reaches[0][0] < reaches[1][0] < reaches[2][0] and reaches[0][1] >= reaches[2][1] == 0
        assert set(page.evaluate("charlabDrawn")) == {"relayout", "animate"}

        # A zoom stays while the lines grow, and a double click ends it
        node.evaluate("node => Plotly.relayout(node, {'xaxis.range': [1, 2]})")
        write_steps(run, 60)
        wait_until(lambda: node.evaluate("node => node.data[0].x.at(-1)") == 6)
        assert node.evaluate("node => node._fullLayout.xaxis.range") == [1, 2]
        node.locator(".nsewdrag").first.dblclick()
        write_steps(run, 90)
        wait_until(lambda: node.evaluate("node => node._fullLayout.xaxis.range[1]") > 9)


# Every state that the panel had while a Pause or Stop could be pressed: read at each change of the page.
WATCH = """() => {
  window.charlabPressable = new Set();
  new MutationObserver(() => {
    const state = document.querySelector(".charlab-live-state")?.textContent;
    const isThere = [...document.querySelectorAll(".st-key-while-active button")].some(
      (button) => !button.disabled && !button.closest("[inert]"));
    if (isThere) charlabPressable.add(state);
  }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
}"""


def test_pause_and_stop_cannot_be_pressed_from_the_moment_that_a_run_has_ended(shared_server, page):
    with training() as run:
        write_steps(run, 1, 2)
        opened(page, shared_server, run=run.id)
        page.evaluate(WATCH)
        write_steps(run, 3)
        expect(page.get_by_text("1:37 min")).to_be_visible()
        expect(button(page, "Stop")).to_be_enabled()
        run.write_status(store.Status("done", epoch=0.3, step=3, seconds=7.0))
        expect(button(page, "Train longer")).to_be_visible()
        settled(page)
        expect(button(page, "Stop")).to_have_count(0)
        assert page.evaluate("[...charlabPressable]") == ["Training"]


@pytest.mark.slow
def test_the_newest_text_is_shown_until_a_hand_moves_the_slider(shared_server, page):
    with training() as run:
        write_samples(run, 0)
        opened(page, shared_server, run=run.id)
        expect(text(page)).to_have_text("the text 0 <b>$x$")
        expect(page.locator(".charlab-live-head").get_by_text("Untrained")).to_be_visible()
        expect(slider(page)).to_be_hidden()
        write_samples(run, 1, 2, 3)
        expect(text(page)).to_have_text("the text 3 <b>$x$")
        slider(page).press("Home")
        slider(page).press("ArrowRight")
        expect(text(page)).to_have_text("the text 1 <b>$x$")
        expect(slider(page)).to_have_attribute("aria-valuetext", "1")
        expect(page.get_by_text(re.compile("^After epoch 1, continuing “the”"))).to_be_visible()
        write_samples(run, 4, 5)
        expect(slider(page)).to_have_attribute("max", "5")
        expect(text(page)).to_have_text("the text 1 <b>$x$")

        # Other settings of the chart leave it where it is
        button(page, "Compare").click()
        page.get_by_role("radiogroup", name="Metric").get_by_text("Nats").click()
        expect(page.get_by_text("Validation, nats")).to_be_visible()
        expect(text(page)).to_have_text("the text 1 <b>$x$")
        page.keyboard.press("Escape")
        slider(page).press("End")
        write_samples(run, 6)
        expect(text(page)).to_have_text("the text 6 <b>$x$")

        # A resume that cuts texts moves it back
        slider(page).press("ArrowLeft")
        expect(text(page)).to_have_text("the text 5 <b>$x$")
        run.cut_events(0)
        write_samples(run, 0, 1)
        expect(text(page)).to_have_text("the text 1 <b>$x$")
        run.append_event({"event": "sample", "epoch": 1, "step": 12, "seed_text": "the ", "text": "next"})
        expect(text(page)).to_have_text("the next")
        expect(slider(page)).to_have_attribute("aria-valuetext", "1 (step 12)")


def test_a_server_that_is_gone_is_said_and_the_panel_goes_on_by_itself(shared_server, page):
    with training() as run:
        write_steps(run, 1)
        opened(page, shared_server, run=run.id)
        chart(page, f"loss-{run.id}")
        page.route("**/live/run**", lambda route: route.abort())
        expect(
            page.get_by_text("The server does not answer. What you see here may be out of date.")
        ).to_be_visible()
        page.unroute("**/live/run**")
        full = {"status": 503, "json": {"error": "The disk is full."}}
        page.route("**/live/run**", lambda route: route.fulfill(**full))
        expect(page.get_by_text("The disk is full. What you see here may be out of date.")).to_be_visible()
        page.unroute("**/live/run**")
        write_steps(run, 40)
        expect(page.get_by_text("1:00 min")).to_be_visible()
        expect(page.get_by_text("may be out of date")).to_be_hidden()


def test_a_run_that_is_deleted_elsewhere_is_said_to_be_deleted(shared_server, page):
    make_run(name="Kept")
    with training(name="Lost") as run:
        opened(page, shared_server, run=run.id)
        expect(button(page, "Pause")).to_be_visible()
        (run.path / "status.json").unlink()
        expect(page.get_by_text("“Lost” was deleted.")).to_be_visible()


def test_links_to_a_model_appear_with_its_first_weights(shared_server, page):
    with training() as run:
        weights = {name: run.weights(name) for name in run.weight_names()}
        for name in weights:
            run.weights_path(name).unlink()
        write_steps(run, 1)
        opened(page, shared_server, run=run.id)
        chart(page, f"loss-{run.id}")
        expect(page.get_by_role("link", name="Generate text with it")).to_have_count(0)
        run.write_weights(weights["best"], "best")
        expect(page.get_by_role("link", name="Generate text with it")).to_be_visible()


def test_a_screen_reader_is_told_of_another_state_and_not_of_every_second(shared_server, page):
    heard = """() => {
        window.heard = [];
        new MutationObserver((changes) => changes.forEach(({ target }) => {
            const element = target.nodeType === 1 ? target : target.parentElement;
            const place = element?.closest("[role=status], [aria-live], output");
            if (place?.closest(".charlab-live")) heard.push(place.textContent);
        })).observe(document.body, { childList: true, characterData: true, subtree: true });
    }"""
    with training() as run:
        write_steps(run, 1)
        opened(page, shared_server, run=run.id)
        chart(page, f"loss-{run.id}")
        expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", re.compile(r"^\d+$"))
        page.evaluate(heard)
        write_steps(run, 2, 3)
        expect(page.get_by_text("1:37 min")).to_be_visible()
        assert page.evaluate("heard") == []
        run.ask("pause")
        expect(button(page, "Pausing ...")).to_be_visible()
        assert set(page.evaluate("heard")) == {"Pausing"}
