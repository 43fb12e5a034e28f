// Rows of numbers from this server: in single precision, or another kind of typed array.

import { fetched } from "./fetched.js";

const MOST = 12; // answers that are kept
const kept = new Map(); // address -> a promise

export function numbersAt(address, Numbers = Float32Array) {
  const found = kept.get(address) ?? fetched(address).then((answer) => answer.arrayBuffer()).then((bytes) => new Numbers(bytes));
  kept.delete(address);
  kept.set(address, found); // the newest last
  found.catch(() => kept.delete(address)); // asked for again at the next move
  for (const old of kept.keys()) if (kept.size > MOST) kept.delete(old);
  return found;
}
