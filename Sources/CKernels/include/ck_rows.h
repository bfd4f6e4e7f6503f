#pragma once
#include <stdint.h>

// y[r,c] = e^(x[r,c] − max_c x[r]) / Σ_c e^(x[r,c] − max_c x[r]); a row that holds NaN or +∞ becomes NaN. y may be x.
void ck_softmax_rows(const float *_Nonnull x, float *_Nonnull y, int64_t rows, int64_t columns);

// xGradient = y · (yGradient − Σ_c yGradient · y), per row. xGradient may be y or yGradient.
void ck_softmax_gradient_rows(
    const float *_Nonnull y, const float *_Nonnull yGradient, float *_Nonnull xGradient, int64_t rows, int64_t columns);

// y[o,i] = Σ_r x[o,r,i] over x of [outer, reduced, inner]. Zero where reduced is 0.
//
// The order of additions is the same on every CPU, so results are equal bit for bit. inner = 1: element r goes to lane
// r mod 16 of accumulator (r / 16) mod 4; after every 4,096 elements the four accumulators are added, (0+1) + (2+3), to
// a total, whose lanes are summed by halving (i and i+8, i+4, i+2, i+1). inner > 1: per column, up to 256 rows are
// added one after the other (or, in the last inner mod 64 columns, every fourth row to one of four sums,
// (0+1) + (2+3)), and these sums one after the other.
void ck_reduce_sum(const float *_Nonnull x, float *_Nonnull y, int64_t outer, int64_t reduced, int64_t inner);

// y[o,i] = max_r x[o,r,i]; NaN where any is NaN, −∞ where reduced is 0.
void ck_reduce_max(const float *_Nonnull x, float *_Nonnull y, int64_t outer, int64_t reduced, int64_t inner);

// y[i] = Σ_r x[r · stride + i], and the maximum, for i < columns: some columns of the above for outer = 1. The same bits
// as there where they start at a multiple of 64 and end at one or with the row.
void ck_reduce_sum_columns(
    const float *_Nonnull x, float *_Nonnull y, int64_t reduced, int64_t stride, int64_t columns);
void ck_reduce_max_columns(
    const float *_Nonnull x, float *_Nonnull y, int64_t reduced, int64_t stride, int64_t columns);

// y[b,c,r] = x[b,r,c].
void ck_transpose(const float *_Nonnull x, float *_Nonnull y, int64_t batch, int64_t rows, int64_t columns);

// y[c · yStride + r] = x[r · xStride + c].
void ck_transpose_strided(
    const float *_Nonnull x, int64_t xStride, float *_Nonnull y, int64_t yStride, int64_t rows, int64_t columns);

// destination[r · destinationStride + c] = source[r · sourceStride + c]: slices and concatenations.
void ck_copy_strided(
    const float *_Nonnull source, int64_t sourceStride, float *_Nonnull destination, int64_t destinationStride,
    int64_t rows, int64_t columns);

void ck_fill(float *_Nonnull x, int64_t count, float value);
