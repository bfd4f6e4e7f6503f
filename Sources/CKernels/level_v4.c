// The kernels for x86-64-v4. The compiler prefers 256-bit vectors there unless it is told the width.
#if defined(__x86_64__)
#define CK_FUSED 1
#define CK_AVX512 1
#define CK_TABLE ck_kernels_v4
#define CK_ATTRIBUTES __attribute__((target("arch=x86-64-v4"), min_vector_width(512)))
#include "kernels.h"
#endif
