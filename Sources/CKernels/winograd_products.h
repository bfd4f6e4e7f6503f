// The products of transformed tiles with transformed weights, one per point.
#pragma once

// A register tile's operands: rows of transformed tiles, a panel of weights, and the weights that come next.
typedef struct {
  int64_t channels;
  const float *a;
  int64_t lda;
  const float *b;
  int64_t wide;  // floats of a row of the panel
  float *c;
  int64_t ldc;
  const float *next;
  int64_t ahead;  // floats of `next` to fetch for every vector of channels
} winograd_operands;

// c[rows][vectors] = a · b
CK_INLINE void winograd_product(const int rows, const int vectors, const winograd_operands *o) {
  const int64_t channels = o->channels, lda = o->lda, wide = o->wide;
  const float *a = o->a, *b = o->b, *next = o->next;
  vf sum[WINOGRAD_ROWS][WINOGRAD_VECTORS];
  CK_UNROLL for (int i = 0; i < rows; i++)
    CK_UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = (vf)0;
  for (int64_t chunk = 0; chunk < channels; chunk += LANES) {
    const int64_t count = channels - chunk < LANES ? channels - chunk : LANES;
    for (int64_t q = 0; q < count; q++) {
      vf row[WINOGRAD_VECTORS];
      CK_UNROLL for (int j = 0; j < vectors; j++) row[j] = load(b + j * LANES);
      CK_UNROLL for (int i = 0; i < rows; i++) {
        const vf factor = (vf)a[i * lda + q];
        CK_UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = madd(factor, row[j], sum[i][j]);
      }
      b += wide;
    }
    for (int64_t i = 0; i < o->ahead; i += LANES) __builtin_prefetch(next + i, 0, 2);
    next += o->ahead;
    a += LANES;
  }
  CK_UNROLL for (int i = 0; i < rows; i++)
    CK_UNROLL for (int j = 0; j < vectors; j++) store(o->c + i * o->ldc + j * LANES, sum[i][j]);
}

typedef void winograd_tile(const winograd_operands *o);
#define CK_WINOGRAD_TILE(ROWS_, VECTORS_)                                    \
  static void winograd_tile_##ROWS_##_##VECTORS_(const winograd_operands *o) { \
    winograd_product(ROWS_, VECTORS_, o);                                    \
  }
CK_WINOGRAD_TILE(1, 1)
CK_WINOGRAD_TILE(2, 1)
#if CK_FUSED
CK_WINOGRAD_TILE(4, 1)
CK_WINOGRAD_TILE(6, 1)
#endif
#if CK_AVX512
CK_WINOGRAD_TILE(10, 1)
CK_WINOGRAD_TILE(14, 1)
CK_WINOGRAD_TILE(1, 2)
CK_WINOGRAD_TILE(2, 2)
CK_WINOGRAD_TILE(4, 2)
CK_WINOGRAD_TILE(6, 2)
CK_WINOGRAD_TILE(10, 2)
CK_WINOGRAD_TILE(14, 2)
#endif

// The fewest rows that do `rows`: what they do beyond is written to rows that nobody reads.
CK_INLINE winograd_tile *winograd_tile_for(int64_t rows, int vectors) {
#if CK_AVX512
  if (vectors == 2) {
    if (rows > 10) return winograd_tile_14_2;
    if (rows > 6) return winograd_tile_10_2;
    if (rows > 4) return winograd_tile_6_2;
    if (rows > 2) return winograd_tile_4_2;
    return rows > 1 ? winograd_tile_2_2 : winograd_tile_1_2;
  }
  if (rows > 10) return winograd_tile_14_1;
  if (rows > 6) return winograd_tile_10_1;
#endif
#if CK_FUSED
  if (rows > 4) return winograd_tile_6_1;
  if (rows > 2) return winograd_tile_4_1;
#endif
  return rows > 1 ? winograd_tile_2_1 : winograd_tile_1_1;
}

static void winograd_products(
    const ck_winograd *g, const winograd_plan *p, int64_t count, const float *V, const float *packed, float *M,
    const ck_poll *poll) {
  const int points = p->points * p->points;
  const int64_t blocks = (count + WINOGRAD_ROWS - 1) / WINOGRAD_ROWS;
  const int64_t fetches = blocks * ((g->inputChannels + LANES - 1) / LANES);
  for (int point = 0; point < points; point++, packed += winograd_packed_stride(g)) {
    for (int64_t k = 0; k < p->K; k += PANEL) {
      const int64_t wide = p->K - k < PANEL ? p->K - k : PANEL;
      const float *panel = packed + k * g->inputChannels;
      winograd_operands o = {.channels = g->inputChannels, .lda = p->C, .wide = wide, .ldc = p->K};
      // The next panel comes from far: each block fetches its share.
      o.ahead = (g->inputChannels * wide / fetches + LANES - 1) / LANES * LANES;
      for (int64_t column = 0; column < wide; column += WINOGRAD_VECTORS * LANES) {
        const int vectors = wide - column >= WINOGRAD_VECTORS * LANES ? WINOGRAD_VECTORS : 1;
        o.b = panel + column;
        o.next = panel + g->inputChannels * wide;
        for (int64_t block = 0; block < blocks; block++) {
          const int64_t first = block * WINOGRAD_ROWS;
          o.a = V + point * p->vStride + first * p->C;
          o.c = M + point * p->mStride + first * p->K + k + column;
          winograd_tile_for(count - first, vectors)(&o);
          o.next += fetches / blocks * o.ahead;
        }
      }
    }
    if (poll && poll->function && (point & 3) == 3) poll->function(poll->context);
  }
}
