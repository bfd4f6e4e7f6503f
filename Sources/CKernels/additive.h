// Additive attention scores and their gradient. Units lie in the lanes; rows are padded to whole vectors, with w = 0.
#pragma once

CK_INLINE int64_t additive_vectors(int64_t units) { return (units + LANES - 1) / LANES; }

// 1 / (e^2x · e^2y + 1): (1 − tanh(x + y)) / 2. Bounded, so that no infinity meets a zero in Newton's step: 2^60 is as
// good as infinite.
CK_INLINE vf additive_half(vf a, vf b) {
  const vf d = at_most(madd(a, b, (vf)1), 0x1p60f);
#if CK_AVX512
  const vf r = _mm512_rcp14_ps(d);
  return madd(r, madd(-d, r, (vf)1), r);  // 2^-14 squared
#else
  return 1 / d;
#endif
}

// e^2x of `rows` rows, padded.
static void additive_exponentials(const float *x, float *y, int64_t rows, int64_t units) {
  const int64_t padded = additive_vectors(units) * LANES;
  for (int64_t r = 0; r < rows; r++, x += units, y += padded)
    for (int64_t u = 0; u < units; u += LANES) {
      const vf v = units - u >= LANES ? load(x + u) : load_part(x + u, units - u);
      store(y + u, exp_inside(at_least(at_most(2 * v, 86), -86)));
    }
}

CK_INLINE float *aligned(float *p) { return (float *)(((uintptr_t)p + 63) & ~(uintptr_t)63); }

typedef struct {
  const float *a, *b;  // e^2q of [queries, padded], e^2k of [keys, padded]
  const float *w;      // −2 w, padded
  vf start;            // Σ w, spread over the lanes
  int64_t queries, keys, vectors;
} additive_batch;

// Σ_u w (1 − 2 r) over the lanes still to be added.
CK_INLINE vf additive_pair(const additive_batch *x, const float *a, const float *b, int64_t vectors) {
  vf sum = x->start;
  for (int64_t v = 0; v < vectors; v++) {
    const int64_t u = v * LANES;
    sum = madd(load(x->w + u), additive_half(load(a + u), load(b + u)), sum);
  }
  return sum;
}

// Sixteen scores at a time: their lanes are added by one folding of sixteen vectors.
CK_INLINE void additive_batch_scores(const additive_batch *x, float *scores, int64_t vectors) {
  const int64_t padded = vectors * LANES, total = x->queries * x->keys;
  int64_t t = 0, s = 0;
  for (int64_t first = 0; first < total; first += LANES) {
    vf sums[LANES];
    if (x->keys % 8 == 0 && first + LANES <= total) {
      for (int half = 0; half < 2; half++) {
        const float *a = x->a + t * padded, *b = x->b + s * padded;
        for (int i = 0; i < 8; i++) sums[8 * half + i] = additive_pair(x, a, b + i * padded, vectors);
        s += 8;
        if (s == x->keys) {
          s = 0;
          t++;
        }
      }
    } else {
      for (int i = 0; i < LANES; i++) {
        sums[i] = t < x->queries ? additive_pair(x, x->a + t * padded, x->b + s * padded, vectors) : (vf)0;
        if (++s == x->keys) {
          s = 0;
          t++;
        }
      }
    }
    const vf result = sum_of_each(sums);
    if (first + LANES <= total)
      store(scores + first, result);
    else
      store_part(scores + first, result, total - first);
  }
}

static void additive_scores_1(const additive_batch *x, float *scores) { additive_batch_scores(x, scores, 1); }
static void additive_scores_2(const additive_batch *x, float *scores) { additive_batch_scores(x, scores, 2); }
static void additive_scores_any(const additive_batch *x, float *scores) {
  additive_batch_scores(x, scores, x->vectors);
}

static void additive_scores(
    const float *q, const float *k, const float *w, float *scores, int64_t batch, int64_t queries, int64_t keys,
    int64_t units, float *workspace) {
  const int64_t vectors = additive_vectors(units), padded = vectors * LANES;
  float *doubled = aligned(workspace), *a = doubled + padded, *b = a + queries * padded;
  additive_batch x = {a, b, doubled, (vf)0, queries, keys, vectors};
  for (int64_t u = 0; u < units; u += LANES) {
    const vf v = units - u >= LANES ? load(w + u) : load_part(w + u, units - u);
    x.start += v;
    store(doubled + u, -2 * v);
  }
  for (int64_t n = 0; n < batch; n++) {
    additive_exponentials(q + n * queries * units, a, queries, units);
    additive_exponentials(k + n * keys * units, b, keys, units);
    float *y = scores + n * queries * keys;
    if (vectors == 1)
      additive_scores_1(&x, y);
    else if (vectors == 2)
      additive_scores_2(&x, y);
    else
      additive_scores_any(&x, y);
  }
}

#include "additive_gradient.h"
