// What the networks in training have in common: rows of a text, masks, products of all rows, the head and its loss.
// Names in shape comments: R rows of all characters, U units, W = V rounded up, K and N of a product.
import { NetworkMemory } from "./network_memory.js";

export const SEED_PLACES = 64; // a seed's keys of dropout: one for each place where a network drops, the last for resets
export const ROWS_AT_ONCE = 128; // of a product that sums over rows: what then stays in the processor's first cache

// Subclasses say where character t of row b is: at b * byRow + t * byCharacter of R.
export class NetworkTraining extends NetworkMemory {
  // Where ids and targets lie, what the head needs, and for products of matrices of at most `matrix` numbers and rows of
  // at most `width`.
  takeShared(R, width, matrix) {
    const { U, W } = this;
    this.R = R;
    this.ids = this.take(R);
    this.targets = this.take(R);
    this.logits = this.take(R * W);
    this.figures = this.take(3 * R);
    this.packed = this.take(Math.max(matrix, U * W, ROWS_AT_ONCE * Math.max(W, width)));
    this.transposed = this.take(ROWS_AT_ONCE * width);
  }

  allocate(wasm) {
    super.allocate(wasm);
    this.ints.fill(-1, this.targets, this.targets + this.R);
  }

  // Rows of a text: row b reads ids[offsets[b]] and what follows; targets that are the unknown character do not count.
  // Returns how many count.
  setRows(ids, offsets, unknown) {
    const { ints, byRow, byCharacter } = this;
    let counted = 0;
    for (let t = 0; t < this.length; t++)
      for (let b = 0; b < this.rows; b++) {
        const from = offsets[b] + t, target = ids[from + 1], counts = target !== unknown, to = b * byRow + t * byCharacter;
        ints[this.ids + to] = ids[from];
        ints[this.targets + to] = counts ? target : -1;
        counted += counts;
      }
    return counted;
  }

  // A network without a state

  state() { return []; }
  setState() {}
  clearState() {}
  resetStates() {}
  carryState() {}

  // Products

  // c [M, N] = begin + a [M, K] @ b [K, N], b's elements so far apart by row and column; see kernels.c.
  product(c, begin, byBegin, a, b, rowOfB, columnOfB, M, N, K) {
    this.kernels.pack(this.packed, b, rowOfB, columnOfB, K, N);
    this.kernels.multiply(c, N, begin, byBegin, a, K, this.packed, M, N, K);
  }

  // c [M, N] = the transpose of a [rows, M] @ b [rows, N], some rows at a time.
  productOverRows(c, a, M, b, N, rows) {
    for (let first = 0; first < rows; first += ROWS_AT_ONCE) {
      const K = Math.min(ROWS_AT_ONCE, rows - first), begin = first ? [c, N] : [this.zeros, 0];
      this.kernels.transpose(this.transposed, K, a + first * M, M, K, M);
      this.product(c, ...begin, this.transposed, b + first * N, N, 1, M, N, K);
    }
  }

  // The gradients of the kernel and the bias of a dense layer, from x [R, K], which it read, and d [R, N], the gradient by
  // what it gave; and that by x into `dX`.
  denseBack(dX, x, d, name, N, K) {
    const { R, kernels, toGradient } = this, kernel = this.placeOf(`${name}/kernel`);
    this.productOverRows(kernel + toGradient, x, K, d, N, R);
    kernels.sum_rows(this.placeOf(`${name}/bias`) + toGradient, d, R, N);
    this.product(dX, this.zeros, 0, d, kernel, 1, N, R, K, N);
  }

  // to [R, N] = bias + x [R, K] @ kernel
  dense(to, x, name, N, K) {
    this.product(to, this.placeOf(`${name}/bias`), 0, x, this.placeOf(`${name}/kernel`), N, 1, this.R, N, K);
  }

  placeOf(name) {
    return this.named.get(name).place;
  }

  // From the last layer's output [R, U] the logits and the gradient by them, each counted target's loss counting `share`.
  // Returns the sum of the losses in nats and the number of right predictions.
  readHead(input, share) {
    const { R, W, U, floats, kernels } = this;
    this.headInput = input;
    this.dense(this.logits, input, "head", W, U);
    kernels.softmax(this.logits, this.targets, this.figures, R, W, this.V, share);
    let loss = 0, correct = 0;
    for (let r = this.figures; r < this.figures + R; r++) {
      loss += Math.log(floats[r + R]) - floats[r];
      correct += floats[r + 2 * R];
    }
    return { loss, correct };
  }

  // The gradients of the head; that by what it read, into d [R, U].
  backThroughHead(d) {
    this.denseBack(d, this.headInput, this.logits, "head", this.W, this.U);
  }

  // Dropout

  // The mask of a step as the server draws it: 0 for what is dropped, 1 / (1 - rate) for the rest. [first, second,
  // columns], as rows of `width`, those of one `first` `byFirst` rows apart; `place` is one of the network's, and
  // `scratch` has room for all random numbers.
  drawMask(to, rate, [seed, step], place, first, second, columns, width, byFirst, scratch) {
    const { floats } = this, least = Math.fround(rate), kept = 1 / Math.fround(1 - rate);
    const halves = [seed * SEED_PLACES + place, step].flatMap((number) => [number % 2 ** 32, Math.floor(number / 2 ** 32)]);
    this.kernels.uniforms(scratch, first * second * columns, ...halves);
    for (let from = scratch, i = 0; i < first; i++)
      for (let j = 0; j < second; j++)
        for (let k = 0, at = to + (i * byFirst + j) * width; k < columns; k++)
          floats[at + k] = floats[from++] >= least ? kept : 0;
  }
}
