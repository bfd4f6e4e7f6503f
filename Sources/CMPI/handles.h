#pragma once

// Between our 8-byte handles and MPI's own: pointers in Open MPI, ints in MPICH. Private to CMPI.

#include <mpi.h>
#include <string.h>

#include "CMPI.h"

_Static_assert(sizeof(MPI_Comm) <= sizeof(uint64_t), "MPI_Comm does not fit");
_Static_assert(sizeof(MPI_Request) <= sizeof(uint64_t), "MPI_Request does not fit");
_Static_assert(sizeof(MPI_Win) <= sizeof(uint64_t), "MPI_Win does not fit");

#define CMPI_CONVERSIONS(ours, theirs)              \
  static inline theirs ours##_open(ours handle) {   \
    theirs result;                                  \
    memcpy(&result, &handle.bits, sizeof result);   \
    return result;                                  \
  }                                                 \
  static inline ours ours##_close(theirs handle) {  \
    ours result = {0};                              \
    memcpy(&result.bits, &handle, sizeof handle);   \
    return result;                                  \
  }

CMPI_CONVERSIONS(cmpi_communicator, MPI_Comm)
CMPI_CONVERSIONS(cmpi_request, MPI_Request)
CMPI_CONVERSIONS(cmpi_window, MPI_Win)
