// The register tile: C[rows, vectors · width] = A · B, all of C in registers while k runs.
// Included once per instruction set by a file that defines
//   vec, width      the vector type and its floats          mask, mask_of(count)   names the first `count` lanes
//   load_part, store_part                                   under a mask
//   tallRows, tileVectors                                    most rows of a tile; most vectors of a tile with rows
#pragma once

#include <stdint.h>

#define ck_inline static inline __attribute__((always_inline))
#define ck_unroll _Pragma("clang loop unroll(full)")

/// Vectors in flight for a single row, where nothing else hides the latency.
enum { longVectors = 8 };

/// What happens to a tile between registers and C. `bias` points at the tile's first column.
typedef struct {
  const float *bias;
  int accumulate, activation;
  float slope;
} epilogue;

ck_inline vec load(const float *p) {
  vec v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

ck_inline void store(float *p, vec v) { __builtin_memcpy(p, &v, sizeof v); }

/// x > 0 ? x : slope · x, on all lanes; NaN stays NaN.
ck_inline vec leaky(vec x, float slope) {
  return x > 0 ? x : x * slope;
}

/// `edge`: the last vector has only the lanes of `last`.
ck_inline void tile(const int rows, const int vectors, const int transposed, const int edge, int64_t k, const float *a,
                    int64_t lda, const float *b, int64_t ldb, float *c, int64_t ldc, int tail, const epilogue *end) {
  vec sum[tallRows][longVectors];
  const mask last = mask_of(tail);
  ck_unroll for (int i = 0; i < rows; i++)
    ck_unroll for (int j = 0; j < vectors; j++) sum[i][j] = (vec)(0.0f);

  for (int64_t p = 0; p < k; p++) {
    vec row[longVectors];
    ck_unroll for (int j = 0; j < vectors; j++)
      row[j] = edge && j == vectors - 1 ? load_part(b + j * width, last) : load(b + j * width);
    ck_unroll for (int i = 0; i < rows; i++) {
      const vec factor = (vec)(transposed ? a[i] : a[i * lda + p]);
      ck_unroll for (int j = 0; j < vectors; j++) sum[i][j] += factor * row[j];
    }
    b += ldb;
    if (transposed) a += lda;
  }

  ck_unroll for (int j = 0; j < vectors; j++) {
    const int part = edge && j == vectors - 1;
    if (end->bias) {
      const vec bias = part ? load_part(end->bias + j * width, last) : load(end->bias + j * width);
      ck_unroll for (int i = 0; i < rows; i++) sum[i][j] += bias;
    }
    if (end->activation) ck_unroll for (int i = 0; i < rows; i++) sum[i][j] = leaky(sum[i][j], end->slope);
    ck_unroll for (int i = 0; i < rows; i++) {
      float *out = c + i * ldc + j * width;
      if (end->accumulate) sum[i][j] += part ? load_part(out, last) : load(out);
      if (part) store_part(out, sum[i][j], last);
      else store(out, sum[i][j]);
    }
  }
}

typedef void tile_function(int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, float *c, int64_t ldc,
                           int tail, const epilogue *end);

#define ck_tile(rows, vectors, transposed, edge)                                                                      \
  static void tile_##rows##_##vectors##_##transposed##_##edge(int64_t k, const float *a, int64_t lda, const float *b, \
                                                              int64_t ldb, float *c, int64_t ldc, int tail,           \
                                                              const epilogue *end) {                                  \
    tile(rows, vectors, transposed, edge, k, a, lda, b, ldb, c, ldc, tail, end);                                      \
  }
#define ck_tiles(rows, vectors)  \
  ck_tile(rows, vectors, 0, 0)   \
  ck_tile(rows, vectors, 0, 1)   \
  ck_tile(rows, vectors, 1, 0)   \
  ck_tile(rows, vectors, 1, 1)
#define ck_names(rows, vectors)                                               \
  {                                                                           \
    {tile_##rows##_##vectors##_0_0, tile_##rows##_##vectors##_0_1},           \
    {tile_##rows##_##vectors##_1_0, tile_##rows##_##vectors##_1_1},           \
  }
