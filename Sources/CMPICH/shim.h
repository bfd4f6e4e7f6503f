/* Empty: only CMPI sees mpi.h; this module carries the compiler and linker flags. */
