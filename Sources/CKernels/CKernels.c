#include "CKernels.h"

#include <stddef.h>

extern const ck_kernels ck_kernels_baseline;
#if defined(__x86_64__)
#include <immintrin.h>
extern const ck_kernels ck_kernels_v3, ck_kernels_v4;
#endif

const ck_kernels *ck_kernels_at(ck_cpu_level level) {
  switch (level) {
    case CK_LEVEL_BASELINE: return &ck_kernels_baseline;
#if defined(__x86_64__)
    case CK_LEVEL_V3: return __builtin_cpu_supports("x86-64-v3") ? &ck_kernels_v3 : NULL;
    case CK_LEVEL_V4: return __builtin_cpu_supports("x86-64-v4") ? &ck_kernels_v4 : NULL;
#endif
    default: return NULL;
  }
}

// Written once, before main; an indirect call per kernel is all that the choice costs afterwards.
static const ck_kernels *active = &ck_kernels_baseline;
static ck_cpu_level activeLevel = CK_LEVEL_BASELINE;

__attribute__((constructor)) static void choose_level(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
#endif
  if (!ck_set_cpu_level(CK_LEVEL_V4) && !ck_set_cpu_level(CK_LEVEL_V3)) ck_set_cpu_level(CK_LEVEL_BASELINE);
}

ck_cpu_level ck_cpu_level_in_use(void) { return activeLevel; }

int ck_set_cpu_level(ck_cpu_level level) {
  const ck_kernels *kernels = ck_kernels_at(level);
  if (kernels == NULL) return 0;
  active = kernels;
  activeLevel = level;
  return 1;
}

void ck_flush_to_zero(void) {
#if defined(__x86_64__)
  _mm_setcsr(_mm_getcsr() | 0x8040);  // FTZ | DAZ
#elif defined(__aarch64__)
  uint64_t control;
  __asm__ volatile("mrs %0, fpcr" : "=r"(control));
  __asm__ volatile("msr fpcr, %0" : : "r"(control | (1u << 24)));  // FZ
#endif
}

void ck_elementwise_run(
    const ck_elementwise_program *program, int64_t first, int64_t last, float *scratch, double *sums) {
  active->elementwise_run(program, first, last, scratch, sums);
}

void ck_exp(const float *x, float *y, int64_t count) { active->exp(x, y, count); }
void ck_log(const float *x, float *y, int64_t count) { active->log(x, y, count); }
void ck_tanh(const float *x, float *y, int64_t count) { active->tanh(x, y, count); }
void ck_sigmoid(const float *x, float *y, int64_t count) { active->sigmoid(x, y, count); }
void ck_softplus(const float *x, float *y, int64_t count) { active->softplus(x, y, count); }

void ck_softmax_rows(const float *x, float *y, int64_t rows, int64_t columns) {
  active->softmax_rows(x, y, rows, columns);
}

void ck_softmax_gradient_rows(
    const float *y, const float *yGradient, float *xGradient, int64_t rows, int64_t columns) {
  active->softmax_gradient_rows(y, yGradient, xGradient, rows, columns);
}

void ck_reduce_sum(const float *x, float *y, int64_t outer, int64_t reduced, int64_t inner) {
  active->reduce_sum(x, y, outer, reduced, inner);
}

void ck_reduce_max(const float *x, float *y, int64_t outer, int64_t reduced, int64_t inner) {
  active->reduce_max(x, y, outer, reduced, inner);
}

void ck_reduce_sum_columns(const float *x, float *y, int64_t reduced, int64_t stride, int64_t columns) {
  active->reduce_sum_columns(x, y, reduced, stride, columns);
}

void ck_reduce_max_columns(const float *x, float *y, int64_t reduced, int64_t stride, int64_t columns) {
  active->reduce_max_columns(x, y, reduced, stride, columns);
}

void ck_transpose(const float *x, float *y, int64_t batch, int64_t rows, int64_t columns) {
  active->transpose(x, y, batch, rows, columns);
}

void ck_transpose_strided(
    const float *x, int64_t xStride, float *y, int64_t yStride, int64_t rows, int64_t columns) {
  active->transpose_strided(x, xStride, y, yStride, rows, columns);
}

void ck_copy_strided(
    const float *source, int64_t sourceStride, float *destination, int64_t destinationStride, int64_t rows,
    int64_t columns) {
  active->copy_strided(source, sourceStride, destination, destinationStride, rows, columns);
}

void ck_fill(float *x, int64_t count, float value) { active->fill(x, count, value); }

void ck_random_normal(
    float *y, int64_t samples, int64_t perSample, uint32_t key0, uint32_t key1, uint64_t iteration,
    uint32_t firstSample) {
  active->random_normal(y, samples, perSample, key0, key1, iteration, firstSample);
}

void ck_random_uniform(
    float *y, int64_t samples, int64_t perSample, uint32_t key0, uint32_t key1, uint64_t iteration,
    uint32_t firstSample, float low, float high) {
  active->random_uniform(y, samples, perSample, key0, key1, iteration, firstSample, low, high);
}

void ck_adam(
    float *parameters, float *m, float *v, const float *gradient, int64_t count, const ck_adam_step *step) {
  active->adam(parameters, m, v, gradient, count, step);
}

void ck_average(float *average, const float *parameters, int64_t count, float decay, float apply) {
  active->average(average, parameters, count, decay, apply);
}

void ck_power_iteration(const float *w, int64_t rows, int64_t columns, float *u, float *v, float *workspace) {
  active->power_iteration(w, rows, columns, u, v, workspace);
}

void ck_sum_blocks(const float *const *blocks, int32_t blockCount, int64_t count, float *destination) {
  active->sum_blocks(blocks, blockCount, count, destination);
}

int ck_all_finite(const float *x, int64_t count) { return active->all_finite(x, count); }

void ck_additive_scores(
    const float *q, const float *k, const float *w, float *scores, int64_t batch, int64_t queries, int64_t keys,
    int64_t units, float *workspace) {
  active->additive_scores(q, k, w, scores, batch, queries, keys, units, workspace);
}

void ck_additive_scores_gradient(
    const float *q, const float *k, const float *w, const float *scoresGradient, float *qGradient, float *kGradient,
    float *wGradient, int64_t batch, int64_t queries, int64_t keys, int64_t units, float *workspace) {
  active->additive_scores_gradient(
      q, k, w, scoresGradient, qGradient, kGradient, wGradient, batch, queries, keys, units, workspace);
}

// Two copies of the padded weights, exponentials and sums of every row, and room to align.
int64_t ck_additive_workspace(int64_t batch, int64_t queries, int64_t keys, int64_t units) {
  (void)batch;
  const int64_t padded = (units + 15) / 16 * 16;
  return (2 + 2 * (queries + keys)) * padded + 16;
}

void ck_winograd_weights(
    const ck_winograd *geometry, const float *w, int rotated, float scale, float *packed, int part, int parts) {
  active->winograd_weights(geometry, w, rotated, scale, packed, part, parts);
}

void ck_winograd_run(
    const ck_winograd *geometry, const float *x, const float *packed, const ck_winograd_epilogue *epilogue, float *y,
    float *workspace, const ck_poll *poll, int part, int parts) {
  active->winograd_run(geometry, x, packed, epilogue, y, workspace, poll, part, parts);
}

void ck_winograd_gradient_sums(
    const ck_winograd *geometry, const float *x, const float *yGradient, float *workspace, const ck_poll *poll,
    int part, int parts) {
  active->winograd_gradient_sums(geometry, x, yGradient, workspace, poll, part, parts);
}

void ck_winograd_gradient_finish(
    const ck_winograd *geometry, const float *workspaces, int64_t stride, float *wGradient, int part, int parts) {
  active->winograd_gradient_finish(geometry, workspaces, stride, wGradient, part, parts);
}
