#include <stdatomic.h>

#include "CMPI.h"

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

static _Atomic uint64_t *word_of(const void *line, int32_t word) {
  return (_Atomic uint64_t *)(uintptr_t)line + word;
}

void cmpi_word_store(void *line, int32_t word, uint64_t value) {
  atomic_store_explicit(word_of(line, word), value, memory_order_relaxed);
}

uint64_t cmpi_word_load(const void *line, int32_t word) {
  return atomic_load_explicit(word_of(line, word), memory_order_relaxed);
}

void cmpi_word_increment(void *line, int32_t word) { cmpi_word_store(line, word, cmpi_word_load(line, word) + 1); }

bool cmpi_word_claim(void *line, int32_t word) {
  uint64_t free = 0;
  return atomic_compare_exchange_strong(word_of(line, word), &free, 1);
}

void cmpi_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}
