// One interface for every kind of model, as charlab/core/predictor.py: `start()` is the state before anything has been
// read, `step(id, state)` reads one character and returns the logits of the next one [V]; it changes the state, and the
// next call overwrites the logits. One sample at a time: N samples have N states. V ids in shape comments.

import { ngramPredictor } from "./ngram.js";
import { recurrentPredictor } from "./recurrent.js";
import { transformerPredictor } from "./transformer.js";

const PREDICTORS = {
  gru: recurrentPredictor, lstm: recurrentPredictor, transformer: transformerPredictor, ngram: ngramPredictor,
};

// A model's configuration and its weights, { name: { shape, values } } -> its predictor. `wasm`: the bytes of kernels.wasm,
// or null for plain JavaScript.
export function buildPredictor(model, V, arrays, wasm = null) {
  const weights = Object.fromEntries(Object.entries(arrays).map(([name, { values }]) => [name, values]));
  return PREDICTORS[model.kind](model, V, weights, wasm);
}

// How many numbers a model's weights are.
export function parameterCount(arrays) {
  return Object.values(arrays).reduce((sum, { values }) => sum + values.length, 0);
}
