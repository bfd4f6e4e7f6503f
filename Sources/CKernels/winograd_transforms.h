// Winograd's transforms along one axis. `folded`: an upsampled input or a pooled output; the point −1 is left out.
#pragma once

#define CK_UNROLL _Pragma("clang loop unroll(full)")

// Stored values that a tile reads along an axis, and values that it writes; points in between.
CK_INLINE int input_values(int tile, int resampling) {
  if (resampling == CK_RESAMPLE_UPSAMPLE_INPUT) return tile == 4 ? 4 : 3;
  return tile + 2;
}
CK_INLINE int output_values(int tile, int resampling) {
  return resampling == CK_RESAMPLE_POOL_OUTPUT ? tile / 2 : tile;
}
CK_INLINE int point_count(int tile, int resampling) { return tile + (resampling == CK_RESAMPLE_NONE ? 2 : 1); }

// v = Bᵀ x
CK_INLINE void transform_input(int tile, int resampling, const vf *x, vf *v) {
  if (tile == 4 && resampling == CK_RESAMPLE_UPSAMPLE_INPUT) {  // x = (a, b, b, c, c, d)
    const vf difference = x[2] - x[1];
    v[0] = 4 * x[0] - 5 * x[1] + x[2];
    v[1] = 2 * x[2] - 8 * x[1];
    v[2] = 3 * difference;
    v[3] = -difference;
    v[4] = 4 * x[1] - 5 * x[2] + x[3];
  } else if (tile == 4) {
    const vf even = x[4] - 4 * x[2], odd = x[3] - 4 * x[1];
    const vf low = x[4] - x[2], high = 2 * (x[3] - x[1]);
    int p = 0;
    v[p++] = 4 * x[0] - 5 * x[2] + x[4];
    v[p++] = even + odd;
    if (resampling == CK_RESAMPLE_NONE) v[p++] = even - odd;
    v[p++] = low + high;
    v[p++] = low - high;
    v[p++] = 4 * x[1] - 5 * x[3] + x[5];
  } else if (resampling == CK_RESAMPLE_UPSAMPLE_INPUT) {  // x = (a, b, b, c)
    v[0] = x[0] - x[1];
    v[1] = 2 * x[1];
    v[2] = x[1] - x[2];
  } else {
    int p = 0;
    v[p++] = x[0] - x[2];
    v[p++] = x[1] + x[2];
    if (resampling == CK_RESAMPLE_NONE) v[p++] = x[2] - x[1];
    v[p++] = x[1] - x[3];
  }
}

// y = Aᵀ m; means of two where the output is pooled.
CK_INLINE void transform_output(int tile, int resampling, const vf *m, vf *y) {
  if (tile == 4 && resampling == CK_RESAMPLE_POOL_OUTPUT) {
    y[0] = m[1] + 0.5f * (m[0] + 3 * m[2] - m[3]);
    y[1] = m[1] + 6 * m[2] - 2 * m[3] + 0.5f * m[4];
  } else if (tile == 4 && resampling == CK_RESAMPLE_NONE) {
    const vf a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], d = m[3] - m[4];
    y[0] = m[0] + a + c;
    y[1] = b + 2 * d;
    y[2] = a + 4 * c;
    y[3] = b + 8 * d + m[5];
  } else if (tile == 4) {
    const vf c = m[2] + m[3], d = m[2] - m[3];
    y[0] = m[0] + m[1] + c;
    y[1] = m[1] + 2 * d;
    y[2] = m[1] + 4 * c;
    y[3] = m[1] + 8 * d + m[4];
  } else if (resampling == CK_RESAMPLE_POOL_OUTPUT) {
    y[0] = m[1] + 0.5f * (m[0] - m[2]);
  } else if (resampling == CK_RESAMPLE_NONE) {
    y[0] = m[0] + m[1] + m[2];
    y[1] = m[1] - m[2] - m[3];
  } else {
    y[0] = m[0] + m[1];
    y[1] = m[1] - m[2];
  }
}

// m = A y, the adjoint of the above.
CK_INLINE void transform_output_gradient(int tile, int resampling, const vf *y, vf *m) {
  int p = 0;
  if (tile == 4 && resampling == CK_RESAMPLE_POOL_OUTPUT) {
    m[0] = 0.5f * y[0];
    m[1] = y[0] + y[1];
    m[2] = 1.5f * y[0] + 6 * y[1];
    m[3] = -0.5f * y[0] - 2 * y[1];
    m[4] = 0.5f * y[1];
  } else if (tile == 4) {
    const vf even = y[0] + y[2], odd = y[1] + y[3];
    const vf wideEven = y[0] + 4 * y[2], wideOdd = 2 * y[1] + 8 * y[3];
    m[p++] = y[0];
    m[p++] = even + odd;
    if (resampling == CK_RESAMPLE_NONE) m[p++] = even - odd;
    m[p++] = wideEven + wideOdd;
    m[p++] = wideEven - wideOdd;
    m[p++] = y[3];
  } else if (resampling == CK_RESAMPLE_POOL_OUTPUT) {
    m[0] = 0.5f * y[0];
    m[1] = y[0];
    m[2] = -0.5f * y[0];
  } else {
    m[p++] = y[0];
    m[p++] = y[0] + y[1];
    if (resampling == CK_RESAMPLE_NONE) m[p++] = y[0] - y[1];
    m[p++] = -y[1];
  }
}

// u = G w
CK_INLINE void transform_weights(int tile, int resampling, const vf *w, vf *u) {
  int p = 0;
  if (tile == 4) {
    const vf even = (w[0] + w[2]) * (-1.0f / 6), odd = w[1] * (-1.0f / 6);
    const vf wideEven = w[0] * (1.0f / 24) + w[2] * (1.0f / 6), wideOdd = w[1] * (1.0f / 12);
    u[p++] = 0.25f * w[0];
    u[p++] = even + odd;
    if (resampling == CK_RESAMPLE_NONE) u[p++] = even - odd;
    u[p++] = wideEven + wideOdd;
    u[p++] = wideEven - wideOdd;
    u[p++] = w[2];
  } else {
    const vf even = 0.5f * (w[0] + w[2]), odd = 0.5f * w[1];
    u[p++] = w[0];
    u[p++] = even + odd;
    if (resampling == CK_RESAMPLE_NONE) u[p++] = even - odd;
    u[p++] = w[2];
  }
}

// w = Gᵀ u, the adjoint of the above.
CK_INLINE void transform_weights_gradient(int tile, int resampling, const vf *u, vf *w) {
  const int q = resampling == CK_RESAMPLE_NONE;  // one more point
  const vf second = q ? u[2] : (vf)0;
  const vf sum = u[1] + second, difference = u[1] - second;
  if (tile == 4) {
    const vf c = u[2 + q] + u[3 + q], d = u[2 + q] - u[3 + q];
    w[0] = 0.25f * u[0] - sum * (1.0f / 6) + c * (1.0f / 24);
    w[1] = d * (1.0f / 12) - difference * (1.0f / 6);
    w[2] = (c - sum) * (1.0f / 6) + u[4 + q];
  } else {
    w[0] = u[0] + 0.5f * sum;
    w[1] = 0.5f * difference;
    w[2] = 0.5f * sum + u[2 + q];
  }
}
