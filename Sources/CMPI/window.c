#include "CMPI.h"
#include "handles.h"

int cmpi_allocate_shared(cmpi_communicator node, int64_t byte_count, cmpi_window *window) {
  void *base = NULL;
  MPI_Win made = MPI_WIN_NULL;
  int code = MPI_Win_allocate_shared(
      (MPI_Aint)byte_count, 1, MPI_INFO_NULL, cmpi_communicator_open(node), &base, &made);
  *window = cmpi_window_close(made);
  return code;
}

int cmpi_query_shared(cmpi_window window, int32_t node_rank, int64_t *byte_count, void **address) {
  MPI_Aint size = 0;
  int unit = 0;
  *address = NULL;
  int code = MPI_Win_shared_query(cmpi_window_open(window), node_rank, &size, &unit, address);
  *byte_count = size;
  return code;
}

int cmpi_free_window(cmpi_window *window) {
  MPI_Win handle = cmpi_window_open(*window);
  int code = MPI_Win_free(&handle);
  *window = cmpi_window_close(handle);
  return code;
}
