"""What a browser learns in a minute and in three: the held-out loss on Tiny Shakespeare after training there.

    python -m benchmarks.device_quality [--short] [--json PATH]

A Web Worker trains for so many seconds of steps on one core; its weights become a model file by the engine's own
`bundle`, `charlab import` takes it, and `charlab evaluate` measures the loss.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import common
from benchmarks.device import RECIPES, Browser
from charlab.browser import engine
from charlab.core.config import ModelConfig, TrainConfig
from charlab.core.vocab import Vocab
from charlab.corpora import catalogue, splits

MINUTES = {"GRU-128, 32 x 32": 1.0, "Quick GRU, 64 x 32": 3.0}
MOST = {"GRU-128, 32 x 32": 1.62, "Quick GRU, 64 x 32": 1.52}  # nats

# Trains and packs: the model file as base64, and where the training ended.
TRAIN = """async ([request, numbers, config, vocab]) => {
  const { bundle } = await import("/engine/bundle.js"), { readArrays } = await import("/engine/safetensors.js");
  const { worker, ask, wasm } = await made("engine.js", true);
  const { place, weights } = await ask({ do: "train", ...request, ids: Uint8Array.from(numbers), wasm });
  worker.terminate();
  const arrays = readArrays(new Uint8Array(weights)), { epoch, step, seconds } = place;
  const progress = { epoch, step, seconds }, results = { epochs: epoch, steps: step, seconds };
  const file = bundle({ config, vocab, progress, results, events: [], best: arrays, last: arrays });
  return { file: btoa(Array.from(file, (byte) => String.fromCharCode(byte)).join("")), place };
}"""


def main() -> None:
    options = common.parser(__doc__).parse_args()
    about = common.machine()
    rows = []
    with Browser() as browser:
        engine_modules(browser)
        for name, minutes in MINUTES.items():
            model, train = RECIPES[name]
            train = train.replace(minutes=0.1 if options.short else minutes)
            rows.append({"network": name} | trained(browser, model, train) | {"at most, nats": MOST[name]})
    common.report("device_quality", options, about, {"After training in Chromium": rows})


def engine_modules(browser: Browser) -> None:
    """Let the page import the engine's modules one by one: a worker's script has no `bundle`."""

    def answer(route: Any) -> None:
        path = engine.FOLDER / Path(route.request.url).name
        route.fulfill(content_type="text/javascript", body=path.read_text(encoding="utf-8"))

    browser.page.route("http://device.test/engine/*", answer)


def trained(browser: Browser, model: ModelConfig, train: TrainConfig) -> dict[str, Any]:
    """Train on Tiny Shakespeare, import the model file, evaluate it."""
    text = catalogue.load("shakespeare")
    vocab = Vocab.from_text(text.text)
    ids = splits.divide(vocab.encode(text.text), vocab, train).training
    request = {"model": model.to_json(), "train": train.to_json(), "vocabularySize": len(vocab)}
    config = {"name": "browser", "corpus": "shakespeare", "corpus_sha256": text.sha256}
    config |= {"model": request["model"], "train": request["train"], "versions": {}}
    answer = browser.page.evaluate(TRAIN, [request, ids.tolist(), config, vocab.to_json()])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "browser.charlab.zip"
        file.write_bytes(base64.b64decode(answer["file"]))
        run = charlab("import", str(file), folder=folder)["run"]
        found = charlab("evaluate", run, "--corpus", "shakespeare", "--split", "val", folder=folder)
    place = answer["place"]
    speed = place["step"] * train.batch_size * train.sequence_length / place["seconds"]
    figures = {"seconds": place["seconds"], "epochs": place["epoch"], "characters/s": speed}
    return figures | {"validation loss, nats": found["loss_nats"]}


def charlab(*words: str, folder: str) -> dict[str, Any]:
    """What a command says as JSON, with a folder of its own for runs."""
    command = [sys.executable, "-m", "charlab", *words, "--json"]
    environment = os.environ | {"CHARLAB_RUNS": folder}
    done = subprocess.run(command, cwd=common.ROOT, env=environment, check=True, capture_output=True)
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
