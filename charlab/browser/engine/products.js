// Rows times fixed matrices, one row at a time: what a network spends its time with when it reads one character after
// the other. By the kernels where the browser has SIMD, in single precision; else in plain JavaScript, some eight times
// slower, in double precision. K rows of a matrix, M columns.

import { PANEL, STACK, makeKernels, hasSimd } from "./kernels.js";

// For each of [{ kernel [K * M], begin [M] }] a function: x [K] -> begin + x @ kernel [M], which its next call overwrites.
export function productsOf(factors, wasm) {
  return hasSimd(wasm) ? quickProducts(factors, wasm) : factors.map(plainProduct);
}

// One of them in double precision: a head's scores are large, and what rounds them shows.
export function plainProduct({ kernel, begin }) {
  const out = new Float64Array(begin.length);
  return (x) => {
    out.set(begin);
    addProduct(out, x, kernel);
    return out;
  };
}

// All in one memory: each matrix in panels, what its sums begin with, and their results. The kernel multiplies two rows
// at once: here the two halves of one row, whose sums of fewer terms are rounded less.
function quickProducts(factors, wasm) {
  const whole = (n) => Math.ceil(n / PANEL) * PANEL;
  const sizes = factors.map(({ kernel, begin: { length: M } }) => ({ K: kernel.length / M, M, N: whole(M), size: whole(kernel.length) }));
  let end = STACK;
  const take = (numbers) => (end += numbers) - numbers;
  const scratch = take(Math.max(...sizes.map(({ size }) => size)));
  const places = sizes.map(({ K, N }) => ({ input: take(2 * whole(K)), matrix: take(N * K), begin: take(2 * N), result: take(2 * N) }));
  const memory = new WebAssembly.Memory({ initial: Math.ceil((end * 4) / 65_536) });
  const floats = new Float32Array(memory.buffer), { pack, multiply } = makeKernels(memory, wasm);
  return factors.map((factor, i) => {
    const { K, M, N } = sizes[i], { input, matrix, begin, result } = places[i], half = K >> 1;
    floats.set(factor.kernel, scratch);
    pack(matrix, scratch, M, 1, K, M);
    floats.set(factor.begin, begin);
    const out = new Float64Array(M), first = floats.subarray(result, result + M), second = floats.subarray(result + N, result + N + M);
    return (x) => {
      floats.set(x.subarray(0, half), input);
      floats.set(x.subarray(half), input + K + half);
      multiply(result, N, begin, N, input, K, matrix, 2, N, K);
      for (let m = 0; m < M; m++) out[m] = first[m] + second[m];
      return out;
    };
  });
}

// Adds to `out` [M] a row x [K] times a matrix [K * M]; four rows of the matrix at a time.
export function addProduct(out, x, matrix) {
  const K = x.length, M = out.length;
  let k = 0;
  for (; k + 3 < K; k += 4) {
    const a = x[k], b = x[k + 1], c = x[k + 2], d = x[k + 3], at = k * M, atB = at + M, atC = atB + M, atD = atC + M;
    for (let m = 0; m < M; m++) {
      out[m] += a * matrix[at + m] + b * matrix[atB + m] + c * matrix[atC + m] + d * matrix[atD + m];
    }
  }
  for (; k < K; k++) {
    const a = x[k], at = k * M;
    for (let m = 0; m < M; m++) out[m] += a * matrix[at + m];
  }
}
