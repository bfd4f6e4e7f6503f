// Products with one row or one column: y = M · x by dot products, or y = Mᵀ · x as a sum of scaled rows.
// Included after matmul_tile.h, once per instruction set, by a file that also defines `total` (the sum of all lanes).
#pragma once

#include "matmul_variants.h"

/// y[i] = Σ_p M[i][p] · x[p] + (accumulate ? y[i] : 0) for a fixed number of rows.
ck_inline void dot_rows(const int rows, int64_t k, const float *matrix, int64_t stride, const float *x, float *y,
                        int64_t yStride, int accumulate) {
  vec sum[longVectors];
  ck_unroll for (int i = 0; i < rows; i++) sum[i] = (vec)(0.0f);
  int64_t p = 0;
  for (; p + width <= k; p += width) {
    const vec factor = load(x + p);
    ck_unroll for (int i = 0; i < rows; i++) sum[i] += factor * load(matrix + i * stride + p);
  }
  if (p < k) {
    const mask part = mask_of((int)(k - p));
    const vec factor = load_part(x + p, part);
    ck_unroll for (int i = 0; i < rows; i++) sum[i] += factor * load_part(matrix + i * stride + p, part);
  }
  ck_unroll for (int i = 0; i < rows; i++)
    y[i * yStride] = total(sum[i]) + (accumulate ? y[i * yStride] : 0.0f);
}

static void dots(int64_t count, int64_t k, const float *matrix, int64_t stride, const float *x, float *y,
                 int64_t yStride, int accumulate) {
  int64_t i = 0;
  for (; i + longVectors <= count; i += longVectors)
    dot_rows(longVectors, k, matrix + i * stride, stride, x, y + i * yStride, yStride, accumulate);
  for (; i < count; i++) dot_rows(1, k, matrix + i * stride, stride, x, y + i * yStride, yStride, accumulate);
}

/// y[j] = Σ_p x[p] · M[p][j] + (accumulate ? y[j] : 0)
static void combine_rows(int64_t count, int64_t k, const float *matrix, int64_t stride, const float *x,
                         int64_t xStride, float *y, int accumulate) {
  const epilogue end = {.accumulate = accumulate};
  const int64_t whole = longVectors * width;
  int64_t j = 0;
  for (; j + whole <= count; j += whole)
    tile(1, longVectors, 1, 0, k, x, xStride, matrix + j, stride, y + j, 0, width, &end);
  for (; j + width <= count; j += width) tile(1, 1, 1, 0, k, x, xStride, matrix + j, stride, y + j, 0, width, &end);
  if (j < count) tile(1, 1, 1, 1, k, x, xStride, matrix + j, stride, y + j, 0, (int)(count - j), &end);
}

/// Does the product if C has one row or one column and the strides allow it; otherwise answers 0.
static int vector_product(const ck_matmul_product *x, const float *a, const float *b, float *c) {
  if (x->m != 1 && x->n != 1) return 0;
  const int column = x->n == 1;
  const float *const matrix = column ? a : b, *const vector = column ? b : a;
  const int64_t count = column ? x->m : x->n, stride = column ? x->lda : x->ldb, outStride = column ? x->ldc : 1;
  const int64_t vectorStride = column ? (x->transposeB ? 1 : x->ldb) : (x->transposeA ? x->lda : 1);
  const int byDots = column ? !x->transposeA : x->transposeB;
  if (byDots ? vectorStride != 1 : outStride != 1) return 0;

  if (byDots) dots(count, x->k, matrix, stride, vector, c, outStride, x->accumulate);
  else combine_rows(count, x->k, matrix, stride, vector, vectorStride, c, x->accumulate);
  for (int64_t i = 0; i < count && (x->bias || x->activation); i++) {
    float *const y = c + i * outStride;
    if (x->bias) *y += x->bias[column ? 0 : i];
    if (x->activation) *y = *y > 0 ? *y : x->slope * *y;
  }
  return 1;
}
