#pragma once

#include <stdint.h>

// Small float32 matrix products, row-major, one thread, no allocation, one result per size and CPU variant.
//
//     C[m, n] = op(A) · op(B) + (accumulate ? C : 0)
//
// op(A) is [m, k]: A is stored [m, k], or [k, m] if transposeA. op(B) is [k, n]: B is stored [k, n], or [n, k] if
// transposeB. lda, ldb and ldc are the distances between stored rows in floats. C overlaps neither A, B nor workspace.
// NaN and infinity propagate as in the plain sum: no multiplicand is skipped.

#ifdef __cplusplus
extern "C" {
#endif

/// The floats that `workspace` must have (0: may be NULL). Aligned to 64 bytes it is fastest.
int64_t ck_matmul_workspace(int transposeA, int transposeB, int64_t m, int64_t n, int64_t k);

/// C = op(A) · op(B) + (accumulate ? C : 0)
void ck_matmul(int transposeA, int transposeB, int64_t m, int64_t n, int64_t k, const float *_Nonnull a, int64_t lda,
               const float *_Nonnull b, int64_t ldb, int accumulate, float *_Nonnull c, int64_t ldc,
               float *_Nullable workspace);

/// The same for `batch` independent products whose operands lie strideA, strideB and strideC floats apart.
void ck_matmul_batched(int64_t batch, int transposeA, int transposeB, int64_t m, int64_t n, int64_t k,
                       const float *_Nonnull a, int64_t lda, int64_t strideA, const float *_Nonnull b, int64_t ldb,
                       int64_t strideB, int accumulate, float *_Nonnull c, int64_t ldc, int64_t strideC,
                       float *_Nullable workspace);

/// A dense layer: C = act(op(A) · op(B) + bias), bias [n] or NULL; activation 0: none, 1: x > 0 ? x : slope · x.
void ck_matmul_bias(int transposeA, int transposeB, int64_t m, int64_t n, int64_t k, const float *_Nonnull a,
                    int64_t lda, const float *_Nonnull b, int64_t ldb, const float *_Nullable bias, int activation,
                    float slope, float *_Nonnull c, int64_t ldc, float *_Nullable workspace);

/// One product, or a batch of them, in full. A bias or activation applies last; it may not be joined with accumulate.
typedef struct ck_matmul_product {
  int64_t batch;
  int transposeA, transposeB;
  int64_t m, n, k;
  const float *_Nonnull a;
  int64_t lda, strideA;
  const float *_Nonnull b;
  int64_t ldb, strideB;
  int accumulate;
  float *_Nonnull c;
  int64_t ldc, strideC;
  const float *_Nullable bias;
  int activation;
  float slope;
  float *_Nullable workspace;
} ck_matmul_product;

/// How many variants (instruction sets) this build has; variant 0 is the plain one and runs everywhere.
int ck_matmul_variant_count(void);
const char *_Nonnull ck_matmul_variant_name(int variant);
/// Whether this CPU can run the variant.
int ck_matmul_variant_supported(int variant);
/// The variant that the functions above use: the last supported one.
int ck_matmul_variant_chosen(void);
/// Runs one variant, for tests. Precondition: the variant is supported.
void ck_matmul_variant_run(int variant, const ck_matmul_product *_Nonnull product);

#ifdef __cplusplus
}
#endif
