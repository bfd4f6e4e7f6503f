// Copies, fills and transposes.
#pragma once

static void fill(float *x, int64_t count, float value) {
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) store(x + i, (vf)value);
  for (; i < count; i++) x[i] = value;
}

static void copy_strided(
    const float *source, int64_t sourceStride, float *destination, int64_t destinationStride, int64_t rows,
    int64_t columns) {
  if (columns == sourceStride && columns == destinationStride) {
    columns *= rows;
    rows = 1;
  }
  if (columns >= 1024) {
    for (int64_t r = 0; r < rows; r++)
      memcpy(destination + r * destinationStride, source + r * sourceStride, (size_t)columns * sizeof(float));
  } else {
    for (int64_t r = 0; r < rows; r++)
      copy_row(destination + r * destinationStride, source + r * sourceStride, columns);
  }
}

typedef float vf8_unaligned __attribute__((ext_vector_type(8), aligned(4), may_alias));

#define ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#define PAIRS_LOW(a, b) __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
#define PAIRS_HIGH(a, b) __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15)

// An 8 × 8 block in registers: 2 × 2, then 4 × 4, then halves.
CK_INLINE void transpose_8x8(const float *x, int64_t xStride, float *y, int64_t yStride) {
  vf8 a[8], b[8];
  for (int i = 0; i < 8; i++) a[i] = *(const vf8_unaligned *)(x + i * xStride);
  for (int i = 0; i < 8; i += 2) {
    b[i] = ZIP_LOW(a[i], a[i + 1]);
    b[i + 1] = ZIP_HIGH(a[i], a[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    a[i] = PAIRS_LOW(b[i], b[i + 2]);
    a[i + 1] = PAIRS_HIGH(b[i], b[i + 2]);
    a[i + 2] = PAIRS_LOW(b[i + 1], b[i + 3]);
    a[i + 3] = PAIRS_HIGH(b[i + 1], b[i + 3]);
  }
  for (int i = 0; i < 4; i++) {
    *(vf8_unaligned *)(y + i * yStride) = __builtin_shufflevector(a[i], a[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    *(vf8_unaligned *)(y + (i + 4) * yStride) = __builtin_shufflevector(a[i], a[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

// Strips of 64 rows, so that the lines read for eight columns are still cached for the next eight.
static void transpose_strided(
    const float *x, int64_t xStride, float *y, int64_t yStride, int64_t rows, int64_t columns) {
  const int64_t wholeColumns = columns & ~(int64_t)7;
  for (int64_t first = 0; first < rows; first += 64) {
    const int64_t last = first + 64 < rows ? first + 64 : rows;
    const int64_t wholeRows = first + ((last - first) & ~(int64_t)7);
    for (int64_t c = 0; c < wholeColumns; c += 8) {
      for (int64_t r = first; r < wholeRows; r += 8)
        transpose_8x8(x + r * xStride + c, xStride, y + c * yStride + r, yStride);
      for (int64_t r = wholeRows; r < last; r++)
        for (int64_t i = c; i < c + 8; i++) y[i * yStride + r] = x[r * xStride + i];
    }
    for (int64_t c = wholeColumns; c < columns; c++)
      for (int64_t r = first; r < last; r++) y[c * yStride + r] = x[r * xStride + c];
  }
}

static void transpose(const float *x, float *y, int64_t batch, int64_t rows, int64_t columns) {
  for (int64_t b = 0; b < batch; b++, x += rows * columns, y += rows * columns)
    transpose_strided(x, columns, y, rows, rows, columns);
}
