// What a worker does with a model: load, generate, read and evaluate. Each task takes a request, its job ({ say(answer),
// asked() }) and what the worker keeps between requests; it returns the last answer.

import { generate } from "./generation.js";
import { buildPredictor, parameterCount } from "./predictor.js";
import { evaluate, explain } from "./reading.js";
import { readArrays } from "./safetensors.js";
import { untrainable } from "./training.js";
import { vocabulary } from "./vocabulary.js";

export const INFERENCE_TASKS = { load: loadModel, generate: generateText, read: readText, evaluate: evaluateIds };

// The current model, for all later requests: { model, train, vocab, weights, wasm } -> how many numbers its weights are,
// and why it cannot be trained here ("" where it can).
function loadModel({ model, train, vocab, weights, wasm = null }, job, kept) {
  const arrays = readArrays(weights), read = vocabulary(vocab);
  kept.current = { vocab: read, predictor: buildPredictor(model, read.size, arrays, wasm) };
  return { parameters: parameterCount(arrays), untrainable: untrainable(model, train) };
}

function currentModel({ current }) {
  if (!current) throw new Error("There is no model yet. Load one first.");
  return current;
}

// { prompt, config } -> pieces { texts, probabilities } as they are written.
async function generateText({ prompt, config }, { say, asked }, kept) {
  const { predictor, vocab } = currentModel(kept);
  await hear();
  if (asked()) return { cancelled: true };
  await generate(predictor, vocab, prompt, config, async (piece) => {
    say(piece);
    await hear();
    return !asked();
  });
  return { cancelled: Boolean(asked()) };
}

// { text } -> its ids [T], and the logits after each of its characters [T * V].
function readText({ text }, job, kept) {
  const { predictor, vocab } = currentModel(kept);
  return explain(predictor, vocab, text);
}

// { ids } -> the loss of the current model on them.
async function evaluateIds({ ids, window = 256 }, { asked }, kept) {
  const { predictor, vocab } = currentModel(kept);
  const found = await evaluate(predictor, ids, vocab.unknown, window, async () => {
    await hear();
    return !asked();
  });
  return found ?? { cancelled: true };
}

// Lets the worker hear what else has been asked meanwhile. A timer would wait for a second in a hidden tab.
function hear() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
