// How a convolution by Winograd's method is cut into tiles, and where they lie. See ck_winograd.h.
#pragma once
#include "winograd_geometry.h"
#include "winograd_transforms.h"

// Layouts, for P points (36, 25, 16 or 9), C input and K output channels, both padded to whole vectors:
//   packed   [P][panels][C][32]           weights; the last panel is 16 wide where K / 16 is odd
//   V        [P][tiles][C]                transformed input of a group of tiles
//   M        [P][tiles][K]                products of a group
//   W        [P][panels][tiles][32]       transformed output gradient of a group
//   sums     [P][C][K]                    gradient of the transformed weights

// The register tile of the products: ROWS tiles by VECTORS vectors of channels.
#if CK_AVX512
enum { WINOGRAD_ROWS = 14, WINOGRAD_VECTORS = 2, GRADIENT_ROWS = 8 };
#elif CK_FUSED
enum { WINOGRAD_ROWS = 6, WINOGRAD_VECTORS = 1, GRADIENT_ROWS = 4 };
#else
enum { WINOGRAD_ROWS = 2, WINOGRAD_VECTORS = 1, GRADIENT_ROWS = 2 };
#endif
enum { PANEL = 32, MOST_POINTS = 6 };

// Tiles of a part, and how many of them go together.
typedef struct {
  int64_t rows, columns;    // tiles of an image
  int64_t first, end;       // of this part
  int64_t group;            // tiles that go together, a multiple of the register tile's rows
  int64_t C, K;             // padded channels
  int64_t vStride, mStride; // between points of V; of M and W
  int points, values;       // along an axis: points, stored input values
} winograd_plan;

static winograd_plan plan_tiles(const ck_winograd *g, int64_t limit, int part, int parts) {
  winograd_plan p;
  p.rows = (g->height + g->tile - 1) / g->tile;
  p.columns = (g->width + g->tile - 1) / g->tile;
  const int64_t tiles = g->images * p.rows * p.columns;
  p.first = tiles * part / parts;
  p.end = tiles * (part + 1) / parts;
  p.C = winograd_padded(g->inputChannels);
  p.K = winograd_padded(g->outputChannels);
  p.points = point_count(g->tile, g->resampling);
  p.values = input_values(g->tile, g->resampling);
  const int64_t count = p.end - p.first;
  // Groups of about one size, none larger than the limit.
  const int64_t groups = count > 0 ? (count + limit - 1) / limit : 1;
  p.group = ((count + groups - 1) / groups + WINOGRAD_ROWS - 1) / WINOGRAD_ROWS * WINOGRAD_ROWS;
  p.vStride = p.group * p.C + WINOGRAD_GAP;
  p.mStride = p.group * p.K + WINOGRAD_GAP;
  return p;
}

// Where the stored values of a tile begin; pointers to `zeros` outside of the image.
static void tile_pointers(
    const float *x, int64_t height, int64_t width, int64_t channels, int64_t top, int64_t left, int values,
    const float *zeros, const float **pointers) {
  for (int i = 0; i < values; i++) {
    for (int j = 0; j < values; j++) {
      const int64_t r = top + i, s = left + j;
      const int inside = r >= 0 && r < height && s >= 0 && s < width;
      pointers[i * values + j] = inside ? x + (r * width + s) * channels : zeros;
    }
  }
}

// A tile's place: image, and first row and column in units of tiles.
typedef struct {
  int64_t image, row, column;
} tile_place;

CK_INLINE tile_place place_of(const winograd_plan *p, int64_t tile) {
  const int64_t image = tile / (p->rows * p->columns), rest = tile % (p->rows * p->columns);
  return (tile_place){image, rest / p->columns, rest % p->columns};
}

// One version of a transform per tile and resampling.
#define CK_WINOGRAD_VERSIONS(FUNCTION, ...)                                                                   \
  do {                                                                                                        \
    if (g->tile == 4) {                                                                                       \
      if (g->resampling == CK_RESAMPLE_NONE) FUNCTION(__VA_ARGS__, 4, CK_RESAMPLE_NONE);                      \
      else if (g->resampling == CK_RESAMPLE_UPSAMPLE_INPUT) FUNCTION(__VA_ARGS__, 4, CK_RESAMPLE_UPSAMPLE_INPUT); \
      else FUNCTION(__VA_ARGS__, 4, CK_RESAMPLE_POOL_OUTPUT);                                                 \
    } else {                                                                                                  \
      if (g->resampling == CK_RESAMPLE_NONE) FUNCTION(__VA_ARGS__, 2, CK_RESAMPLE_NONE);                      \
      else if (g->resampling == CK_RESAMPLE_UPSAMPLE_INPUT) FUNCTION(__VA_ARGS__, 2, CK_RESAMPLE_UPSAMPLE_INPUT); \
      else FUNCTION(__VA_ARGS__, 2, CK_RESAMPLE_POOL_OUTPUT);                                                 \
    }                                                                                                         \
  } while (0)
