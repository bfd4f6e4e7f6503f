// The entry points of ck_images.h.
#include "CKernels.h"

#include <stddef.h>

// The level in use is always one that this build and this CPU have.
static const ck_kernels *kernels(void) { return ck_kernels_at(ck_cpu_level_in_use()); }

void ck_unfold(const ck_window *window, const float *x, float *y, int64_t firstRow, int64_t lastRow) {
  kernels()->unfold(window, x, y, firstRow, lastRow);
}

void ck_fold(
    const ck_window *window, const float *y, int64_t yFirstRow, float *x, int64_t firstRow, int64_t lastRow) {
  kernels()->fold(window, y, yFirstRow, x, firstRow, lastRow);
}

void ck_average_pool(
    const float *x, float *y, int64_t width, int64_t channels, float factor, int64_t firstRow, int64_t lastRow) {
  kernels()->average_pool(x, y, width, channels, factor, firstRow, lastRow);
}

void ck_upsample(
    const float *x, float *y, int64_t width, int64_t channels, float factor, int64_t firstRow, int64_t lastRow) {
  kernels()->upsample(x, y, width, channels, factor, firstRow, lastRow);
}

void ck_max_pool_gather(
    const float *x, const float *g, float *y, int64_t width, int64_t channels, int64_t firstRow,
    int64_t lastRow) {
  kernels()->max_pool_gather(x, g, y, width, channels, firstRow, lastRow);
}

void ck_max_pool_scatter(
    const float *x, const float *g, float *y, int64_t width, int64_t channels, int64_t firstRow,
    int64_t lastRow) {
  kernels()->max_pool_scatter(x, g, y, width, channels, firstRow, lastRow);
}
