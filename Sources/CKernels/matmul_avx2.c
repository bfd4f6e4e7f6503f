// AVX2 and FMA: 16 registers of 8 floats; 6 × 16 tiles hold 12 sums, 2 vectors of B and a factor.
#if defined(__x86_64__)
#include <immintrin.h>

#include "matmul_variants.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

typedef float vec __attribute__((ext_vector_type(8)));
typedef __m256i mask;
enum { width = 8, tileVectors = 2, tallRows = 8 };

static inline mask mask_of(int count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static inline vec load_part(const float *p, mask m) { return (vec)_mm256_maskload_ps(p, m); }
static inline void store_part(float *p, vec v, mask m) { _mm256_maskstore_ps(p, m, (__m256)v); }
static inline float total(vec v) {
  const __attribute__((ext_vector_type(4))) float four = v.lo + v.hi;
  return (four.x + four.z) + (four.y + four.w);
}

#include "matmul_tile.h"

ck_tiles(8, 1) ck_tiles(6, 1) ck_tiles(6, 2) ck_tiles(4, 1) ck_tiles(4, 2)
ck_tiles(2, 1) ck_tiles(2, 2) ck_tiles(1, 1) ck_tiles(1, 2)

enum { tileSizes = 5 };
static const int tileHeights[tileSizes] = {8, 6, 4, 2, 1};
static tile_function *const tiles[tileSizes][tileVectors][2][2] = {
    {ck_names(8, 1)},
    {ck_names(6, 1), ck_names(6, 2)},
    {ck_names(4, 1), ck_names(4, 2)},
    {ck_names(2, 1), ck_names(2, 2)},
    {ck_names(1, 1), ck_names(1, 2)},
};

#define pair_low(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define pair_high(a, b) __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#define quad_low(a, b) __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
#define quad_high(a, b) __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
#define lanes_low(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11)
#define lanes_high(a, b) __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15)

ck_inline void transpose_vectors(vec *r) {
  ck_unroll for (int i = 0; i < 8; i += 4) {
    const vec a = pair_low(r[i], r[i + 1]), b = pair_high(r[i], r[i + 1]);
    const vec c = pair_low(r[i + 2], r[i + 3]), d = pair_high(r[i + 2], r[i + 3]);
    r[i] = quad_low(a, c), r[i + 1] = quad_high(a, c), r[i + 2] = quad_low(b, d), r[i + 3] = quad_high(b, d);
  }
  ck_unroll for (int i = 0; i < 4; i++) {
    const vec low = lanes_low(r[i], r[i + 4]), high = lanes_high(r[i], r[i + 4]);
    r[i] = low, r[i + 4] = high;
  }
}

#include "matmul_transpose.h"
#define ck_run ck_matmul_run_avx2
#include "matmul_vector.h"
#include "matmul_product.h"
#pragma clang attribute pop
#endif
