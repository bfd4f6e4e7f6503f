#pragma once
#include <stdint.h>

// Inner loops over images, channels last: [images, height, width, channels]. Rows are counted over the whole batch (row
// r of image n is n · rows + r), and every call takes a range of them, so that threads can share the work.

// A window of tapRows × tapColumns that slides over images: tap (i, j) at position (r, c) is pixel
// (r · stride + i + originRow, c · stride + j + originColumn), and zero outside of the image.
typedef struct {
  int64_t height, width, channels;  // of the images
  int64_t rows, columns;            // positions of the window on each image
  int64_t tapRows, tapColumns;
  int64_t stride;
  int64_t originRow, originColumn;
} ck_window;

// y[n, r, c, i, j, :] = x[n, r · stride + i + originRow, c · stride + j + originColumn, :] for the rows of positions
// from firstRow to lastRow − 1; y begins with firstRow.
void ck_unfold(
    const ck_window *_Nonnull window, const float *_Nonnull x, float *_Nonnull y, int64_t firstRow, int64_t lastRow);

// The adjoint: x[n, R, C, :] = Σ_ij y[n, (R − originRow − i) / stride, (C − originColumn − j) / stride, i, j, :] over
// the taps where both divide and lie on the grid of positions, in ascending (i, j); for the rows of pixels from
// firstRow to lastRow − 1. x begins with firstRow, y with the row of positions yFirstRow. 15 floats behind y must be
// readable.
void ck_fold(
    const ck_window *_Nonnull window, const float *_Nonnull y, int64_t yFirstRow, float *_Nonnull x, int64_t firstRow,
    int64_t lastRow);

// Pooling over 2 × 2 of images with even height and width. width is that of the large images; firstRow and lastRow
// count the rows of the small ones, over the whole batch. Pointers are to the whole tensors.

// y = factor · (((x₀₀ + x₀₁) + (x₁₀ + x₁₁)) / 4); the same bits on every CPU.
void ck_average_pool(
    const float *_Nonnull x, float *_Nonnull y, int64_t width, int64_t channels, float factor, int64_t firstRow,
    int64_t lastRow);

// Nearest upsampling: the four y over x are factor · x. With factor / 4 the adjoint of average pooling.
void ck_upsample(
    const float *_Nonnull x, float *_Nonnull y, int64_t width, int64_t channels, float factor, int64_t firstRow,
    int64_t lastRow);

// y = g where x is largest in its 2 × 2, the first of equals; NaN counts as largest. Max pooling is g = x.
void ck_max_pool_gather(
    const float *_Nonnull x, const float *_Nonnull g, float *_Nonnull y, int64_t width, int64_t channels,
    int64_t firstRow, int64_t lastRow);

// The adjoint in g: y = g at the place where x is largest, zero at the other three.
void ck_max_pool_scatter(
    const float *_Nonnull x, const float *_Nonnull g, float *_Nonnull y, int64_t width, int64_t channels,
    int64_t firstRow, int64_t lastRow);
