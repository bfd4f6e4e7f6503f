// Philox 4x32-10 for sixteen counters at once, normals by Box and Muller. Nothing is fused: the same bits everywhere.
#pragma once

typedef struct {
  vu w[4];
} philox_words;

typedef struct {
  int64_t samples, perSample, countersPerSample;
  uint32_t key0, key1;
  uint64_t iteration;
  uint32_t firstSample;
} random_request;

// Words of 32 bits lie in the low halves of 64-bit lanes, as the widening multiplication wants them; high halves are
// not looked at.
CK_INLINE void philox_half(vq *x, uint32_t key0, uint32_t key1) {
  const uint64_t low = 0xffffffff;
  for (int round = 0; round < 10; round++) {
    const vq p0 = (x[0] & low) * (uint64_t)0xD2511F53, p1 = (x[2] & low) * (uint64_t)0xCD9E8D57;
    x[0] = (p1 >> 32) ^ x[1] ^ (uint64_t)key0;
    x[1] = p1;
    x[2] = (p0 >> 32) ^ x[3] ^ (uint64_t)key1;
    x[3] = p0;
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
}

CK_INLINE philox_words philox(vu position, vu sample, const random_request *q) {
  const uint64_t low = 0xffffffff, i0 = (uint32_t)q->iteration, i1 = q->iteration >> 32;
  vq even[4] = {(vq)position & low, (vq)sample & low, (vq)i0, (vq)i1};
  vq odd[4] = {(vq)position >> 32, (vq)sample >> 32, (vq)i0, (vq)i1};
  philox_half(even, q->key0, q->key1);
  philox_half(odd, q->key0, q->key1);
  philox_words words;
  for (int i = 0; i < 4; i++) words.w[i] = (vu)((even[i] & low) | (odd[i] << 32));
  return words;
}

// ln((k + ½) · 2⁻²⁴), k < 2²⁴; near 1, 1 − u is a float where u itself is not.
CK_INLINE vf log_of_uniform(vi k) {
  const vf u = (__builtin_convertvector(k, vf) + 0.5f) * 0x1p-24f;
  const vi bits = (vi)u - 0x3f3504f3;  // √½
  const vf mantissa = (vf)((bits & 0x7fffff) + 0x3f3504f3);
  const vi exponent = bits >> 23;
  const vf below = (__builtin_convertvector(k - (1 << 24), vf) + 0.5f) * 0x1p-24f;
  const vf f = exponent >= 0 ? below : mantissa - 1;
  const vf e = __builtin_convertvector(exponent, vf);
  vf p = (vf)-0x1.38a736p-4f;
  p = p * f + 0x1.055fd2p-3f;
  p = p * f - 0x1.0d89dap-3f;
  p = p * f + 0x1.22d9dap-3f;
  p = p * f - 0x1.5471cep-3f;
  p = p * f + 0x1.99a008p-3f;
  p = p * f - 0x1.000228p-2f;
  p = p * f + 0x1.555554p-2f;
  const vf tail = (f * f) * (p * f - 0.5f) + e * ln2_low;
  return e * ln2_high + (f + tail);
}

// One pair of words to one pair of normals. The angle is reduced to an eighth of a turn exactly, in whole numbers.
CK_INLINE void box_muller(vu w0, vu w1, vf *cosine, vf *sine) {
  const vf radius = __builtin_elementwise_sqrt(-2 * log_of_uniform((vi)(w0 >> 8)));
  const vi k = (vi)(w1 >> 8);
  const vi quarter = (k + (1 << 21)) >> 22;
  const vf turn = (__builtin_convertvector(k - (quarter << 22), vf) + 0.5f) * 0x1p-24f;
  const vf z = turn * turn;
  vf s = (vf)-0x1.2d92ecp+6f;
  s = s * z + 0x1.465e92p+6f;
  s = s * z - 0x1.4abbb8p+5f;
  s = (s * z + 0x1.921fb6p+2f) * turn;
  vf c = (vf)0x1.d9f79ap+5f;
  c = c * z - 0x1.55c664p+6f;
  c = c * z + 0x1.03c1dep+6f;
  c = (c * z - 0x1.3bd3ccp+4f) * z + 1;
  const vi swap = (quarter & 1) != 0;
  const vi cosineSign = ((quarter + 1) & 2) << 30, sineSign = (quarter & 2) << 30;
  *cosine = radius * (vf)((vi)(swap ? s : c) ^ cosineSign);
  *sine = radius * (vf)((vi)(swap ? c : s) ^ sineSign);
}

#define ZIP_FIRST(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define ZIP_LAST(a, b) __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define PAIRS_FIRST(a, b) __builtin_shufflevector(a, b, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23)
#define PAIRS_LAST(a, b) __builtin_shufflevector(a, b, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31)

// y[4·lane + i] = v[i][lane].
CK_INLINE void store_interleaved(float *y, const vf v[4]) {
  const vf a = ZIP_FIRST(v[0], v[1]), b = ZIP_FIRST(v[2], v[3]);
  const vf c = ZIP_LAST(v[0], v[1]), d = ZIP_LAST(v[2], v[3]);
  store(y, PAIRS_FIRST(a, b));
  store(y + 16, PAIRS_LAST(a, b));
  store(y + 32, PAIRS_FIRST(c, d));
  store(y + 48, PAIRS_LAST(c, d));
}

CK_INLINE void normal_values(const philox_words *words, vf v[4], float low, float high) {
  (void)low;
  (void)high;
  box_muller(words->w[0], words->w[1], &v[0], &v[1]);
  box_muller(words->w[2], words->w[3], &v[2], &v[3]);
}

CK_INLINE void uniform_values(const philox_words *words, vf v[4], float low, float high) {
  for (int i = 0; i < 4; i++)
    v[i] = low + (high - low) * ((__builtin_convertvector((vi)(words->w[i] >> 8), vf) + 0.5f) * 0x1p-24f);
}

// Counters are numbered through all samples and taken sixteen at a time; each makes four values, the last of a sample
// perhaps fewer.
#define CK_RANDOM(NAME)                                                                                              \
  static void NAME##_run(float *y, const random_request *q, float low, float high) {                                 \
    const int64_t perSample = q->countersPerSample, total = q->samples * perSample;                                  \
    const int direct = q->perSample % 4 == 0;                                                                        \
    const int32_t sampleStep = (int32_t)(LANES / perSample), positionStep = (int32_t)(LANES % perSample);            \
    vi position, sample;                                                                                             \
    for (int lane = 0; lane < LANES; lane++) {                                                                       \
      position[lane] = (int32_t)(lane % perSample);                                                                  \
      sample[lane] = (int32_t)(lane / perSample);                                                                    \
    }                                                                                                                \
    for (int64_t first = 0; first < total; first += LANES) {                                                         \
      const philox_words words = philox((vu)position, (vu)sample + q->firstSample, q);                               \
      vf v[4];                                                                                                       \
      NAME##_values(&words, v, low, high);                                                                           \
      if (direct && first + LANES <= total) {                                                                        \
        store_interleaved(y + 4 * first, v);                                                                         \
      } else {                                                                                                       \
        float block[4 * LANES];                                                                                      \
        store_interleaved(block, v);                                                                                 \
        for (int lane = 0; lane < LANES && first + lane < total; lane++) {                                           \
          const int64_t p = 4 * (int64_t)position[lane], left = q->perSample - p;                                    \
          copy_row(y + sample[lane] * q->perSample + p, block + 4 * lane, left < 4 ? left : 4);                      \
        }                                                                                                            \
      }                                                                                                              \
      position += positionStep;                                                                                      \
      const vi wrapped = position >= (int32_t)perSample;                                                             \
      position -= wrapped & (int32_t)perSample;                                                                      \
      sample += sampleStep - wrapped;                                                                                \
    }                                                                                                                \
  }
CK_RANDOM(normal)
CK_RANDOM(uniform)
#undef CK_RANDOM

static void random_normal(
    float *y, int64_t samples, int64_t perSample, uint32_t key0, uint32_t key1, uint64_t iteration,
    uint32_t firstSample) {
  if (samples <= 0 || perSample <= 0) return;
  const random_request q = {samples, perSample, (perSample + 3) / 4, key0, key1, iteration, firstSample};
  normal_run(y, &q, 0, 1);
}

static void random_uniform(
    float *y, int64_t samples, int64_t perSample, uint32_t key0, uint32_t key1, uint64_t iteration,
    uint32_t firstSample, float low, float high) {
  if (samples <= 0 || perSample <= 0) return;
  const random_request q = {samples, perSample, (perSample + 3) / 4, key0, key1, iteration, firstSample};
  uniform_run(y, &q, low, high);
}
