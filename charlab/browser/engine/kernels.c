// The loops in which training spends its time, four numbers at once (WebAssembly SIMD). kernels.js has the same in
// plain JavaScript. `make engine` builds kernels.wasm, with clang and lld as Debian has them.
// An array is given by its place in one memory: how many numbers of 32 bits lie before it. Nothing is allocated.
// Names in shape comments: B rows, R rows of all characters, U units, V ids, W = V rounded up, K and N of a product.
// All widths are multiples of 16 (`PANEL`); the numbers that fill them up are zero.

#include "kernels.h"

typedef int int4 __attribute__((vector_size(16)));

__asm__(".section .custom_section.fused,\"\",@\n.incbin \"fused.wasm\"\n"); // the other build of multiply.c

static inline int *ints(int place) { return (int *)((unsigned long)place << 2); }
static inline float sum_of(float4 x) { return (x[0] + x[1]) + (x[2] + x[3]); }

// e^x by Cephes (Moshier, 1989): 2^n times a polynomial. The same operations in every browser, so the same bits.
static inline float4 exp4(float4 x) {
  // Not min and max, which are six instructions each for zeros with signs; NaN stays.
  x = __builtin_wasm_pmin_f32x4(__builtin_wasm_pmax_f32x4(x, all(-87.0f)), all(88.0f));
  float4 shifted = x * 1.44269504f + 12582912.0f, n = shifted - 12582912.0f; // 1.5 * 2^23 rounds to whole numbers
  x = x - n * 0.693359375f - n * -2.12194440e-4f; // the logarithm of 2, in two parts
  float4 p = all(1.9875691500e-4f);
  p = p * x + 1.3981999507e-3f;
  p = p * x + 8.3334519073e-3f;
  p = p * x + 4.1665795894e-2f;
  p = p * x + 1.6666665459e-1f;
  p = p * x + 5.0000001201e-1f;
  p = p * x * x + x + 1.0f;
  return p * (float4)(((int4)shifted + 127) << 23); // n is in the lowest bits
}
static __attribute__((noinline)) void exponentials(float *x, int n, float top, float scale) {
  for (int i = 0; i < n; i += 4) store(x + i, exp4((load(x + i) - top) * scale));
}
static inline float4 sigmoid4(float4 x) { return 1.0f / (1.0f + exp4(-x)); }
static inline float4 tanh4(float4 x) { return 1.0f - 2.0f / (1.0f + exp4(x + x)); }

// Four rows of four numbers, transposed.
static inline void transpose4(float *to, int to_row, const float *from, int from_row) {
  float4 a = load(from), b = load(from + from_row), c = load(from + 2 * from_row), d = load(from + 3 * from_row);
  float4 e = __builtin_shufflevector(a, b, 0, 4, 1, 5), f = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  float4 g = __builtin_shufflevector(a, b, 2, 6, 3, 7), h = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  store(to, __builtin_shufflevector(e, f, 0, 1, 4, 5)), store(to + to_row, __builtin_shufflevector(e, f, 2, 3, 6, 7));
  store(to + 2 * to_row, __builtin_shufflevector(g, h, 0, 1, 4, 5));
  store(to + 3 * to_row, __builtin_shufflevector(g, h, 2, 3, 6, 7));
}

// A matrix [K, N], its element (k, n) at b + k * by_k + n * by_n, as panels of 16 columns: [ceil(N / 16), K, 16].
// A product then reads it from end to end. Either by_n is 1, or by_k is and K a multiple of 4.
void EXPORT(pack)(int to, int b, int by_k, int by_n, int K, int N) {
  float *t = floats(to);
  for (int first = 0; first < N; first += PANEL) {
    const float *from = floats(b + first * by_n);
    if (by_n == 1)
      for (int k = 0; k < K; k++, from += by_k, t += PANEL)
        for (int n = 0; n < PANEL; n += 4) store(t + n, load(from + n));
    else
      for (int k = 0; k < K; k += 4, from += 4, t += 4 * PANEL)
        for (int n = 0; n < PANEL; n += 4) transpose4(t + n, PANEL, from + n * by_n, by_n);
  }
}

// to [columns, rows] = x [rows, columns] transposed, whose rows are `by_to` and `by_x` apart; columns a multiple of 4.
void EXPORT(transpose)(int to, int by_to, int x, int by_x, int rows, int columns) {
  for (int column = 0; column < columns; column += 4)
    for (int row = 0; row < rows; row += 4) {
      const float *from = floats(x + row * by_x + column);
      float *t = floats(to + column * by_to + row);
      if (row + 4 <= rows)
        transpose4(t, by_to, from, by_x);
      else
        for (int i = 0; i < rows - row; i++)
          for (int j = 0; j < 4; j++) t[j * by_to + i] = from[i * by_x + j];
    }
}

// A GRU's state before a character [B, U] -> after it. x: what the inputs add to the sums inside the gates, of which
// each row b takes row rows[b] [_, 3U]; h [B, 3U]: the state times the recurrent kernel; bias [U]: the candidate's inner
// one. Kept for the way back [B, 4U]: update, reset, memory (what the reset gate scales), candidate.
void EXPORT(gru_step)(int before, int after, int x, int rows, int h, int bias, int kept, int B, int U) {
  const float *inner = floats(bias);
  for (int b = 0; b < B; b++) {
    const float *X = floats(x + ints(rows)[b] * 3 * U), *H = floats(h + b * 3 * U), *S = floats(before + b * U);
    float *A = floats(after + b * U), *Q = floats(kept + b * 4 * U);
    for (int j = 0; j < 2 * U; j += 4) store(Q + j, sigmoid4(load(X + j) + load(H + j))); // by itself, half as long a chain
    for (int u = 0; u < U; u += 4) {
      float4 update = load(Q + u), reset = load(Q + U + u), memory = load(H + 2 * U + u) + load(inner + u);
      float4 candidate = tanh4(load(X + 2 * U + u) + reset * memory);
      store(Q + 2 * U + u, memory), store(Q + 3 * U + u, candidate);
      store(A + u, candidate + update * (load(S + u) - candidate));
    }
  }
}

// The way back through gru_step. d [B, U]: the loss's gradient by the state after the character, as far as it comes from
// later characters; above [B, U]: as far as it comes from what reads the state at this character. Sets d_h [B, 3U] and
// d to what reaches the state before past the gates; adds to d_x [_, 3U] and d_bias [U].
void EXPORT(gru_back)(int before, int d, int above, int kept, int d_x, int rows, int d_h, int d_bias, int B, int U) {
  float *inner = floats(d_bias);
  for (int b = 0; b < B; b++) {
    const float *S = floats(before + b * U), *Y = floats(above + b * U), *Q = floats(kept + b * 4 * U);
    float *D = floats(d + b * U), *X = floats(d_x + ints(rows)[b] * 3 * U), *H = floats(d_h + b * 3 * U);
    for (int u = 0; u < U; u += 4) {
      float4 after = load(D + u) + load(Y + u), update = load(Q + u), reset = load(Q + U + u);
      float4 memory = load(Q + 2 * U + u), candidate = load(Q + 3 * U + u);
      float4 by_candidate = after * (1.0f - update) * (1.0f - candidate * candidate);
      float4 by_update = after * (load(S + u) - candidate) * update * (1.0f - update);
      float4 by_memory = by_candidate * reset, by_reset = by_candidate * memory * reset * (1.0f - reset);
      store(H + u, by_update), store(H + U + u, by_reset), store(H + 2 * U + u, by_memory);
      store(X + u, load(X + u) + by_update), store(X + U + u, load(X + U + u) + by_reset);
      store(X + 2 * U + u, load(X + 2 * U + u) + by_candidate);
      store(inner + u, load(inner + u) + by_memory);
      store(D + u, after * update);
    }
  }
}

// An LSTM's cell before a character [B, U] -> cell and state after it; x and h [B, 4U] as in gru_step. Kept for the way
// back [B, 5U]: input, forget, candidate, output, and the tanh of the cell.
void EXPORT(lstm_step)(int cell, int cell_after, int after, int x, int rows, int h, int kept, int B, int U) {
  for (int b = 0; b < B; b++) {
    const float *X = floats(x + ints(rows)[b] * 4 * U), *H = floats(h + b * 4 * U), *C = floats(cell + b * U);
    float *N = floats(cell_after + b * U), *A = floats(after + b * U), *Q = floats(kept + b * 5 * U);
    for (int u = 0; u < U; u += 4) {
      float4 input = sigmoid4(load(X + u) + load(H + u));
      float4 forget = sigmoid4(load(X + U + u) + load(H + U + u));
      float4 candidate = tanh4(load(X + 2 * U + u) + load(H + 2 * U + u));
      float4 output = sigmoid4(load(X + 3 * U + u) + load(H + 3 * U + u));
      float4 next = forget * load(C + u) + input * candidate, shown = tanh4(next);
      store(Q + u, input), store(Q + U + u, forget), store(Q + 2 * U + u, candidate), store(Q + 3 * U + u, output);
      store(Q + 4 * U + u, shown);
      store(N + u, next), store(A + u, output * shown);
    }
  }
}

// The way back through lstm_step, as gru_back; d_cell [B, U] is what later characters add to the gradient by the cell
// after the character, and becomes that by the cell before. d, which reaches the state before by d_h alone, becomes 0.
void EXPORT(lstm_back)(int cell, int d, int d_cell, int above, int kept, int d_x, int rows, int d_h, int B, int U) {
  for (int b = 0; b < B; b++) {
    const float *C = floats(cell + b * U), *Y = floats(above + b * U), *Q = floats(kept + b * 5 * U);
    float *D = floats(d + b * U), *E = floats(d_cell + b * U);
    float *X = floats(d_x + ints(rows)[b] * 4 * U), *H = floats(d_h + b * 4 * U);
    for (int u = 0; u < U; u += 4) {
      float4 input = load(Q + u), forget = load(Q + U + u), candidate = load(Q + 2 * U + u);
      float4 output = load(Q + 3 * U + u), shown = load(Q + 4 * U + u), after = load(D + u) + load(Y + u);
      float4 inside = load(E + u) + after * output * (1.0f - shown * shown);
      float4 by_input = inside * candidate * input * (1.0f - input);
      float4 by_forget = inside * load(C + u) * forget * (1.0f - forget);
      float4 by_candidate = inside * input * (1.0f - candidate * candidate);
      float4 by_output = after * shown * output * (1.0f - output);
      store(H + u, by_input), store(H + U + u, by_forget), store(H + 2 * U + u, by_candidate);
      store(H + 3 * U + u, by_output);
      store(X + u, load(X + u) + by_input), store(X + U + u, load(X + U + u) + by_forget);
      store(X + 2 * U + u, load(X + 2 * U + u) + by_candidate), store(X + 3 * U + u, load(X + 3 * U + u) + by_output);
      store(E + u, inside * forget);
      store(D + u, all(0));
    }
  }
}

// Logits [R, W], of which V count -> in place the loss's gradient by them, each target's loss counting `share`; targets
// [R], below 0 where none counts. Figures [3, R]: the target's logit less the greatest one, the sum of all e^(logit less
// the greatest one), and 1 where the target is the first of the greatest.
void EXPORT(softmax)(int logits, int targets, int figures, int R, int W, int V, float share) {
  float *behind = floats(figures), *sums = behind + R, *right = sums + R;
  for (int r = 0; r < R; r++) {
    float *L = floats(logits + r * W);
    int target = ints(targets)[r], first = 0;
    if (target < 0) {
      for (int j = 0; j < W; j += 4) store(L + j, all(0));
      behind[r] = right[r] = 0, sums[r] = 1;
      continue;
    }
    for (int j = V; j < W; j++) L[j] = -1e30f;
    float4 tops = load(L), sum = all(0);
    for (int j = 4; j < W; j += 4) tops = __builtin_wasm_pmax_f32x4(tops, load(L + j));
    float top = tops[0];
    for (int i = 1; i < 4; i++) top = tops[i] > top ? tops[i] : top;
    while (first < target && L[first] < top) first++;
    behind[r] = L[target] - top, right[r] = first == target && L[target] == top;
    exponentials(L, W, top, 1.0f);
    for (int j = V; j < W; j++) L[j] = 0;
    for (int j = 0; j < W; j += 4) sum += load(L + j);
    sums[r] = sum_of(sum);
    for (int j = 0; j < W; j += 4) store(L + j, load(L + j) * (share / sums[r]));
    L[target] -= share;
  }
}

// Mean 0 and variance 1 over each row of x [R, U], of which D numbers count, then a scale and an offset [U] (Ba et al.,
// 2016), into `to` [R, U]. Kept for the way back: the rows without scale and offset, `normed` [R, U], and by how much
// each was scaled [R].
void EXPORT(layer_norm)(int to, int normed, int scaled, int x, int scale, int offset, int R, int U, int D) {
  for (int r = 0; r < R; r++) {
    const float *X = floats(x + r * U);
    float *N = floats(normed + r * U), *T = floats(to + r * U);
    float4 sum = all(0), squares = all(0);
    for (int u = 0; u < U; u += 4) sum += load(X + u);
    float mean = sum_of(sum) / D;
    for (int u = 0; u < U; u += 4) store(N + u, load(X + u) - mean);
    for (int u = D; u < U; u++) N[u] = 0;
    for (int u = 0; u < U; u += 4) squares += load(N + u) * load(N + u);
    float by = floats(scaled)[r] = 1.0f / __builtin_sqrtf(sum_of(squares) / D + 1e-5f);
    for (int u = 0; u < U; u += 4) {
      float4 n = load(N + u) * by;
      store(N + u, n), store(T + u, n * load(floats(scale + u)) + load(floats(offset + u)));
    }
  }
}

// The way back through layer_norm: d [R, U] is the loss's gradient by what it gave. Adds to d_x [R, U], to d_scale and to
// d_offset [U].
void EXPORT(layer_norm_back)(int d_x, int d, int normed, int scaled, int scale, int d_scale, int d_offset, int R, int U,
                             int D) {
  float *S = floats(d_scale), *O = floats(d_offset);
  for (int r = 0; r < R; r++) {
    const float *N = floats(normed + r * U), *Y = floats(d + r * U);
    float *X = floats(d_x + r * U), by = floats(scaled)[r];
    float4 sum = all(0), along = all(0);
    for (int u = 0; u < U; u += 4) {
      float4 n = load(N + u), y = load(Y + u), inside = y * load(floats(scale + u));
      sum += inside, along += inside * n;
      store(S + u, load(S + u) + y * n), store(O + u, load(O + u) + y);
    }
    float mean = sum_of(sum) / D, mean_along = sum_of(along) / D;
    for (int u = 0; u < U; u += 4)
      store(X + u, load(X + u) + (load(Y + u) * load(floats(scale + u)) - mean - load(N + u) * mean_along) * by);
    for (int u = D; u < U; u++) X[u] = 0;
  }
}

// The Gaussian error linear unit in its tanh form (Hendrycks and Gimpel, 2016) of n numbers: x times the share of it that
// passes, (1 + tanh(y / 2)) / 2 = 1 / (1 + e^-y), which is kept for the way back.
void EXPORT(gelu)(int to, int share, int x, int n) {
  for (int i = 0; i < n; i += 4) {
    float4 v = load(floats(x + i)), passes = sigmoid4(v * (1.5957691216f + 0.0713548163f * v * v));
    store(floats(share + i), passes), store(floats(to + i), v * passes);
  }
}

// The way back through it: d [n], the loss's gradient by what it gave, becomes that by x.
void EXPORT(gelu_back)(int d, int share, int x, int n) {
  for (int i = 0; i < n; i += 4) {
    float4 v = load(floats(x + i)), s = load(floats(share + i));
    float4 slope = s + v * s * (1.0f - s) * (1.5957691216f + 0.2140644489f * v * v);
    store(floats(d + i), load(floats(d + i)) * slope);
  }
}

// Scores [T, T] -> in place the softmax of `scale` times them, character t looking at no later one. Of a row only what
// is in the panels up to t is read and written.
void EXPORT(attention)(int scores, int T, float scale) {
  for (int t = 0; t < T; t++) {
    float *S = floats(scores + t * T), top = S[0];
    int end = (t | (PANEL - 1)) + 1;
    float4 sum = all(0);
    for (int j = 1; j <= t; j++) top = S[j] > top ? S[j] : top;
    exponentials(S, end, top, scale);
    for (int j = t + 1; j < end; j++) S[j] = 0;
    for (int j = 0; j < end; j += 4) sum += load(S + j);
    float by = 1.0f / sum_of(sum);
    for (int j = 0; j < end; j += 4) store(S + j, load(S + j) * by);
  }
}

// The way back through it: d [T, T], the loss's gradient by what it gave, `seen`, becomes that by the scores.
void EXPORT(attention_back)(int d, int seen, int T, float scale) {
  for (int t = 0; t < T; t++) {
    float *D = floats(d + t * T);
    const float *S = floats(seen + t * T);
    int end = (t | (PANEL - 1)) + 1;
    float4 along = all(0);
    for (int j = 0; j < end; j += 4) along += load(D + j) * load(S + j);
    float mean = sum_of(along);
    for (int j = 0; j < end; j += 4) store(D + j, (load(D + j) - mean) * load(S + j) * scale);
  }
}

// to [N] = the sum of the rows of x [R, N].
void EXPORT(sum_rows)(int to, int x, int R, int N) {
  for (int n = 0; n < N; n += PANEL) {
    float4 a = all(0), b = a, c = a, d = a;
    for (int r = 0; r < R; r++) {
      const float *from = floats(x + r * N + n);
      a += load(from), b += load(from + 4), c += load(from + 8), d += load(from + 12);
    }
    float *t = floats(to + n);
    store(t, a), store(t + 4, b), store(t + 8, c), store(t + 12, d);
  }
}

// to [n] = begin + a * b, for a mask; n a multiple of 4.
void EXPORT(multiply_each)(int to, int begin, int a, int b, int n) {
  for (int i = 0; i < n; i += 4) store(floats(to + i), load(floats(begin + i)) + load(floats(a + i)) * load(floats(b + i)));
}

// to [n] = p * a + q * b; n a multiple of 4.
void EXPORT(combine)(int to, float p, int a, float q, int b, int n) {
  for (int i = 0; i < n; i += 4) store(floats(to + i), load(floats(a + i)) * p + load(floats(b + i)) * q);
}

float EXPORT(sum_squares)(int x, int n) {
  float4 a = all(0), b = a;
  for (int i = 0; i < n; i += 8) {
    float4 v = load(floats(x + i)), w = load(floats(x + i + 4));
    a += v * v, b += w * w;
  }
  return sum_of(a + b);
}

// A step of Adam (Kingma and Ba, 2015) with decoupled weight decay (Loshchilov and Hutter, 2019) on weights [n], in the
// order of Keras's optimizer. Gradients are scaled by `scale`; new_mean and new_square are 1 - beta_1 and 1 - beta_2.
void EXPORT(adam)(int weights, int gradients, int means, int squares, int n, float scale, float rate, float new_mean,
                  float new_square, float epsilon, float decay) {
  for (int i = 0; i < n; i += 4) {
    float4 w = load(floats(weights + i)), g = load(floats(gradients + i)) * scale;
    float4 mean = load(floats(means + i)), square = load(floats(squares + i));
    mean += (g - mean) * new_mean, square += (g * g - square) * new_square;
    store(floats(means + i), mean), store(floats(squares + i), square);
    w -= w * decay;
    store(floats(weights + i), w - mean * rate / (__builtin_wasm_sqrt_f32x4(square) + epsilon));
  }
}

typedef unsigned int word;
typedef struct { word a, b, c, d; } words;

// Random bits by counting (Philox 4x32, 10 rounds; Salmon et al., 2011).
static inline words philox(words counter, word key, word other_key) {
  for (int round = 0; round < 10; round++) {
    unsigned long long first = 0xd2511f53ULL * counter.a, second = 0xcd9e8d57ULL * counter.c;
    counter = (words){(word)(second >> 32) ^ counter.b ^ key, (word)second,
                      (word)(first >> 32) ^ counter.d ^ other_key, (word)first};
    key += 0x9e3779b9, other_key += 0xbb67ae85;
  }
  return counter;
}

// to [count] = statelessUniform(count, key) of random.js, the key's two numbers as two words each, the lower one first.
// Up to three numbers behind it are overwritten.
void EXPORT(uniforms)(int to, int count, word key, word key_above, word other, word other_above) {
  words made = philox((words){key, key_above, other, other_above}, 0x3ec8f720, 0x02461e29);
  for (int i = 0; i < count; i += 4) {
    words drawn = philox((words){i / 4, 0, made.c, made.d}, made.a, made.b);
    int4 bits = (int4){drawn.a, drawn.b, drawn.c, drawn.d};
    store(floats(to + i), (float4)((bits & 0x7fffff) | 0x3f800000) - 1.0f); // 1 to 2, as a float's bits
  }
}
