#include "ck_team.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "CSignals.h"
#include "ck_state.h"

// Two lines: neighbours are fetched in pairs.
#define OWN_LINE _Alignas(128)

// CPUs in a mask; the largest machines have fewer.
enum { MAXIMUM_CPUS = 8192 };

typedef struct {
  // The last run in which somebody took this worker's part.
  OWN_LINE _Atomic uint64_t taken;
  ck_team *team;
  pthread_t thread;
  int32_t part;
} worker;

struct ck_team {
  // Counts runs. What the caller wrote before is seen by the workers that see the count.
  OWN_LINE _Atomic uint64_t generation;
  ck_team_body body;
  void *context;
  // Parts of workers that have not ended.
  OWN_LINE _Atomic int32_t working;
  // Workers that sleep or are about to.
  OWN_LINE _Atomic int32_t sleeping;
  OWN_LINE _Atomic int32_t isRunning;
  _Atomic int32_t isEnding;
  int32_t count, started;
  int64_t spinNanoseconds;
  pthread_mutex_t mutex;
  pthread_cond_t wake;
  worker workers[];
};

static void pause_briefly(void) {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static int64_t now(void) {
  struct timespec time;
  if (clock_gettime(CLOCK_MONOTONIC, &time) != 0) abort();
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

// Locks of our own kind fail only if memory is overwritten.
static void must(int code) {
  if (code != 0) abort();
}

// Waits for a run after `seen`, and returns its number.
static uint64_t next_generation(ck_team *team, uint64_t seen) {
  if (team->spinNanoseconds > 0) {
    const int64_t end = now() + team->spinNanoseconds;
    do {
      for (int i = 0; i < 32; i++) {
        const uint64_t generation = atomic_load_explicit(&team->generation, memory_order_acquire);
        if (generation != seen) return generation;
        pause_briefly();
      }
    } while (now() < end);
  }
  must(pthread_mutex_lock(&team->mutex));
  // Either the caller sees this and wakes us, or we see the new count: both are sequentially consistent.
  atomic_fetch_add(&team->sleeping, 1);
  uint64_t generation;
  while ((generation = atomic_load(&team->generation)) == seen) must(pthread_cond_wait(&team->wake, &team->mutex));
  atomic_fetch_sub(&team->sleeping, 1);
  must(pthread_mutex_unlock(&team->mutex));
  return generation;
}

// Runs a worker's part unless somebody has. As long as a part of a run is free the run goes on, so whoever takes it sees
// the body of that run.
static void run_part(ck_team *team, worker *owner, uint64_t generation) {
  uint64_t last = atomic_load_explicit(&owner->taken, memory_order_relaxed);
  if (last >= generation) return;
  if (!atomic_compare_exchange_strong_explicit(
          &owner->taken, &last, generation, memory_order_acquire, memory_order_relaxed))
    return;
  team->body(team->context, owner->part, team->count);
  atomic_fetch_sub_explicit(&team->working, 1, memory_order_release);
}

static void *work(void *argument) {
  worker *self = argument;
  ck_team *team = self->team;
  ck_flush_to_zero();
  for (uint64_t seen = 0;;) {
    seen = next_generation(team, seen);
    if (atomic_load_explicit(&team->isEnding, memory_order_acquire)) return NULL;
    run_part(team, self, seen);
  }
}

// Starts a run and returns its number.
static uint64_t announce(ck_team *team) {
  const uint64_t generation = atomic_fetch_add(&team->generation, 1) + 1;
  if (atomic_load(&team->sleeping) == 0) return generation;
  must(pthread_mutex_lock(&team->mutex));
  must(pthread_cond_broadcast(&team->wake));
  must(pthread_mutex_unlock(&team->mutex));
  return generation;
}

int ck_team_run(ck_team *team, ck_team_body body, void *context) {
  if (atomic_exchange_explicit(&team->isRunning, 1, memory_order_acquire)) return EBUSY;
  team->body = body;
  team->context = context;
  atomic_store_explicit(&team->working, team->count - 1, memory_order_relaxed);
  const uint64_t generation = announce(team);
  body(context, 0, team->count);
  // Workers that have not come yet were asleep, or have lost their cores: their parts are done sooner here.
  for (int32_t i = 0; i < team->started; i++) run_part(team, &team->workers[i], generation);
  // A worker that still works after this has lost its core: leave it ours, if that is the one.
  const int64_t end = team->spinNanoseconds > 0 ? now() + team->spinNanoseconds : 0;
  for (int64_t i = 1; atomic_load_explicit(&team->working, memory_order_acquire) > 0; i++) {
    if (end == 0 || (i % 32 == 0 && now() > end))
      (void)sched_yield();  // cannot fail
    else
      pause_briefly();
  }
  atomic_store_explicit(&team->isRunning, 0, memory_order_release);
  return 0;
}

#if defined(__linux__)
static int pin(pthread_t thread, int32_t cpu) {
  if (cpu < 0 || cpu >= MAXIMUM_CPUS) return EINVAL;
  _Alignas(cpu_set_t) unsigned char bytes[MAXIMUM_CPUS / 8] = {0};
  cpu_set_t *set = (cpu_set_t *)bytes;
  CPU_SET_S((size_t)cpu, sizeof bytes, set);
  return pthread_setaffinity_np(thread, sizeof bytes, set);
}

int32_t ck_allowed_cpus(int32_t *cpus, int32_t capacity) {
  _Alignas(cpu_set_t) unsigned char bytes[MAXIMUM_CPUS / 8] = {0};
  cpu_set_t *set = (cpu_set_t *)bytes;
  if (sched_getaffinity(0, sizeof bytes, set) != 0) return 0;
  int32_t count = 0;
  for (int32_t cpu = 0; cpu < MAXIMUM_CPUS; cpu++)
    if (CPU_ISSET_S((size_t)cpu, sizeof bytes, set)) {
      if (count < capacity) cpus[count] = cpu;
      count++;
    }
  return count;
}
#else
static int pin(pthread_t thread, int32_t cpu) {
  (void)thread, (void)cpu;
  return ENOTSUP;
}

int32_t ck_allowed_cpus(int32_t *cpus, int32_t capacity) {
  (void)cpus, (void)capacity;
  return 0;
}
#endif

// Threads inherit what is held back: requests are for the thread that started us.
static int start_workers(ck_team *team) {
  sigset_t before;
  int code = csig_leave_requests_to_others(&before);
  if (code != 0) return code;
  while (code == 0 && team->started < team->count - 1) {
    worker *next = &team->workers[team->started];
    atomic_init(&next->taken, 0);
    next->team = team;
    next->part = team->started + 1;
    code = pthread_create(&next->thread, NULL, work, next);
    if (code == 0) team->started++;
  }
  const int restored = pthread_sigmask(SIG_SETMASK, &before, NULL);
  return code != 0 ? code : restored;
}

int ck_team_create(ck_team **result, int32_t count, const int32_t *cpus, int64_t spinNanoseconds) {
  *result = NULL;
  if (count < 1) return EINVAL;
  const size_t size = (sizeof(ck_team) + (size_t)count * sizeof(worker) + 127) / 128 * 128;
  ck_team *team = aligned_alloc(128, size);
  if (team == NULL) return ENOMEM;
  *team = (ck_team){.count = count, .spinNanoseconds = spinNanoseconds};
  must(pthread_mutex_init(&team->mutex, NULL));
  must(pthread_cond_init(&team->wake, NULL));
  int code = start_workers(team);
  for (int32_t i = 0; code == 0 && cpus != NULL && i < team->started; i++)
    code = pin(team->workers[i].thread, cpus[i + 1]);
  if (code == 0 && cpus != NULL) code = pin(pthread_self(), cpus[0]);
  if (code != 0) {
    ck_team_destroy(team);
    return code;
  }
  *result = team;
  return 0;
}

void ck_team_destroy(ck_team *team) {
  atomic_store_explicit(&team->isEnding, 1, memory_order_release);
  (void)announce(team);
  for (int32_t i = 0; i < team->started; i++) must(pthread_join(team->workers[i].thread, NULL));
  must(pthread_cond_destroy(&team->wake));
  must(pthread_mutex_destroy(&team->mutex));
  free(team);
}
