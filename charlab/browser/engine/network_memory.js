// Where the weights of a network in training lie in one memory, with their gradients and the optimizer's arrays, and the
// way in and out for them. In the memory all widths are rounded up to whole panels (see kernels.js): the numbers that
// fill them up are weights of zero or do not count, so they change nothing.
import { STACK, makeKernels } from "./kernels.js";
import { isDecayed, isTurned, layoutOf, paddedWidth, weightShapes } from "./weight_shapes.js";

const MOST_PAGES = 32_768; // of 64 KiB: 2 GiB

// A subclass takes what else it needs and then calls `allocate`.
export class NetworkMemory {
  constructor(model, vocabularySize, optimizer) {
    Object.assign(this, { model, V: vocabularySize, U: paddedWidth(model.units), W: paddedWidth(vocabularySize) });
    this.size = STACK;
    this.#placeWeights();
    if (optimizer === "muon") this.#placeTurns();
  }

  // The place of so many numbers from now on.
  take(numbers) {
    const place = this.size;
    this.size += paddedWidth(numbers);
    return place;
  }

  // Weights, those with weight decay first; then, in the same order, their gradients and the optimizer's two means.
  #placeWeights() {
    const shapes = Object.entries(weightShapes(this.model, this.V));
    this.named = new Map();
    this.weights = this.size;
    for (const [name, shape] of shapes) if (isDecayed(name)) this.#placeWeight(name, shape);
    this.decayed = this.size - this.weights;
    for (const [name, shape] of shapes) if (!isDecayed(name)) this.#placeWeight(name, shape);
    this.count = this.size - this.weights;
    this.gradients = this.take(this.count);
    this.means = this.take(this.count);
    this.squares = this.take(this.count);
    this.toGradient = this.gradients - this.weights;
  }

  #placeWeight(name, shape) {
    const layout = layoutOf(this.model, name, shape);
    this.named.set(name, { place: this.take(layout.size), ...layout });
  }

  // What muon.js needs for the largest of the weights that it turns: three of its size, five of its shorter side's square.
  #placeTurns() {
    const turned = [...this.named].filter(([name]) => isTurned(name)).map(([, weight]) => weight);
    const size = Math.max(...turned.map((weight) => weight.size));
    const square = Math.max(...turned.map(({ height, stride }) => Math.min(height, stride))) ** 2;
    const matrices = Array.from({ length: 3 }, () => this.take(size));
    this.turns = { matrices, squares: Array.from({ length: 5 }, () => this.take(square)) };
  }

  allocate(wasm) {
    const memory = memoryOf(this.size);
    this.floats = new Float32Array(memory.buffer);
    this.ints = new Int32Array(memory.buffer);
    this.kernels = makeKernels(memory, wasm);
  }

  // Weights in and out

  // {name: {shape, values}} of all weights, or with `shift` of the arrays that lie as the weights do.
  arrays(shift = 0) {
    const result = {};
    for (const [name, weight] of this.named) {
      const values = new Float32Array(weight.shape.reduce((a, b) => a * b));
      for (const { place, at } of piecesOf(weight))
        values.set(this.floats.subarray(place + shift, place + shift + weight.columns), at);
      result[name] = { shape: weight.shape, values };
    }
    return result;
  }

  setArrays(arrays, shift = 0) {
    for (const [name, weight] of this.named) {
      const values = arrays[name]?.values;
      if (values?.length !== weight.shape.reduce((a, b) => a * b)) throw new Error(`The weights are not of this network: ${name}.`);
      for (const { place, at } of piecesOf(weight)) this.floats.set(values.subarray(at, at + weight.columns), place + shift);
    }
  }
}

// The pieces of a weight that lie together: where each begins in the memory, and in the array [rows, parts * columns].
function* piecesOf({ place, rows, partRows, partHeight, parts, columns, width, stride }) {
  for (let row = 0; row < rows; row++) {
    const height = Math.floor(row / partRows) * partHeight + (row % partRows);
    for (let part = 0; part < parts; part++)
      yield { place: place + height * stride + part * width, at: (row * parts + part) * columns };
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
