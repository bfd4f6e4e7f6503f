#pragma once

// Our own C face of MPI: plain C types only, so that Swift never sees mpi.h and the same Swift works with Open MPI
// (handles are pointers) and MPICH (handles are ints). Swift cannot use mpi.h directly because MPI_COMM_WORLD, MPI_FLOAT
// and MPI_IN_PLACE are macros that cast addresses, which Swift does not import.
//
// Every function returns the MPI error code, 0 (MPI_SUCCESS) when all went well. Collectives are only started here:
// the owner polls them with cmpi_test, so that no rank is ever stuck inside MPI. What blocks says so.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// MPI_Comm, whatever it is, kept in 8 bytes.
typedef struct { uint64_t bits; } cmpi_communicator;
/// MPI_Request, kept in 8 bytes: starting and testing a collective allocates nothing on our side.
typedef struct { uint64_t bits; } cmpi_request;
/// MPI_Win, kept in 8 bytes.
typedef struct { uint64_t bits; } cmpi_window;

/// What an all-reduce does, over which type.
typedef enum __attribute__((enum_extensibility(closed))) cmpi_reduction : int32_t {
  cmpi_reduction_sum_float32,
  cmpi_reduction_sum_float64,
  cmpi_reduction_sum_int64,
  cmpi_reduction_maximum_int64,
} cmpi_reduction;

// -- Life of the library (CMPI.c)

/// MPI_Initialized and MPI_Finalized.
int cmpi_state(bool *initialized, bool *finalized);
/// MPI_Init_thread at MPI_THREAD_SERIALIZED, errors returned instead of fatal. Blocks until all ranks are there.
/// `serialized` tells whether the library gives that level.
int cmpi_initialize(bool *serialized);
/// MPI_Finalize. Blocks until all ranks come.
int cmpi_finalize(void);
/// MPI_Abort on the world communicator: ends every rank with `exit_code`.
int cmpi_abort(int32_t exit_code);
/// MPI_Error_string, cut to `capacity` bytes with the closing zero.
int cmpi_error_text(int code, char *text, size_t capacity);
/// MPI_Get_library_version up to the first comma or line end, cut alike. May be called before cmpi_initialize.
int cmpi_library_version(char *text, size_t capacity);

// -- Communicators (CMPI.c)

/// MPI_COMM_WORLD.
cmpi_communicator cmpi_world(void);
/// MPI_Comm_rank and MPI_Comm_size.
int cmpi_rank_and_size(cmpi_communicator communicator, int32_t *rank, int32_t *size);
/// MPI_Comm_dup: our messages never mix with those of another library. Blocks.
int cmpi_duplicate(cmpi_communicator communicator, cmpi_communicator *result);
/// MPI_Comm_split_type(MPI_COMM_TYPE_SHARED): the ranks that share this one's memory, in rank order. Blocks.
int cmpi_split_by_node(cmpi_communicator communicator, cmpi_communicator *result);
/// MPI_Comm_split: the ranks with one `color`, in rank order. Blocks.
int cmpi_split(cmpi_communicator communicator, int32_t color, cmpi_communicator *result);
/// MPI_Comm_free. Blocks.
int cmpi_free_communicator(cmpi_communicator *communicator);

// -- Collectives: started here, completed by cmpi_test (collectives.c). Counts stay below 2^31 per call, as MPI 3 wants;
//    a larger one returns MPI_ERR_COUNT.

/// MPI_Ibcast of bytes.
int cmpi_start_broadcast(
    cmpi_communicator communicator, void *bytes, int64_t count, int32_t root, cmpi_request *request);
/// MPI_Iallreduce in place.
int cmpi_start_allreduce(
    cmpi_communicator communicator, cmpi_reduction reduction, void *values, int64_t count, cmpi_request *request);
/// MPI_Igather of `count` bytes from every rank; `gathered` (size × count bytes) is read on the root only.
int cmpi_start_gather(
    cmpi_communicator communicator, const void *bytes, int64_t count, void *_Nullable gathered, int32_t root,
    cmpi_request *request);
/// MPI_Iallgather of `count` bytes from every rank into `gathered` (size × count bytes).
int cmpi_start_allgather(
    cmpi_communicator communicator, const void *bytes, int64_t count, void *gathered, cmpi_request *request);
/// MPI_Ibarrier.
int cmpi_start_barrier(cmpi_communicator communicator, cmpi_request *request);
/// MPI_Test: lets MPI make progress and tells whether the request is complete (then it is released).
int cmpi_test(cmpi_request *request, bool *done);
/// MPI_Testall: the same for `count` requests; those that are complete may be released before all are.
int cmpi_test_all(cmpi_request *requests, int32_t count, bool *done);
/// MPI_Iprobe for any message: nothing but a chance for MPI to push out what it holds back, for a rank that waits for
/// something else than MPI.
int cmpi_progress(cmpi_communicator communicator);
/// MPI_Allreduce in place. Blocks: for the start, and the reference that tests and measurements compare with.
int cmpi_allreduce_blocking(
    cmpi_communicator communicator, cmpi_reduction reduction, void *values, int64_t count);

// -- Memory shared by the ranks of a node (window.c)

/// MPI_Win_allocate_shared of `byte_count` bytes for the calling rank. Blocks.
int cmpi_allocate_shared(cmpi_communicator node, int64_t byte_count, cmpi_window *window);
/// MPI_Win_shared_query: where this process sees the memory of `node_rank`.
int cmpi_query_shared(cmpi_window window, int32_t node_rank, int64_t *byte_count, void *_Nullable *_Nonnull address);
/// MPI_Win_free. Blocks until all ranks of the node come.
int cmpi_free_window(cmpi_window *window);

// -- Counters in shared memory (shared.c). No MPI call in here: C11 atomics, which Swift cannot place in memory
//    that another process sees.

/// Bytes from one rank's counter to the next: two cache lines, since neighbours are prefetched in pairs.
enum { CMPI_COUNTER_STRIDE = 128 };
/// counters[index] = value, after everything written before (release).
void cmpi_counter_publish(void *counters, int32_t index, uint64_t value);
/// counters[index], before everything read after (acquire).
uint64_t cmpi_counter_read(const void *counters, int32_t index);
/// The first index in first..<count whose counter is below `value`; `count` if there is none (acquire).
int32_t cmpi_counter_first_behind(const void *counters, int32_t first, int32_t count, uint64_t value);
/// A 64-bit word of a line in shared memory, by its number; nothing else is ordered by it (relaxed).
void cmpi_word_store(void *line, int32_t word, uint64_t value);
uint64_t cmpi_word_load(const void *line, int32_t word);
/// Adds 1 to a word that only the caller writes: a load and a store, no locked instruction.
void cmpi_word_increment(void *line, int32_t word);
/// Turns a word from 0 into 1; true for the one of all callers that did (acquire and release).
bool cmpi_word_claim(void *line, int32_t word);
/// Tells the core that this is a spin loop.
void cmpi_pause(void);

// -- Messages between two ranks: started here, completed by cmpi_test (messages.c). At most 2^31 - 1 values.

/// MPI_Isend of float32 values.
int cmpi_start_send(
    cmpi_communicator communicator, const float *values, int64_t count, int32_t destination, int32_t tag,
    cmpi_request *request);
/// MPI_Irecv of exactly as many.
int cmpi_start_receive(
    cmpi_communicator communicator, float *values, int64_t count, int32_t source, int32_t tag, cmpi_request *request);

// -- Sums over the ranks of a node (sums.c). The same bits on every CPU.

/// blocks[r][i] = blocks[0][i] + blocks[1][i] + … in that order, for all r and all i in start..<start+count.
void cmpi_sum_across(float *const _Nonnull *_Nonnull blocks, int32_t block_count, int64_t start, int64_t count);
/// target[i] = blocks[0][i] + blocks[1][i] + … in that order, i as above; target may be one of the blocks.
void cmpi_sum_into(
    float *const _Nonnull *_Nonnull blocks, int32_t block_count, float *target, int64_t start, int64_t count);
/// target[i] += other[i] for all i below count.
void cmpi_add(float *target, const float *other, int64_t count);
/// blocks[r] as in cmpi_sum_across, and returns Σ blocks[0][i]² in double, in an order that depends on `count` only.
double cmpi_sum_across_with_squares(
    float *const _Nonnull *_Nonnull blocks, int32_t block_count, int64_t start, int64_t count);
/// Σ values[i]² in double, in the same order.
double cmpi_sum_of_squares(const float *values, int64_t count);

// -- Heartbeats: small messages that no rank ever waits for (heartbeat.c)

/// MPI_Issend of `count` words, completed by cmpi_test once the receiver has taken them: so an end is known to be clean.
int cmpi_post_words(
    cmpi_communicator communicator, const uint64_t *words, int32_t count, int32_t destination, cmpi_request *request);
/// MPI_Iprobe, and MPI_Recv of what has come, if anything: `count` words from any rank.
int cmpi_receive_words(cmpi_communicator communicator, uint64_t *words, int32_t count, bool *received);

// -- What an MPI is and how it is set up, for people (diagnostics.c)

/// The MPI that this program was built for, named as cmpi_library_version names it; empty where its header does not tell.
const char *cmpi_built_for(void);
/// The value in use of one of the library's control variables (MPI_T_cvar_read; Open MPI: an MCA parameter, wherever it was
/// set), as text cut to `capacity` bytes. `found` is false where the library has no such variable, or MPI was not started.
int cmpi_setting(const char *name, char *text, size_t capacity, bool *found);

#pragma clang assume_nonnull end
