#include "CMPI.h"
#include "handles.h"

int cmpi_post_words(
    cmpi_communicator communicator, const uint64_t *words, int32_t count, int32_t destination, cmpi_request *request) {
  MPI_Request started = MPI_REQUEST_NULL;
  int code =
      MPI_Issend(words, count, MPI_UINT64_T, destination, 0, cmpi_communicator_open(communicator), &started);
  *request = cmpi_request_close(started);
  return code;
}

int cmpi_receive_words(cmpi_communicator communicator, uint64_t *words, int32_t count, bool *received) {
  MPI_Comm handle = cmpi_communicator_open(communicator);
  MPI_Status status;
  int flag = 0;
  *received = false;
  int code = MPI_Iprobe(MPI_ANY_SOURCE, 0, handle, &flag, &status);
  if (code != MPI_SUCCESS || !flag) return code;
  code = MPI_Recv(words, count, MPI_UINT64_T, status.MPI_SOURCE, 0, handle, MPI_STATUS_IGNORE);
  *received = code == MPI_SUCCESS;
  return code;
}
