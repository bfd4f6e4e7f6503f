#include "CMPI.h"

#include <stdio.h>

#include "handles.h"

int cmpi_state(bool *initialized, bool *finalized) {
  int begun = 0, ended = 0;
  int code = MPI_Initialized(&begun);
  if (code == MPI_SUCCESS) code = MPI_Finalized(&ended);
  *initialized = begun;
  *finalized = ended;
  return code;
}

int cmpi_initialize(bool *serialized) {
  int provided = MPI_THREAD_SINGLE;
  *serialized = false;
  int code = MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided);
  if (code != MPI_SUCCESS) return code;
  *serialized = provided >= MPI_THREAD_SERIALIZED;
  code = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  if (code != MPI_SUCCESS) return code;
  return MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
}

int cmpi_finalize(void) { return MPI_Finalize(); }

int cmpi_abort(int32_t exit_code) { return MPI_Abort(MPI_COMM_WORLD, exit_code); }

int cmpi_error_text(int code, char *text, size_t capacity) {
  char full[MPI_MAX_ERROR_STRING + 1] = "";
  int length = 0;
  int result = MPI_Error_string(code, full, &length);
  snprintf(text, capacity, "%s", full);
  return result;
}

int cmpi_library_version(char *text, size_t capacity) {
  char full[MPI_MAX_LIBRARY_VERSION_STRING + 1] = "";
  int length = 0;
  int result = MPI_Get_library_version(full, &length);
  snprintf(text, capacity, "%.*s", (int)strcspn(full, "\n,"), full);
  // MPICH writes "MPICH Version:", a tab, the number.
  for (char *c = text; *c; c++)
    if (*c == '\t') *c = ' ';
  return result;
}

cmpi_communicator cmpi_world(void) { return cmpi_communicator_close(MPI_COMM_WORLD); }

int cmpi_rank_and_size(cmpi_communicator communicator, int32_t *rank, int32_t *size) {
  int number = 0, count = 0;
  int code = MPI_Comm_rank(cmpi_communicator_open(communicator), &number);
  if (code == MPI_SUCCESS) code = MPI_Comm_size(cmpi_communicator_open(communicator), &count);
  *rank = number;
  *size = count;
  return code;
}

int cmpi_duplicate(cmpi_communicator communicator, cmpi_communicator *result) {
  MPI_Comm made = MPI_COMM_NULL;
  int code = MPI_Comm_dup(cmpi_communicator_open(communicator), &made);
  *result = cmpi_communicator_close(made);
  return code;
}

int cmpi_split_by_node(cmpi_communicator communicator, cmpi_communicator *result) {
  MPI_Comm made = MPI_COMM_NULL;
  int code = MPI_Comm_split_type(
      cmpi_communicator_open(communicator), MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &made);
  *result = cmpi_communicator_close(made);
  return code;
}

int cmpi_split(cmpi_communicator communicator, int32_t color, cmpi_communicator *result) {
  MPI_Comm made = MPI_COMM_NULL;
  int code = MPI_Comm_split(cmpi_communicator_open(communicator), color, 0, &made);
  *result = cmpi_communicator_close(made);
  return code;
}

int cmpi_free_communicator(cmpi_communicator *communicator) {
  MPI_Comm handle = cmpi_communicator_open(*communicator);
  int code = MPI_Comm_free(&handle);
  *communicator = cmpi_communicator_close(handle);
  return code;
}
