// GRU and LSTM, one character at a time, as charlab/core/recurrent.py: a hidden state of U numbers per layer remembers
// the text. Sums are in double precision, states and logits in single. V ids, D numbers in an input, U units, G gates.

import { addProduct, plainProduct, productsOf } from "./products.js";

const sigmoidOf = (x) => 1 / (1 + Math.exp(-x));
const tanhOf = (x) => 2 / (1 + Math.exp(-2 * x)) - 1; // Math.tanh takes three times as long

// Each kind's gates, what it carries to the next character, and its equations: `x` and `h` [G * U] are the shares of
// the input and of the hidden state, biases included.
const CELLS = {
  gru: {
    gates: 3, carried: ["hidden"],
    update({ hidden }, x, h, U) {
      for (let u = 0; u < U; u++) {
        const update = sigmoidOf(x[u] + h[u]), reset = sigmoidOf(x[U + u] + h[U + u]);
        const candidate = tanhOf(x[2 * U + u] + reset * h[2 * U + u]);
        hidden[u] = update * hidden[u] + (1 - update) * candidate; // update 1 keeps the state, 0 replaces it
      }
    },
  },
  lstm: {
    gates: 4, carried: ["hidden", "cell"],
    update({ hidden, cell }, x, h, U) {
      for (let u = 0; u < U; u++) {
        const input = sigmoidOf(x[u] + h[u]), forget = sigmoidOf(x[U + u] + h[U + u]);
        const candidate = tanhOf(x[2 * U + u] + h[2 * U + u]), output = sigmoidOf(x[3 * U + u] + h[3 * U + u]);
        cell[u] = forget * cell[u] + input * candidate;
        hidden[u] = output * tanhOf(cell[u]);
      }
    },
  },
};

export function recurrentPredictor(model, V, weights, wasm) {
  const { layers, units: U, kind } = model, cell = CELLS[kind], width = cell.gates * U;
  const bias = (i) => weights[`layer_${i}/bias`]; // a GRU's is [2, 3 * U]: for the input, then for the hidden state
  const outer = (i) => bias(i).subarray(0, width);
  const inner = (i) => (bias(i).length > width ? bias(i).subarray(width) : new Float32Array(width));
  const table = inputTable(weights.embedding, weights["layer_0/kernel"], outer(0), V);
  const scores = plainProduct({ kernel: weights["head/kernel"], begin: weights["head/bias"] });
  const products = productsOf([
    ...Array.from({ length: layers }, (_, i) => ({ kernel: weights[`layer_${i}/recurrent_kernel`], begin: inner(i) })),
    ...Array.from({ length: layers - 1 }, (_, i) => ({ kernel: weights[`layer_${i + 1}/kernel`], begin: outer(i + 1) })),
  ], wasm);
  const fromState = products.slice(0, layers), fromBelow = products.slice(layers), logits = new Float32Array(V);

  const start = () => Array.from({ length: layers }, () => Object.fromEntries(cell.carried.map((name) => [name, new Float32Array(U)])));
  function step(id, state) {
    for (let i = 0; i < layers; i++) {
      const x = i ? fromBelow[i - 1](state[i - 1].hidden) : table[id];
      cell.update(state[i], x, fromState[i](state[i].hidden), U);
    }
    logits.set(scores(state[layers - 1].hidden));
    return logits;
  }
  return { start, step };
}

// What each character adds to the first layer's sums: its embedding times the kernel, plus the bias: [V] rows [G * U].
// With one-hot input the kernel itself is that table.
function inputTable(embedding, kernel, bias, V) {
  const width = bias.length, D = embedding ? embedding.length / V : 0;
  return Array.from({ length: V }, (_, v) => {
    const row = Float64Array.from(bias);
    if (embedding) addProduct(row, embedding.subarray(v * D, (v + 1) * D), kernel);
    else for (let j = 0; j < width; j++) row[j] += kernel[v * width + j];
    return row;
  });
}
