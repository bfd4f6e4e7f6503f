#pragma once
#include "ck_attention.h"
#include "ck_elementwise.h"
#include "ck_images.h"
#include "ck_random.h"
#include "ck_rows.h"
#include "ck_state.h"
#include "ck_winograd.h"

// The same source compiled for several CPUs. On arm64 there is only the baseline.
typedef enum {
  CK_LEVEL_BASELINE = 0,  // x86-64 (SSE2) or arm64 (NEON)
  CK_LEVEL_V3 = 1,        // x86-64-v3: AVX2 and fused multiply-add
  CK_LEVEL_V4 = 2,        // x86-64-v4: AVX-512, full width
  CK_LEVEL_COUNT = 3,
} ck_cpu_level;

// Every kernel that has a version per level.
typedef struct {
  __typeof__(ck_elementwise_run) *_Nonnull elementwise_run;
  __typeof__(ck_exp) *_Nonnull exp;
  __typeof__(ck_log) *_Nonnull log;
  __typeof__(ck_tanh) *_Nonnull tanh;
  __typeof__(ck_sigmoid) *_Nonnull sigmoid;
  __typeof__(ck_softplus) *_Nonnull softplus;
  __typeof__(ck_softmax_rows) *_Nonnull softmax_rows;
  __typeof__(ck_softmax_gradient_rows) *_Nonnull softmax_gradient_rows;
  __typeof__(ck_reduce_sum) *_Nonnull reduce_sum;
  __typeof__(ck_reduce_max) *_Nonnull reduce_max;
  __typeof__(ck_reduce_sum_columns) *_Nonnull reduce_sum_columns;
  __typeof__(ck_reduce_max_columns) *_Nonnull reduce_max_columns;
  __typeof__(ck_transpose) *_Nonnull transpose;
  __typeof__(ck_transpose_strided) *_Nonnull transpose_strided;
  __typeof__(ck_copy_strided) *_Nonnull copy_strided;
  __typeof__(ck_fill) *_Nonnull fill;
  __typeof__(ck_random_normal) *_Nonnull random_normal;
  __typeof__(ck_random_uniform) *_Nonnull random_uniform;
  __typeof__(ck_adam) *_Nonnull adam;
  __typeof__(ck_average) *_Nonnull average;
  __typeof__(ck_power_iteration) *_Nonnull power_iteration;
  __typeof__(ck_sum_blocks) *_Nonnull sum_blocks;
  __typeof__(ck_all_finite) *_Nonnull all_finite;
  __typeof__(ck_additive_scores) *_Nonnull additive_scores;
  __typeof__(ck_additive_scores_gradient) *_Nonnull additive_scores_gradient;
  __typeof__(ck_winograd_weights) *_Nonnull winograd_weights;
  __typeof__(ck_winograd_run) *_Nonnull winograd_run;
  __typeof__(ck_winograd_gradient_sums) *_Nonnull winograd_gradient_sums;
  __typeof__(ck_winograd_gradient_finish) *_Nonnull winograd_gradient_finish;
  __typeof__(ck_unfold) *_Nonnull unfold;
  __typeof__(ck_fold) *_Nonnull fold;
  __typeof__(ck_average_pool) *_Nonnull average_pool;
  __typeof__(ck_upsample) *_Nonnull upsample;
  __typeof__(ck_max_pool_gather) *_Nonnull max_pool_gather;
  __typeof__(ck_max_pool_scatter) *_Nonnull max_pool_scatter;
} ck_kernels;

// The kernels of a level, or NULL where this CPU (or this build) does not have it.
const ck_kernels *_Nullable ck_kernels_at(ck_cpu_level level);

// The level behind the ck_ functions: the best one of this CPU unless changed. A level that the CPU lacks is refused
// (0); call before other threads use the kernels.
ck_cpu_level ck_cpu_level_in_use(void);
int ck_set_cpu_level(ck_cpu_level level);
