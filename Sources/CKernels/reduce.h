// Sums and maxima over the middle axis, in the order that ck_rows.h states.
#pragma once

CK_INLINE vf sum_pair(vf a, vf b) { return a + b; }
CK_INLINE vf maximum_pair(vf a, vf b) { return maximum(a, b); }
CK_INLINE float sum_across(vf v) { return sum_lanes(v); }
CK_INLINE float maximum_across(vf v) { return maximum_lanes(v); }

enum { ROW_CHUNK = 4096, COLUMN_CHUNK = 256 };

#define CK_REDUCE(NAME, PAIR, ACROSS, START)                                                                         \
  static void NAME##_rows(const float *x, float *y, int64_t outer, int64_t reduced) {                                \
    for (int64_t o = 0; o < outer; o++, x += reduced) {                                                              \
      vf total = (vf)START;                                                                                          \
      for (int64_t first = 0; first < reduced; first += ROW_CHUNK) {                                                 \
        const int64_t n = reduced - first < ROW_CHUNK ? reduced - first : ROW_CHUNK;                                 \
        const float *p = x + first;                                                                                  \
        vf a[4] = {(vf)START, (vf)START, (vf)START, (vf)START};                                                      \
        int64_t i = 0;                                                                                               \
        for (; i + 4 * LANES <= n; i += 4 * LANES)                                                                   \
          for (int k = 0; k < 4; k++) a[k] = PAIR(a[k], load(p + i + k * LANES));                                    \
        if (i + LANES <= n) a[0] = PAIR(a[0], load(p + i));                                                          \
        if (i + 2 * LANES <= n) a[1] = PAIR(a[1], load(p + i + LANES));                                              \
        if (i + 3 * LANES <= n) a[2] = PAIR(a[2], load(p + i + 2 * LANES));                                          \
        const int64_t whole = n & ~(int64_t)(LANES - 1);                                                             \
        if (whole < n) {                                                                                             \
          const vf rest = load_part_or(p + whole, n - whole, START);                                                 \
          switch ((whole / LANES) & 3) {                                                                             \
            case 0: a[0] = PAIR(a[0], rest); break;                                                                  \
            case 1: a[1] = PAIR(a[1], rest); break;                                                                  \
            case 2: a[2] = PAIR(a[2], rest); break;                                                                  \
            default: a[3] = PAIR(a[3], rest); break;                                                                 \
          }                                                                                                          \
        }                                                                                                            \
        total = PAIR(total, PAIR(PAIR(a[0], a[1]), PAIR(a[2], a[3])));                                               \
      }                                                                                                              \
      y[o] = ACROSS(total);                                                                                          \
    }                                                                                                                \
  }                                                                                                                  \
                                                                                                                     \
  /* 64 columns, all rows in turn. */                                                                                \
  CK_INLINE void NAME##_wide(const float *x, float *y, int64_t reduced, int64_t inner) {                             \
    vf total[4] = {(vf)START, (vf)START, (vf)START, (vf)START};                                                      \
    for (int64_t first = 0; first < reduced; first += COLUMN_CHUNK) {                                                \
      const int64_t last = first + COLUMN_CHUNK < reduced ? first + COLUMN_CHUNK : reduced;                          \
      vf a[4] = {(vf)START, (vf)START, (vf)START, (vf)START};                                                        \
      for (int64_t r = first; r < last; r++)                                                                         \
        for (int k = 0; k < 4; k++) a[k] = PAIR(a[k], load(x + r * inner + k * LANES));                              \
      for (int k = 0; k < 4; k++) total[k] = PAIR(total[k], a[k]);                                                   \
    }                                                                                                                \
    for (int k = 0; k < 4; k++) store(y + k * LANES, total[k]);                                                      \
  }                                                                                                                  \
                                                                                                                     \
  /* n ≤ 16 columns; four sums hide the latency of the additions. */                                                 \
  CK_INLINE void NAME##_narrow(const float *x, float *y, int64_t reduced, int64_t inner, int64_t n) {                \
    vf total = (vf)START;                                                                                            \
    for (int64_t first = 0; first < reduced; first += COLUMN_CHUNK) {                                                \
      const int64_t last = first + COLUMN_CHUNK < reduced ? first + COLUMN_CHUNK : reduced;                          \
      vf a[4] = {(vf)START, (vf)START, (vf)START, (vf)START};                                                        \
      int64_t r = first;                                                                                             \
      for (; r + 4 <= last; r += 4)                                                                                  \
        for (int k = 0; k < 4; k++) {                                                                                \
          const float *p = x + (r + k) * inner;                                                                      \
          a[k] = PAIR(a[k], n == LANES ? load(p) : load_part(p, n));                                                 \
        }                                                                                                            \
      for (int k = 0; k < 3; k++)                                                                                    \
        if (r + k < last) {                                                                                          \
          const float *p = x + (r + k) * inner;                                                                      \
          a[k] = PAIR(a[k], n == LANES ? load(p) : load_part(p, n));                                                 \
        }                                                                                                            \
      total = PAIR(total, PAIR(PAIR(a[0], a[1]), PAIR(a[2], a[3])));                                                 \
    }                                                                                                                \
    if (n == LANES)                                                                                                  \
      store(y, total);                                                                                               \
    else                                                                                                             \
      store_part(y, total, n);                                                                                       \
  }                                                                                                                  \
                                                                                                                     \
  static void reduce_##NAME##_columns(                                                                               \
      const float *x, float *y, int64_t reduced, int64_t stride, int64_t columns) {                                  \
    int64_t c = 0;                                                                                                   \
    for (; c + 4 * LANES <= columns; c += 4 * LANES) NAME##_wide(x + c, y + c, reduced, stride);                     \
    for (; c + LANES <= columns; c += LANES) NAME##_narrow(x + c, y + c, reduced, stride, LANES);                    \
    if (c < columns) NAME##_narrow(x + c, y + c, reduced, stride, columns - c);                                      \
  }                                                                                                                  \
                                                                                                                     \
  static void reduce_##NAME(const float *x, float *y, int64_t outer, int64_t reduced, int64_t inner) {               \
    if (inner == 1) {                                                                                                \
      NAME##_rows(x, y, outer, reduced);                                                                             \
      return;                                                                                                        \
    }                                                                                                                \
    for (int64_t o = 0; o < outer; o++, x += reduced * inner, y += inner)                                            \
      reduce_##NAME##_columns(x, y, reduced, inner, inner);                                                          \
  }

CK_REDUCE(sum, sum_pair, sum_across, 0.0f)
CK_REDUCE(max, maximum_pair, maximum_across, -INFINITY)
#undef CK_REDUCE
