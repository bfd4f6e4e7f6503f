// Power iteration. Replicated state: no fused multiply-add and one order of additions, so every CPU writes the same bits.
#pragma once

enum { ROW_GROUP = 4 };

// products[r] = rows[r]·u for four rows at once: their sums hide each other's latency, each keeps its own order.
CK_INLINE void dot_rows(const float *const rows[ROW_GROUP], const float *u, int64_t n, float *products) {
  vf a[ROW_GROUP] = {(vf)0.0f, (vf)0.0f, (vf)0.0f, (vf)0.0f};
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    const vf x = load(u + i);
    for (int r = 0; r < ROW_GROUP; r++) a[r] += load(rows[r] + i) * x;
  }
  if (i < n) {
    const vf x = load_part(u + i, n - i);
    for (int r = 0; r < ROW_GROUP; r++) a[r] += load_part(rows[r] + i, n - i) * x;
  }
  for (int r = 0; r < ROW_GROUP; r++) products[r] = sum_lanes(a[r]);
}

// sum[j] += Σ products[r] · rows[r][j], row after row.
CK_INLINE void add_rows(const float *const rows[ROW_GROUP], const float *products, int64_t n, float *sum) {
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    vf s = load(sum + i);
    for (int r = 0; r < ROW_GROUP; r++) s += products[r] * load(rows[r] + i);
    store(sum + i, s);
  }
  if (i == n) return;
  vf s = load_part(sum + i, n - i);
  for (int r = 0; r < ROW_GROUP; r++) s += products[r] * load_part(rows[r] + i, n - i);
  store_part(sum + i, s, n - i);
}

static float norm(const float *x, int64_t n) {
  vf a = (vf)0.0f;
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) a += load(x + i) * load(x + i);
  if (i < n) {
    const vf rest = load_part(x + i, n - i);
    a += rest * rest;
  }
  const float root = __builtin_sqrtf(sum_lanes(a));
  return root < 1e-12f ? 1e-12f : root;
}

static void divide(float *x, int64_t n, float divisor) {
  for (int64_t i = 0; i < n; i++) x[i] = x[i] / divisor;
}

// Every row is multiplied with u and, while it is in the cache, added to wᵀ·(w·u).
static void power_iteration(const float *w, int64_t rows, int64_t columns, float *u, float *v, float *workspace) {
  fill(workspace, columns, 0);
  for (int64_t first = 0; first < rows; first += ROW_GROUP) {
    const int64_t count = rows - first < ROW_GROUP ? rows - first : ROW_GROUP;
    const float *group[ROW_GROUP];
    for (int r = 0; r < ROW_GROUP; r++) group[r] = w + (first + (r < count ? r : 0)) * columns;
    float products[ROW_GROUP];
    dot_rows(group, u, columns, products);
    for (int64_t r = count; r < ROW_GROUP; r++) products[r] = 0;
    add_rows(group, products, columns, workspace);
    for (int64_t r = 0; r < count; r++) v[first + r] = products[r];
  }
  const float length = norm(v, rows);
  divide(v, rows, length);
  // Before its own norm is taken: squares of σ² would leave the range of float32 sooner than those of σ.
  divide(workspace, columns, length);
  const float sigma = norm(workspace, columns);
  for (int64_t i = 0; i < columns; i++) u[i] = workspace[i] / sigma;
}
