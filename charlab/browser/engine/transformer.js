// A Transformer like GPT, one character at a time, as charlab/core/transformer.py: pre-norm, learned positions, a cache
// of keys and values. When the cache is full it is rebuilt from the last half of its characters, at positions 0 and up.
// V ids, D numbers in a character's vector, H heads, P characters read so far.

import { plainProduct, productsOf } from "./products.js";

export function transformerPredictor(model, V, weights, wasm) {
  const { layers, units: D, heads: H, context } = model, width = D / H;
  const factor = (name) => ({ kernel: weights[`${name}/kernel`], begin: weights[`${name}/bias`] });
  const parts = ["attention", "projection", "expand", "contract"];
  const names = Array.from({ length: layers }, (_, i) => parts.map((part) => `block_${i}/${part}`)).flat();
  const products = productsOf(names.map(factor), wasm), scores = plainProduct(factor("head"));
  const dense = Object.fromEntries(names.map((name, i) => [name, products[i]])); // x -> x @ kernel + bias
  const norm = (name, x) => layerNorm(x, weights[`${name}/scale`], weights[`${name}/offset`]);

  // The cache: ids [context], and of each layer keys and values [context, D]
  const start = () => ({
    read: 0, ids: new Uint16Array(context),
    layers: Array.from({ length: layers }, () => ({ keys: new Float32Array(context * D), values: new Float32Array(context * D) })),
  });

  // One query [D] against all keys: the values, weighted by attention [D]
  function attend(i, x, cache) {
    const sums = dense[`block_${i}/attention`](x), { keys, values } = cache.layers[i], P = cache.read;
    keys.set(sums.subarray(D, 2 * D), P * D);
    values.set(sums.subarray(2 * D), P * D);
    const seen = new Float64Array(D), closeness = new Float64Array(P + 1);
    for (let head = 0; head < H; head++) {
      const first = head * width;
      for (let p = 0; p <= P; p++) {
        let score = 0;
        for (let d = first; d < first + width; d++) score += sums[d] * keys[p * D + d];
        closeness[p] = score / Math.sqrt(width);
      }
      attentionWeights(closeness);
      for (let p = 0; p <= P; p++) {
        for (let d = first; d < first + width; d++) seen[d] += closeness[p] * values[p * D + d];
      }
    }
    return dense[`block_${i}/projection`](seen);
  }

  function read(id, cache) {
    const P = cache.read, { embedding, position } = weights;
    cache.ids[P] = id;
    const x = new Float64Array(D), add = (more) => { for (let d = 0; d < D; d++) x[d] += more[d]; };
    add(embedding.subarray(id * D, (id + 1) * D));
    add(position.subarray(P * D, (P + 1) * D));
    for (let i = 0; i < layers; i++) {
      add(attend(i, norm(`block_${i}/norm_1`, x), cache));
      const wide = dense[`block_${i}/expand`](norm(`block_${i}/norm_2`, x));
      for (let j = 0; j < wide.length; j++) wide[j] = geluOf(wide[j]);
      add(dense[`block_${i}/contract`](wide));
    }
    cache.read = P + 1;
    return x;
  }

  function step(id, cache) {
    if (cache.read === context) {
      const half = cache.ids.slice(context - Math.floor(context / 2));
      cache.read = 0;
      for (const before of half) read(before, cache);
    }
    return Float32Array.from(scores(norm("norm", read(id, cache))));
  }
  return { start, step };
}

// The Gaussian error linear unit in its tanh form (Hendrycks and Gimpel, 2016).
const geluOf = (x) => x / (1 + Math.exp(-1.5957691216 * (x + 0.044715 * x * x * x))); // (1 + tanh(y)) / 2 = 1 / (1 + e^-2y)

// Mean 0 and variance 1, then a learned scale and offset (Ba et al., 2016).
function layerNorm(x, scale, offset) {
  const D = x.length, result = new Float64Array(D);
  let sum = 0, squares = 0;
  for (let d = 0; d < D; d++) sum += x[d];
  for (let d = 0; d < D; d++) squares += (result[d] = x[d] - sum / D) ** 2;
  const deviation = Math.sqrt(squares / D + 1e-5);
  for (let d = 0; d < D; d++) result[d] = (result[d] / deviation) * scale[d] + offset[d];
  return result;
}

// The softmax of scores, in place.
function attentionWeights(closeness) {
  let greatest = -Infinity, whole = 0;
  for (let p = 0; p < closeness.length; p++) greatest = Math.max(greatest, closeness[p]);
  for (let p = 0; p < closeness.length; p++) whole += closeness[p] = Math.exp(closeness[p] - greatest);
  for (let p = 0; p < closeness.length; p++) closeness[p] /= whole;
}
