#pragma once
#include <stdint.h>

// Convolutions of 3×3, stride 1, one row of zeros on every side, by Winograd's minimal filtering: y = Aᵀ[(G w Gᵀ) ⊙ (Bᵀ x B)]A
// per tile of 4×4 or 2×2 results; channels last, any number of channels, any height and width.
//
// Where the input is upsampled 2×2 (nearest) or the output averaged over 2×2, the row of the point −1 vanishes: 25 of 36
// products are left for tiles of 4×4 (9 of 16 for 2×2), and the large image is never in memory.
//
// Typical error of a result, relative to the root mean square of results: 2.8e-7 (2×2), 2.0e-6 (4×4) at 64 channels.
//
// Source: Lavin, Gray: Fast algorithms for convolutional neural networks, 2016.

typedef enum {
  CK_RESAMPLE_NONE,
  CK_RESAMPLE_UPSAMPLE_INPUT,  // the input is stored at half the height and width
  CK_RESAMPLE_POOL_OUTPUT,     // the output is stored at half the height and width: means over 2×2
} ck_resampling;

typedef struct {
  int64_t images, height, width;  // of the convolution's own plane; even where resampled
  int64_t inputChannels, outputChannels;
  int32_t tile;  // 4 or 2
  int32_t resampling;  // ck_resampling
} ck_winograd;

// What is added to a result before it is stored: all optional. bias [outputChannels]; residual, laid out like the result;
// then x > 0 ? x : slope · x if activation.
typedef struct {
  const float *_Nullable bias, *_Nullable residual;
  int32_t activation;
  float slope;
} ck_winograd_epilogue;

// Called about every 0.2 ms by long kernels.
typedef struct {
  void (*_Nullable function)(void *_Nullable);
  void *_Nullable context;
} ck_poll;

// Floats of transformed weights.
int64_t ck_winograd_weights_count(const ck_winograd *_Nonnull geometry);

// packed = scale · G w Gᵀ, in panels. rotated: for the gradient of the input of another convolution, whose weights w
// are [3, 3, outputChannels, inputChannels] of this geometry: turned by 180° and transposed on the way. Otherwise w is
// [3, 3, inputChannels, outputChannels]. The work splits into `parts`.
void ck_winograd_weights(
    const ck_winograd *_Nonnull geometry, const float *_Nonnull w, int rotated, float scale, float *_Nonnull packed,
    int part, int parts);

// Floats of workspace of one part.
int64_t ck_winograd_workspace(const ck_winograd *_Nonnull geometry);

// The convolution of x with packed weights; this part's images or tiles of it.
void ck_winograd_run(
    const ck_winograd *_Nonnull geometry, const float *_Nonnull x, const float *_Nonnull packed,
    const ck_winograd_epilogue *_Nullable epilogue, float *_Nonnull y, float *_Nonnull workspace,
    const ck_poll *_Nullable poll, int part, int parts);

// Floats of workspace of one part of the weight gradient; its first floats are the part's sums.
int64_t ck_winograd_gradient_workspace(const ck_winograd *_Nonnull geometry);

// This part's share of the weights' gradient, in its workspace: x and yGradient as the convolution reads and writes them.
void ck_winograd_gradient_sums(
    const ck_winograd *_Nonnull geometry, const float *_Nonnull x, const float *_Nonnull yGradient,
    float *_Nonnull workspace, const ck_poll *_Nullable poll, int part, int parts);

// wGradient [3, 3, inputChannels, outputChannels] from the sums of all parts, whose workspaces lie `stride` floats apart;
// this part's share of it.
void ck_winograd_gradient_finish(
    const ck_winograd *_Nonnull geometry, const float *_Nonnull workspaces, int64_t stride, float *_Nonnull wGradient,
    int part, int parts);
