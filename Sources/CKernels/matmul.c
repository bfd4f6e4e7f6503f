// The entry points of ck_matmul.h and the choice of the instruction set.
#include "ck_matmul.h"
#include "matmul_variants.h"

typedef struct {
  const char *name;
  void (*run)(const ck_matmul_product *);
} variant;

static const variant variants[] = {
    {"generic", ck_matmul_run_generic},
#if defined(__x86_64__)
    {"avx2", ck_matmul_run_avx2},
    {"avx512", ck_matmul_run_avx512},
#endif
};
enum { variantCount = sizeof variants / sizeof variants[0] };

int ck_matmul_variant_count(void) { return variantCount; }

const char *ck_matmul_variant_name(int index) { return variants[index].name; }

int ck_matmul_variant_supported(int index) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (index == 1) return avx2;
  if (index == 2)
    return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
#endif
  return index == 0;
}

// Written once, before main; the plain variant serves whatever runs earlier.
static const variant *chosen = &variants[0];

__attribute__((constructor)) static void choose(void) {
  for (int index = 0; index < variantCount; index++)
    if (ck_matmul_variant_supported(index)) chosen = &variants[index];
}

int ck_matmul_variant_chosen(void) { return (int)(chosen - variants); }

void ck_matmul_variant_run(int index, const ck_matmul_product *product) { variants[index].run(product); }

int64_t ck_matmul_workspace(int transposeA, int transposeB, int64_t m, int64_t n, int64_t k) {
  (void)transposeA, (void)m, (void)n;
  return transposeB ? k * ck_matmul_panel : 0;
}

void ck_matmul(int transposeA, int transposeB, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
               const float *b, int64_t ldb, int accumulate, float *c, int64_t ldc, float *workspace) {
  ck_matmul_batched(1, transposeA, transposeB, m, n, k, a, lda, 0, b, ldb, 0, accumulate, c, ldc, 0, workspace);
}

void ck_matmul_batched(int64_t batch, int transposeA, int transposeB, int64_t m, int64_t n, int64_t k, const float *a,
                       int64_t lda, int64_t strideA, const float *b, int64_t ldb, int64_t strideB, int accumulate,
                       float *c, int64_t ldc, int64_t strideC, float *workspace) {
  ck_matmul_product product = {
      .batch = batch, .transposeA = transposeA, .transposeB = transposeB, .m = m, .n = n, .k = k, //
      .a = a, .lda = lda, .strideA = strideA, .b = b, .ldb = ldb, .strideB = strideB,              //
      .accumulate = accumulate, .c = c, .ldc = ldc, .strideC = strideC, .workspace = workspace,
  };
  chosen->run(&product);
}

void ck_matmul_bias(int transposeA, int transposeB, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
                    const float *b, int64_t ldb, const float *bias, int activation, float slope, float *c, int64_t ldc,
                    float *workspace) {
  ck_matmul_product product = {
      .batch = 1, .transposeA = transposeA, .transposeB = transposeB, .m = m, .n = n, .k = k, //
      .a = a, .lda = lda, .b = b, .ldb = ldb, .c = c, .ldc = ldc,                              //
      .bias = bias, .activation = activation, .slope = slope, .workspace = workspace,
  };
  chosen->run(&product);
}
