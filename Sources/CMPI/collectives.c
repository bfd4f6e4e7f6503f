#include <limits.h>

#include "CMPI.h"
#include "handles.h"

static bool fits(int64_t count) { return count >= 0 && count <= INT_MAX; }

static MPI_Datatype type_of(cmpi_reduction reduction) {
  switch (reduction) {
    case cmpi_reduction_sum_float32: return MPI_FLOAT;
    case cmpi_reduction_sum_float64: return MPI_DOUBLE;
    case cmpi_reduction_sum_int64:
    case cmpi_reduction_maximum_int64: return MPI_INT64_T;
  }
  return MPI_DATATYPE_NULL;
}

static MPI_Op operation_of(cmpi_reduction reduction) {
  return reduction == cmpi_reduction_maximum_int64 ? MPI_MAX : MPI_SUM;
}

int cmpi_start_broadcast(
    cmpi_communicator communicator, void *bytes, int64_t count, int32_t root, cmpi_request *request) {
  if (!fits(count)) return MPI_ERR_COUNT;
  MPI_Request started = MPI_REQUEST_NULL;
  int code = MPI_Ibcast(bytes, (int)count, MPI_BYTE, root, cmpi_communicator_open(communicator), &started);
  *request = cmpi_request_close(started);
  return code;
}

int cmpi_start_allreduce(
    cmpi_communicator communicator, cmpi_reduction reduction, void *values, int64_t count, cmpi_request *request) {
  if (!fits(count)) return MPI_ERR_COUNT;
  MPI_Request started = MPI_REQUEST_NULL;
  int code = MPI_Iallreduce(
      MPI_IN_PLACE, values, (int)count, type_of(reduction), operation_of(reduction),
      cmpi_communicator_open(communicator), &started);
  *request = cmpi_request_close(started);
  return code;
}

int cmpi_start_gather(
    cmpi_communicator communicator, const void *bytes, int64_t count, void *gathered, int32_t root,
    cmpi_request *request) {
  if (!fits(count)) return MPI_ERR_COUNT;
  MPI_Request started = MPI_REQUEST_NULL;
  int code = MPI_Igather(
      bytes, (int)count, MPI_BYTE, gathered, (int)count, MPI_BYTE, root, cmpi_communicator_open(communicator),
      &started);
  *request = cmpi_request_close(started);
  return code;
}

int cmpi_start_allgather(
    cmpi_communicator communicator, const void *bytes, int64_t count, void *gathered, cmpi_request *request) {
  if (!fits(count)) return MPI_ERR_COUNT;
  MPI_Request started = MPI_REQUEST_NULL;
  int code = MPI_Iallgather(
      bytes, (int)count, MPI_BYTE, gathered, (int)count, MPI_BYTE, cmpi_communicator_open(communicator), &started);
  *request = cmpi_request_close(started);
  return code;
}

int cmpi_start_barrier(cmpi_communicator communicator, cmpi_request *request) {
  MPI_Request started = MPI_REQUEST_NULL;
  int code = MPI_Ibarrier(cmpi_communicator_open(communicator), &started);
  *request = cmpi_request_close(started);
  return code;
}

int cmpi_test(cmpi_request *request, bool *done) {
  MPI_Request handle = cmpi_request_open(*request);
  int flag = 0;
  int code = MPI_Test(&handle, &flag, MPI_STATUS_IGNORE);
  *request = cmpi_request_close(handle);
  *done = flag;
  return code;
}

int cmpi_test_all(cmpi_request *requests, int32_t count, bool *done) {
  // In pieces, since MPI's handles may be smaller than ours and need an array of their own.
  enum { piece = 64 };
  *done = false;
  for (int32_t first = 0; first < count; first += piece) {
    MPI_Request handles[piece];
    const int32_t here = count - first < piece ? count - first : piece;
    for (int32_t i = 0; i < here; i++) handles[i] = cmpi_request_open(requests[first + i]);
    int flag = 0;
    const int code = MPI_Testall(here, handles, &flag, MPI_STATUSES_IGNORE);
    for (int32_t i = 0; i < here; i++) requests[first + i] = cmpi_request_close(handles[i]);
    if (code != MPI_SUCCESS || !flag) return code;
  }
  *done = true;
  return MPI_SUCCESS;
}

int cmpi_progress(cmpi_communicator communicator) {
  int flag = 0;
  return MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, cmpi_communicator_open(communicator), &flag, MPI_STATUS_IGNORE);
}

int cmpi_allreduce_blocking(
    cmpi_communicator communicator, cmpi_reduction reduction, void *values, int64_t count) {
  if (!fits(count)) return MPI_ERR_COUNT;
  return MPI_Allreduce(
      MPI_IN_PLACE, values, (int)count, type_of(reduction), operation_of(reduction),
      cmpi_communicator_open(communicator));
}
