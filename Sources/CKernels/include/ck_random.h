#pragma once
#include <stdint.h>

// Counter-based random numbers: sample s (0 ≤ s < samples) at position p draws word p mod 4 of Philox 4x32-10 at
// counter (p / 4, firstSample + s, iteration low, iteration high) under key (key0, key1). So values do not depend on how
// samples are split over calls; they are equal bit for bit at every CPU level, because only plain multiplications,
// additions and square roots are used.
//
// Source: Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3, 2011.

// Standard normals by Box and Muller: words (w0, w1) make positions 0 and 1, (w2, w3) positions 2 and 3:
// u = (w >> 8 + ½) · 2⁻²⁴, r = √(−2 ln u0), θ = 2π u1, (r cos θ, r sin θ).
void ck_random_normal(
    float *_Nonnull y, int64_t samples, int64_t perSample, uint32_t key0, uint32_t key1, uint64_t iteration,
    uint32_t firstSample);

// low + (high − low) · u, in [low, high].
void ck_random_uniform(
    float *_Nonnull y, int64_t samples, int64_t perSample, uint32_t key0, uint32_t key1, uint64_t iteration,
    uint32_t firstSample, float low, float high);
