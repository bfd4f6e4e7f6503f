#include "CAllocationCounter.h"

#include <errno.h>
#include <execinfo.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// Where glibc keeps its allocator for those who replace it.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static atomic_bool is_counting;
static _Thread_local bool is_counted_thread;
static atomic_llong taken, freed, elsewhere;
static atomic_int traces_left;

static void note_taken(void) {
  if (!atomic_load_explicit(&is_counting, memory_order_relaxed)) return;
  if (!is_counted_thread) {
    atomic_fetch_add(&elsewhere, 1);
    return;
  }
  atomic_fetch_add(&taken, 1);
  if (atomic_load(&traces_left) <= 0) return;
  // What the trace itself allocates does not count.
  atomic_store(&is_counting, false);
  atomic_fetch_sub(&traces_left, 1);
  void *frames[24];
  backtrace_symbols_fd(frames, backtrace(frames, 24), STDERR_FILENO);
  if (write(STDERR_FILENO, "--\n", 3) < 0) errno = 0;
  atomic_store(&is_counting, true);
}

static void note_freed(void) {
  if (atomic_load_explicit(&is_counting, memory_order_relaxed) && is_counted_thread) atomic_fetch_add(&freed, 1);
}

void *malloc(size_t size) {
  note_taken();
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  note_taken();
  return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
  note_taken();
  return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
  note_taken();
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  note_taken();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
  note_taken();
  if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) return EINVAL;
  void *found = __libc_memalign(alignment, size);
  if (found == NULL) return ENOMEM;
  *memory = found;
  return 0;
}

void free(void *memory) {
  if (memory != NULL) note_freed();
  __libc_free(memory);
}

void *mmap(void *address, size_t length, int protection, int flags, int file, off_t offset) {
  note_taken();
  return (void *)syscall(SYS_mmap, address, length, protection, flags, file, offset);
}

int munmap(void *address, size_t length) {
  note_freed();
  return (int)syscall(SYS_munmap, address, length);
}

void ac_start(int32_t traces) {
  // The unwinder loads its library at its first use.
  void *frame;
  backtrace(&frame, 1);
  is_counted_thread = true;
  atomic_store(&taken, 0);
  atomic_store(&freed, 0);
  atomic_store(&elsewhere, 0);
  atomic_store(&traces_left, traces);
  atomic_store(&is_counting, true);
}

ac_counts ac_stop(void) {
  atomic_store(&is_counting, false);
  is_counted_thread = false;
  return (ac_counts){atomic_load(&taken), atomic_load(&freed), atomic_load(&elsewhere)};
}
