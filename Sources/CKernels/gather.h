// Sums that an elementwise program gathers while its blocks pass, in the order that ck_elementwise.h states.
#pragma once

typedef double vd __attribute__((ext_vector_type(16)));
typedef double vd_unaligned __attribute__((ext_vector_type(16), aligned(8), may_alias));

CK_INLINE void add_to(double *total, vf v) {
  *(vd_unaligned *)total = *(const vd_unaligned *)total + __builtin_convertvector(v, vd);
}

// b is NULL where there is nothing to multiply with.
CK_INLINE vf term(const float *a, const float *b, int64_t i) { return b ? load(a + i) * load(b + i) : load(a + i); }
CK_INLINE vf term_part(const float *a, const float *b, int64_t i, int64_t n) {
  return b ? load_part(a + i, n) * load_part(b + i, n) : load_part(a + i, n);
}

// total[c] += Σ_r a[r · columns + c] over `width` vectors of columns.
CK_INLINE void gather_strip(
    const float *a, const float *b, int64_t rows, int64_t columns, double *total, const int width) {
  vf sum[4];
  for (int k = 0; k < width; k++) sum[k] = term(a, b, k * LANES);
#pragma clang loop unroll(disable)
  for (int64_t r = 1; r < rows; r++) {
    a += columns;
    if (b) b += columns;
    for (int k = 0; k < width; k++) sum[k] += term(a, b, k * LANES);
  }
  for (int k = 0; k < width; k++) add_to(total + k * LANES, sum[k]);
}

// Float32 adds no more than GATHER_ROWS numbers in turn.
enum { GATHER_ROWS = 16 };

CK_INLINE void gather_rows(const float *a, const float *b, int64_t rows, int64_t columns, double *total) {
  for (; rows > 0; rows -= GATHER_ROWS) {
    const int64_t now = rows < GATHER_ROWS ? rows : GATHER_ROWS;
    int64_t c = 0;
    for (; c + 4 * LANES <= columns; c += 4 * LANES) gather_strip(a + c, b ? b + c : b, now, columns, total + c, 4);
    for (; c + LANES <= columns; c += LANES) gather_strip(a + c, b ? b + c : b, now, columns, total + c, 1);
    for (; c < columns; c++) {
      float sum = b ? a[c] * b[c] : a[c];
      for (int64_t i = c + columns; i < now * columns; i += columns) sum += b ? a[i] * b[i] : a[i];
      total[c] += sum;
    }
    a += now * columns;
    if (b) b += now * columns;
  }
}

// Σ_i a[i].
CK_INLINE float sum_line(const float *a, const float *b, int64_t n) {
  vf s[4] = {0, 0, 0, 0};
  int64_t i = 0;
  for (; i + 4 * LANES <= n; i += 4 * LANES)
    for (int k = 0; k < 4; k++) s[k] += term(a, b, i + k * LANES);
  if (i + LANES <= n) s[0] += term(a, b, i);
  if (i + 2 * LANES <= n) s[1] += term(a, b, i + LANES);
  if (i + 3 * LANES <= n) s[2] += term(a, b, i + 2 * LANES);
  const int64_t whole = n & ~(int64_t)(LANES - 1);
  if (whole < n) s[3] += term_part(a, b, whole, n - whole);
  return sum_lanes((s[0] + s[1]) + (s[2] + s[3]));
}

// Line by line from coordinates `start` on, whole rows that add to the same numbers together.
CK_INLINE void gather_walk(
    const ck_elementwise_program *program, const int64_t *stride, const int64_t *start, const float *a, const float *b,
    int64_t n, double *total) {
  const int dimensions = program->dimensions, d = dimensions - 1;
  const int64_t *extent = program->extent;
  int64_t index[dimensions];
  for (int k = 0; k < d; k++) total += (index[k] = start[k]) * stride[k];
  for (int64_t done = 0, i = start[d]; done < n; i = 0) {
    const int64_t left = n - done;
    const int64_t length = extent[d] - i < left ? extent[d] - i : left;
    int64_t rows = 1;
    if (stride[d] == 0) {
      *total += sum_line(a + done, b ? b + done : b, length);
    } else {
      if (d > 0 && stride[d - 1] == 0 && length == extent[d]) {
        const int64_t here = extent[d - 1] - index[d - 1], fit = left / length;
        rows = here < fit ? here : fit;
        index[d - 1] += rows - 1;
      }
      gather_rows(a + done, b ? b + done : b, rows, length, total + i);
    }
    done += rows * length;
    total += next_line(index, extent, stride, dimensions);
  }
}

CK_INLINE void gather_planned(
    const ck_elementwise_program *program, operand_plan plan, int32_t o, const int64_t *start, const float *a,
    const float *b, int64_t n, double *sums) {
  const ck_operand *operand = &program->operands[o];
  double *total = sums + operand->offset;
  if (plan == GATHERED_ROWS) {
    const int64_t columns = program->extent[program->dimensions - 1];
    gather_rows(a, b, n / columns, columns, total);
  } else if (plan == GATHERED_ALL) {
    *total += sum_line(a, b, n);
  } else {
    gather_walk(program, operand->stride, start, a, b, n, total);
  }
}

static void gather(
    const ck_elementwise_program *program, operand_plan plan, int32_t o, const int64_t *start, const float *a,
    const float *b, int64_t n, double *sums) {
  if (b == NULL) {
    gather_planned(program, plan, o, start, a, NULL, n, sums);
  } else {
    gather_planned(program, plan, o, start, a, b, n, sums);
  }
}
