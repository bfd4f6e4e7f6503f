#pragma once
#include <stdint.h>

// Kernels that write replicated state: equal bit for bit at every CPU level (no fused multiply-add, IEEE division and
// square root), so that ranks on unlike CPUs stay in lockstep.

typedef struct {
  float learningRate, beta1, beta2, epsilon;
  float correction1;  // 1 / (1 − β1^t)
  float correction2;  // 1 / (1 − β2^t)
  float decay;        // decoupled weight decay: p ← p · (1 − learningRate · decay) before the step
  float apply;        // 0: nothing is read or written
} ck_adam_step;

// m ← β1·m + (1−β1)·g; v ← β2·v + (1−β2)·g²; p ← p − learningRate·correction1·m / (√(correction2·v) + ε).
//
// Source: Kingma, Ba: Adam, 2015; Loshchilov, Hutter: Decoupled weight decay regularization, 2019.
void ck_adam(
    float *_Nonnull parameters, float *_Nonnull m, float *_Nonnull v, const float *_Nonnull gradient, int64_t count,
    const ck_adam_step *_Nonnull step);

// average ← decay · average + (1 − decay) · parameters; nothing is touched where apply is 0.
void ck_average(
    float *_Nonnull average, const float *_Nonnull parameters, int64_t count, float decay, float apply);

// One step towards the largest singular value of w [rows, columns], with its vectors u [columns] and v [rows]:
//
//     v ← w·u / max(‖w·u‖, 1e-12);   u ← wᵀ·v / max(‖wᵀ·v‖, 1e-12)
//
// workspace has `columns` floats. One pass over w.
//
// Source: Miyato, Kataoka, Koyama, Yoshida: Spectral normalization for generative adversarial networks, 2018.
void ck_power_iteration(
    const float *_Nonnull w, int64_t rows, int64_t columns, float *_Nonnull u, float *_Nonnull v,
    float *_Nonnull workspace);

// destination[i] = blocks[0][i] + blocks[1][i] + …, in this order. destination may be one of the blocks.
void ck_sum_blocks(
    const float *_Nonnull const *_Nonnull blocks, int32_t blockCount, int64_t count, float *_Nonnull destination);

// 1 where every element is finite, 0 otherwise.
int ck_all_finite(const float *_Nonnull x, int64_t count);

// Makes the calling thread read and write denormal numbers as zero.
void ck_flush_to_zero(void);
