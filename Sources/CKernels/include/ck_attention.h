#pragma once
#include <stdint.h>

// Additive attention: scores[b,t,s] = Σ_u tanh(q[b,t,u] + k[b,s,u]) · w[u].
//
// tanh(x + y) = 1 − 2 / (e^2x · e^2y + 1), so a batch takes (queries + keys) · units exponentials and, per term, a
// reciprocal. Error per term: at most 4e-7 · |w|, absolute, for |q|, |k| ≤ 43; beyond 43 the two are clamped one by
// one, which shows only where they cancel (q = 50, k = −49 gives tanh 0). NaN propagates.

// Floats of workspace that the two functions need.
int64_t ck_additive_workspace(int64_t batch, int64_t queries, int64_t keys, int64_t units);

void ck_additive_scores(
    const float *_Nonnull q, const float *_Nonnull k, const float *_Nonnull w, float *_Nonnull scores, int64_t batch,
    int64_t queries, int64_t keys, int64_t units, float *_Nonnull workspace);

// With h = tanh(q + k) and g the gradient of the scores: qGradient[b,t,u] = Σ_s g·w·(1−h²),
// kGradient[b,s,u] = Σ_t g·w·(1−h²), wGradient[u] = Σ_b,t,s g·h.
void ck_additive_scores_gradient(
    const float *_Nonnull q, const float *_Nonnull k, const float *_Nonnull w, const float *_Nonnull scoresGradient,
    float *_Nonnull qGradient, float *_Nonnull kGradient, float *_Nonnull wGradient, int64_t batch, int64_t queries,
    int64_t keys, int64_t units, float *_Nonnull workspace);
