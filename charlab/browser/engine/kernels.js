// The loops in which training spends its time: those of kernels.wasm where the browser has SIMD, else the same in plain
// JavaScript, which is some nine times slower. kernels.c and multiply.c describe each. An array is given by its place in
// the memory: how many numbers of 32 bits lie before it.
import { statelessUniform } from "./random.js";

export const PANEL = 16; // all widths are multiples of it
export const STACK = 1024; // numbers at the beginning of a memory that are left to the kernels

// The kernels on one memory. Without the bytes of kernels.wasm, or where the browser cannot run them, plain ones.
export function makeKernels(memory, wasm) {
  if (!hasSimd(wasm)) return plainKernels(new Float32Array(memory.buffer), new Int32Array(memory.buffer));
  const module = new WebAssembly.Module(wasm), [fused] = WebAssembly.Module.customSections(module, "fused");
  const exportsOf = (part) => new WebAssembly.Instance(part, { env: { memory } }).exports;
  if (!fused || !WebAssembly.validate(fused)) return exportsOf(module);
  return { ...exportsOf(module), ...exportsOf(new WebAssembly.Module(fused)) }; // its `multiply` is the faster one
}

export function hasSimd(wasm) {
  return Boolean(wasm) && WebAssembly.validate(wasm);
}

function plainKernels(F, I) {
  const sigmoid = (x) => 1 / (1 + Math.exp(-x));
  return {
    pack(to, b, byK, byN, K, N) {
      for (let first = 0; first < N; first += PANEL)
        for (let k = 0; k < K; k++)
          for (let n = first; n < first + PANEL; n++) F[to++] = F[b + k * byK + n * byN];
    },

    transpose(to, byTo, x, byX, rows, columns) {
      for (let row = 0; row < rows; row++)
        for (let column = 0; column < columns; column++) F[to + column * byTo + row] = F[x + row * byX + column];
    },

    multiply(c, byC, begin, byBegin, a, byA, b, M, N, K) {
      for (let n = 0; n < N; n += 2) {
        const panel = b + Math.floor(n / PANEL) * PANEL * K + (n % PANEL);
        for (let m = 0; m < M; m += 2) { // two rows by two columns at once
          const c0 = c + m * byC + n, c1 = c0 + byC, s = begin + m * byBegin + n, t = s + byBegin;
          let s0 = F[s], s1 = F[s + 1], t0 = F[t], t1 = F[t + 1], x = a + m * byA, p = panel;
          for (let k = 0; k < K; k++, x++, p += PANEL) {
            const v = F[x], w = F[x + byA], b0 = F[p], b1 = F[p + 1];
            s0 += v * b0; s1 += v * b1; t0 += w * b0; t1 += w * b1;
          }
          F[c0] = s0; F[c0 + 1] = s1; F[c1] = t0; F[c1 + 1] = t1;
        }
      }
    },

    gru_step(before, after, x, rows, h, bias, kept, B, U) {
      for (let b = 0; b < B; b++, before += U, after += U, h += 3 * U, kept += 4 * U)
        for (let u = 0, X = x + I[rows + b] * 3 * U; u < U; u++, X++) {
          const update = sigmoid(F[X] + F[h + u]), reset = sigmoid(F[X + U] + F[h + U + u]);
          const memory = F[h + 2 * U + u] + F[bias + u], candidate = Math.tanh(F[X + 2 * U] + reset * memory);
          F[kept + u] = update; F[kept + U + u] = reset; F[kept + 2 * U + u] = memory; F[kept + 3 * U + u] = candidate;
          F[after + u] = candidate + update * (F[before + u] - candidate);
        }
    },

    gru_back(before, d, above, kept, dX, rows, dH, dBias, B, U) {
      for (let b = 0; b < B; b++, before += U, d += U, above += U, dH += 3 * U, kept += 4 * U)
        for (let u = 0, X = dX + I[rows + b] * 3 * U; u < U; u++, X++) {
          const after = F[d + u] + F[above + u], update = F[kept + u], reset = F[kept + U + u];
          const memory = F[kept + 2 * U + u], candidate = F[kept + 3 * U + u];
          const byCandidate = after * (1 - update) * (1 - candidate * candidate);
          const byUpdate = after * (F[before + u] - candidate) * update * (1 - update);
          const byMemory = byCandidate * reset, byReset = byCandidate * memory * reset * (1 - reset);
          F[dH + u] = byUpdate; F[dH + U + u] = byReset; F[dH + 2 * U + u] = byMemory;
          F[X] += byUpdate; F[X + U] += byReset; F[X + 2 * U] += byCandidate;
          F[dBias + u] += byMemory;
          F[d + u] = after * update;
        }
    },

    lstm_step(cell, cellAfter, after, x, rows, h, kept, B, U) {
      for (let b = 0; b < B; b++, cell += U, cellAfter += U, after += U, h += 4 * U, kept += 5 * U)
        for (let u = 0, X = x + I[rows + b] * 4 * U; u < U; u++, X++) {
          const input = sigmoid(F[X] + F[h + u]), forget = sigmoid(F[X + U] + F[h + U + u]);
          const candidate = Math.tanh(F[X + 2 * U] + F[h + 2 * U + u]);
          const output = sigmoid(F[X + 3 * U] + F[h + 3 * U + u]);
          const next = forget * F[cell + u] + input * candidate, shown = Math.tanh(next);
          F[kept + u] = input; F[kept + U + u] = forget; F[kept + 2 * U + u] = candidate; F[kept + 3 * U + u] = output;
          F[kept + 4 * U + u] = shown;
          F[cellAfter + u] = next; F[after + u] = output * shown;
        }
    },

    lstm_back(cell, d, dCell, above, kept, dX, rows, dH, B, U) {
      for (let b = 0; b < B; b++, cell += U, d += U, dCell += U, above += U, dH += 4 * U, kept += 5 * U)
        for (let u = 0, X = dX + I[rows + b] * 4 * U; u < U; u++, X++) {
          const input = F[kept + u], forget = F[kept + U + u], candidate = F[kept + 2 * U + u];
          const output = F[kept + 3 * U + u], shown = F[kept + 4 * U + u], after = F[d + u] + F[above + u];
          const inside = F[dCell + u] + after * output * (1 - shown * shown);
          const byInput = inside * candidate * input * (1 - input);
          const byForget = inside * F[cell + u] * forget * (1 - forget);
          const byCandidate = inside * input * (1 - candidate * candidate);
          const byOutput = after * shown * output * (1 - output);
          F[dH + u] = byInput; F[dH + U + u] = byForget; F[dH + 2 * U + u] = byCandidate; F[dH + 3 * U + u] = byOutput;
          F[X] += byInput; F[X + U] += byForget; F[X + 2 * U] += byCandidate; F[X + 3 * U] += byOutput;
          F[dCell + u] = inside * forget;
          F[d + u] = 0;
        }
    },

    softmax(logits, targets, figures, R, W, V, share) {
      for (let r = 0; r < R; r++, logits += W) {
        const target = I[targets + r];
        if (target < 0) {
          F.fill(0, logits, logits + W);
          F[figures + r] = F[figures + 2 * R + r] = 0; F[figures + R + r] = 1;
          continue;
        }
        let first = 0, sum = 0;
        for (let j = 1; j < V; j++) if (F[logits + j] > F[logits + first]) first = j;
        const top = F[logits + first];
        F[figures + r] = F[logits + target] - top;
        F[figures + 2 * R + r] = first === target ? 1 : 0;
        for (let j = 0; j < V; j++) sum += F[logits + j] = Math.exp(F[logits + j] - top);
        F[figures + R + r] = sum;
        for (let j = 0; j < V; j++) F[logits + j] *= share / sum;
        F[logits + target] -= share;
      }
    },

    layer_norm(to, normed, scaled, x, scale, offset, R, U, D) {
      for (let r = 0; r < R; r++, to += U, normed += U, x += U) {
        let sum = 0, squares = 0;
        for (let u = 0; u < D; u++) sum += F[x + u];
        for (let u = 0; u < D; u++) squares += (F[x + u] - sum / D) ** 2;
        const by = F[scaled + r] = 1 / Math.sqrt(squares / D + 1e-5);
        for (let u = 0; u < D; u++) {
          F[normed + u] = (F[x + u] - sum / D) * by;
          F[to + u] = F[normed + u] * F[scale + u] + F[offset + u];
        }
      }
    },

    layer_norm_back(dX, d, normed, scaled, scale, dScale, dOffset, R, U, D) {
      for (let r = 0; r < R; r++, dX += U, d += U, normed += U) {
        let sum = 0, along = 0;
        for (let u = 0; u < D; u++) {
          const inside = F[d + u] * F[scale + u];
          sum += inside;
          along += inside * F[normed + u];
          F[dScale + u] += F[d + u] * F[normed + u];
          F[dOffset + u] += F[d + u];
        }
        for (let u = 0; u < D; u++)
          F[dX + u] += (F[d + u] * F[scale + u] - sum / D - (F[normed + u] * along) / D) * F[scaled + r];
      }
    },

    gelu(to, share, x, n) {
      for (let i = 0; i < n; i++) {
        const v = F[x + i], passes = F[share + i] = sigmoid(v * (1.5957691216 + 0.0713548163 * v * v));
        F[to + i] = v * passes;
      }
    },

    gelu_back(d, share, x, n) {
      for (let i = 0; i < n; i++) {
        const v = F[x + i], s = F[share + i];
        F[d + i] *= s + v * s * (1 - s) * (1.5957691216 + 0.2140644489 * v * v);
      }
    },

    attention(scores, T, scale) {
      for (let t = 0; t < T; t++, scores += T) {
        let top = -Infinity, sum = 0;
        for (let j = 0; j <= t; j++) top = Math.max(top, F[scores + j]);
        for (let j = 0; j <= t; j++) sum += F[scores + j] = Math.exp((F[scores + j] - top) * scale);
        for (let j = 0; j <= t; j++) F[scores + j] /= sum;
        F.fill(0, scores + t + 1, scores + T);
      }
    },

    attention_back(d, seen, T, scale) {
      for (let t = 0; t < T; t++, d += T, seen += T) {
        let along = 0;
        for (let j = 0; j <= t; j++) along += F[d + j] * F[seen + j];
        for (let j = 0; j <= t; j++) F[d + j] = (F[d + j] - along) * F[seen + j] * scale;
        F.fill(0, d + t + 1, d + T);
      }
    },

    sum_rows(to, x, R, N) {
      const sums = new Float64Array(N);
      for (let r = 0; r < R; r++) for (let n = 0; n < N; n++) sums[n] += F[x++];
      F.set(sums, to);
    },

    multiply_each(to, begin, a, b, n) {
      for (let i = 0; i < n; i++) F[to + i] = F[begin + i] + F[a + i] * F[b + i];
    },

    combine(to, p, a, q, b, n) {
      for (let i = 0; i < n; i++) F[to + i] = p * F[a + i] + q * F[b + i];
    },

    sum_squares(x, n) {
      let sum = 0;
      for (let i = x; i < x + n; i++) sum += F[i] * F[i];
      return sum;
    },

    adam(weights, gradients, means, squares, n, scale, rate, newMean, newSquare, epsilon, decay) {
      for (let i = 0; i < n; i++) {
        const gradient = F[gradients + i] * scale;
        const mean = F[means + i] += (gradient - F[means + i]) * newMean;
        const square = F[squares + i] += (gradient * gradient - F[squares + i]) * newSquare;
        F[weights + i] -= F[weights + i] * decay + (mean * rate) / (Math.sqrt(square) + epsilon);
      }
    },

    uniforms(to, count, key, keyAbove, other, otherAbove) {
      F.set(statelessUniform(count, [key + keyAbove * 2 ** 32, other + otherAbove * 2 ** 32]), to);
    },
  };
}
