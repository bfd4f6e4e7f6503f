// Exponential, logarithm and what follows from them. Polynomials are minimax fits (Remez) made for these intervals.
#pragma once

static const float ln2_high = 0x1.63p-1f;  // nine bits: a multiple of it by an exponent is exact
static const float ln2_low = -2.12194440e-4f;

// e^x − 1 = 2^n · e^r − 1 with |r| ≤ ln 2 / 2; returns e^r − 1. Needs |x| ≤ 2^20; NaN comes out as NaN.
CK_INLINE vf expm1_reduced(vf x, vf *n) {
  const vf magic = (vf)0x1.8p23f;  // adding it rounds to a whole number
  const vf k = madd(x, (vf)0x1.715476p+0f, magic) - magic;
  const vf r = madd(k, (vf)-ln2_low, madd(k, (vf)-ln2_high, x));
  vf q = (vf)0x1.6bec08p-10f;
  q = madd(q, r, (vf)0x1.1227b0p-7f);
  q = madd(q, r, (vf)0x1.555674p-5f);
  q = madd(q, r, (vf)0x1.5554b0p-3f);
  q = madd(q, r, (vf)0x1.fffffep-2f);
  *n = k;
  return madd(r * r, q, r);
}

// 2^n for whole −126 ≤ n ≤ 127.
CK_INLINE vf power_of_two(vf n) { return (vf)((vi)(n + (vf)(0x1.8p23f + 127)) << 23); }

// e^x. Error ≤ 2 ulp (1 ulp of a denormal result, unless flushed); 0 and ∞ where the result is out of range.
CK_INLINE vf exp_of(vf x) {
  vf n;
  const vf r = expm1_reduced(at_least(at_most(x, 89), -104), &n);
#if CK_AVX512
  return _mm512_scalef_ps(r + 1, n);
#else
  const vf half = (n * 0.5f + 0x1.8p23f) - 0x1.8p23f;  // in two steps, as 2^n itself may be out of range
  return ((r + 1) * power_of_two(half)) * power_of_two(n - half);
#endif
}

// e^x for −87.34 ≤ x ≤ 88, without the ends.
CK_INLINE vf exp_inside(vf x) {
  vf n;
  const vf r = expm1_reduced(x, &n);
  return (r + 1) * power_of_two(n);
}

// ln(1 + f) + e · ln 2 for √½ − 1 ≤ f ≤ √2 − 1: f − f²/2 + f³ · P(f).
CK_INLINE vf log1p_reduced(vf f, vf e) {
  vf p = (vf)-0x1.38a736p-4f;
  p = madd(p, f, (vf)0x1.055fd2p-3f);
  p = madd(p, f, (vf)-0x1.0d89dap-3f);
  p = madd(p, f, (vf)0x1.22d9dap-3f);
  p = madd(p, f, (vf)-0x1.5471cep-3f);
  p = madd(p, f, (vf)0x1.99a008p-3f);
  p = madd(p, f, (vf)-0x1.000228p-2f);
  p = madd(p, f, (vf)0x1.555554p-2f);
  const vf square = f * f;
  const vf tail = madd(square, madd(p, f, (vf)-0.5f), e * ln2_low);
  return madd(e, (vf)ln2_high, f + tail);
}

// ln x. Error ≤ 2 ulp; −∞ at ±0, NaN below. Denormals count as numbers unless they are flushed.
CK_INLINE vf log_of(vf x) {
  const vi tiny = x < (vf)FLT_MIN;
  const vi bits = (vi)(tiny ? x * 0x1p23f : x) - 0x3f3504f3;  // √½
  const vf mantissa = (vf)((bits & 0x7fffff) + 0x3f3504f3);
  const vf exponent = __builtin_convertvector(bits >> 23, vf) - (tiny ? (vf)23 : (vf)0);
  const vf y = log1p_reduced(mantissa - 1, exponent);
  const vf outside = x == (vf)0 ? (vf)-INFINITY : (vf)NAN;
  const vf inside = x < (vf)INFINITY ? y : x;
  return x > (vf)0 ? inside : outside;
}

// tanh x = m / (m + 2) with m = e^2|x| − 1. Error ≤ 3 ulp, near 0 too; the sign of zero stays.
CK_INLINE vf tanh_of(vf x) {
  vf n;
  const vf r = expm1_reduced(at_most(absolute(x) * 2, 20), &n);  // tanh 10 is 1
  const vf scale = power_of_two(n);
  const vf m = madd(r, scale, scale - 1);
  return with_sign(m / (m + 2), sign_of(x));
}

// 1 / (1 + e^−x). Error ≤ 3 ulp; below −88, where the result is denormal, 0.
CK_INLINE vf sigmoid_of(vf x) {
  const vf negated = -x;
  const vf e = exp_inside(at_least(at_most(negated, 88), -87));
  return 1 / (1 + (negated > (vf)88 ? (vf)INFINITY : e));
}

// ln(1 + e^x) = max(x, 0) + ln(1 + z), z = e^−|x|. Relative error ≤ 3e-7; 0 where the result is denormal.
CK_INLINE vf softplus_of(vf x) {
  const float least = 87.33654f;  // −ln of the least normal number
  const vf distance = absolute(x);
  const vf e = exp_inside(-at_most(distance, least));
  const vf z = distance > (vf)least ? (vf)0 : e;
  const vi large = z > (vf)0.41421356f;
  const vf f = large ? (z - 1) * 0.5f : z;  // 1 + z = 2 · (1 + (z − 1) / 2)
  return (x > (vf)0 ? x : (vf)0) + log1p_reduced(f, large ? (vf)1 : (vf)0);
}

#define CK_ARRAY(NAME)                                                                \
  static void NAME##_array(const float *x, float *y, int64_t count) {                 \
    int64_t i = 0;                                                                    \
    for (; i + LANES <= count; i += LANES) store(y + i, NAME##_of(load(x + i)));      \
    if (i < count) store_part(y + i, NAME##_of(load_part(x + i, count - i)), count - i); \
  }
CK_ARRAY(exp)
CK_ARRAY(log)
CK_ARRAY(tanh)
CK_ARRAY(sigmoid)
CK_ARRAY(softplus)
#undef CK_ARRAY
