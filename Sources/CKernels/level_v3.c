// The kernels for x86-64-v3: two 256-bit vectors for each vector of the source.
#if defined(__x86_64__)
#define CK_FUSED 1
#define CK_AVX512 0
#define CK_TABLE ck_kernels_v3
#define CK_ATTRIBUTES __attribute__((target("arch=x86-64-v3")))
#include "kernels.h"
#endif
