// Sliding windows over channels-last images: one row of a matrix per position, and the way back.
#pragma once

CK_INLINE void zero_row(float *d, int64_t n) {
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) store(d + i, (vf)0.0f);
  if (i < n) store_part(d + i, (vf)0.0f, n - i);
}

// d[k] = s[k] for first ≤ k < last, zero for the others of 0 ≤ k < n; nothing else of s is touched.
CK_INLINE void copy_between(float *d, const float *s, int64_t first, int64_t last, int64_t n) {
#if CK_AVX512
  if (n <= LANES) {
    const uint32_t inside = ((1u << last) - 1) & ~((1u << first) - 1);
    store_part(d, _mm512_maskz_loadu_ps((__mmask16)inside, s), n);
    return;
  }
#endif
  zero_row(d, first);
  copy_row(d + first, s + first, last - first);
  zero_row(d + last, n - last);
}

CK_INLINE void copy_segments(
    float *d, int64_t step, const float *s, int64_t advance, int64_t n, int64_t first, int64_t last) {
  for (int64_t c = first; c < last; c++, s += advance) copy_row(d + c * step, s, n);
}

// The taps of positions [first, last), which the left or right edge may cut, from one row of the image.
CK_INLINE void unfold_clipped(
    const ck_window *w, const float *source, float *y, int64_t first, int64_t last, int64_t step) {
  const int64_t n = w->channels;
  for (int64_t c = first; c < last; c++) {
    const int64_t left = c * w->stride + w->originColumn, over = w->width - left;
    int64_t from = left < 0 ? -left : 0, to = over < w->tapColumns ? over : w->tapColumns;
    if (to < 0) to = 0;
    if (from > to) from = to;
    copy_between(y + c * step, source + left * n, from * n, to * n, w->tapColumns * n);
  }
}

CK_INLINE int64_t clamped(int64_t a, int64_t low, int64_t high) { return a < low ? low : a > high ? high : a; }

static void unfold(const ck_window *w, const float *x, float *y, int64_t firstRow, int64_t lastRow) {
  // What one row of taps covers lies contiguous in the image.
  const int64_t segment = w->tapColumns * w->channels, step = w->tapRows * segment, advance = w->stride * w->channels;
  // Positions whose taps all lie between the left and the right edge.
  const int64_t room = w->width - w->tapColumns - w->originColumn;
  const int64_t inner = clamped((-w->originColumn + w->stride - 1) / w->stride, 0, w->columns);
  const int64_t outer = clamped(room < 0 ? 0 : room / w->stride + 1, inner, w->columns);

  int64_t image = firstRow / w->rows, r = firstRow % w->rows;
  for (int64_t row = firstRow; row < lastRow; row++, y += w->columns * step) {
    for (int64_t i = 0; i < w->tapRows; i++) {
      const int64_t pixelRow = r * w->stride + i + w->originRow;
      float *d = y + i * segment;
      if (pixelRow < 0 || pixelRow >= w->height) {
        for (int64_t c = 0; c < w->columns; c++, d += step) zero_row(d, segment);
        continue;
      }
      const float *const source = x + (image * w->height + pixelRow) * w->width * w->channels;
      unfold_clipped(w, source, d, 0, inner, step);
      const float *s = source + (inner * w->stride + w->originColumn) * w->channels;
      // One channel, three columns of taps: the first layer of small models.
      if (segment == 3) copy_segments(d, step, s, advance, 3, inner, outer);
      else copy_segments(d, step, s, advance, segment, inner, outer);
      unfold_clipped(w, source, d, outer, w->columns, step);
    }
    if (++r == w->rows) r = 0, image++;
  }
}

// Along one axis, the taps that reach a pixel: for first ≤ t < last, tap phase + stride · t at position base − t.
typedef struct {
  int64_t phase, base, first, last;
} tap_reach;

CK_INLINE tap_reach reach(int64_t phase, int64_t base, int64_t stride, int64_t taps, int64_t positions) {
  const int64_t count = stride == 1 ? taps : phase < taps ? (taps - phase - 1) / stride + 1 : 0;
  return (tap_reach){phase, base, base < positions ? 0 : base - positions + 1, base + 1 < count ? base + 1 : count};
}

CK_INLINE int64_t floor_divide(int64_t a, int64_t b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }

typedef float vf4_unaligned __attribute__((ext_vector_type(4), aligned(4), may_alias));

// One pixel: the sum over its taps. Whole vectors are read, at most `n` floats written.
CK_INLINE void fold_pixel(
    const float *y, float *x, int64_t n, int64_t firstRow, int64_t lastRow, int64_t nextRow, int64_t columns,
    int64_t nextColumn) {
  if (n <= 4) {
    vf4 sum = (vf4)0.0f;
    for (int64_t i = firstRow; i < lastRow; i++)
      for (int64_t j = 0; j < columns; j++) sum += *(const vf4_unaligned *)(y + i * nextRow + j * nextColumn);
    for (int64_t k = 0; k < n; k++) x[k] = sum[k];
    return;
  }
  for (int64_t k = 0; k < n; k += LANES) {
    vf sum = (vf)0.0f;
    for (int64_t i = firstRow; i < lastRow; i++)
      for (int64_t j = 0; j < columns; j++) sum += load(y + i * nextRow + j * nextColumn + k);
    if (k + LANES <= n) store(x + k, sum);
    else store_part(x + k, sum, n - k);
  }
}

static void fold(
    const ck_window *w, const float *y, int64_t yFirstRow, float *x, int64_t firstRow, int64_t lastRow) {
  const int64_t n = w->channels, step = w->tapRows * w->tapColumns * n;
  // From one tap to the next that reaches the same pixel: a position back, `stride` taps on.
  const int64_t nextRow = w->stride * w->tapColumns * n - w->columns * step, nextColumn = w->stride * n - step;
  const int64_t firstBase = floor_divide(-w->originColumn, w->stride);
  int64_t image = firstRow / w->height, r = firstRow % w->height;
  for (int64_t row = firstRow; row < lastRow; row++) {
    const int64_t rowBase = floor_divide(r - w->originRow, w->stride);
    const tap_reach a = reach(r - w->originRow - rowBase * w->stride, rowBase, w->stride, w->tapRows, w->rows);
    const float *const start =
        y + (image * w->rows + a.base - yFirstRow) * w->columns * step + a.phase * w->tapColumns * n;
    int64_t base = firstBase, phase = -w->originColumn - firstBase * w->stride;
    for (int64_t c = 0; c < w->width; c++, x += n) {
      const tap_reach b = reach(phase, base, w->stride, w->tapColumns, w->columns);
      const float *const from = start + base * step + phase * n + b.first * nextColumn;
      // Known counts make straight code of the common case.
      if (b.last - b.first == 3) fold_pixel(from, x, n, a.first, a.last, nextRow, 3, nextColumn);
      else fold_pixel(from, x, n, a.first, a.last, nextRow, b.last - b.first, nextColumn);
      if (++phase == w->stride) phase = 0, base++;
    }
    if (++r == w->height) r = 0, image++;
  }
}
