// The kernels for any CPU of the architecture: SSE2 on x86-64, NEON (with fused multiply-add) on arm64.
#if defined(__aarch64__)
#define CK_FUSED 1
#else
#define CK_FUSED 0
#endif
#define CK_AVX512 0
#define CK_TABLE ck_kernels_baseline
#include "kernels.h"
