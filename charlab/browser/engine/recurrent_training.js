// GRU and LSTM networks over whole windows, with back-propagation through time written out (Werbos, 1990): what
// charlab.training computes with TensorFlow, to rounding. Weights have the names and shapes of charlab.core.
// Names in shape comments: T characters a row, B rows, R = T * B, V ids, D numbers an input vector, U units, G gates * U.
// In the memory D, U and V are rounded up to whole panels (see kernels.js), and B to an even number: the units, ids and
// rows that fill them up have weights of zero or do not count, so they change nothing.
import { PANEL, makeKernels } from "./kernels.js";
import { statelessUniform } from "./random.js";

const SEED_PLACES = 64; // a seed's keys of dropout: one for each place where a network drops, the last for resets
const ROWS_AT_ONCE = 128; // of a product that sums over rows: what then stays in the processor's first cache
const STACK = 1024; // numbers at the beginning of the memory that belong to the kernels
const MOST_PAGES = 32_768; // of 64 KiB: 2 GiB

const CELLS_TRAINED = {
  gru: { gates: 3, kept: 4, biases: [2], states: ["hidden"] },
  lstm: { gates: 4, kept: 5, biases: [], states: ["hidden", "cell"] },
};

const paddedWidth = (n) => Math.ceil(n / PANEL) * PANEL;

// A network on rows of B characters side by side and T long. `ids` and `targets` [T, B] are filled by `setRows`.
export class RecurrentTraining {
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
    const pages = Math.ceil((this.size * 4) / 65_536);
    if (pages > MOST_PAGES) throw new RangeError(`Training it here takes ${(pages / 16_384).toFixed(1)} GiB of memory.`);
    this.memory = new WebAssembly.Memory({ initial: pages });
    this.floats = new Float32Array(this.memory.buffer);
    this.ints = new Int32Array(this.memory.buffer);
    this.kernels = makeKernels(this.memory, wasm);
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
    const { model, V, W, U } = this, D = model.embedding, { gates, biases } = this.cell;
    this.named = new Map();
    this.weights = this.size;
    if (D) this.#placeWeight("embedding", [V, D], 1, D);
    for (let i = 0; i < model.layers; i++) {
      this.#placeWeight(`layer_${i}/kernel`, [i ? model.units : D || V, gates * model.units], gates, model.units);
      this.#placeWeight(`layer_${i}/recurrent_kernel`, [model.units, gates * model.units], gates, model.units);
    }
    this.#placeWeight("head/kernel", [model.units, V], 1, V);
    this.decayed = this.size - this.weights;
    for (let i = 0; i < model.layers; i++)
      this.#placeWeight(`layer_${i}/bias`, [...biases, gates * model.units], gates, model.units);
    this.#placeWeight("head/bias", [V], 1, V);
    this.count = this.size - this.weights;
    this.gradients = this.#take(this.count);
    this.means = this.#take(this.count);
    this.squares = this.#take(this.count);
    this.toGradient = this.gradients - this.weights;
  }

  // A weight's rows consist of `parts` (gates) of `columns` numbers, each rounded up to `width`.
  #placeWeight(name, shape, parts, columns) {
    const rows = shape.length > 1 ? shape[0] : 1, width = paddedWidth(columns);
    const isBias = name.endsWith("bias");
    const place = this.#take((isBias ? rows : paddedWidth(rows)) * parts * width);
    this.named.set(name, { place, shape, rows, parts, columns, width });
  }

  #placeLayers() {
    const { model, B, R, U, W, cell } = this, T = this.length;
    this.layers = Array.from({ length: model.layers }, (_, i) => {
      const inputs = i ? model.units : model.embedding || this.V, D = paddedWidth(inputs), drops = model.input_dropout > 0;
      // What the first layer adds for a character depends on its id alone, unless numbers of it are dropped: then a
      // table [W, G] takes the place of a product over all rows.
      const hasTable = i === 0 && !drops && (W <= R || !model.embedding);
      return {
        index: i, inputs, D, hasTable,
        kernel: this.named.get(`layer_${i}/kernel`).place,
        recurrent: this.named.get(`layer_${i}/recurrent_kernel`).place,
        bias: this.named.get(`layer_${i}/bias`).place,
        states: cell.states.map(() => this.#take((T + 1) * B * U)), // [T + 1, B, U] each, from before the first character
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
      if (values?.length !== rows * parts * columns) throw new RangeError(`The weight "${name}" is not of this network.`);
      for (let p = 0; p < rows * parts; p++)
        this.floats.set(values.subarray(p * columns, (p + 1) * columns), place + shift + p * width);
    }
  }

  // The state before the rows: one array [rows, units] for each layer of a GRU, two of an LSTM.

  state() {
    return this.#states().map((place) => this.#unpadded(place));
  }

  setState(arrays) {
    const { rows, U, floats } = this, units = this.model.units;
    this.#states().forEach((place, i) => {
      for (let b = 0; b < rows; b++) floats.set(arrays[i].subarray(b * units, (b + 1) * units), place + b * U);
    });
  }

  clearState() {
    for (const place of this.#states()) this.floats.fill(0, place, place + this.B * this.U);
  }

  // The state after the rows becomes that before the next ones.
  carryState() {
    const numbers = this.B * this.U, after = this.length * numbers;
    for (const place of this.#states()) this.floats.copyWithin(place, place + after, place + after + numbers);
  }

  // The state of a share of the rows, drawn by seed and step, is set to zero.
  resetStates(share, seed, step) {
    if (!share) return;
    const uniforms = statelessUniform(this.rows, [seed * SEED_PLACES + SEED_PLACES - 1, step]);
    for (const place of this.#states())
      for (let b = 0; b < this.rows; b++)
        if (!(uniforms[b] >= Math.fround(share))) this.floats.fill(0, place + b * this.U, place + (b + 1) * this.U);
  }

  #states() {
    return this.layers.flatMap((layer) => layer.states);
  }

  #unpadded(place) {
    const { rows, U } = this, units = this.model.units, values = new Float32Array(rows * units);
    for (let b = 0; b < rows; b++) values.set(this.floats.subarray(place + b * U, place + b * U + units), b * units);
    return values;
  }

  // Rows of a text: row b reads ids[offsets[b]] and what follows; targets that are the unknown character do not count.
  // Returns how many count.
  setRows(ids, offsets, unknown) {
    const { B, ints } = this;
    let counted = 0;
    for (let t = 0; t < this.length; t++)
      for (let b = 0; b < this.rows; b++) {
        const at = offsets[b] + t, target = ids[at + 1], counts = target !== unknown;
        ints[this.ids + t * B + b] = ids[at];
        ints[this.targets + t * B + b] = counts ? target : -1;
        counted += counts;
      }
    return counted;
  }

  // Forward

  // Read the rows. `key` [seed, step] means training, with dropout; each counted target's loss counts `share` in the
  // gradient. Returns the sum of the losses in nats and the number of right predictions.
  forward(share, key) {
    const { R, U, W, floats, kernels } = this, rates = this.model, last = this.layers[this.layers.length - 1];
    this.drops = { input: key && rates.input_dropout, state: key && rates.recurrent_dropout };
    this.drops.output = key && rates.output_dropout;
    if (key) this.#drawMasks(key);
    for (const layer of this.layers) this.#readLayer(layer);
    this.headInput = this.#output(last); // [R, U]
    if (this.drops.output) {
      this.#mask(this.output, this.headInput, this.outputMask, this.B * U, true);
      this.headInput = this.output;
    }
    const head = this.named.get("head/kernel").place, bias = this.named.get("head/bias").place;
    this.#product(this.logits, bias, 0, this.headInput, U, 1, head, W, 1, R, W, U);
    kernels.softmax(this.logits, this.targets, this.figures, R, W, this.V, share);
    let loss = 0, correct = 0;
    for (let r = this.figures; r < this.figures + R; r++) {
      loss += Math.log(floats[r + R]) - floats[r];
      correct += floats[r + 2 * R];
    }
    return { loss, correct };
  }

  // The states after each character [R, U].
  #output(layer) {
    return layer.states[0] + this.B * this.U;
  }

  #readLayer(layer) {
    const { B, U, G, kernels } = this, [hidden, cell] = layer.states, step = B * U;
    const rows = this.#fillSums(layer), inner = layer.bias + G + 2 * U;
    layer.seen = this.drops.state ? layer.masked : hidden; // what the recurrent kernel multiplies [R, U]
    kernels.pack(layer.packed, layer.recurrent, G, 1, U, G);
    for (let t = 0; t < this.length; t++) {
      const before = hidden + t * step, kept = layer.kept + t * this.cell.kept * step, at = rows + t * B;
      const seen = layer.seen + t * step;
      if (this.drops.state) kernels.multiply_each(seen, this.zeros, before, layer.mask, step);
      kernels.multiply(this.fromState, G, this.zeros, 0, seen, U, 1, layer.packed, B, G, U);
      if (cell) {
        const now = cell + t * step;
        kernels.lstm_step(now, now + step, before + step, this.sums, at, this.fromState, kept, B, U);
      } else kernels.gru_step(before, before + step, this.sums, at, this.fromState, inner, kept, B, U);
    }
  }

  // What the inputs add to the sums inside the gates, biases included, into `sums`. Returns which row of it each
  // character takes.
  #fillSums(layer) {
    const { R, W, U, G, floats } = this, { kernel, D } = layer, bias = this.bias, table = this.named.get("embedding");
    floats.copyWithin(bias, layer.bias, layer.bias + G);
    if (this.model.kind === "gru") // of the inner biases only the candidate's cannot be added here
      for (let j = 0; j < 2 * U; j++) floats[bias + j] += floats[layer.bias + G + j];
    if (layer.hasTable) {
      if (table) this.#product(this.sums, bias, 0, table.place, D, 1, kernel, G, 1, W, G, D);
      else
        for (let v = 0; v < W; v++)
          for (let j = 0; j < G; j++) floats[this.sums + v * G + j] = floats[kernel + v * G + j] + floats[bias + j];
      return this.ids;
    }
    layer.read = layer.index ? this.#output(this.layers[layer.index - 1]) : layer.input; // [R, D]
    if (!layer.index) this.#lookUp(layer);
    if (this.drops.input) { // of each row the same numbers at every character
      this.#mask(layer.input, layer.read, layer.inputMask, this.B * D, false);
      layer.read = layer.input;
    }
    this.#product(this.sums, bias, 0, layer.read, D, 1, kernel, G, 1, R, G, D);
    return this.ownRows;
  }

  // The characters' embeddings, or vectors with a single 1, into the first layer's input [R, D].
  #lookUp({ input, D }) {
    const { floats, ints } = this, table = this.named.get("embedding");
    if (!table) floats.fill(0, input, input + this.R * D);
    for (let r = 0; r < this.R; r++) {
      const id = ints[this.ids + r];
      if (table) floats.copyWithin(input + r * D, table.place + id * D, table.place + (id + 1) * D);
      else floats[input + r * D + id] = 1;
    }
  }

  // The masks of a step as the server draws them: 0 for what is dropped, 1 / (1 - rate) for the rest.
  #drawMasks([seed, step]) {
    const { model, rows, layers } = this;
    const draw = (to, rate, width, columns, times, place) => {
      const uniforms = statelessUniform(times * rows * columns, [seed * SEED_PLACES + place, step]);
      const least = Math.fround(rate), kept = 1 / Math.fround(1 - rate);
      for (let i = 0, t = 0; t < times; t++)
        for (let b = 0; b < rows; b++)
          for (let j = 0; j < columns; j++, i++)
            this.floats[to + (t * this.B + b) * width + j] = uniforms[i] >= least ? kept : 0;
    };
    for (const { index, inputMask, inputs, D, mask } of layers) {
      if (inputMask) draw(inputMask, model.input_dropout, D, inputs, 1, 2 * index);
      if (mask) draw(mask, model.recurrent_dropout, this.U, model.units, 1, 2 * index + 1);
    }
    if (this.outputMask) draw(this.outputMask, model.output_dropout, this.U, model.units, this.length, 2 * layers.length);
  }

  // x times a mask, one character after the other; `moves` where each has a mask of its own. [T, numbers] each.
  #mask(to, x, mask, numbers, moves) {
    for (let t = 0; t < this.length * numbers; t += numbers)
      this.kernels.multiply_each(to + t, this.zeros, x + t, mask + (moves ? t : 0), numbers);
  }

  // c [M, N] = begin + a [M, K] @ b [K, N], elements of a and b so far apart by row and column; see kernels.c.
  #product(c, begin, byBegin, a, byM, byK, b, rowOfB, columnOfB, M, N, K) {
    this.kernels.pack(this.packed, b, rowOfB, columnOfB, K, N);
    this.kernels.multiply(c, N, begin, byBegin, a, byM, byK, this.packed, M, N, K);
  }

  // c [M, N] = the transpose of a [rows, M] @ b [rows, N], some rows at a time.
  #productOverRows(c, a, M, b, N, rows) {
    for (let first = 0; first < rows; first += ROWS_AT_ONCE) {
      const K = Math.min(ROWS_AT_ONCE, rows - first), begin = first ? [c, N] : [this.zeros, 0];
      this.#product(c, ...begin, a + first * M, 1, M, b + first * N, N, 1, M, N, K);
    }
  }

  // Backward

  // The gradients of what `forward` has just read, into the places of the gradients.
  backward() {
    const { R, U, W, kernels, toGradient } = this, head = this.named.get("head/kernel").place;
    this.#product(this.above, this.zeros, 0, this.logits, W, 1, head, 1, W, R, U, W);
    if (this.drops.output) this.#mask(this.above, this.above, this.outputMask, this.B * U, true);
    this.#productOverRows(head + toGradient, this.headInput, U, this.logits, W, R);
    kernels.sum_rows(this.named.get("head/bias").place + toGradient, this.logits, R, W);
    for (let i = this.layers.length - 1; i >= 0; i--) this.#backThroughLayer(this.layers[i]);
  }

  #backThroughLayer(layer) {
    const { R, W, U, G, floats, kernels, toGradient } = this, rows = layer.hasTable ? W : R;
    floats.fill(0, this.sums, this.sums + rows * G); // from here on the gradient by them
    floats.fill(0, this.innerBias, this.innerBias + U);
    this.#backThroughTime(layer);
    this.#productOverRows(layer.recurrent + toGradient, layer.seen, U, this.dFromState, G, R);
    const bias = layer.bias + toGradient;
    kernels.sum_rows(bias, this.sums, rows, G);
    if (this.model.kind === "gru") {
      floats.copyWithin(bias + G, bias, bias + 2 * U);
      floats.copyWithin(bias + G + 2 * U, this.innerBias, this.innerBias + U);
    }
    this.#backThroughInput(layer);
  }

  #backThroughTime(layer) {
    const { B, U, G, floats, kernels } = this, [hidden, cell] = layer.states, step = B * U;
    const rows = layer.hasTable ? this.ids : this.ownRows, { dState, dCell, zeros, back } = this;
    for (const place of [dState, dCell]) floats.fill(0, place, place + step);
    kernels.pack(layer.packed, layer.recurrent, 1, G, G, U); // the kernel transposed
    for (let t = this.length - 1; t >= 0; t--) {
      const kept = layer.kept + t * this.cell.kept * step, above = this.above + t * step, at = rows + t * B;
      const d = this.dFromState + t * B * G;
      if (cell) kernels.lstm_back(cell + t * step, dState, dCell, above, kept, this.sums, at, d, B, U);
      else kernels.gru_back(hidden + t * step, dState, above, kept, this.sums, at, d, this.innerBias, B, U);
      if (this.drops.state) {
        kernels.multiply(back, U, zeros, 0, d, G, 1, layer.packed, B, U, G);
        kernels.multiply_each(dState, dState, back, layer.mask, step);
      } else kernels.multiply(dState, U, dState, U, d, G, 1, layer.packed, B, U, G);
    }
  }

  // From the gradient by the sums inside the gates to those of the kernel, of the embedding, and of the layer below.
  #backThroughInput(layer) {
    const { R, W, G, floats, toGradient, zeros, sums, above } = this, { kernel, D } = layer;
    const table = this.named.get("embedding"), step = this.B * D;
    if (layer.hasTable && table) {
      this.#product(table.place + toGradient, zeros, 0, sums, G, 1, kernel, 1, G, W, D, G);
      this.#productOverRows(kernel + toGradient, table.place, D, sums, G, W);
      return;
    }
    if (layer.hasTable) {
      floats.copyWithin(kernel + toGradient, sums, sums + W * G);
      return;
    }
    this.#productOverRows(kernel + toGradient, layer.read, D, sums, G, R);
    if (!layer.index && !table) return;
    this.#product(above, zeros, 0, sums, G, 1, kernel, 1, G, R, D, G);
    if (this.drops.input) this.#mask(above, above, layer.inputMask, step, false);
    if (!layer.index) this.#addToEmbedding(table.place + toGradient, D);
  }

  // Each character's gradient [R, D] is added to that of its id.
  #addToEmbedding(gradient, D) {
    const { R, W, floats, ints, above } = this;
    floats.fill(0, gradient, gradient + W * D);
    for (let r = 0; r < R; r++)
      for (let j = 0, to = gradient + ints[this.ids + r] * D; j < D; j++) floats[to + j] += floats[above + r * D + j];
  }
}
