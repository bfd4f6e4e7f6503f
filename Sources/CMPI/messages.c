#include <limits.h>

#include "CMPI.h"
#include "handles.h"

int cmpi_start_send(
    cmpi_communicator communicator, const float *values, int64_t count, int32_t destination, int32_t tag,
    cmpi_request *request) {
  if (count < 0 || count > INT_MAX) return MPI_ERR_COUNT;
  MPI_Request started = MPI_REQUEST_NULL;
  int code =
      MPI_Isend(values, (int)count, MPI_FLOAT, destination, tag, cmpi_communicator_open(communicator), &started);
  *request = cmpi_request_close(started);
  return code;
}

int cmpi_start_receive(
    cmpi_communicator communicator, float *values, int64_t count, int32_t source, int32_t tag, cmpi_request *request) {
  if (count < 0 || count > INT_MAX) return MPI_ERR_COUNT;
  MPI_Request started = MPI_REQUEST_NULL;
  int code = MPI_Irecv(values, (int)count, MPI_FLOAT, source, tag, cmpi_communicator_open(communicator), &started);
  *request = cmpi_request_close(started);
  return code;
}
