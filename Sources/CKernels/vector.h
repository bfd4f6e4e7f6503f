// Sixteen float lanes, whatever the CPU's registers hold; so every order of additions is the same on every CPU.
#pragma once

typedef float vf __attribute__((ext_vector_type(16)));
typedef float vf_unaligned __attribute__((ext_vector_type(16), aligned(4), may_alias));
typedef int32_t vi __attribute__((ext_vector_type(16)));
typedef uint32_t vu __attribute__((ext_vector_type(16)));
typedef uint64_t vq __attribute__((ext_vector_type(8)));

enum { LANES = 16 };

#define CK_INLINE static inline __attribute__((always_inline))

CK_INLINE vf load(const float *p) { return *(const vf_unaligned *)p; }
CK_INLINE void store(float *p, vf v) { *(vf_unaligned *)p = v; }

// Rows of any length without a call of memcpy: whole vectors, then one that overlaps the last.
CK_INLINE void copy_row(float *d, const float *s, int64_t n) {
  if (n >= LANES) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) store(d + i, load(s + i));
    if (i < n) store(d + n - LANES, load(s + n - LANES));
  } else if (n >= 8) {
    memcpy(d, s, 32);
    memcpy(d + n - 8, s + n - 8, 32);
  } else if (n >= 4) {
    memcpy(d, s, 16);
    memcpy(d + n - 4, s + n - 4, 16);
  } else {
    for (int64_t i = 0; i < n; i++) d[i] = s[i];
  }
}

// The first n < 16 elements, `rest` behind them; nothing past them is touched.
CK_INLINE vf load_part_or(const float *p, int64_t n, float rest) {
#if CK_AVX512
  return _mm512_mask_loadu_ps(_mm512_set1_ps(rest), (__mmask16)((1u << n) - 1), p);
#else
  vf v = (vf)rest;
  copy_row((float *)&v, p, n);
  return v;
#endif
}

CK_INLINE vf load_part(const float *p, int64_t n) { return load_part_or(p, n, 0); }

CK_INLINE void store_part(float *p, vf v, int64_t n) {
#if CK_AVX512
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), v);
#else
  copy_row(p, (const float *)&v, n);
#endif
}

// a·b + c, rounded once where the CPU can. Not for replicated state.
CK_INLINE vf madd(vf a, vf b, vf c) {
#if CK_FUSED
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
}

// The operand order makes one instruction of each and lets a NaN in x through.
CK_INLINE vf at_most(vf x, float limit) { return (vf)limit < x ? (vf)limit : x; }
CK_INLINE vf at_least(vf x, float limit) { return (vf)limit > x ? (vf)limit : x; }

// NaN where either is NaN. In a chain of maxima only the first instruction waits for the one before.
CK_INLINE vf maximum(vf a, vf b) { return (vf)((vi)(b > a ? b : a) | (b != b)); }
CK_INLINE vf minimum(vf a, vf b) { return (vf)((vi)(b < a ? b : a) | (b != b)); }

CK_INLINE vf absolute(vf x) { return (vf)((vi)x & 0x7fffffff); }
CK_INLINE vf sign_of(vf x) { return (vf)((vi)x & (int32_t)0x80000000); }
CK_INLINE vf with_sign(vf x, vf sign) { return (vf)((vi)x | (vi)sign); }

typedef float vf8 __attribute__((ext_vector_type(8)));
typedef float vf4 __attribute__((ext_vector_type(4)));

// Halving: i and i+8, i+4, i+2, i+1.
CK_INLINE float sum_lanes(vf v) {
  const vf8 a = v.lo + v.hi;
  const vf4 b = a.lo + a.hi;
  return (b.x + b.z) + (b.y + b.w);
}

#define SWAP_8(v) __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)
#define SWAP_4(v) __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11)
#define SWAP_2(v) __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)
#define SWAP_1(v) __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14)

CK_INLINE float maximum_lanes(vf v) {
  v = maximum(v, SWAP_8(v));
  v = maximum(v, SWAP_4(v));
  v = maximum(v, SWAP_2(v));
  return maximum(v, SWAP_1(v)).x;
}

// Lane i of the result is the sum of the lanes of a[i]. Each step folds pairs of vectors into one.
CK_INLINE vf sum_of_each(const vf a[16]) {
  vf b[8], c[4], d[2];
  for (int i = 0; i < 8; i++)
    b[i] = __builtin_shufflevector(a[i], a[i + 8], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
           __builtin_shufflevector(a[i], a[i + 8], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  for (int i = 0; i < 4; i++)
    c[i] = __builtin_shufflevector(b[i], b[i + 4], 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27) +
           __builtin_shufflevector(b[i], b[i + 4], 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
  for (int i = 0; i < 2; i++)
    d[i] = __builtin_shufflevector(c[i], c[i + 2], 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29) +
           __builtin_shufflevector(c[i], c[i + 2], 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
  return __builtin_shufflevector(d[0], d[1], 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30) +
         __builtin_shufflevector(d[0], d[1], 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
}
