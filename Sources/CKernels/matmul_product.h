// Products of any size out of register tiles. Included last, once per instruction set, by a file that also lists its
// tiles (tileHeights, tiles) and defines the name of the entry point, ck_run.
#pragma once

#include "matmul_variants.h"

ck_inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/// One panel of C: m rows, `vectors` vectors wide, the last of them `tail` lanes.
static void panel_product(const ck_matmul_product *x, int vectors, int tail, const float *a, const float *b,
                          int64_t ldb, float *c, const epilogue *end) {
  const int transposed = x->transposeA != 0, edge = tail < width;
  const int64_t rowStep = transposed ? 1 : x->lda;
  int64_t i = 0;
  for (int size = 0; size < tileSizes; size++) {
    const int rows = tileHeights[size];
    tile_function *const run = tiles[size][vectors - 1][transposed][edge];
    if (!run) continue;
    for (; i + rows <= x->m; i += rows)
      run(x->k, a + i * rowStep, x->lda, b, ldb, c + i * x->ldc, x->ldc, tail, end);
  }
}

static void product(const ck_matmul_product *x, const float *a, const float *b, float *c) {
  if (vector_product(x, a, b, c)) return;
  int64_t vectors = (x->n + width - 1) / width;
  epilogue end = {x->bias, x->accumulate, x->activation, x->slope};
  for (int64_t column = 0; vectors > 0;) {
    // Four vectors split into two and two, not three and one: a tile one vector wide waits for its loads.
    const int wide = (int)(vectors == tileVectors + 1 ? tileVectors - 1 : least(vectors, tileVectors));
    const int64_t columns = least(x->n - column, wide * width);
    const int tail = (int)(columns - (wide - 1) * width);
    if (x->bias) end.bias = x->bias + column;
    if (x->transposeB) {
      pack_transposed(columns, wide, x->k, b + column * x->ldb, x->ldb, x->workspace);
      panel_product(x, wide, tail, a, x->workspace, wide * width, c + column, &end);
    } else {
      panel_product(x, wide, tail, a, b + column, x->ldb, c + column, &end);
    }
    column += columns;
    vectors -= wide;
  }
}

void ck_run(const ck_matmul_product *x) {
  for (int64_t index = 0; index < x->batch; index++)
    product(x, x->a + index * x->strideA, x->b + index * x->strideB, x->c + index * x->strideC);
}
