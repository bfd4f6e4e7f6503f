// B stored [n, k] becomes a panel [k, columns] that the tiles can read. Included after matmul_tile.h, once per
// instruction set, by a file that also defines transpose_vectors (width × width, in registers).
#pragma once

/// to[p][j] = from[j][p] for j < rows, p < columns; to has whole vectors, zero from j = rows on.
ck_inline void transpose_block(int rows, int columns, const float *from, int64_t ldf, float *to, int64_t ldt) {
  vec r[width];
  const mask part = mask_of(columns), none = mask_of(0);
  if (rows == width && columns == width) {
    ck_unroll for (int j = 0; j < width; j++) r[j] = load(from + j * ldf);
    transpose_vectors(r);
  } else if (rows == width / 2) {  // known zeros: half of the shuffles vanish
    ck_unroll for (int j = 0; j < width; j++) r[j] = j < width / 2 ? load_part(from + j * ldf, part) : (vec)(0.0f);
    transpose_vectors(r);
  } else {
    ck_unroll for (int j = 0; j < width; j++) r[j] = load_part(from + (j < rows ? j : 0) * ldf, j < rows ? part : none);
    transpose_vectors(r);
  }
  if (columns == width) {
    ck_unroll for (int p = 0; p < width; p++) store(to + p * ldt, r[p]);
  } else {
    ck_unroll for (int p = 0; p < width; p++)
      if (p < columns) store(to + p * ldt, r[p]);
  }
}

/// panel[p][j] = b[j][p] for j < columns, zero up to `vectors` whole vectors.
static void pack_transposed(int64_t columns, int vectors, int64_t k, const float *b, int64_t ldb, float *panel) {
  for (int j = 0; j < vectors; j++) {
    const int filled = (int)(columns - j * width < width ? columns - j * width : width);
    for (int64_t p = 0; p < k; p += width)
      transpose_block(filled, (int)(k - p < width ? k - p : width), b + j * width * ldb + p, ldb,
                      panel + p * vectors * width + j * width, vectors * width);
  }
}
