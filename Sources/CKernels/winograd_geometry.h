// Sizes that every CPU level shares.
#pragma once
#include "ck_winograd.h"

enum {
  WINOGRAD_MOST_ROWS = 14,
  // The points lie three cache lines further apart than they need: strides of whole pages would put all points of a tile
  // into one set of the first cache (the transforms take up to 1.7 times as long then).
  WINOGRAD_GAP = 48,
};

static inline int winograd_points(const ck_winograd *g) {
  const int along = g->tile + (g->resampling == CK_RESAMPLE_NONE ? 2 : 1);
  return along * along;
}

static inline int64_t winograd_padded(int64_t channels) { return (channels + 15) / 16 * 16; }

// Floats between the points of packed weights, and of the sums of their gradient.
static inline int64_t winograd_packed_stride(const ck_winograd *g) {
  return g->inputChannels * winograd_padded(g->outputChannels) + WINOGRAD_GAP;
}
static inline int64_t winograd_sums_stride(const ck_winograd *g) {
  return winograd_padded(g->inputChannels) * winograd_padded(g->outputChannels) + WINOGRAD_GAP;
}

static inline int64_t winograd_tiles_within(const ck_winograd *g, int64_t bytes, int64_t most) {
  const int64_t perTile = 36 * 4 * (winograd_padded(g->inputChannels) + winograd_padded(g->outputChannels));
  const int64_t count = bytes / perTile / WINOGRAD_MOST_ROWS * WINOGRAD_MOST_ROWS;
  return count < WINOGRAD_MOST_ROWS ? WINOGRAD_MOST_ROWS : count > most ? most : count;
}

// Tiles that go together: few, so that transformed inputs and products stay near, yet enough to read the weights seldom
// (measured with 16 to 256 channels: 28 to 84 tiles are within 3 % of each other).
static inline int64_t winograd_group(const ck_winograd *g) { return winograd_tiles_within(g, 4200000, 56); }

// In the weights' gradient each group reads and writes all sums: more tiles.
static inline int64_t winograd_gradient_group(const ck_winograd *g) { return winograd_tiles_within(g, 4200000, 84); }
