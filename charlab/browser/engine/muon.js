// Muon (Jordan et al., 2024) as the server has it (Keras, and charlab/training/muon.py): the momentum of a kernel's
// gradient becomes a step of equal length in all directions. What is no kernel, and the head, is left to AdamW.
// Names in shape comments: M and N, the shorter and the longer side of a kernel.
import { Adam } from "./optimizer.js";
import { PANEL } from "./kernels.js";
import { isTurned } from "./weight_shapes.js";

const [A, B, C] = [3.4445, -4.775, 2.0315]; // of a turn: X becomes (A + B X Xt + C (X Xt)^2) X
const TURNS = 5;
const LENGTH = 0.2; // of a step, for each number: about that of Adam's (Liu et al., 2025)

export class Muon extends Adam {
  apply(rate, scale) {
    const { named, weights } = this.network;
    for (const [name, weight] of named) {
      const from = weight.place - weights;
      if (isTurned(name)) this.#turn(weight, from, rate, scale);
      else this.step(from, from + weight.size, rate, scale);
    }
  }

  // A step of one kernel, with Nesterov's momentum.
  #turn({ place, shape, height, stride, size }, from, rate, scale) {
    const { kernels, gradients, means, turns } = this.network, momentum = this.train.beta_1;
    const gradient = gradients + from, mean = means + from, isTall = height > stride;
    let [x, other] = turns.matrices;
    kernels.combine(mean, momentum, mean, scale, gradient, size);
    kernels.combine(x, scale, gradient, momentum, mean, size);
    const by = 1 / (Math.sqrt(kernels.sum_squares(x, size)) + 1e-7);
    kernels.combine(x, by, x, 0, x, size);
    if (isTall) {
      kernels.transpose(other, height, x, stride, height, stride);
      [x, other] = [other, x];
    }
    const [M, N] = isTall ? [stride, height] : [height, stride], isWide = Math.max(...shape) >= 2 * Math.min(...shape);
    [x, other] = (isWide ? this.#turnWide(x, other, M, N) : this.#turnSquare(x, other, M, N));
    if (isTall) {
      kernels.transpose(other, stride, x, height, stride, height);
      x = other;
    }
    kernels.combine(place, 1 - this.decay(rate), place, -rate * LENGTH * Math.sqrt(Math.max(...shape)), x, size);
  }

  // x [M, N] turned -> where it is, and the place that is free.
  #turnSquare(x, other, M, N) {
    const [gram, square, by] = this.network.turns.squares;
    for (let turn = 0; turn < TURNS; turn++) {
      this.#symmetric(gram, x, x, 1, N, N, M);
      this.#polynomial(by, gram, square, M);
      this.#product(other, by, x, M, N);
      [x, other] = [other, x];
    }
    return [x, other];
  }

  // The same by products [M, M] alone until the end: see charlab/training/muon.py.
  #turnWide(x, other, M, N) {
    const { kernels, turns } = this.network, [gram, square, by] = turns.squares;
    let [, , , all, next] = turns.squares;
    this.#symmetric(gram, x, x, 1, N, N, M);
    for (let turn = 0; turn < TURNS; turn++) {
      this.#polynomial(by, gram, square, M);
      if (turn) this.#symmetric(next, by, all, M, 1, M, M);
      else kernels.combine(next, 1, by, 0, by, M * M);
      [all, next] = [next, all];
      if (turn + 1 === TURNS) break;
      this.#symmetric(square, gram, by, M, 1, M, M);
      this.#symmetric(gram, by, square, M, 1, M, M);
    }
    this.#product(other, all, x, M, N);
    return [other, x];
  }

  // to = A + B gram + C gram^2 [M, M]
  #polynomial(to, gram, square, M) {
    const { kernels, floats } = this.network;
    this.#symmetric(square, gram, gram, M, 1, M, M);
    kernels.combine(to, B, gram, C, square, M * M);
    for (let m = 0; m < M; m++) floats[to + m * (M + 1)] += A;
  }

  // c [M, M] = a [M, K] @ b [K, M], b's elements so far apart by row and column, where c is symmetric: only the panels up
  // to its diagonal are computed.
  #symmetric(c, a, b, rowOfB, columnOfB, K, M) {
    const { kernels, zeros, turns } = this.network, packed = turns.matrices[2];
    kernels.pack(packed, b, rowOfB, columnOfB, K, M);
    for (let m = 0; m < M; m += PANEL)
      kernels.multiply(c + m * M, M, zeros, 0, a + m * K, K, packed, PANEL, m + PANEL, K);
    for (let m = PANEL; m < M; m += PANEL) kernels.transpose(c + m, M, c + m * M, M, PANEL, m);
  }

  // c [M, N] = a [M, M] @ b [M, N]
  #product(c, a, b, M, N) {
    const { kernels, zeros, turns } = this.network, packed = turns.matrices[2];
    kernels.pack(packed, b, N, 1, M, N);
    kernels.multiply(c, N, zeros, 0, a, M, packed, M, N, M);
  }
}
