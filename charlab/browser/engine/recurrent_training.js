// GRU and LSTM networks over whole windows, with back-propagation through time written out (Werbos, 1990): what
// charlab.training computes with TensorFlow, to rounding. Names in shape comments are those of recurrent_memory.js.
import { SEED_PLACES } from "./network_training.js";
import { RecurrentMemory } from "./recurrent_memory.js";
import { statelessUniform } from "./random.js";

// A network that reads rows of a text, B side by side and T characters long, and learns from them.
export class RecurrentTraining extends RecurrentMemory {
  // The state of a share of the rows, drawn by seed and step, is set to zero.
  resetStates(share, seed, step) {
    if (!share) return;
    const uniforms = statelessUniform(this.rows, [seed * SEED_PLACES + SEED_PLACES - 1, step]);
    for (const place of this.statePlaces())
      for (let b = 0; b < this.rows; b++)
        if (!(uniforms[b] >= Math.fround(share))) this.floats.fill(0, place + b * this.U, place + (b + 1) * this.U);
  }

  // Forward

  // Read the rows. `key` [seed, step] means training, with dropout; each counted target's loss counts `share` in the
  // gradient. Returns the sum of the losses in nats and the number of right predictions.
  forward(share, key) {
    const rates = this.model, last = this.layers[this.layers.length - 1], output = this.#output(last); // [R, U]
    this.drops = { input: key && rates.input_dropout, state: key && rates.recurrent_dropout };
    this.drops.output = key && rates.output_dropout;
    if (key) this.#drawMasks(key);
    for (const layer of this.layers) this.#readLayer(layer);
    if (this.drops.output) this.#mask(this.output, output, this.outputMask, this.B * this.U, true);
    return this.readHead(this.drops.output ? this.output : output, share);
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
      kernels.multiply(this.fromState, G, this.zeros, 0, seen, U, layer.packed, B, G, U);
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
      if (table) this.product(this.sums, bias, 0, table.place, kernel, G, 1, W, G, D);
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
    this.product(this.sums, bias, 0, layer.read, kernel, G, 1, R, G, D);
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

  #drawMasks(key) {
    const { model, layers, rows, B, U } = this, place = 2 * layers.length;
    const draw = (to, rate, place, times, columns, width) => // `above` is what nothing else needs while reading
      to && this.drawMask(to, rate, key, place, times, rows, columns, width, B, this.above);
    for (const { index, inputMask, inputs, D, mask } of layers) {
      draw(inputMask, model.input_dropout, 2 * index, 1, inputs, D);
      draw(mask, model.recurrent_dropout, 2 * index + 1, 1, model.units, U);
    }
    draw(this.outputMask, model.output_dropout, place, this.length, model.units, U);
  }

  // x times a mask, one character after the other; `moves` where each has a mask of its own. [T, numbers] each.
  #mask(to, x, mask, numbers, moves) {
    for (let t = 0; t < this.length * numbers; t += numbers)
      this.kernels.multiply_each(to + t, this.zeros, x + t, mask + (moves ? t : 0), numbers);
  }

  // Backward

  // The gradients of what `forward` has just read, into the places of the gradients.
  backward() {
    this.backThroughHead(this.above);
    if (this.drops.output) this.#mask(this.above, this.above, this.outputMask, this.B * this.U, true);
    for (let i = this.layers.length - 1; i >= 0; i--) this.#backThroughLayer(this.layers[i]);
  }

  #backThroughLayer(layer) {
    const { R, W, U, G, floats, kernels, toGradient } = this, rows = layer.hasTable ? W : R;
    floats.fill(0, this.sums, this.sums + rows * G); // from here on the gradient by them
    floats.fill(0, this.innerBias, this.innerBias + U);
    this.#backThroughTime(layer);
    this.productOverRows(layer.recurrent + toGradient, layer.seen, U, this.dFromState, G, R);
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
      if (t === 0) break; // what came before these rows learns nothing from them
      if (this.drops.state) {
        kernels.multiply(back, U, zeros, 0, d, G, layer.packed, B, U, G);
        kernels.multiply_each(dState, dState, back, layer.mask, step);
      } else kernels.multiply(dState, U, dState, U, d, G, layer.packed, B, U, G);
    }
  }

  // From the gradient by the sums inside the gates to those of the kernel, of the embedding, and of the layer below.
  #backThroughInput(layer) {
    const { R, W, G, floats, toGradient, zeros, sums, above } = this, { kernel, D } = layer;
    const table = this.named.get("embedding"), step = this.B * D;
    if (layer.hasTable && table) {
      this.product(table.place + toGradient, zeros, 0, sums, kernel, 1, G, W, D, G);
      this.productOverRows(kernel + toGradient, table.place, D, sums, G, W);
      return;
    }
    if (layer.hasTable) {
      floats.copyWithin(kernel + toGradient, sums, sums + W * G);
      return;
    }
    this.productOverRows(kernel + toGradient, layer.read, D, sums, G, R);
    if (!layer.index && !table) return;
    this.product(above, zeros, 0, sums, kernel, 1, G, R, D, G);
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
