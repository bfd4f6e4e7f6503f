// Sizes of convolutions by Winograd's method: the same at every CPU level.
#include "winograd_geometry.h"

int64_t ck_winograd_weights_count(const ck_winograd *g) {
  return winograd_points(g) * winograd_packed_stride(g);
}

// Room for a group of tiles, filled up to whole register tiles of any CPU level.
static int64_t group_count(const ck_winograd *g, int64_t tiles) {
  const int64_t channels = winograd_padded(g->inputChannels) + winograd_padded(g->outputChannels);
  return winograd_points(g) * ((tiles + WINOGRAD_MOST_ROWS) * channels + 2 * WINOGRAD_GAP);
}

int64_t ck_winograd_workspace(const ck_winograd *g) {
  return winograd_padded(g->inputChannels) + group_count(g, winograd_group(g));
}

int64_t ck_winograd_gradient_workspace(const ck_winograd *g) {
  const int64_t C = winograd_padded(g->inputChannels), K = winograd_padded(g->outputChannels);
  return winograd_points(g) * winograd_sums_stride(g) + (C > K ? C : K) + group_count(g, winograd_gradient_group(g));
}
