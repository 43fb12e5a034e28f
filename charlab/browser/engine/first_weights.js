// The first weights of a network: the numbers that Keras draws for the server's network from the same seed.
// Names in shape comments: V ids, D numbers in an input vector, U units, G gates.

import { generator, statelessNormal, statelessUniform } from "./random.js";
import { weightShapes } from "./weight_shapes.js";

// Every weight by name: { shape, values (single precision) }.
export function firstWeights(model, V, { seed, embedding_range }) {
  const seeds = generator(seed), next = () => seeds.integers(2 ** 31, 1)[0];
  const ofRecurrent = (name, shape) => {
    if (name === "embedding") return uniform(shape, embedding_range, next());
    if (name.endsWith("recurrent_kernel")) return orthogonal(shape, next());
    if (name.endsWith("kernel")) return glorot(shape, next());
    return firstBias(name, shape, model);
  };
  const ofTransformer = (name, shape) => {
    if (shape.length === 1) return { shape, values: new Float32Array(shape[0]).fill(name.endsWith("scale") ? 1 : 0) };
    return normal(shape, 0.02 * (/(projection|contract).kernel$/.test(name) ? 1 / Math.sqrt(2 * model.layers) : 1), next());
  };
  const draw = model.kind === "transformer" ? ofTransformer : ofRecurrent;
  return Object.fromEntries(Object.entries(weightShapes(model, V)).map(([name, shape]) => [name, draw(name, shape)]));
}

// Normal numbers, as in GPT-2: smaller where a block adds to what the others have added.
function normal([rows, columns], deviation, seed) {
  const factor = Math.fround(deviation), values = statelessNormal(rows * columns, [seed, 0]);
  return { shape: [rows, columns], values: values.map((number) => number * factor) };
}

// A GRU's biases begin at 0, an LSTM's at 1 where they are the forget gate's (Jozefowicz et al., 2015).
function firstBias(name, shape, { kind, units: U }) {
  const bias = { shape, values: new Float32Array(shape.reduce((a, b) => a * b)) };
  if (kind === "lstm" && name.startsWith("layer_")) bias.values.fill(1, U, 2 * U);
  return bias;
}

// Uniform between minus and plus the square root of 6 / (rows + columns) (Glorot and Bengio, 2010).
const glorot = ([rows, columns], seed) => uniform([rows, columns], Math.fround(Math.sqrt(6 / (rows + columns))), seed);

function uniform([rows, columns], limit, seed) {
  const least = Math.fround(-limit), width = Math.fround(Math.fround(limit) - least);
  const values = statelessUniform(rows * columns, [seed, 0]);
  return { shape: [rows, columns], values: values.map((number) => Math.fround(number * width) + least) };
}

// Rows at right angles to each other, of length 1 (Saxe et al., 2014): R <= C rows of normal numbers, made so by
// Gram and Schmidt, twice, so that rounding does not add up.
function orthogonal([R, C], seed) {
  const normal = statelessNormal(R * C, [seed, 0]); // [C, R]
  const values = new Float32Array(R * C), rows = [];
  for (let r = 0; r < R; r++) {
    const row = Float64Array.from({ length: C }, (_, c) => normal[c * R + r]);
    for (let pass = 0; pass < 2; pass++) for (const other of rows) add(row, other, -dot(row, other));
    const length = Math.sqrt(dot(row, row));
    rows.push(row.map((number) => number / length));
    values.set(rows[r], r * C);
  }
  return { shape: [R, C], values };
}

function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function add(to, from, factor) {
  for (let i = 0; i < to.length; i++) to[i] += factor * from[i];
}
