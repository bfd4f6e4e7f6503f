// Softmax over rows and its gradient. Rows of eight, two to a vector, are reduced by exchanging lanes.
#pragma once

// A NaN need not survive here: its own lane, and with it the row's sum, becomes NaN by x − maximum.
CK_INLINE vf larger(vf a, vf b) { return a > b ? a : b; }

CK_INLINE vf sum_8(vf v) {
  v += SWAP_4(v);
  v += SWAP_2(v);
  return v + SWAP_1(v);
}

CK_INLINE vf largest_8(vf v) {
  v = larger(v, SWAP_4(v));
  v = larger(v, SWAP_2(v));
  return larger(v, SWAP_1(v));
}

CK_INLINE vf softmax_8(vf x) {
  const vf e = exp_of(x - largest_8(x));
  return e / sum_8(e);
}

// One row of up to 16 columns, −∞ behind them.
CK_INLINE vf softmax_16(vf x) {
  const vf e = exp_of(x - largest_8(larger(x, SWAP_8(x))));
  return e / sum_8(e + SWAP_8(e));
}

static void softmax_row(const float *x, float *y, int64_t columns) {
  const int64_t whole = columns & ~(int64_t)(LANES - 1), rest = columns - whole;
  vf m = load_part_or(x + whole, rest, -INFINITY);
  for (int64_t i = 0; i < whole; i += LANES) m = larger(load(x + i), m);
  const float top = largest_8(larger(m, SWAP_8(m))).x;
  vf total = (vf)0;
  for (int64_t i = 0; i < whole; i += LANES) {
    const vf e = exp_of(load(x + i) - top);
    total += e;
    store(y + i, e);
  }
  vf last = (vf)0;
  if (rest > 0) {
    last = exp_of(load_part_or(x + whole, rest, -INFINITY) - top);
    total += last;
  }
  const float scale = 1 / sum_lanes(total);
  for (int64_t i = 0; i < whole; i += LANES) store(y + i, load(y + i) * scale);
  if (rest > 0) store_part(y + whole, last * scale, rest);
}

static void softmax_rows(const float *x, float *y, int64_t rows, int64_t columns) {
  if (columns == 8) {
    const int64_t count = rows * 8;
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES) store(y + i, softmax_8(load(x + i)));
    if (i < count) store_part(y + i, softmax_8(load_part(x + i, count - i)), count - i);
    return;
  }
  if (columns == LANES) {
    for (int64_t i = 0; i < rows * LANES; i += LANES) store(y + i, softmax_16(load(x + i)));
    return;
  }
  if (columns < LANES) {
    for (int64_t i = 0; i < rows * columns; i += columns)
      store_part(y + i, softmax_16(load_part_or(x + i, columns, -INFINITY)), columns);
    return;
  }
  for (int64_t r = 0; r < rows; r++) softmax_row(x + r * columns, y + r * columns, columns);
}

static void softmax_gradient_row(const float *y, const float *g, float *d, int64_t columns) {
  const int64_t whole = columns & ~(int64_t)(LANES - 1), rest = columns - whole;
  vf total = (vf)0;
  for (int64_t i = 0; i < whole; i += LANES) total = madd(load(g + i), load(y + i), total);
  const vf lastY = load_part(y + whole, rest), lastG = load_part(g + whole, rest);
  const float product = sum_lanes(madd(lastG, lastY, total));
  for (int64_t i = 0; i < whole; i += LANES) store(d + i, load(y + i) * (load(g + i) - product));
  if (rest > 0) store_part(d + whole, lastY * (lastG - product), rest);
}

static void softmax_gradient_rows(
    const float *y, const float *yGradient, float *xGradient, int64_t rows, int64_t columns) {
  if (columns == 8) {
    const int64_t count = rows * 8;
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES) {
      const vf v = load(y + i), g = load(yGradient + i);
      store(xGradient + i, v * (g - sum_8(v * g)));
    }
    if (i < count) {
      const vf v = load_part(y + i, count - i), g = load_part(yGradient + i, count - i);
      store_part(xGradient + i, v * (g - sum_8(v * g)), count - i);
    }
    return;
  }
  for (int64_t r = 0; r < rows; r++)
    softmax_gradient_row(y + r * columns, yGradient + r * columns, xGradient + r * columns, columns);
}
