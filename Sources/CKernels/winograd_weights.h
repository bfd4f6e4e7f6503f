// Weights of a convolution by Winograd's method, transformed and packed. See ck_winograd.h.
#pragma once
#include "winograd_tiles.h"

// u = G w Gᵀ for one input and 16 output channels.
CK_INLINE void weight_tile(const vf w[3][3], float scale, int tile, int resampling, vf *u) {
  const int points = point_count(tile, resampling);
  vf half[MOST_POINTS][3];
  CK_UNROLL for (int j = 0; j < 3; j++) {
    vf column[3] = {w[0][j] * scale, w[1][j] * scale, w[2][j] * scale}, made[MOST_POINTS];
    transform_weights(tile, resampling, column, made);
    CK_UNROLL for (int i = 0; i < points; i++) half[i][j] = made[i];
  }
  CK_UNROLL for (int i = 0; i < points; i++) transform_weights(tile, resampling, half[i], u + i * points);
}

// Weights [3, 3, outputChannels, inputChannels] of 16 × 16 channels at w: taps[i][c] = those of input channel c.
static void transposed_taps(
    const float *w, int64_t outputChannels, int64_t inputChannels, int64_t rows, int64_t columns, float taps[9][16][16]) {
  for (int i = 0; i < 9; i++) {
    const float *from = w + i * outputChannels * inputChannels;
    if (rows == LANES && columns == LANES) {
      for (int k = 0; k < LANES; k += 8)
        for (int c = 0; c < LANES; c += 8)
          transpose_8x8(from + k * inputChannels + c, inputChannels, &taps[i][c][k], LANES);
    } else {
      for (int64_t c = 0; c < columns; c++)
        for (int64_t k = 0; k < LANES; k++) taps[i][c][k] = k < rows ? from[k * inputChannels + c] : 0;
    }
  }
}

// Vectors `first` to `end` of output channels.
CK_INLINE void pack_weights(
    const ck_winograd *g, const float *w, int rotated, float scale, float *packed, int64_t first, int64_t end,
    int tile, int resampling) {
  const int points = point_count(tile, resampling);
  const int64_t C = g->inputChannels, padded = winograd_padded(g->outputChannels), stride = winograd_packed_stride(g);
  float turned[9][16][16];
  for (int64_t k = first * LANES; k < end * LANES; k += LANES) {
    const int64_t panel = k / PANEL * PANEL, wide = padded - panel < PANEL ? padded - panel : PANEL;
    float *out = packed + panel * C + (k - panel);
    const int64_t left = g->outputChannels - k;
    for (int64_t c = 0; c < C; c++, out += wide) {
      vf taps[3][3], u[MOST_POINTS * MOST_POINTS];
      if (rotated) {
        if (c % LANES == 0)
          transposed_taps(
              w + k * C + c, g->outputChannels, C, left < LANES ? left : LANES, C - c < LANES ? C - c : LANES, turned);
        CK_UNROLL for (int i = 0; i < 9; i++) taps[2 - i / 3][2 - i % 3] = load(turned[i][c % LANES]);
      } else {
        CK_UNROLL for (int i = 0; i < 9; i++) {
          const float *at = w + (i * C + c) * g->outputChannels + k;
          taps[i / 3][i % 3] = left >= LANES ? load(at) : load_part(at, left);
        }
      }
      weight_tile(taps, scale, tile, resampling, u);
      CK_UNROLL for (int i = 0; i < points * points; i++) store(out + i * stride, u[i]);
    }
  }
}

static void winograd_weights(
    const ck_winograd *g, const float *w, int rotated, float scale, float *packed, int part, int parts) {
  const int64_t count = winograd_padded(g->outputChannels) / LANES;
  const int64_t first = count * part / parts, end = count * (part + 1) / parts;
  CK_WINOGRAD_VERSIONS(pack_weights, g, w, rotated, scale, packed, first, end);
}
