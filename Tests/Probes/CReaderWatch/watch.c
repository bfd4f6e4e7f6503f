#include "CReaderWatch.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif

static char watched[4096];
static atomic_llong held, peak, base, most = INT64_MAX;

// Only calls that may be made in a signal handler.
static void end_for(const char *what) {
  const char *parts[] = {"reader-probe: ", what, watched, "\n"};
  for (int i = 0; i < 4; i++) {
    if (write(STDERR_FILENO, parts[i], strlen(parts[i])) < 0) break;
  }
  _exit(1);
}

static void on_signal(int number) {
  switch (number) {
  case SIGPROF:
  case SIGALRM: end_for("HANG at "); break;
  case SIGSEGV: end_for("CRASH (SIGSEGV) at "); break;
  case SIGABRT: end_for("CRASH (SIGABRT) at "); break;
  case SIGFPE: end_for("CRASH (SIGFPE) at "); break;
  case SIGBUS: end_for("CRASH (SIGBUS) at "); break;
  default: end_for("CRASH (trap) at "); // Swift's traps are SIGILL or SIGTRAP
  }
}

int32_t rw_catch_crashes(void) {
  // A stack that has run over cannot hold the handler.
  static char other[1 << 16];
  stack_t stack = {.ss_sp = other, .ss_size = sizeof other};
  if (sigaltstack(&stack, NULL) != 0) return errno;
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
  int numbers[] = {SIGPROF, SIGALRM, SIGSEGV, SIGABRT, SIGFPE, SIGBUS, SIGILL, SIGTRAP};
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
#ifdef HAS_SANITIZER
    if (i >= 2) break; // its own report says more
#endif
    if (sigaction(numbers[i], &action, NULL) != 0) return errno;
  }
  return 0;
}

static void set_timers(double seconds) {
  struct itimerval processor = {.it_value = {(time_t)seconds, (suseconds_t)((seconds - (time_t)seconds) * 1e6)}};
  struct itimerval clock = {.it_value = {(time_t)(10 * seconds), 0}};
  if (setitimer(ITIMER_PROF, &processor, NULL) != 0 || setitimer(ITIMER_REAL, &clock, NULL) != 0) {
    end_for("no timer for ");
  }
}

void rw_begin(const char *path, double seconds, int64_t most_bytes) {
  snprintf(watched, sizeof watched, "%s", path);
  long long now = atomic_load(&held);
  atomic_store(&base, now);
  atomic_store(&peak, now);
  atomic_store(&most, most_bytes);
  set_timers(seconds);
}

int64_t rw_end(void) {
  set_timers(0);
  atomic_store(&most, INT64_MAX);
#ifdef HAS_SANITIZER
  return -1;
#else
  return atomic_load(&peak) - atomic_load(&base);
#endif
}

#ifndef HAS_SANITIZER
// Where glibc keeps its allocator for those who replace it. Swift and the C libraries take all their memory from here.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

// Before the memory is taken: what nobody could give is found as well.
static void ask(size_t size) {
  long long limit = atomic_load_explicit(&most, memory_order_relaxed);
  if (limit == INT64_MAX) return;
  long long beyond = atomic_load(&held) - atomic_load(&base);
  if (size > (size_t)INT64_MAX / 2 || beyond + (long long)size > limit) end_for("TOO MUCH MEMORY at ");
}

static void *note(void *memory) {
  long long size = memory ? (long long)malloc_usable_size(memory) : 0;
  long long now = atomic_fetch_add(&held, size) + size;
  long long highest = atomic_load(&peak);
  while (now > highest && !atomic_compare_exchange_weak(&peak, &highest, now)) {}
  return memory;
}

void *malloc(size_t size) {
  ask(size);
  return note(__libc_malloc(size));
}

void *calloc(size_t count, size_t size) {
  size_t total;
  ask(__builtin_mul_overflow(count, size, &total) ? SIZE_MAX : total);
  return note(__libc_calloc(count, size));
}

void *realloc(void *memory, size_t size) {
  // Old and new stand side by side while the bytes move.
  ask(size);
  long long old = memory ? (long long)malloc_usable_size(memory) : 0;
  void *moved = __libc_realloc(memory, size);
  if (moved == NULL && size > 0) return NULL;
  note(moved);
  atomic_fetch_sub(&held, old);
  return moved;
}

void *memalign(size_t alignment, size_t size) {
  ask(size);
  return note(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **memory, size_t alignment, size_t size) {
  if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) return EINVAL;
  void *found = memalign(alignment, size);
  if (found == NULL) return ENOMEM;
  *memory = found;
  return 0;
}

void free(void *memory) {
  if (memory != NULL) atomic_fetch_sub(&held, (long long)malloc_usable_size(memory));
  __libc_free(memory);
}
#endif
