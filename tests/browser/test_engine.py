"""The browser's engine in Chromium: a training gives the same weights there as elsewhere, bit for bit."""

import base64

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
]
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


@pytest.mark.parametrize("build", [kernels, kernels_without_fused])
def test_sixty_steps_give_the_same_weights_in_chromium_and_node(page, build):
    requests = [{"model": model.to_json(), "train": TRAIN.to_json(), "vocabularySize": V} for model in MODELS]
    texts = [base64.b64encode(part).decode() for part in (build().tobytes(), IDS.tobytes())]
    ends = page.evaluate(IN_A_WORKER, [engine.script(), *texts, requests])
    in_node = evaluate_js(IN_NODE, requests=requests, ids=IDS, wasm=build())
    for end, there in zip(ends, in_node, strict=True):
        assert (end["state"], end["place"]["step"]) == ("done", 60)
        here = base64.b64decode(end["weights"])
        assert np.isfinite(load(here)["head/kernel"]).all()
        assert here == there.tobytes()
