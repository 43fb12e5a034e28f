"""Training in a browser, in characters per second, compared with the server's trainer and PyTorch at one thread.

    python -m benchmarks.device [--seconds 6] [--rounds 5] [--short] [--json PATH]

The browser is a headless Chromium whose Web Worker runs the engine as a page does. Its time is by the page's
clock, from one event to another, and so contains whatever else the worker does. The server's trainer takes the
same steps on the same batches, PyTorch its own on rows prepared in memory. Each has one thread; they take turns.
"""

from __future__ import annotations

import gzip
import itertools
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from statistics import median
from typing import Any

import numpy as np

from benchmarks import common
from charlab.core.config import ModelConfig, SampleConfig, TrainConfig
from charlab.core.vocab import Vocab
from charlab.runs.presets import PRESETS

CHARACTERS = 1_003_854  # Tiny Shakespeare's training part
ALPHABET = "".join(chr(33 + i) for i in range(65))
V = len(ALPHABET) + 1
QUICK = PRESETS["quick-gru"]
SMALL = ModelConfig(kind="gru", units=128, embedding=32)
LARGE = SMALL.replace(units=256)
MINI = PRESETS["mini-gpt"]
RECIPES = {
    "GRU-128, 32 x 32": (SMALL, QUICK.train.replace(batch_size=32, epochs=1000)),
    "GRU-256, 32 x 32": (LARGE, QUICK.train.replace(batch_size=32, epochs=1000)),
    "Quick GRU, 64 x 32": (QUICK.model, QUICK.train.replace(epochs=1000)),
    "Mini GPT, Muon, 16 x 64": (MINI.model, MINI.train.replace(epochs=1000)),
    "Mini GPT, AdamW, 16 x 64": (MINI.model, MINI.train.replace(epochs=1000, optimizer="adamw")),
}
LEAST = dict.fromkeys(RECIPES, None) | {  # of the server's speed
    "GRU-128, 32 x 32": 0.8,
    "GRU-256, 32 x 32": 0.7,
    "Mini GPT, Muon, 16 x 64": 0.5,
    "Mini GPT, AdamW, 16 x 64": 0.5,
}
WAYS = {"browser": "Chromium", "server": "charlab, one thread", "torch": "PyTorch, one thread"}
WARM = 1.5  # seconds of the browser that do not count: it compiles meanwhile
WRITTEN = 40_000  # characters

# In the page: a worker, and requests to it.
PAGE = """
const made = async (engine, simd) => {
  const files = [engine, "kernels.wasm", "ids.bin", "weights.safetensors"];
  const read = files.map(async (file) => (await fetch(file)).arrayBuffer());
  const [script, kernels, ids, weights] = await Promise.all(read);
  const worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  let id = 0;
  const ask = (request, seen = () => {}) => new Promise((resolve, reject) => {
    const job = ++id;
    worker.onmessage = ({ data }) => {
      if (data.problem) reject(new Error(data.problem));
      seen(data, job);
      if (data.end) resolve(data);
    };
    worker.postMessage({ id: job, ...request });
  });
  return { worker, ask, wasm: simd ? new Uint8Array(kernels) : null, ids: new Uint8Array(ids), weights };
};
"""
# Trains for some seconds and is asked to stop: events, each with its time since Start, and how long stopping took.
TRAIN = """async ([request, seconds, simd]) => {
  const began = performance.now(), since = () => (performance.now() - began) / 1000, events = [];
  const { worker, ask, wasm, ids } = await made("engine.js", simd);
  let asked = 0;
  await ask({ do: "train", ...request, ids, wasm, events_seconds: 0.25 }, (data, job) => {
    if (data.event) events.push({ ...data.event, since: since() });
    if (!asked && since() >= seconds) {
      asked = since();
      worker.postMessage({ do: "ask", job, request: "stop" });
    }
  });
  worker.terminate();
  return { events, stop: since() - asked };
}"""
WRITE = """async ([request, config]) => {
  const { worker, ask, wasm, weights } = await made("whole_engine.js", true);
  await ask({ do: "load", ...request, weights, wasm });
  const began = performance.now();
  let written = 0;
  await ask({ do: "generate", prompt: "A", config }, ({ probabilities }) => {
    written += probabilities?.length ?? 0;
  });
  worker.terminate();
  return written / (performance.now() - began) * 1000;
}"""


def main() -> None:
    parser = common.parser(__doc__, rounds=5)
    parser.add_argument("--seconds", type=float, default=6.0, help="of training per turn")
    options = parser.parse_args()
    about = common.machine()
    rounds, seconds = (1, 2.0) if options.short else (options.rounds, options.seconds)
    ways = [way for way in WAYS if way != "torch" or find_spec("torch")]
    raw: dict[str, Any] = {}
    with Browser() as browser:
        for recipe in RECIPES:
            turns = {way: partial(turn, way, recipe, seconds, browser) for way in ways}
            raw[recipe] = common.take_turns(turns, rounds)
        raw["without SIMD"] = browser.train("GRU-128, 32 x 32", seconds, simd=False)["speed"]
        raw["writing"] = [browser.write() for _ in range(rounds)]
    common.report("device", options, about, tables(raw, ways), raw)


def turn(way: str, recipe: str, seconds: float, browser: Browser) -> dict[str, float]:
    """Characters per second of one implementation, each but the browser in a fresh process."""
    if way == "browser":
        return browser.train(recipe, seconds)
    with common.Worker("benchmarks.device", "--as", way, environment={"OMP_NUM_THREADS": "1"}) as worker:
        return worker.ask(recipe=recipe, seconds=seconds)


def tables(raw: dict[str, Any], ways: list[str]) -> dict[str, list[dict[str, Any]]]:
    speeds, waits = [], []
    for recipe, least in LEAST.items():
        speed = {way: [one["speed"] for one in raw[recipe][way]] for way in ways}
        row: dict[str, Any] = {"network": recipe}
        row |= {f"{WAYS[way]}, characters/s": median(speed[way]) for way in ways}
        row["Chromium to charlab"] = common.ratio(speed["browser"], speed["server"])
        speeds.append(row | {"at least": least})
        turns = raw[recipe]["browser"]
        waits.append(
            {
                "network": recipe,
                "Start to the first loss, s": median(one["first"] for one in turns),
                "Stop to the last answer, s": median(one["stop"] for one in turns),
                "the longest, s": max(one["stop"] for one in turns),
            }
        )
    speeds.append({"network": "GRU-128, 32 x 32, without SIMD", "Chromium, characters/s": raw["without SIMD"]})
    writing = {
        "network": "GRU-128",
        "with probabilities, characters/s": median(raw["writing"]),
        "at least": 20_000,
    }
    return {
        "Training": speeds,
        "Waiting, in the worker": waits,
        "Writing": [writing],
        "The engine, compressed": engine_sizes(),
    }


def engine_sizes() -> list[dict[str, Any]]:
    """How many bytes of the engine a server sends."""
    from charlab.browser import engine

    scripts = {"for training": engine.script(), "for a page by itself": engine.whole_script()}
    rows = []
    for name, script in scripts.items():
        sizes = [len(gzip.compress(part, 9)) for part in (script.encode(), engine.kernels())]
        rows.append({"engine": name, "script": sizes[0], "kernels": sizes[1], "together": sum(sizes)})
    return rows


class Browser:
    """A Chromium with one page on an address of its own, whose files come from here and not from a server."""

    def __enter__(self) -> Browser:
        from playwright.sync_api import sync_playwright
        from safetensors.numpy import save

        from benchmarks.pages import QUIET, chromium
        from charlab.browser import engine
        from charlab.browser.first_weights import first_weights

        files: dict[str, tuple[str, str | bytes]] = {
            "": ("text/html", f"<!doctype html><title>Device</title><script>{PAGE}</script>"),
            "engine.js": ("text/javascript", engine.script()),
            "whole_engine.js": ("text/javascript", engine.whole_script()),
            "weights.safetensors": ("application/octet-stream", save(first_weights(SMALL, V, QUICK.train))),
            "kernels.wasm": ("application/wasm", engine.kernels()),
            "ids.bin": ("application/octet-stream", training_ids().tobytes()),
        }
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(executable_path=chromium(), args=QUIET)
        self.page = self._browser.new_page()
        for name, (content_type, body) in files.items():
            self.page.route(
                f"http://device.test/{name}",
                lambda route, kind=content_type, body=body: route.fulfill(content_type=kind, body=body),
            )
        self.page.goto("http://device.test/")
        return self

    def __exit__(self, *_: object) -> None:
        self._browser.close()
        self._playwright.stop()

    def train(self, recipe: str, seconds: float, simd: bool = True) -> dict[str, float]:
        """Characters per second once it is warm, and the seconds that it took to begin and to stop."""
        model, train = RECIPES[recipe]
        request = {"model": model.to_json(), "train": train.to_json(), "vocabularySize": V}
        answer = self.page.evaluate(TRAIN, [request, seconds + WARM, simd])
        events = answer["events"]
        warm = [event for event in events if event["since"] >= min(WARM, events[-2]["since"])]
        steps, passed = warm[-1]["step"] - warm[0]["step"], warm[-1]["since"] - warm[0]["since"]
        characters = train.batch_size * train.sequence_length
        return {"speed": steps * characters / passed, "first": events[0]["since"], "stop": answer["stop"]}

    def write(self) -> float:
        """Characters per second that a model writes, with the probability of each."""
        request = {"model": SMALL.to_json(), "train": QUICK.train.to_json(), "vocab": Vocab(ALPHABET).to_json()}
        return self.page.evaluate(WRITE, [request, SampleConfig(length=WRITTEN).to_json()])


def training_ids() -> np.ndarray:
    """Random characters, as many as Tiny Shakespeare has to train on."""
    return np.random.default_rng(1).integers(V - 1, size=CHARACTERS, dtype=np.uint8)


# In the processes that take turns


def act(way: str) -> None:
    def answer(recipe: str, seconds: float) -> dict[str, float]:
        model, train = RECIPES[recipe]
        work = (server if way == "server" else torch_steps)(model, train)
        work(20)
        began = time.perf_counter()
        work(20)
        steps = max(20, round(20 * seconds / (time.perf_counter() - began)))
        began = time.perf_counter()
        work(steps)
        passed = time.perf_counter() - began
        return {"speed": steps * train.batch_size * train.sequence_length / passed}

    common.serve(answer)


def server(model: ModelConfig, train: TrainConfig) -> Callable[[int], None]:
    """The server's learner as on a machine with one core, reading its results as often as its loop does."""
    from charlab.training import process

    os.cpu_count = lambda: 1  # it takes as many groups of rows as there are cores
    process.set_up_tensorflow()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    from charlab.corpora import batching
    from charlab.training.learner import Learner

    learner, ids = Learner(model, train, V), training_ids()
    offsets = batching.offsets(train, len(ids), 0)
    places = itertools.cycle(range(len(offsets)))

    def work(steps: int) -> None:
        pending = []
        for place in itertools.islice(places, steps):
            rows = batching.gather(ids, offsets[place], train.sequence_length)
            pending.append(learner.step(rows, place, train.learning_rate))
            if len(pending) == 20:
                pending = [figures.numpy() for figures in pending][:0]
        for figures in pending:
            figures.numpy()

    return work


def torch_steps(model: ModelConfig, train: TrainConfig) -> Callable[[int], None]:
    import torch

    from benchmarks.torch_peers import training
    from benchmarks.training import rows

    torch.set_num_threads(1)
    return training(model, train, V, *rows(model, train))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--as"]:
        act(sys.argv[2])
    else:
        main()
