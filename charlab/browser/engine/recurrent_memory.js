// Where everything else lies that a training of a GRU or an LSTM needs, and the way in and out for states.
// Names in shape comments: T characters a row, B rows, R = T * B, V ids, D numbers an input vector, U units, G = gates * U.
// In the memory D, U and V are rounded up to whole panels, and B to an even number.
import { NetworkTraining } from "./network_training.js";
import { CELLS_TRAINED, paddedWidth } from "./weight_shapes.js";

// For rows of B characters side by side and T long.
export class RecurrentMemory extends NetworkTraining {
  constructor(model, vocabularySize, rows, length, wasm, optimizer) {
    super(model, vocabularySize, optimizer);
    Object.assign(this, { rows, length, cell: CELLS_TRAINED[model.kind], B: rows + (rows % 2) });
    this.byRow = 1;
    this.byCharacter = this.B;
    this.G = this.cell.gates * this.U;
    this.#placeLayers(this.B * length);
    this.#placeScratch(this.B * length);
    this.allocate(wasm);
    for (let r = 0; r < this.R; r++) this.ints[this.ownRows + r] = r;
  }

  #placeLayers(R) {
    const { model, B, U, W, cell } = this, T = this.length;
    this.layers = Array.from({ length: model.layers }, (_, i) => {
      const inputs = i ? model.units : model.embedding || this.V, D = paddedWidth(inputs);
      const drops = model.input_dropout > 0;
      // What the first layer adds for a character depends on its id alone, unless numbers of it are dropped: then a
      // table [W, G] takes the place of a product over all rows.
      const hasTable = i === 0 && !drops && (W <= R || !model.embedding);
      return {
        index: i, inputs, D, hasTable,
        kernel: this.placeOf(`layer_${i}/kernel`),
        recurrent: this.placeOf(`layer_${i}/recurrent_kernel`),
        bias: this.placeOf(`layer_${i}/bias`),
        states: cell.states.map(() => this.take((T + 1) * B * U)), // [T + 1, B, U], the first before the rows
        kept: this.take(R * cell.kept * U),
        packed: this.take(U * this.G), // the recurrent kernel, as it is or transposed
        input: !hasTable && (i === 0 || drops) ? this.take(R * D) : 0,
        inputMask: drops ? this.take(B * D) : 0,
        masked: model.recurrent_dropout ? this.take(R * U) : 0,
        mask: model.recurrent_dropout ? this.take(B * U) : 0,
      };
    });
    if (model.output_dropout) [this.output, this.outputMask] = [this.take(R * U), this.take(R * U)];
  }

  #placeScratch(R) {
    const { B, U, W, G } = this, D = Math.max(...this.layers.map((layer) => layer.D)), width = Math.max(D, U);
    this.takeShared(R, Math.max(width, G), D * G);
    this.ownRows = this.take(R); // 0, 1, 2 ...
    this.zeros = this.take(Math.max(G, W, B * width));
    this.sums = this.take(Math.max(W, R) * G); // what inputs add inside the gates, and the gradient by it
    this.fromState = this.take(B * G);
    this.dFromState = this.take(R * G);
    this.above = this.take(R * width); // the gradient by what a layer hands upwards
    this.dState = this.take(B * U);
    this.dCell = this.take(B * U);
    this.innerBias = this.take(U);
    this.bias = this.take(G);
    this.back = this.take(B * U);
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
