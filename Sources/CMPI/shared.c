#include <stdatomic.h>

#include "CMPI.h"

// One source for every CPU: the loader picks the widest clone the machine can run. The sum is the same in all of them,
// since vector width changes which elements are added together in one instruction, never the order within an element.
#if defined(__x86_64__) && defined(__linux__)
  #define MULTIVERSIONED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
  #define MULTIVERSIONED
#endif

_Static_assert(sizeof(_Atomic uint64_t) == sizeof(uint64_t), "atomic counters carry no lock");

static _Atomic uint64_t *counter(const void *counters, int32_t index) {
  return (_Atomic uint64_t *)((char *)(uintptr_t)counters + (size_t)index * CMPI_COUNTER_STRIDE);
}

void cmpi_counter_publish(void *counters, int32_t index, uint64_t value) {
  atomic_store_explicit(counter(counters, index), value, memory_order_release);
}

uint64_t cmpi_counter_read(const void *counters, int32_t index) {
  return atomic_load_explicit(counter(counters, index), memory_order_acquire);
}

int32_t cmpi_counter_first_behind(const void *counters, int32_t first, int32_t count, uint64_t value) {
  int32_t index = first;
  while (index < count && atomic_load_explicit(counter(counters, index), memory_order_acquire) >= value) index++;
  return index;
}

void cmpi_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Sixteen floats that may lie at any address.
typedef float vector16 __attribute__((vector_size(64), aligned(4)));

MULTIVERSIONED
void cmpi_sum_across(float *const *blocks, int32_t block_count, int64_t start, int64_t count) {
  int64_t end = start + count, i = start;
  for (; i + 64 <= end; i += 64) {
    vector16 sum[4];
    for (int k = 0; k < 4; k++) sum[k] = *(const vector16 *)(blocks[0] + i + 16 * k);
    for (int32_t r = 1; r < block_count; r++)
      for (int k = 0; k < 4; k++) sum[k] += *(const vector16 *)(blocks[r] + i + 16 * k);
    for (int32_t r = 0; r < block_count; r++)
      for (int k = 0; k < 4; k++) *(vector16 *)(blocks[r] + i + 16 * k) = sum[k];
  }
  for (; i < end; i++) {
    float sum = blocks[0][i];
    for (int32_t r = 1; r < block_count; r++) sum += blocks[r][i];
    for (int32_t r = 0; r < block_count; r++) blocks[r][i] = sum;
  }
}
