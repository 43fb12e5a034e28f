"""Response times: of the first page, of bars that follow a slider, of the first generated characters.

    python -m benchmarks.pages [--moves 20] [--skip-training] [--checkout FOLDER] [--json PATH]

A server is started as people start it, and Chromium opens it through Playwright. Times in the browser are measured
inside the page, from the event to the first frame in which the answer is drawn: while the server is idle, and
again while it trains a run. The slider is compared with the plainest page that does the same, a Streamlit slider
and chart of twelve bars on a server of its own: no page that asks its server can be faster than that. `--checkout`
serves the pages of another checkout.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Page, sync_playwright

from benchmarks import common
from benchmarks.sessions import serving

MODEL = "quick-gru"  # a starter
TEXT = ("To be, or not to be: that is the question. " * 10)[:300]
EXPLAINER = "/explainer?" + urlencode({"model": MODEL, "text": TEXT, "step": 20, "temperature": 0.5})
PLAYGROUND = "/playground?" + urlencode({"model": MODEL, "samples": 3})
SLIDER = "Temperature"  # the label of the Explainer's slider
CHART = ".charlab-chart"
WRITTEN = "[data-testid=stCode]"  # generated samples
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
BARE_CHART = ".js-plotly-plot"
BARE_PAGE = f"""
import numpy as np
import plotly.graph_objects as go
import streamlit as st

temperature = st.slider("{SLIDER}", 0.0, 2.0, 0.5, 0.05)
scaled = np.exp(np.linspace(3, -3, 12) / max(temperature, 0.05))
st.plotly_chart(go.Figure(go.Bar(x=scaled / scaled.sum(), y=list("abcdefghijkl"), orientation="h")))
"""
QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]

# Times a change inside the page: from an event to the frame in which `look` returns something new.
_WATCH = """([event, selector, kind]) => {
  const bars = () => [...document.querySelectorAll(`${selector} .barlayer path`)];
  const look = kind === "bars"
    ? () => bars().map((bar) => bar.getAttribute("d")).join(" ")
    : () => [...document.querySelectorAll(selector)].map((node) => node.innerText).join("\\n");
  const before = look();
  window.waited = new Promise((resolve) => addEventListener(event, () => {
    const began = performance.now();
    const wait = () => {
      const now = look();
      if (now !== before && now !== "") resolve(performance.now() - began);
      else requestAnimationFrame(wait);
    };
    wait();
  }, { once: true, capture: true }));
}"""


def main() -> None:
    parser = common.parser(__doc__, rounds=5)
    parser.add_argument(
        "--moves", type=int, default=20, help="of the slider; a quarter as many texts are generated"
    )
    parser.add_argument("--skip-training", action="store_true", help="measure the idle server only")
    parser.add_argument("--checkout", type=Path, default=common.ROOT, help="whose pages are served")
    options = parser.parse_args()
    about = common.machine()
    rounds, moves = (1, 4) if options.short else (options.rounds, options.moves)
    raw: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        os.environ["CHARLAB_RUNS"] = folder
        browser = playwright.chromium.launch(executable_path=chromium(), args=QUIET)
        for _ in range(rounds):
            for name, waited in starts(browser, options.checkout).items():
                raw.setdefault(name, []).append(waited)
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        with serving(checkout=options.checkout) as ours, serving(bare_page(Path(folder))) as bare:
            address = ours.address
            ways = {
                "ours": lambda: slider_moves(page, address + EXPLAINER, CHART, moves),
                "bare": lambda: slider_moves(page, bare.address, BARE_CHART, moves),
            }
            turns = common.take_turns(ways, 1 if options.short else 2)
            raw["slider to redrawn bars, idle"] = sum(turns["ours"], [])
            raw["the same on the plainest page"] = sum(turns["bare"], [])
            raw["Generate to the first characters, idle"] = generations(page, address, max(2, moves // 4))
            if not options.skip_training:
                with training(Path(folder)):
                    name = "slider to redrawn bars, while a run trains"
                    raw[name] = slider_moves(page, address + EXPLAINER, CHART, moves)
                    name = "Generate to the first characters, while a run trains"
                    raw[name] = generations(page, address, max(2, moves // 4))
        browser.close()
    rows = [
        {"what": name, "median, s": median(times), "slowest, s": max(times), "times": len(times)}
        for name, times in raw.items()
    ]
    common.report("pages", options, about, {"Response times:": rows}, raw)


def starts(browser: Any, checkout: Path) -> dict[str, float]:
    """Seconds from a process's start to the first page served, to its heading on screen, to the first text."""
    with serving(checkout=checkout) as server:
        began, page = time.perf_counter(), browser.new_page()
        page.goto(server.address)
        page.wait_for_selector("h1", timeout=60_000)
        drawn = server.seconds + time.perf_counter() - began
        page.close()
    return {
        "start to the first page served": server.seconds,
        "start to its heading in an open browser": drawn,
        "charlab generate: start to the first text": first_text(checkout),
    }


def first_text(checkout: Path) -> float:
    command = [sys.executable, "-m", "charlab", "generate", MODEL, "--seed-text", "ROMEO:", "--length", "100"]
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=checkout, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    first = process.stdout.read(1)
    waited = time.perf_counter() - began
    process.communicate()
    if not first:
        raise SystemExit(f"{' '.join(command[1:])} wrote nothing.")
    return waited


def bare_page(folder: Path) -> Path:
    """The plainest page's script, in a folder where it is not mistaken for a run."""
    path = folder / "bare" / "page.py"
    path.parent.mkdir()
    path.write_text(BARE_PAGE, encoding="utf-8")
    return path


def slider_moves(page: Page, address: str, chart: str, moves: int) -> list[float]:
    """Seconds from a key press on a page's temperature to the redrawn bars, for each move."""
    page.goto(address)
    page.wait_for_selector(f"{chart} .main-svg", timeout=60_000)
    settle(page)
    slider, times = page.get_by_role("slider", name=SLIDER).first, []
    for _ in range(moves):
        page.evaluate(_WATCH, ["keydown", chart, "bars"])
        slider.press("ArrowRight")
        times.append(page.evaluate("window.waited") / 1000)
        settle(page)
    return times


def generations(page: Page, address: str, number: int) -> list[float]:
    """Seconds from a click on Generate to the first characters on screen, each time on a fresh page."""
    times = []
    for _ in range(number):
        page.goto(address + PLAYGROUND)
        generate = page.get_by_role("button", name=re.compile("^Generate( Shortcut .*)?$"))
        generate.wait_for(timeout=60_000)
        settle(page)
        page.evaluate(_WATCH, ["click", WRITTEN, "text"])
        generate.click()
        times.append(page.evaluate("window.waited") / 1000)
        settle(page)
    return times


def settle(page: Page) -> None:
    """Wait until the page's script has ended and a moment has passed."""
    page.wait_for_timeout(200)
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')", timeout=60_000)
    page.wait_for_timeout(200)


@contextmanager
def training(folder: Path) -> Iterator[None]:
    """A long run in the server's queue, once it trains; it is stopped afterwards."""
    from charlab.corpora import catalogue
    from charlab.runs import control, plan, store
    from charlab.runs.permissions import OPERATOR
    from charlab.runs.presets import PRESETS

    chosen = PRESETS["quick-gru"]
    train = chosen.train.replace(epochs=1000)
    run = plan.plan_run(catalogue.load("python-reference"), chosen.name, chosen.model, train).create(
        OPERATOR, folder
    )
    common.wait_until(lambda: run.status().step > 0)
    yield
    control.stop(run, OPERATOR)
    common.wait_until(lambda: run.status().state not in store.ACTIVE)


def chromium() -> str:
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM)), None)
    if not found:
        raise SystemExit("There is no Chromium or Chrome here. Install one, or set CHROMIUM to its path.")
    return found


if __name__ == "__main__":
    main()
