// A model's reading of a text, from this server: what is said of each position, and the logits, some rows at a time.

import { fetched } from "./fetched.js";

const MOST = 4; // readings that are kept
const readings = new Map(); // address -> reading

// { head: a promise, row: (t) => a promise of the logits [V] after the character with index t }
export function readingAt(address) {
  const reading = readings.get(address) ?? create(address);
  readings.delete(address);
  readings.set(address, reading); // the newest last
  for (const old of readings.keys()) if (readings.size > MOST) readings.delete(old);
  return reading;
}

function create(address) {
  const parts = new Map();
  const head = fetched(address.replace("{what}", "head")).then((answer) => answer.json());
  const part = (first, type) => {
    if (!parts.has(first)) {
      const loaded = fetched(address.replace("{what}", `logits-${first}`)).then((answer) => answer.arrayBuffer());
      parts.set(first, loaded.then((bytes) => (type === "float32" ? new Float32Array(bytes) : new Float64Array(bytes))));
    }
    return parts.get(first);
  };
  const forget = () => readings.delete(address); // asked for again at the next move
  head.catch(forget);
  return {
    head,
    row: async (t) => {
      const { type, rows, alphabet } = await head, at = t % rows;
      const logits = await part(t - at, type).catch((problem) => { forget(); throw problem; });
      return logits.subarray(at * alphabet.length, (at + 1) * alphabet.length);
    },
  };
}
