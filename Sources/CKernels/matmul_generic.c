// The plain variant: vectors of four floats, which SSE2 and NEON have.
#include "matmul_variants.h"

typedef float vec __attribute__((ext_vector_type(4)));
typedef int mask;
#if defined(__aarch64__)  // 32 registers: 24 sums
enum { width = 4, tileVectors = 3, tallRows = 8 };
#else  // 16 registers, and a product needs one of its own: 8 sums
enum { width = 4, tileVectors = 2, tallRows = 8 };
#endif

static inline mask mask_of(int count) { return count; }
static inline vec load_part(const float *p, mask m) {
  return (vec){m > 0 ? p[0] : 0, m > 1 ? p[1] : 0, m > 2 ? p[2] : 0, m > 3 ? p[3] : 0};
}
static inline void store_part(float *p, vec v, mask m) {
  if (m > 0) p[0] = v.x;
  if (m > 1) p[1] = v.y;
  if (m > 2) p[2] = v.z;
  if (m > 3) p[3] = v.w;
}
static inline float total(vec v) { return (v.x + v.z) + (v.y + v.w); }

#include "matmul_tile.h"

ck_tiles(8, 1) ck_tiles(4, 1) ck_tiles(4, 2) ck_tiles(2, 1) ck_tiles(2, 2) ck_tiles(1, 1) ck_tiles(1, 2)
#if defined(__aarch64__)
ck_tiles(8, 2) ck_tiles(8, 3) ck_tiles(4, 3) ck_tiles(2, 3) ck_tiles(1, 3)
#define ck_third(rows) , ck_names(rows, 3)
#define ck_tallest ck_names(8, 1), ck_names(8, 2), ck_names(8, 3)
#else
#define ck_third(rows)
#define ck_tallest ck_names(8, 1)
#endif

enum { tileSizes = 4 };
static const int tileHeights[tileSizes] = {8, 4, 2, 1};
static tile_function *const tiles[tileSizes][tileVectors][2][2] = {
    {ck_tallest},
    {ck_names(4, 1), ck_names(4, 2) ck_third(4)},
    {ck_names(2, 1), ck_names(2, 2) ck_third(2)},
    {ck_names(1, 1), ck_names(1, 2) ck_third(1)},
};

ck_inline void transpose_vectors(vec *r) {
  const vec a = __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5), b = __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7);
  const vec c = __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5), d = __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
  r[0] = __builtin_shufflevector(a, c, 0, 1, 4, 5), r[1] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
  r[2] = __builtin_shufflevector(b, d, 0, 1, 4, 5), r[3] = __builtin_shufflevector(b, d, 2, 3, 6, 7);
}

#include "matmul_transpose.h"
#define ck_run ck_matmul_run_generic
#include "matmul_vector.h"
#include "matmul_product.h"
