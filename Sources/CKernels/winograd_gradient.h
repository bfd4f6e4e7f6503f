// The weights' gradient of a convolution by Winograd's method. See ck_winograd.h.
#pragma once
#include "winograd_run.h"

// W = A yGradient Aᵀ for a group of tiles.
CK_INLINE void gradient_tiles(
    const ck_winograd *g, const winograd_plan *p, const float *y, int64_t first, int64_t count, const float *zeros,
    float *W, int tile, int resampling) {
  const int points = point_count(tile, resampling), values = output_values(tile, resampling);
  const int pooled = resampling == CK_RESAMPLE_POOL_OUTPUT;
  const int64_t height = pooled ? g->height / 2 : g->height, width = pooled ? g->width / 2 : g->width;
  const int64_t channels = g->outputChannels, pointStride = p->mStride;
  for (int64_t t = 0; t < count; t++) {
    const tile_place place = place_of(p, first + t);
    const float *pointers[16];
    tile_pointers(
        y + place.image * height * width * channels, height, width, channels, place.row * values,
        place.column * values, values, zeros, pointers);
    for (int64_t k = 0; k < channels; k += LANES) {
      const int64_t panel = k / PANEL * PANEL, wide = p->K - panel < PANEL ? p->K - panel : PANEL;
      float *out = W + panel * p->group + t * wide + (k - panel);
      const int64_t rest = channels - k;
      vf half[MOST_POINTS][4];
      CK_UNROLL for (int j = 0; j < values; j++) {
        vf column[4], made[MOST_POINTS];
        CK_UNROLL for (int i = 0; i < values; i++) {
          const float *at = pointers[i * values + j] + k;
          __builtin_prefetch(at + values * channels, 0, 2);
          column[i] = rest >= LANES ? load(at) : load_part(at, rest);
        }
        transform_output_gradient(tile, resampling, column, made);
        CK_UNROLL for (int i = 0; i < points; i++) half[i][j] = made[i];
      }
      CK_UNROLL for (int i = 0; i < points; i++) {
        vf made[MOST_POINTS];
        transform_output_gradient(tile, resampling, half[i], made);
        CK_UNROLL for (int j = 0; j < points; j++) store(out + (i * points + j) * pointStride, made[j]);
      }
    }
  }
}

// sums[GRADIENT_ROWS channels][vectors] (+)= Σ over tiles of V · W
CK_INLINE void gradient_product(
    const int vectors, int64_t count, const float *v, int64_t lda, const float *b, int64_t wide, int accumulate,
    float *sums, int64_t ld) {
  vf sum[GRADIENT_ROWS][WINOGRAD_VECTORS];
  // The next channels' sums come from far.
  CK_UNROLL for (int i = 0; i < GRADIENT_ROWS; i++)
    CK_UNROLL for (int j = 0; j < vectors; j++) __builtin_prefetch(sums + (GRADIENT_ROWS + i) * ld + j * LANES, 1);
  CK_UNROLL for (int i = 0; i < GRADIENT_ROWS; i++)
    CK_UNROLL for (int j = 0; j < vectors; j++)
      sum[i][j] = accumulate ? load(sums + i * ld + j * LANES) : (vf)0;
  for (int64_t t = 0; t < count; t++, v += lda, b += wide) {
    vf row[WINOGRAD_VECTORS];
    CK_UNROLL for (int j = 0; j < vectors; j++) row[j] = load(b + j * LANES);
    CK_UNROLL for (int i = 0; i < GRADIENT_ROWS; i++) {
      const vf factor = (vf)v[i];
      CK_UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = madd(factor, row[j], sum[i][j]);
    }
  }
  CK_UNROLL for (int i = 0; i < GRADIENT_ROWS; i++)
    CK_UNROLL for (int j = 0; j < vectors; j++) store(sums + i * ld + j * LANES, sum[i][j]);
}

static void winograd_gradient_sums(
    const ck_winograd *g, const float *x, const float *yGradient, float *workspace, const ck_poll *poll, int part,
    int parts) {
  const winograd_plan plan = plan_tiles(g, winograd_gradient_group(g), part, parts), *p = &plan;
  const int points = p->points * p->points;
  float *sums = workspace, *zeros = sums + points * winograd_sums_stride(g), *V = zeros + (p->C > p->K ? p->C : p->K);
  float *W = V + points * p->vStride;
  for (float *z = zeros; z < V; z++) *z = 0;
  if (p->first == p->end)
    for (float *s = sums; s < zeros; s++) *s = 0;
  for (int64_t first = p->first; first < p->end; first += p->group) {
    const int64_t count = p->end - first < p->group ? p->end - first : p->group;
    CK_WINOGRAD_VERSIONS(input_tiles, g, p, x, first, count, zeros, V);
    CK_WINOGRAD_VERSIONS(gradient_tiles, g, p, yGradient, first, count, zeros, W);
    for (int point = 0; point < points; point++) {
      const float *v = V + point * p->vStride;
      const float *w = W + point * p->mStride;
      float *sum = sums + point * winograd_sums_stride(g);
      for (int64_t k = 0; k < p->K; k += PANEL) {
        const int64_t wide = p->K - k < PANEL ? p->K - k : PANEL;
        for (int64_t column = 0; column < wide; column += WINOGRAD_VECTORS * LANES) {
          const int vectors = wide - column >= WINOGRAD_VECTORS * LANES ? WINOGRAD_VECTORS : 1;
          for (int64_t c = 0; c < g->inputChannels; c += GRADIENT_ROWS) {
            const float *a = v + c;
            const float *b = w + k * p->group + column;
            float *out = sum + c * p->K + k + column;
            if (vectors == WINOGRAD_VECTORS)
              gradient_product(WINOGRAD_VECTORS, count, a, p->C, b, wide, first > p->first, out, p->K);
            else
              gradient_product(1, count, a, p->C, b, wide, first > p->first, out, p->K);
          }
        }
      }
      if (poll && poll->function && (point & 3) == 3) poll->function(poll->context);
    }
  }
}

CK_INLINE void unpack_gradient(
    const ck_winograd *g, const float *workspaces, int64_t stride, int parts, float *wGradient, int64_t first,
    int64_t end, int tile, int resampling) {
  const int points = point_count(tile, resampling);
  const int64_t K = winograd_padded(g->outputChannels), pointStride = winograd_sums_stride(g);
  for (int64_t c = first; c < end; c++) {
    for (int64_t k = 0; k < g->outputChannels; k += LANES) {
      vf half[3][MOST_POINTS], taps[3][3];
      CK_UNROLL for (int j = 0; j < points; j++) {
        vf column[MOST_POINTS], made[3];
        CK_UNROLL for (int i = 0; i < points; i++) {
          const float *at = workspaces + (i * points + j) * pointStride + c * K + k;
          column[i] = load(at);
          for (int part = 1; part < parts; part++) column[i] += load(at + part * stride);
        }
        transform_weights_gradient(tile, resampling, column, made);
        CK_UNROLL for (int i = 0; i < 3; i++) half[i][j] = made[i];
      }
      CK_UNROLL for (int i = 0; i < 3; i++) transform_weights_gradient(tile, resampling, half[i], taps[i]);
      const int64_t left = g->outputChannels - k;
      CK_UNROLL for (int i = 0; i < 9; i++) {
        float *at = wGradient + (i * g->inputChannels + c) * g->outputChannels + k;
        if (left >= LANES) store(at, taps[i / 3][i % 3]);
        else store_part(at, taps[i / 3][i % 3], left);
      }
    }
  }
}

static void winograd_gradient_finish(
    const ck_winograd *g, const float *workspaces, int64_t stride, float *wGradient, int part, int parts) {
  const int64_t first = g->inputChannels * part / parts, end = g->inputChannels * (part + 1) / parts;
  CK_WINOGRAD_VERSIONS(unpack_gradient, g, workspaces, stride, parts, wGradient, first, end);
}
