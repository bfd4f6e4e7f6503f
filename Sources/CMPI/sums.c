#include "CMPI.h"

// One source for every CPU: the loader picks the widest clone the machine can run. The result is the same in all of them,
// since vector width changes which elements are added together in one instruction, never the order within an element or a
// lane; and a float's square is exact in double, so that a fused multiply-add rounds as a product and a sum do.
// The loader picks before the thread sanitizer has started, which the choice's instrumented code would call.
#if defined(__has_feature)
  #if __has_feature(thread_sanitizer)
    #define ONE_VERSION
  #endif
#endif
#if defined(__x86_64__) && defined(__linux__) && !defined(ONE_VERSION) && !defined(__SANITIZE_THREAD__)
  #define MULTIVERSIONED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
  #define MULTIVERSIONED
#endif

// Sixteen floats that may lie at any address; their squares.
typedef float vector16 __attribute__((vector_size(64), aligned(4)));
typedef double wide16 __attribute__((vector_size(128)));

#define INLINED static inline __attribute__((always_inline))

// Values i ..< i + 64 of all blocks, added in rank order.
INLINED void added_64(float *const *blocks, int32_t block_count, int64_t i, vector16 *sum) {
  for (int k = 0; k < 4; k++) sum[k] = *(const vector16 *)(blocks[0] + i + 16 * k);
  for (int32_t r = 1; r < block_count; r++)
    for (int k = 0; k < 4; k++) sum[k] += *(const vector16 *)(blocks[r] + i + 16 * k);
}

// The same for value i alone.
INLINED float added_1(float *const *blocks, int32_t block_count, int64_t i) {
  float sum = blocks[0][i];
  for (int32_t r = 1; r < block_count; r++) sum += blocks[r][i];
  return sum;
}

// Lines of other ranks are fetched ahead, at once to be written: read first and claimed later they would come twice.
enum { AHEAD = 512 };
INLINED void fetch_64(float *const *blocks, int32_t block_count, int64_t i) {
  for (int32_t r = 0; r < block_count; r++)
    for (int k = 0; k < 4; k++) __builtin_prefetch(blocks[r] + i + AHEAD + 16 * k, 1);
}

// The same, written to all blocks.
INLINED void sum_64(float *const *blocks, int32_t block_count, int64_t i, vector16 *sum) {
  fetch_64(blocks, block_count, i);
  added_64(blocks, block_count, i, sum);
  for (int32_t r = 0; r < block_count; r++)
    for (int k = 0; k < 4; k++) *(vector16 *)(blocks[r] + i + 16 * k) = sum[k];
}

INLINED float sum_1(float *const *blocks, int32_t block_count, int64_t i) {
  float sum = added_1(blocks, block_count, i);
  for (int32_t r = 0; r < block_count; r++) blocks[r][i] = sum;
  return sum;
}

MULTIVERSIONED
void cmpi_sum_across(float *const *blocks, int32_t block_count, int64_t start, int64_t count) {
  int64_t end = start + count, i = start;
  for (; i + 64 <= end; i += 64) {
    vector16 sum[4];
    sum_64(blocks, block_count, i, sum);
  }
  for (; i < end; i++) sum_1(blocks, block_count, i);
}

MULTIVERSIONED
void cmpi_sum_into(float *const *blocks, int32_t block_count, float *target, int64_t start, int64_t count) {
  int64_t end = start + count, i = start;
  for (; i + 64 <= end; i += 64) {
    vector16 sum[4];
    added_64(blocks, block_count, i, sum);
    for (int k = 0; k < 4; k++) *(vector16 *)(target + i + 16 * k) = sum[k];
  }
  for (; i < end; i++) target[i] = added_1(blocks, block_count, i);
}

MULTIVERSIONED
void cmpi_add(float *target, const float *other, int64_t count) {
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) *(vector16 *)(target + i) += *(const vector16 *)(other + i);
  for (; i < count; i++) target[i] += other[i];
}

// Both functions below keep 32 running sums: value i of the stretch goes to lane i mod 32, the last count mod 64 to a sum
// of their own. Two vectors of lanes, since one alone would wait for its own additions.

static inline double total(const wide16 lanes[2], double rest) {
  double sum = 0;
  for (int k = 0; k < 2; k++)
    for (int j = 0; j < 16; j++) sum += lanes[k][j];
  return sum + rest;
}

MULTIVERSIONED
double cmpi_sum_across_with_squares(float *const *blocks, int32_t block_count, int64_t start, int64_t count) {
  int64_t end = start + count, i = start;
  wide16 lanes[2] = {0};
  for (; i + 64 <= end; i += 64) {
    vector16 sum[4];
    sum_64(blocks, block_count, i, sum);
    for (int k = 0; k < 4; k++) {
      wide16 value = __builtin_convertvector(sum[k], wide16);
      lanes[k & 1] += value * value;
    }
  }
  double rest = 0;
  for (; i < end; i++) {
    const float sum = sum_1(blocks, block_count, i);
    rest += (double)sum * sum;
  }
  return total(lanes, rest);
}

MULTIVERSIONED
double cmpi_sum_of_squares(const float *values, int64_t count) {
  int64_t i = 0;
  wide16 lanes[2] = {0};
  for (; i + 64 <= count; i += 64)
    for (int k = 0; k < 4; k++) {
      wide16 value = __builtin_convertvector(*(const vector16 *)(values + i + 16 * k), wide16);
      lanes[k & 1] += value * value;
    }
  double rest = 0;
  for (; i < count; i++) rest += (double)values[i] * values[i];
  return total(lanes, rest);
}
