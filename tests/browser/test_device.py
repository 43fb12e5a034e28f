"""Training on the reader's own device, in real Chromium: the server trains nothing, and writes and measures."""

from __future__ import annotations

import re

import numpy as np
import psutil
import pytest
from playwright.sync_api import Page, expect
from safetensors.numpy import load

from charlab.browser import engine
from charlab.core import reading
from charlab.corpora import catalogue
from charlab.runs import models, store
from charlab.runs.grading import RunText
from helpers.browser import Served, button, chart, own_browsers, serving, settled, wait_until
from helpers.javascript import evaluate_js
from helpers.runs import all_runs
from pages.parts.shared import served_files

pytestmark = pytest.mark.browser
SMALL = (
    "corpus=coin-flips&preset=custom&custom.units=32&custom.embedding=8&custom.batch_size=16"
    "&custom.sequence_length=32"
)
# What the scripts of this part do from now on that takes the page's own thread longer than 50 ms. Others draw the
# page and its chart, which takes that long on a busy machine.
OBSERVE = """() => {
  window.charlabLong = [];
  new PerformanceObserver((list) => {
    const scripts = list.getEntries().flatMap(({ scripts }) => scripts).filter(({ duration }) => duration > 50);
    const ours = scripts.filter(({ sourceURL }) => /device\w*\.js/.test(sourceURL));
    charlabLong.push(...ours.map(({ sourceURL, duration }) => [sourceURL, duration]));
  }).observe({ type: "long-animation-frame" });
}"""
# When Stop is pressed, and when the worker has made its last step.
TIMES = """(run) => {
  const note = (what) => { charlabTimes[what] ??= performance.now(); };
  window.charlabTimes = {};
  document.addEventListener("click", () => note("pressed"), { capture: true, once: true });
  charlabDevice.trainers.get(run).listen(({ state }) => state === "ending" && note("ended"));
}"""
KEPT = """async ([script, run]) => {
  const { storage } = await import(new URL(script, location.origin));
  return (await storage.checkpoint(run))?.place.step ?? 0;
}"""
WITHOUT_A_BREAK = """
import { Training } from "./training.js";
function main({ model, train, vocabularySize, ids, wasm, steps }) {
  const training = new Training({ model, train, vocabularySize, ids, wasm: wasm.buffer });
  while (training.step < steps) training.takeStep();
  return training.weights();
}
"""


@pytest.fixture(scope="module")
def school(tmp_path_factory):
    folder = tmp_path_factory.mktemp("school")
    with serving(folder, CHARLAB_CLASS="1", STREAMLIT_BROWSER_SERVER_ADDRESS="127.0.0.1") as served:
        yield served


@pytest.fixture
def open_page(chrome):
    """A function that opens a new browser, at an address."""
    with own_browsers(chrome) as open_one:
        yield open_one


def begin(page: Page, school: Served) -> store.Run:
    """Press Start; returns the run."""
    before = {run.id for run in all_runs(school.folder)}
    button(page, "Start").click()
    (run,) = wait_until(lambda: [run for run in all_runs(school.folder) if run.id not in before])
    return run


def state(run: store.Run) -> str:
    return run.status().state


def trainers(served: Served) -> list[str]:
    """The server's processes that train, or stand ready for it."""
    children = psutil.Process(served.process.pid).children(recursive=True)
    return [
        line for child in children if (line := " ".join(child.cmdline())) and re.search("work |stand-ready", line)
    ]


def uninterrupted(run: store.Run, steps: int) -> bytes:
    """The weights after so many steps of one training without a break, in Node."""
    config, vocab = run.config(), run.vocab()
    ids = np.array(RunText.of(config, vocab).division().training)
    settings = {"model": config.model.to_json(), "train": config.train.to_json(), "vocabularySize": len(vocab)}
    wasm = np.frombuffer(engine.kernels(), np.uint8)
    return evaluate_js(WITHOUT_A_BREAK, ids=ids, wasm=wasm, steps=steps, **settings).tobytes()


def test_a_run_trains_here_to_its_end_and_what_is_measured_is_the_servers(school, open_page):
    page = open_page(f"{school.address}/train?{SMALL}&epochs.custom=5")
    expect(page.get_by_role("combobox", name="Accelerator")).to_have_value("This device")
    expect(page.get_by_text(re.compile(r"This device trains about [\d,]+ characters per second"))).to_be_visible()
    run = begin(page, school)
    chart(page, f"loss-{run.id}")
    page.evaluate(OBSERVE)
    expect(page.locator(".charlab-live-text code")).not_to_be_empty()
    assert not trainers(school)
    wait_until(lambda: state(run) == "done")
    assert page.evaluate("charlabLong") == []
    config, _, status = run.read()
    evaluated = [event["step"] for event in run.events()[0] if event["event"] == "epoch"]
    assert (config.train.accelerator, status.epoch) == ("device", 5)
    assert evaluated[0] == 0 and evaluated[-1] == status.step
    model = models.load(str(run.path))
    ids = model.vocab.encode(catalogue.load("coin-flips").text[-2000:])
    assert reading.evaluate(model.predictor, model.vocab, ids).loss_nats < 0.75
    expect(button(page, "Train longer")).to_be_visible()


def test_it_goes_on_exactly_after_a_reload_and_stops_at_once_and_only_for_its_browser(school, open_page):
    page = open_page(f"{school.address}/train?{SMALL}&epochs.custom=100")
    run = begin(page, school)
    kept = lambda: page.evaluate(KEPT, [served_files.address("device_storage.js"), run.id])  # noqa: E731
    wait_until(kept)

    # Another page of the app does not stop it, and another browser cannot
    page.get_by_role("link", name="Playground").click()
    settled(page)
    before = run.status().step
    wait_until(lambda: run.status().step > before)
    other = open_page(f"{school.address}/train?run={run.id}")
    expect(other.get_by_text("This run was started in another browser")).to_be_visible()
    for name in ("Pause", "Stop", "Train it on this device"):
        expect(button(other, name)).to_have_count(0)
    answer = other.evaluate(f"fetch('/device/{run.id}/job').then(({{ status }}) => status)")
    assert answer == 403

    # A reload goes on from the exact step
    page.get_by_role("link", name="Train").click()
    settled(page)
    before = kept()
    page.reload()
    settled(page)
    said = page.get_by_text("It continued exactly from step")
    expect(said).to_be_visible()
    began = int(re.search(r"step ([\d,]+)", said.inner_text())[1].replace(",", ""))
    assert began >= before and state(run) == "running"
    wait_until(lambda: run.status().step > began)

    # Stop reaches the worker at once; the state is that of a training without a break
    page.evaluate(TIMES, run.id)
    button(page, "Stop").click()
    wait_until(lambda: state(run) == "stopped")
    times = page.evaluate("charlabTimes")
    assert times["ended"] - times["pressed"] < 500
    expect(button(page, "Resume")).to_be_visible()
    expect(page.get_by_text("there is nothing to stop")).to_have_count(0)
    arrays, expected = run.weights("last"), load(uninterrupted(run, run.status().step))
    assert set(arrays) == set(expected)
    assert all(np.array_equal(arrays[name], expected[name]) for name in expected)
