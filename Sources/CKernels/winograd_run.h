// A convolution by Winograd's method: tiles in, products, tiles out. See ck_winograd.h.
#pragma once
#include "winograd_tiles.h"

#include "winograd_products.h"

// V = Bᵀ x B for a group of tiles.
CK_INLINE void input_tiles(
    const ck_winograd *g, const winograd_plan *p, const float *x, int64_t first, int64_t count, const float *zeros,
    float *V, int tile, int resampling) {
  const int values = input_values(tile, resampling), points = point_count(tile, resampling);
  const int upsampled = resampling == CK_RESAMPLE_UPSAMPLE_INPUT;
  const int64_t height = upsampled ? g->height / 2 : g->height, width = upsampled ? g->width / 2 : g->width;
  const int64_t step = upsampled ? tile / 2 : tile, channels = g->inputChannels;
  const int64_t pointStride = p->vStride;
  for (int64_t t = 0; t < count; t++) {
    const tile_place place = place_of(p, first + t);
    const float *pointers[MOST_POINTS * MOST_POINTS];
    tile_pointers(
        x + place.image * height * width * channels, height, width, channels, place.row * step - 1,
        place.column * step - 1, values, zeros, pointers);
    float *out = V + t * p->C;
    for (int64_t c = 0; c < channels; c += LANES, out += LANES) {
      vf half[MOST_POINTS][MOST_POINTS];
      const int64_t left = channels - c;
      CK_UNROLL for (int j = 0; j < values; j++) {
        vf column[MOST_POINTS], result[MOST_POINTS];
        CK_UNROLL for (int i = 0; i < values; i++) {
          const float *at = pointers[i * values + j] + c;
          // The part of the next tile that this one does not have.
          if (j >= values - step) __builtin_prefetch(at + step * channels, 0, 2);
          column[i] = left >= LANES ? load(at) : load_part(at, left);
        }
        transform_input(tile, resampling, column, result);
        CK_UNROLL for (int i = 0; i < points; i++) half[i][j] = result[i];
      }
      CK_UNROLL for (int i = 0; i < points; i++) {
        vf result[MOST_POINTS];
        transform_input(tile, resampling, half[i], result);
        CK_UNROLL for (int j = 0; j < points; j++) store(out + (i * points + j) * pointStride, result[j]);
      }
    }
  }
}

// y = Aᵀ M A for a group of tiles, and what is added to it.
CK_INLINE void output_tiles(
    const ck_winograd *g, const winograd_plan *p, const float *M, int64_t first, int64_t count,
    const ck_winograd_epilogue *end, float *y, int tile, int resampling) {
  const int points = point_count(tile, resampling), values = output_values(tile, resampling);
  const int pooled = resampling == CK_RESAMPLE_POOL_OUTPUT;
  const int64_t height = pooled ? g->height / 2 : g->height, width = pooled ? g->width / 2 : g->width;
  const int64_t channels = g->outputChannels, pointStride = p->mStride;
  for (int64_t t = 0; t < count; t++) {
    const tile_place place = place_of(p, first + t);
    const int64_t top = place.row * values, left = place.column * values;
    const int64_t rows = height - top < values ? height - top : values;
    const int64_t columns = width - left < values ? width - left : values;
    const int64_t corner = ((place.image * height + top) * width + left) * channels;
    for (int64_t k = 0; k < channels; k += LANES) {
      const float *m = M + t * p->K + k;
      const int64_t rest = channels - k;
      vf half[4][MOST_POINTS], result[4][4];
      CK_UNROLL for (int j = 0; j < points; j++) {
        vf column[MOST_POINTS], made[4];
        CK_UNROLL for (int i = 0; i < points; i++) column[i] = load(m + (i * points + j) * pointStride);
        transform_output(tile, resampling, column, made);
        CK_UNROLL for (int i = 0; i < values; i++) half[i][j] = made[i];
      }
      CK_UNROLL for (int i = 0; i < values; i++) transform_output(tile, resampling, half[i], result[i]);
      if (end) {
        const vf bias = !end->bias ? (vf)0 : rest >= LANES ? load(end->bias + k) : load_part(end->bias + k, rest);
        CK_UNROLL for (int i = 0; i < values; i++)
          CK_UNROLL for (int j = 0; j < values; j++) {
            vf r = result[i][j] + bias;
            if (end->residual && i < rows && j < columns) {
              const float *at = end->residual + corner + (i * width + j) * channels + k;
              __builtin_prefetch(at + values * channels);
              r += rest >= LANES ? load(at) : load_part(at, rest);
            }
            if (end->activation) r = r > 0 ? r : r * end->slope;
            result[i][j] = r;
          }
      }
      CK_UNROLL for (int i = 0; i < values; i++)
        CK_UNROLL for (int j = 0; j < values; j++) {
          if (i >= rows || j >= columns) continue;
          float *at = y + corner + (i * width + j) * channels + k;
          __builtin_prefetch(at + values * channels, 1);
          if (rest >= LANES) store(at, result[i][j]);
          else store_part(at, result[i][j], rest);
        }
    }
  }
}

static void winograd_run(
    const ck_winograd *g, const float *x, const float *packed, const ck_winograd_epilogue *end, float *y,
    float *workspace, const ck_poll *poll, int part, int parts) {
  const winograd_plan plan = plan_tiles(g, winograd_group(g), part, parts), *p = &plan;
  const int points = p->points * p->points;
  float *zeros = workspace, *V = zeros + p->C, *M = V + points * p->vStride;
  for (int64_t c = 0; c < p->C; c++) zeros[c] = 0;
  for (int64_t first = p->first; first < p->end; first += p->group) {
    const int64_t count = p->end - first < p->group ? p->end - first : p->group;
    CK_WINOGRAD_VERSIONS(input_tiles, g, p, x, first, count, zeros, V);
    winograd_products(g, p, count, V, packed, M, poll);
    CK_WINOGRAD_VERSIONS(output_tiles, g, p, M, first, count, end, y);
  }
}
