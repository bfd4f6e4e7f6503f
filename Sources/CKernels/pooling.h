// Pooling over 2 × 2 and its adjoints. A body sees one vector of channels at the four pixels of a 2 × 2.
#pragma once

CK_INLINE vf read_lanes(const float *p, int64_t n) { return n == LANES ? load(p) : load_part(p, n); }
CK_INLINE void write_lanes(float *p, vf v, int64_t n) {
  if (n == LANES) store(p, v);
  else store_part(p, v, n);
}

// Runs BODY for every vector of channels of every 2 × 2: `small` and `large` are the offsets of its first lane in the
// small tensor and, for pixel (0, 0), in the large one; the other three are right, below and belowRight further. It has
// `n` lanes.
#define CK_EACH_2X2(BODY)                                                                                            \
  const int64_t right = channels, below = width * channels, belowRight = below + right;                              \
  for (int64_t row = firstRow; row < lastRow; row++) {                                                               \
    for (int64_t c = 0; c < width / 2; c++) {                                                                        \
      int64_t small = (row * (width / 2) + c) * channels, large = (row * width + c) * 2 * channels, k = 0;           \
      for (; k + LANES <= channels; k += LANES, small += LANES, large += LANES) {                                    \
        const int64_t n = LANES;                                                                                     \
        BODY                                                                                                         \
      }                                                                                                              \
      if (k < channels) {                                                                                            \
        const int64_t n = channels - k;                                                                              \
        BODY                                                                                                         \
      }                                                                                                              \
    }                                                                                                                \
  }

static void average_pool(
    const float *x, float *y, int64_t width, int64_t channels, float factor, int64_t firstRow, int64_t lastRow) {
  const float quarter = factor * 0.25f;
  CK_EACH_2X2({
    const vf top = read_lanes(x + large, n) + read_lanes(x + large + right, n);
    const vf bottom = read_lanes(x + large + below, n) + read_lanes(x + large + belowRight, n);
    write_lanes(y + small, (top + bottom) * quarter, n);
  })
}

static void upsample(
    const float *x, float *y, int64_t width, int64_t channels, float factor, int64_t firstRow, int64_t lastRow) {
  CK_EACH_2X2({
    const vf v = read_lanes(x + small, n) * factor;
    write_lanes(y + large, v, n);
    write_lanes(y + large + right, v, n);
    write_lanes(y + large + below, v, n);
    write_lanes(y + large + belowRight, v, n);
  })
}

// Lanes where b takes the place of the largest so far: it is larger, or the first NaN.
CK_INLINE vi exceeds(vf b, vf largest) { return (vi)(b > largest) | ((vi)(b != b) & (vi)(largest == largest)); }
CK_INLINE vf choose_lanes(vi mask, vf yes, vf no) { return (vf)(((vi)yes & mask) | ((vi)no & ~mask)); }

// Where each of the last three pixels is larger than all before it.
#define CK_CONTEST                                                                                                   \
  vf largest = read_lanes(x + large, n);                                                                             \
  const vf second = read_lanes(x + large + right, n), third = read_lanes(x + large + below, n);                      \
  const vf fourth = read_lanes(x + large + belowRight, n);                                                           \
  const vi takes2 = exceeds(second, largest);                                                                        \
  largest = choose_lanes(takes2, second, largest);                                                                   \
  const vi takes3 = exceeds(third, largest);                                                                         \
  largest = choose_lanes(takes3, third, largest);                                                                    \
  const vi takes4 = exceeds(fourth, largest);

static void max_pool_gather(
    const float *x, const float *g, float *y, int64_t width, int64_t channels, int64_t firstRow, int64_t lastRow) {
  CK_EACH_2X2({
    CK_CONTEST
    vf v = read_lanes(g + large, n);
    v = choose_lanes(takes2, read_lanes(g + large + right, n), v);
    v = choose_lanes(takes3, read_lanes(g + large + below, n), v);
    v = choose_lanes(takes4, read_lanes(g + large + belowRight, n), v);
    write_lanes(y + small, v, n);
  })
}

static void max_pool_scatter(
    const float *x, const float *g, float *y, int64_t width, int64_t channels, int64_t firstRow, int64_t lastRow) {
  CK_EACH_2X2({
    CK_CONTEST
    const vi v = (vi)read_lanes(g + small, n);
    write_lanes(y + large + belowRight, (vf)(v & takes4), n);
    write_lanes(y + large + below, (vf)(v & takes3 & ~takes4), n);
    write_lanes(y + large + right, (vf)(v & takes2 & ~takes3 & ~takes4), n);
    write_lanes(y + large, (vf)(v & ~takes2 & ~takes3 & ~takes4), n);
  })
}
#undef CK_CONTEST
#undef CK_EACH_2X2
