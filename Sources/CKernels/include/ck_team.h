#pragma once
#include <stdint.h>

// A team of threads that share the work of one kernel: the caller does part 0, each of `count − 1` workers another one, or
// the caller does it in place of a worker that is late. Who does a part makes no difference to it.
//
// Workers poll for a while after each run, so that the next one starts within a microsecond, and sleep after that. They
// read and write denormal numbers as zero, and hold back every signal. Nothing is allocated after creation.

typedef struct ck_team ck_team;

// Work of one part, 0 ≤ part < parts. Parts run at the same time, or one after the other; never wait for each other.
typedef void (*ck_team_body)(void *_Nullable context, int32_t part, int32_t parts);

// Starts `count` − 1 threads. With cpus, thread i (the caller is 0) stays on cpus[i]. Workers poll for spinNanoseconds
// before they sleep; 0 where threads share cores.
//
// Returns 0, or an errno code and no team.
int ck_team_create(
    ck_team *_Nullable *_Nonnull team, int32_t count, const int32_t *_Nullable cpus, int64_t spinNanoseconds);

// Runs body(context, part, count) for every part and returns when all have ended. One run at a time: EBUSY, and nothing
// done, where the team is running already; 0 otherwise.
int ck_team_run(ck_team *_Nonnull team, ck_team_body _Nonnull body, void *_Nullable context);

// Ends the threads and frees the team. The caller keeps its CPU.
void ck_team_destroy(ck_team *_Nonnull team);

// Writes the CPUs that the calling thread may use, ascending, at most `capacity`; returns how many there are, 0 where the
// system does not tell.
int32_t ck_allowed_cpus(int32_t *_Nonnull cpus, int32_t capacity);
