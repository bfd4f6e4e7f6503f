// Replicated state: no fused multiply-add, no approximation, so every CPU writes the same bits.
#pragma once

// Lanes behind a partial load are zero and stay harmless: 0 / (√0 + ε), not stored.
CK_INLINE void adam_lanes(vf *p, vf *m, vf *v, vf g, const ck_adam_step *s, float keep, float rate) {
  *m = s->beta1 * *m + (1 - s->beta1) * g;
  *v = s->beta2 * *v + (1 - s->beta2) * (g * g);
  *p = *p * keep - (rate * *m) / (__builtin_elementwise_sqrt(*v * s->correction2) + s->epsilon);
}

static void adam(
    float *parameters, float *m, float *v, const float *gradient, int64_t count, const ck_adam_step *step) {
  if (step->apply == 0) return;
  const ck_adam_step s = *step;
  const float keep = 1 - s.learningRate * s.decay;
  const float rate = s.learningRate * s.correction1;
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    vf pv = load(parameters + i), mv = load(m + i), vv = load(v + i);
    adam_lanes(&pv, &mv, &vv, load(gradient + i), &s, keep, rate);
    store(parameters + i, pv);
    store(m + i, mv);
    store(v + i, vv);
  }
  const int64_t n = count - i;
  if (n == 0) return;
  vf pv = load_part(parameters + i, n), mv = load_part(m + i, n), vv = load_part(v + i, n);
  adam_lanes(&pv, &mv, &vv, load_part(gradient + i, n), &s, keep, rate);
  store_part(parameters + i, pv, n);
  store_part(m + i, mv, n);
  store_part(v + i, vv, n);
}

static void average(float *average, const float *parameters, int64_t count, float decay, float apply) {
  if (apply == 0) return;
  const float rest = 1 - decay;
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) store(average + i, decay * load(average + i) + rest * load(parameters + i));
  for (; i < count; i++) average[i] = decay * average[i] + rest * parameters[i];
}

static void sum_blocks(const float *const *blocks, int32_t blockCount, int64_t count, float *destination) {
  if (blockCount == 0) {
    fill(destination, count, 0);
    return;
  }
  int64_t i = 0;
  for (; i + 4 * LANES <= count; i += 4 * LANES) {
    const float *first = blocks[0] + i;
    vf s0 = load(first), s1 = load(first + 16), s2 = load(first + 32), s3 = load(first + 48);
    for (int32_t b = 1; b < blockCount; b++) {
      const float *block = blocks[b] + i;
      s0 += load(block);
      s1 += load(block + 16);
      s2 += load(block + 32);
      s3 += load(block + 48);
    }
    store(destination + i, s0);
    store(destination + i + 16, s1);
    store(destination + i + 32, s2);
    store(destination + i + 48, s3);
  }
  for (; i < count; i++) {
    float sum = blocks[0][i];
    for (int32_t b = 1; b < blockCount; b++) sum += blocks[b][i];
    destination[i] = sum;
  }
}

// An exponent of all ones is an infinity or a NaN.
static int all_finite(const float *x, int64_t count) {
  const int32_t exponent = 0x7f800000;
  int64_t i = 0;
  while (i + LANES <= count) {
    const int64_t end = i + 4096 < count ? i + 4096 : count;
    vi bad = (vi)0;
    for (; i + LANES <= end; i += LANES) bad |= ((vi)load(x + i) & exponent) == exponent;
    if (__builtin_reduce_or(bad)) return 0;
  }
  const vi bad = ((vi)load_part(x + i, count - i) & exponent) == exponent;
  return !__builtin_reduce_or(bad);
}
