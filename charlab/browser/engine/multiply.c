// The matrix product, in which nine tenths of training go. It is built twice. Once for every browser with SIMD, which
// rounds each product and each sum; and once with both fused, where browser and processor have that, as most have: half
// as fast again, and one rounding instead of two. kernels.wasm carries that build in a section "fused".

#include "kernels.h"

#ifdef __wasm_relaxed_simd__
#define plus(sum, a, b) __builtin_wasm_relaxed_madd_f32x4(a, b, sum)
#else
#define plus(sum, a, b) ((sum) + (a) * (b))
#endif

// c [M, N] = begin + a [M, K] @ b [K, N], b packed. The rows of c, `begin` and a are `by_c`, `by_begin` (0: the same row
// for all) and `by_a` apart. M is even. Two rows by sixteen columns of c are what the processor's registers hold: each
// number that is read is used many times.
void EXPORT(multiply)(int c, int by_c, int begin, int by_begin, int a, int by_a, int b, int M, int N, int K) {
  for (int n = 0; n < N; n += PANEL, b += PANEL * K)
    for (int m = 0; m < M; m += 2) {
      float *c0 = floats(c + m * by_c + n), *c1 = c0 + by_c;
      const float *s = floats(begin + m * by_begin + n), *t = s + by_begin;
      const float *x = floats(a + m * by_a), *y = x + by_a, *p = floats(b);
      float4 s0 = load(s), s1 = load(s + 4), s2 = load(s + 8), s3 = load(s + 12);
      float4 t0 = load(t), t1 = load(t + 4), t2 = load(t + 8), t3 = load(t + 12);
      for (int k = 0; k < K; k++, x++, y++, p += PANEL) {
        float4 b0 = load(p), b1 = load(p + 4), b2 = load(p + 8), b3 = load(p + 12), v = all(*x), w = all(*y);
        s0 = plus(s0, v, b0), s1 = plus(s1, v, b1), s2 = plus(s2, v, b2), s3 = plus(s3, v, b3);
        t0 = plus(t0, w, b0), t1 = plus(t1, w, b1), t2 = plus(t2, w, b2), t3 = plus(t3, w, b3);
      }
      store(c0, s0), store(c0 + 4, s1), store(c0 + 8, s2), store(c0 + 12, s3);
      store(c1, t0), store(c1 + 4, t1), store(c1 + 8, t2), store(c1 + 12, t3);
    }
}
