// Gradient of the additive scores. With r = (1 − h) / 2: 1 − h² = 4 (r − r²) and h = 1 − 2 r.
#pragma once

// `keys` ≤ 8 keys of one vector of units, all queries: their sums stay in registers.
CK_INLINE void additive_gradient_keys(
    const float *a, const float *b, const float *g, float *qSums, float *kSums, vf *wSum, int64_t queries,
    int64_t scoreStride, int64_t padded, int keys) {
  vf bs[8], sums[8];
  for (int i = 0; i < keys; i++) {
    bs[i] = load(b + i * padded);
    sums[i] = (vf)0;
  }
  vf total = *wSum;
  for (int64_t t = 0; t < queries; t++) {
    const vf at = load(a + t * padded);
    vf row = load(qSums + t * padded);
    for (int i = 0; i < keys; i++) {
      const vf gradient = (vf)g[t * scoreStride + i];
      const vf r = additive_half(at, bs[i]);
      const vf slope = madd(-r, r, r);
      row = madd(gradient, slope, row);
      sums[i] = madd(gradient, slope, sums[i]);
      total = madd(gradient, madd((vf)-2, r, (vf)1), total);
    }
    store(qSums + t * padded, row);
  }
  for (int i = 0; i < keys; i++) store(kSums + i * padded, sums[i]);
  *wSum = total;
}

static void additive_gradient_batch(
    const float *a, const float *b, const float *g, float *qSums, float *kSums, float *wSums, int64_t queries,
    int64_t keys, int64_t padded) {
  for (int64_t u = 0; u < padded; u += LANES) {
    vf wSum = (vf)0;
    int64_t s = 0;
    for (; s + 8 <= keys; s += 8)
      additive_gradient_keys(
          a + u, b + s * padded + u, g + s, qSums + u, kSums + s * padded + u, &wSum, queries, keys, padded, 8);
    for (; s < keys; s++)
      additive_gradient_keys(
          a + u, b + s * padded + u, g + s, qSums + u, kSums + s * padded + u, &wSum, queries, keys, padded, 1);
    store(wSums + u, load(wSums + u) + wSum);
  }
}

// 4 w times the sums of `rows` rows, without the padding.
static void additive_gradient_write(
    const float *sums, const float *w, float *gradient, int64_t rows, int64_t units, int64_t padded) {
  for (int64_t r = 0; r < rows; r++, sums += padded, gradient += units)
    for (int64_t u = 0; u < units; u += LANES) {
      const vf v = load(sums + u) * load(w + u);
      if (units - u >= LANES)
        store(gradient + u, v);
      else
        store_part(gradient + u, v, units - u);
    }
}

static void additive_scores_gradient(
    const float *q, const float *k, const float *w, const float *scoresGradient, float *qGradient, float *kGradient,
    float *wGradient, int64_t batch, int64_t queries, int64_t keys, int64_t units, float *workspace) {
  const int64_t padded = additive_vectors(units) * LANES;
  float *wFour = aligned(workspace), *wSums = wFour + padded;
  float *a = wSums + padded, *b = a + queries * padded;
  float *qSums = b + keys * padded, *kSums = qSums + queries * padded;
  for (int64_t u = 0; u < units; u += LANES) {
    store(wFour + u, 4 * (units - u >= LANES ? load(w + u) : load_part(w + u, units - u)));
    store(wSums + u, (vf)0);
  }
  for (int64_t n = 0; n < batch; n++) {
    additive_exponentials(q + n * queries * units, a, queries, units);
    additive_exponentials(k + n * keys * units, b, keys, units);
    fill(qSums, queries * padded, 0);
    additive_gradient_batch(
        a, b, scoresGradient + n * queries * keys, qSums, kSums, wSums, queries, keys, padded);
    additive_gradient_write(qSums, wFour, qGradient + n * queries * units, queries, units, padded);
    additive_gradient_write(kSums, wFour, kGradient + n * keys * units, keys, units, padded);
  }
  copy_row(wGradient, wSums, units);
}
