// Where everything that a training of a GRU or an LSTM needs lies in one memory, and the way in and out for weights and
// states. Weights have the names and shapes of charlab.core.
// Names in shape comments: T characters a row, B rows, R = T * B, V ids, D numbers an input vector, U units, G = gates * U.
// In the memory D, U and V are rounded up to whole panels (see kernels.js), and B to an even number: the units, ids and
// rows that fill them up have weights of zero or do not count, so they change nothing.
import { PANEL, STACK, makeKernels } from "./kernels.js";

export const ROWS_AT_ONCE = 128; // of a product that sums over rows: what then stays in the processor's first cache
const MOST_PAGES = 32_768; // of 64 KiB: 2 GiB

const CELLS_TRAINED = {
  gru: { gates: 3, kept: 4, biases: [2], states: ["hidden"] },
  lstm: { gates: 4, kept: 5, biases: [], states: ["hidden", "cell"] },
};

const paddedWidth = (n) => Math.ceil(n / PANEL) * PANEL;

// Every weight's shape by its name.
export function weightShapes({ kind, layers, units, embedding }, V) {
  const { gates, biases } = CELLS_TRAINED[kind], shapes = embedding ? { embedding: [V, embedding] } : {};
  for (let i = 0; i < layers; i++) {
    shapes[`layer_${i}/kernel`] = [i ? units : embedding || V, gates * units];
    shapes[`layer_${i}/recurrent_kernel`] = [units, gates * units];
    shapes[`layer_${i}/bias`] = [...biases, gates * units];
  }
  return { ...shapes, "head/kernel": [units, V], "head/bias": [V] };
}

// For rows of B characters side by side and T long.
export class NetworkMemory {
  constructor(model, vocabularySize, rows, length, wasm) {
    Object.assign(this, { model, rows, length, V: vocabularySize, cell: CELLS_TRAINED[model.kind] });
    this.B = rows + (rows % 2);
    this.R = this.B * length;
    this.U = paddedWidth(model.units);
    this.W = paddedWidth(vocabularySize);
    this.G = this.cell.gates * this.U;
    this.size = STACK;
    this.#placeWeights();
    this.#placeLayers();
    this.#placeScratch();
    const memory = memoryOf(this.size);
    this.floats = new Float32Array(memory.buffer);
    this.ints = new Int32Array(memory.buffer);
    this.kernels = makeKernels(memory, wasm);
    for (let r = 0; r < this.R; r++) this.ints[this.ownRows + r] = r;
    this.ints.fill(-1, this.targets, this.targets + this.R);
  }

  // Where everything lies

  #take(numbers) {
    const place = this.size;
    this.size += paddedWidth(numbers);
    return place;
  }

  // Weights, those with weight decay first; then, in the same order, their gradients and the optimizer's two means.
  #placeWeights() {
    const { model, V, cell } = this, isBias = (name) => name.endsWith("bias");
    const shapes = Object.entries(weightShapes(model, V));
    this.named = new Map();
    this.weights = this.size;
    for (const [name, shape] of shapes) if (!isBias(name)) this.#placeWeight(name, shape, cell.gates);
    this.decayed = this.size - this.weights;
    for (const [name, shape] of shapes) if (isBias(name)) this.#placeWeight(name, shape, cell.gates);
    this.count = this.size - this.weights;
    this.gradients = this.#take(this.count);
    this.means = this.#take(this.count);
    this.squares = this.#take(this.count);
    this.toGradient = this.gradients - this.weights;
  }

  // A layer's weights have rows of as many parts as it has gates, each part rounded up to `width`.
  #placeWeight(name, shape, gates) {
    const rows = shape.length > 1 ? shape[0] : 1, parts = name.startsWith("layer") ? gates : 1;
    const columns = shape[shape.length - 1] / parts, width = paddedWidth(columns);
    const place = this.#take((name.endsWith("bias") ? rows : paddedWidth(rows)) * parts * width);
    this.named.set(name, { place, shape, rows, parts, columns, width });
  }

  #placeLayers() {
    const { model, B, R, U, W, cell } = this, T = this.length;
    this.layers = Array.from({ length: model.layers }, (_, i) => {
      const inputs = i ? model.units : model.embedding || this.V, D = paddedWidth(inputs);
      const drops = model.input_dropout > 0;
      // What the first layer adds for a character depends on its id alone, unless numbers of it are dropped: then a
      // table [W, G] takes the place of a product over all rows.
      const hasTable = i === 0 && !drops && (W <= R || !model.embedding);
      return {
        index: i, inputs, D, hasTable,
        kernel: this.named.get(`layer_${i}/kernel`).place,
        recurrent: this.named.get(`layer_${i}/recurrent_kernel`).place,
        bias: this.named.get(`layer_${i}/bias`).place,
        states: cell.states.map(() => this.#take((T + 1) * B * U)), // [T + 1, B, U], the first before the rows
        kept: this.#take(R * cell.kept * U),
        packed: this.#take(U * this.G), // the recurrent kernel, as it is or transposed
        input: !hasTable && (i === 0 || drops) ? this.#take(R * D) : 0,
        inputMask: drops ? this.#take(B * D) : 0,
        masked: model.recurrent_dropout ? this.#take(R * U) : 0,
        mask: model.recurrent_dropout ? this.#take(B * U) : 0,
      };
    });
    if (model.output_dropout) [this.output, this.outputMask] = [this.#take(R * U), this.#take(R * U)];
  }

  #placeScratch() {
    const { B, R, U, W, G } = this, D = Math.max(...this.layers.map((layer) => layer.D));
    this.ids = this.#take(R);
    this.targets = this.#take(R);
    this.ownRows = this.#take(R); // 0, 1, 2 ...
    this.zeros = this.#take(Math.max(G, W, B * Math.max(D, U)));
    this.sums = this.#take(Math.max(W, R) * G); // what inputs add inside the gates, and the gradient by it
    this.fromState = this.#take(B * G);
    this.dFromState = this.#take(R * G);
    this.packed = this.#take(Math.max(D * G, U * W, ROWS_AT_ONCE * Math.max(W, G)));
    this.transposed = this.#take(ROWS_AT_ONCE * Math.max(D, U));
    this.logits = this.#take(R * W);
    this.figures = this.#take(3 * R);
    this.above = this.#take(R * Math.max(D, U)); // the gradient by what a layer hands upwards
    this.dState = this.#take(B * U);
    this.dCell = this.#take(B * U);
    this.innerBias = this.#take(U);
    this.bias = this.#take(G);
    this.back = this.#take(B * U);
  }

  // Weights in and out

  // {name: {shape, values}} of all weights, or with `shift` of the arrays that lie as the weights do.
  arrays(shift = 0) {
    const result = {};
    for (const [name, { place, shape, rows, parts, columns, width }] of this.named) {
      const values = new Float32Array(rows * parts * columns);
      for (let p = 0; p < rows * parts; p++) {
        const from = place + shift + p * width;
        values.set(this.floats.subarray(from, from + columns), p * columns);
      }
      result[name] = { shape, values };
    }
    return result;
  }

  setArrays(arrays, shift = 0) {
    for (const [name, { place, rows, parts, columns, width }] of this.named) {
      const values = arrays[name]?.values;
      if (values?.length !== rows * parts * columns) throw new Error(`The weights are not of this network: ${name}.`);
      for (let p = 0; p < rows * parts; p++)
        this.floats.set(values.subarray(p * columns, (p + 1) * columns), place + shift + p * width);
    }
  }

  // The state before the rows: one array [rows, units] for each layer of a GRU, two of an LSTM.

  state() {
    return this.statePlaces().map((place) => this.#unpadded(place));
  }

  setState(arrays) {
    const { rows, U, floats } = this, units = this.model.units;
    this.statePlaces().forEach((place, i) => {
      for (let b = 0; b < rows; b++) floats.set(arrays[i].subarray(b * units, (b + 1) * units), place + b * U);
    });
  }

  clearState() {
    for (const place of this.statePlaces()) this.floats.fill(0, place, place + this.B * this.U);
  }

  // The state after the rows becomes that before the next ones.
  carryState() {
    const numbers = this.B * this.U, after = this.length * numbers;
    for (const place of this.statePlaces()) this.floats.copyWithin(place, place + after, place + after + numbers);
  }

  // Where the state before the rows lies: the hidden state, and the cell, of each layer.
  statePlaces() {
    return this.layers.flatMap((layer) => layer.states);
  }

  #unpadded(place) {
    const { rows, U } = this, units = this.model.units, values = new Float32Array(rows * units);
    for (let b = 0; b < rows; b++) values.set(this.floats.subarray(place + b * U, place + b * U + units), b * units);
    return values;
  }
}

function memoryOf(numbers) {
  const pages = Math.ceil((numbers * 4) / 65_536);
  try {
    if (pages <= MOST_PAGES) return new WebAssembly.Memory({ initial: pages });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // it is what a browser says that has no more memory
  }
  throw new Error(
    `Training this network takes ${(pages / 16_384).toFixed(1)} GiB of memory, more than there is here. ` +
    "Choose fewer units, a smaller batch or a shorter sequence.",
  );
}
