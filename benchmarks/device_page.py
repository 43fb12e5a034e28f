"""What a reader of the Train page waits for while this device trains: first loss, Stop, and the page's own thread.

    python -m benchmarks.device_page [--rounds 5] [--seconds 15] [--short] [--json PATH]

A server of a class and a headless Chromium on one machine, whose worker has one of its cores. In each round a run
is started and stopped by the page's own buttons. Times are by the page's clock: from the click on Start to the
worker's first loss and to the first point of the curve, and from the click on Stop to the worker's last step.
Tasks are those that the browser itself calls long, over 50 ms, once the curve is drawn, with their scripts.
"""

from __future__ import annotations

import argparse
import itertools
import re
import tempfile
from collections import Counter
from statistics import median
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Page

from benchmarks import common
from benchmarks.devices import SETTINGS, browser
from benchmarks.sessions import serving

NETWORKS = {
    "GRU-128, 32 x 32": {
        "preset": "custom", "custom.units": 128, "custom.embedding": 32, "custom.batch_size": 32,
        "custom.sequence_length": 32, "budget.custom": "minutes",
    },
    "Quick GRU, 64 x 32": {"preset": "quick-gru", "budget.quick-gru": "minutes"},
}  # fmt: skip
# Notes when Start was pressed, when the worker's first loss came, and when the curve had its first point.
WATCH_START = """() => {
  const times = window.charlabTimes = {}, note = (what) => { times[what] ??= performance.now(); };
  const known = new Set(window.charlabDevice?.trainers.keys());
  document.addEventListener("click", () => note("pressed"), { capture: true, once: true });
  const look = setInterval(() => {
    const [run] = [...(window.charlabDevice?.trainers.keys() ?? [])].filter((name) => !known.has(name));
    const worker = run && charlabDevice.trainers.get(run).worker;
    if (worker && !times.run) {
      times.run = run;
      worker.addEventListener("message", ({ data }) => data.event && note("loss"));
    }
    const curve = document.querySelector(`[class*="st-key-loss-${run}"] .js-plotly-plot`);
    if (curve?.data?.some(({ name, x }) => name.startsWith("training") && x.length)) {
      note("drawn");
      clearInterval(look);
    }
  }, 5);
}"""
# From now on: every task over 50 ms, with the script that took most of it.
WATCH_TASKS = """() => {
  window.charlabTasks = [];
  new PerformanceObserver((list) => {
    for (const { duration, scripts } of list.getEntries()) {
      const [most] = [...scripts].sort((a, b) => b.duration - a.duration);
      if (most?.duration > 50) charlabTasks.push([most.sourceURL, most.duration]);
    }
  }).observe({ type: "long-animation-frame" });
}"""
WATCH_STOP = """() => {
  const times = window.charlabTimes, note = (what) => { times[what] ??= performance.now(); };
  document.addEventListener("click", () => note("stop"), { capture: true, once: true });
  charlabDevice.trainers.get(times.run).listen(({ state }) => state === "ending" && note("stopped"));
}"""


def main() -> None:
    options, about = arguments(), common.machine()
    raw: dict[str, list[dict[str, Any]]] = {name: [] for name in NETWORKS}
    with tempfile.TemporaryDirectory() as folder, serving(**SETTINGS, CHARLAB_RUNS=folder) as server:
        with browser() as chromium:
            for _, name in itertools.product(range(options.rounds), NETWORKS):
                context = chromium.new_context(viewport={"width": 1440, "height": 900})
                page = context.new_page()
                form = {"corpus": "shakespeare", "accelerator": "device", "minutes": 5} | NETWORKS[name]
                page.goto(f"{server.address}/train?{urlencode(form)}")
                raw[name].append(one_round(page, options.seconds))
                context.close()
    tables = {
        "From a click, seconds (medians)": [
            {"network": name} | {what: median(one[what] for one in found) for what in TIMES}
            for name, found in raw.items()
        ],
        f"Tasks over 50 ms in {options.seconds:g} s (medians)": [
            {"network": name} | tasks([one["tasks"] for one in found]) for name, found in raw.items()
        ],
    }
    common.report("device_page", options, about, tables, raw)


TIMES = ("Start to the first loss", "Start to the curve", "Stop to the last step")


def arguments() -> argparse.Namespace:
    parser = common.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=15.0, help="of training that is watched in each round")
    options = parser.parse_args()
    if options.short:
        options.rounds, options.seconds = 1, 5.0
    return options


def one_round(page: Page, seconds: float) -> dict[str, Any]:
    """Start, train, stop: what it took."""
    page.get_by_text(re.compile("This device trains about")).wait_for(timeout=60_000)
    page.evaluate(WATCH_START)
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_function("charlabTimes.drawn", timeout=60_000)
    page.wait_for_timeout(2_000)  # the page settles: its texts, the first evaluation
    page.evaluate(WATCH_TASKS)
    page.wait_for_timeout(1000 * seconds)
    found = page.evaluate("charlabTasks")
    page.evaluate(WATCH_STOP)
    page.get_by_role("button", name="Stop", exact=True).click()
    page.wait_for_function("charlabTimes.stopped", timeout=60_000)
    times = page.evaluate("charlabTimes")
    spans = (("pressed", "loss"), ("pressed", "drawn"), ("stop", "stopped"))
    took = [(times[end] - times[begin]) / 1000 for begin, end in spans]
    return dict(zip(TIMES, took, strict=True)) | {"tasks": found}


def tasks(rounds: list[list[tuple[str, float]]]) -> dict[str, Any]:
    """How many there are, how long the longest takes, and of which scripts they are."""
    scripts = Counter(url.split("?")[0].rpartition("/")[2] for found in rounds for url, _ in found)
    return {
        "tasks": median(map(len, rounds)),
        "the longest, ms": max((ms for found in rounds for _, ms in found), default=0.0),
        "scripts, all rounds": ", ".join(f"{name} {number}" for name, number in scripts.most_common()) or "none",
    }


if __name__ == "__main__":
    main()
