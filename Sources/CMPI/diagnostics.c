#include <stdio.h>

#include "handles.h"

#define CMPI_TEXT(number) #number
#define CMPI_NUMBER(number) CMPI_TEXT(number)

const char *cmpi_built_for(void) {
#if defined(OMPI_MAJOR_VERSION)
  return "Open MPI v" CMPI_NUMBER(OMPI_MAJOR_VERSION) "." CMPI_NUMBER(OMPI_MINOR_VERSION) "." CMPI_NUMBER(
      OMPI_RELEASE_VERSION);
#elif defined(MPICH_VERSION)
  return "MPICH Version:\t" MPICH_VERSION;
#else
  return "";
#endif
}

// The variable's value as text. The library tells how many elements it has, not how large its texts may grow.
static int read_variable(int index, MPI_Datatype type, char *text, size_t capacity, bool *found) {
  MPI_T_cvar_handle handle = MPI_T_CVAR_HANDLE_NULL;
  int count = 0;
  int code = MPI_T_cvar_handle_alloc(index, NULL, &handle, &count);
  if (code != MPI_SUCCESS) return code;
  union {
    char text[8192];
    int number;
  } value = {{0}};
  const bool is_text = type == MPI_CHAR && count < (int)sizeof value.text;
  if (is_text || (count == 1 && type != MPI_CHAR)) {
    code = MPI_T_cvar_read(handle, &value);
    if (code == MPI_SUCCESS && is_text) snprintf(text, capacity, "%s", value.text);
    // Truth values and counts: little-endian machines put the low byte first, whatever the width.
    if (code == MPI_SUCCESS && !is_text) snprintf(text, capacity, "%d", value.number);
    *found = code == MPI_SUCCESS;
  }
  const int freed = MPI_T_cvar_handle_free(&handle);
  return code != MPI_SUCCESS ? code : freed;
}

int cmpi_setting(const char *name, char *text, size_t capacity, bool *found) {
  *found = false;
  if (capacity > 0) text[0] = 0;
  int level = 0;
  int code = MPI_T_init_thread(MPI_THREAD_SERIALIZED, &level);
  if (code != MPI_SUCCESS) return code;
  int index = -1;
  if (MPI_T_cvar_get_index(name, &index) == MPI_SUCCESS) {
    char own[256] = "", description[8] = "";
    int own_length = sizeof own, description_length = sizeof description, verbosity = 0, binding = 0, scope = 0;
    MPI_Datatype type = MPI_DATATYPE_NULL;
    MPI_T_enum names;
    code = MPI_T_cvar_get_info(
        index, own, &own_length, &verbosity, &type, &names, description, &description_length, &binding, &scope);
    if (code == MPI_SUCCESS && binding == MPI_T_BIND_NO_OBJECT) code = read_variable(index, type, text, capacity, found);
  }
  const int ended = MPI_T_finalize();
  return code != MPI_SUCCESS ? code : ended;
}
