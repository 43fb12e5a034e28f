"""The browser's engine in Chromium and Firefox: a training gives the same weights as in Node, bit for bit."""

import base64
import json
import queue
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from safetensors.numpy import load

from charlab.browser import engine
from charlab.core.config import ModelConfig, TrainConfig
from helpers.javascript import evaluate_js, kernels, kernels_without_fused

pytestmark = pytest.mark.browser

V = 40
DROPOUTS = {"input_dropout": 0.1, "recurrent_dropout": 0.1, "output_dropout": 0.1}
MODELS = [
    ModelConfig(kind="gru", units=48, embedding=24),
    ModelConfig(kind="lstm", units=40, embedding=0, layers=2, **DROPOUTS),
    ModelConfig(kind="transformer", units=40, layers=2, heads=2, context=16, output_dropout=0.1),
]
OPTIMIZERS = ["adamw", "adamw", "muon"]
TRAIN = TrainConfig(
    epochs=2,
    steps_per_epoch=30,
    batches="streams",
    state_resets=0.1,
    optimizer="adamw",
    weight_decay=0.1,
    seed=4,
    learning_rate=0.01,
    learning_rate_schedule="cosine",
    warm_up_steps=10,
    clip_norm=1.0,
    batch_size=16,
    sequence_length=16,
)
IDS = (np.cumsum(np.random.default_rng(2).integers(0, 5, 10_000)) % (V - 1)).astype(np.uint8)
REQUESTS = [
    {"model": model.to_json(), "train": TRAIN.replace(optimizer=optimizer).to_json(), "vocabularySize": V}
    for model, optimizer in zip(MODELS, OPTIMIZERS, strict=True)
]
# The wasm file and ids come as base64; the weights go back so.
IN_A_WORKER = """async ([script, wasm, ids, requests]) => {
  const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  const train = (request, id) => new Promise((resolve) => {
    worker.onmessage = ({ data }) => data.end && resolve(data);
    worker.postMessage({ id, do: "train", ...request, ids: bytes(ids), wasm: bytes(wasm) });
  });
  const ends = [];
  for (const request of requests) ends.push(await train(request, ends.length));
  worker.terminate();
  const text = (buffer) => btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""));
  return ends.map(({ weights, ...rest }) => ({ ...rest, weights: weights && text(weights) }));
}"""
IN_NODE = """
import { Training } from "./training.js";
const main = ({ requests, ids, wasm }) => requests.map((request) => {
  const training = new Training({ ...request, ids, wasm });
  while (!training.isSpent) training.takeStep();
  return training.weights();
});
"""


PAGE = """<!doctype html><script>
const tell = (found) => fetch("/", { method: "POST", body: JSON.stringify(found) });
(%s)(%s).then(tell, (error) => tell({ error: String(error) }));
</script>"""


@pytest.mark.parametrize("build", [kernels, kernels_without_fused])
def test_sixty_steps_give_the_same_weights_in_chromium_and_node(page, build):
    _check(page.evaluate(IN_A_WORKER, _given(build())), build())


@pytest.mark.parametrize("build", [kernels, kernels_without_fused])
def test_they_do_in_firefox(build, tmp_path):
    firefox = shutil.which("firefox-esr") or shutil.which("firefox")
    if not firefox:
        pytest.skip("There is no Firefox here.")
    told: queue.Queue[list] = queue.Queue()
    page = (PAGE % (IN_A_WORKER, json.dumps(_given(build())))).encode()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            self._answer(page)

        def do_POST(self):
            told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer(b"")

        def _answer(self, body):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        process = subprocess.Popen([firefox, "--headless", "--no-remote", "--profile", tmp_path, address])
        try:
            ends = told.get(timeout=60)
        finally:
            process.terminate()
            process.wait(timeout=20)
            server.shutdown()
    _check(ends, build())


def _given(build):
    """What the page's function gets: engine, kernels, ids and what to train."""
    texts = [base64.b64encode(part.tobytes()).decode() for part in (build, IDS)]
    return [engine.script(), *texts, REQUESTS]


def _check(ends, build):
    """The ends of trainings in a browser are those in Node."""
    in_node = evaluate_js(IN_NODE, requests=REQUESTS, ids=IDS, wasm=build)
    for end, there in zip(ends, in_node, strict=True):
        assert (end["state"], end["place"]["step"]) == ("done", 60)
        here = base64.b64decode(end["weights"])
        assert np.isfinite(load(here)["head/kernel"]).all()
        assert here == there.tobytes()
