// A predictor reads a text that exists already, as charlab/core/reading.py: step by step to explain it, or in windows
// to evaluate the model. T characters of a text, V ids. Bits are -log2 of a probability, nats are -ln.

import { predicted } from "./sampling.js";

const AT_ONCE = 30; // milliseconds of evaluating between two pauses

// Reads a text from an empty state: { ids [T], logits [T * V] after each of its characters }.
export function explain(predictor, vocab, text) {
  const ids = vocab.encode(text), V = vocab.size, logits = new Float32Array(ids.length * V), state = predictor.start();
  ids.forEach((id, t) => logits.set(predictor.step(id, state), t * V));
  return { ids, logits };
}

// What is said of the prediction after the character at `t`: { probabilities [V], entropy, next }, and of the actual
// next character { probability, bits, rank }, which are null where there is none, or it is not in the alphabet.
export function predictionAt({ ids, logits }, t, V) {
  const row = logits.subarray(t * V, (t + 1) * V), next = t + 1 < ids.length ? ids[t + 1] : null;
  const { probabilities, entropy } = predicted(row);
  const isKnown = next !== null && next !== V - 1; // the last id is the unknown character's
  const probability = isKnown ? probabilities[next] : null;
  const rank = isKnown ? 1 + row.reduce((greater, logit) => greater + (logit > row[next]), 0) : null;
  return { probabilities, entropy, next, probability, bits: isKnown ? -logOf(row, next) / Math.LN2 : null, rank };
}

// The loss of a model on ids [T]: the mean of -ln p over every character but the first, each predicted once. The text is
// read in windows that do not overlap, each from an empty state; 0 reads it as one stream. Unknown characters are read,
// but left out of the mean. `pause` is awaited now and then, and returns false to end.
export async function evaluate(predictor, ids, unknown, window = 256, pause = () => true) {
  if (ids.length < 2) throw new Error("A text to evaluate on needs at least two characters.");
  const last = ids.length - 1;
  let sum = 0, right = 0, characters = 0, state = null, paused = performance.now();
  for (let t = 0; t < last; t++) {
    if (t % (window || Infinity) === 0) {
      state = predictor.start();
      if (performance.now() - paused > AT_ONCE) {
        if (await pause() === false) return null;
        paused = performance.now();
      }
    }
    const logits = predictor.step(ids[t], state), target = ids[t + 1];
    if (target === unknown) continue;
    sum -= logOf(logits, target);
    right += logits.every((logit, i) => logit < logits[target] || (i >= target && logit === logits[target])) ? 1 : 0;
    characters++;
  }
  if (!characters) throw new Error("None of the text's characters is in the model's alphabet: there is nothing to evaluate.");
  return { loss: sum / characters, accuracy: right / characters, characters, unknown: last - characters };
}

// ln of the softmax of logits [V] at one id.
function logOf(logits, id) {
  let greatest = -Infinity, whole = 0;
  for (let i = 0; i < logits.length; i++) greatest = Math.max(greatest, logits[i]);
  for (let i = 0; i < logits.length; i++) whole += Math.exp(logits[i] - greatest);
  return logits[id] - greatest - Math.log(whole);
}
