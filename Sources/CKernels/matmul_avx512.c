// AVX-512: 32 registers of 16 floats; 8 × 48 tiles keep 24 sums in flight (two multiply-adds a cycle need 8).
#if defined(__x86_64__)
#include <immintrin.h>

#include "matmul_variants.h"

// Not arch=x86-64-v4: its tuning splits 64-byte vectors in two.
#pragma clang attribute push(                                                                                 \
    __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma"), min_vector_width(512))),             \
    apply_to = function)

typedef float vec __attribute__((ext_vector_type(16)));
typedef __mmask16 mask;
enum { width = 16, tileVectors = 3, tallRows = 16 };

static inline mask mask_of(int count) { return (mask)((1u << count) - 1); }
static inline vec load_part(const float *p, mask m) { return (vec)_mm512_maskz_loadu_ps(m, p); }
static inline void store_part(float *p, vec v, mask m) { _mm512_mask_storeu_ps(p, m, (__m512)v); }
static inline float total(vec v) { return _mm512_reduce_add_ps((__m512)v); }

#include "matmul_tile.h"

ck_tiles(16, 1) ck_tiles(8, 1) ck_tiles(8, 2) ck_tiles(8, 3) ck_tiles(4, 1) ck_tiles(4, 2) ck_tiles(4, 3)
ck_tiles(2, 1) ck_tiles(2, 2) ck_tiles(2, 3) ck_tiles(1, 1) ck_tiles(1, 2) ck_tiles(1, 3)

enum { tileSizes = 5 };
static const int tileHeights[tileSizes] = {16, 8, 4, 2, 1};
static tile_function *const tiles[tileSizes][tileVectors][2][2] = {
    {ck_names(16, 1)},
    {ck_names(8, 1), ck_names(8, 2), ck_names(8, 3)},
    {ck_names(4, 1), ck_names(4, 2), ck_names(4, 3)},
    {ck_names(2, 1), ck_names(2, 2), ck_names(2, 3)},
    {ck_names(1, 1), ck_names(1, 2), ck_names(1, 3)},
};

#define pair_low(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define pair_high(a, b) __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define quad_low(a, b) __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define quad_high(a, b) __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
#define lanes_even(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
#define lanes_odd(a, b) __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31)

/// Rows 4i … 4i+3 become, lane by lane, 4 × 4 transposes: r[4i + c], lane l, holds column 4l + c of these rows.
ck_inline void transpose_lanes(vec *r) {
  ck_unroll for (int i = 0; i < 16; i += 4) {
    const vec a = pair_low(r[i], r[i + 1]), b = pair_high(r[i], r[i + 1]);
    const vec c = pair_low(r[i + 2], r[i + 3]), d = pair_high(r[i + 2], r[i + 3]);
    r[i] = quad_low(a, c), r[i + 1] = quad_high(a, c), r[i + 2] = quad_low(b, d), r[i + 3] = quad_high(b, d);
  }
}

ck_inline void transpose_vectors(vec *r) {
  transpose_lanes(r);
  ck_unroll for (int c = 0; c < 4; c++) {
    const vec a = lanes_even(r[c], r[c + 4]), b = lanes_odd(r[c], r[c + 4]);
    const vec d = lanes_even(r[c + 8], r[c + 12]), e = lanes_odd(r[c + 8], r[c + 12]);
    r[c] = lanes_even(a, d), r[c + 8] = lanes_odd(a, d), r[c + 4] = lanes_even(b, e), r[c + 12] = lanes_odd(b, e);
  }
}

#include "matmul_transpose.h"
#define ck_run ck_matmul_run_avx512
#include "matmul_vector.h"
#include "matmul_product.h"
#pragma clang attribute pop
#endif
