// The model that the page shows: what is known of it, its alphabet, and the worker that computes with it.

import { vocabulary } from "../engine/vocabulary.js";

export const current = { about: null, vocab: null, weights: null, client: null, kernels: null, parameters: 0, untrainable: "" };
const listeners = new Set();

export const whenChanged = (act) => listeners.add(act);

// Make a model the page's own. `about` has title, model, train, vocab, corpus, bits and more; `weights` are the bytes of
// a safetensors file.
export async function useModel(about, weights) {
  const { kernels: wasm, client } = current, { model, vocab, recipe: { train } } = about; // as it would be trained here
  const { parameters, untrainable } = await client.ask("load", { model, train, vocab, weights, wasm }).done;
  Object.assign(current, { about, weights, parameters, untrainable, vocab: vocabulary(vocab) });
  for (const act of listeners) act();
}

// A question about the current model; see client.js.
export const ask = (...given) => current.client.ask(...given);

// Shows a problem at the top of the page, or none.
export function showProblem(error) {
  const box = document.getElementById("problem");
  box.hidden = !error;
  box.textContent = error ? error.message : "";
}
