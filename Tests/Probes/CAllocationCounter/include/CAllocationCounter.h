#pragma once
#include <stdint.h>

// A program that links this has its calls of the C library's allocator counted: malloc, calloc, realloc, free,
// posix_memalign, aligned_alloc, memalign, mmap, munmap. Swift objects come from malloc, memory blocks from mmap.

typedef struct {
  int64_t taken;      // allocations, reallocations and mappings of the thread that counts
  int64_t freed;      // its frees and unmappings
  int64_t elsewhere;  // allocations of other threads, as MPI has them
} ac_counts;

// Counts from zero what happens from now on; this thread is the one that counts. With `traces` the first so many
// allocations write where they come from to standard error.
void ac_start(int32_t traces);

// Stops counting.
ac_counts ac_stop(void);
