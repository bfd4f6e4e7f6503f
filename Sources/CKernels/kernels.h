// Every kernel, compiled at the level of the file that includes this: CK_FUSED and CK_AVX512 say what it has,
// CK_ATTRIBUTES selects it for each function, CK_TABLE names the result.

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#if CK_AVX512
#include <immintrin.h>
#endif

#include "CKernels.h"

// Nothing is fused but what asks for it by name: what a kernel computes must not depend on the compiler's taste.
#pragma clang fp contract(off)

// Wider vectors than the CPU's are passed only between functions that are inlined: there is no interface to break.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpsabi"

#ifdef CK_ATTRIBUTES
#pragma clang attribute push(CK_ATTRIBUTES, apply_to = function)
#endif

#include "vector.h"
#include "vector_math.h"

#include "movement.h"

#include "additive.h"
#include "elementwise.h"
#include "pooling.h"
#include "random.h"
#include "reduce.h"
#include "softmax.h"
#include "spectral.h"
#include "state.h"
#include "winograd_gradient.h"
#include "winograd_weights.h"
#include "unfold.h"

#ifdef CK_ATTRIBUTES
#pragma clang attribute pop
#endif
#pragma clang diagnostic pop

const ck_kernels CK_TABLE = {
    .elementwise_run = elementwise_run,
    .exp = exp_array,
    .log = log_array,
    .tanh = tanh_array,
    .sigmoid = sigmoid_array,
    .softplus = softplus_array,
    .softmax_rows = softmax_rows,
    .softmax_gradient_rows = softmax_gradient_rows,
    .reduce_sum = reduce_sum,
    .reduce_max = reduce_max,
    .reduce_sum_columns = reduce_sum_columns,
    .reduce_max_columns = reduce_max_columns,
    .transpose = transpose,
    .transpose_strided = transpose_strided,
    .copy_strided = copy_strided,
    .fill = fill,
    .random_normal = random_normal,
    .random_uniform = random_uniform,
    .adam = adam,
    .average = average,
    .power_iteration = power_iteration,
    .sum_blocks = sum_blocks,
    .all_finite = all_finite,
    .additive_scores = additive_scores,
    .additive_scores_gradient = additive_scores_gradient,
    .winograd_weights = winograd_weights,
    .winograd_run = winograd_run,
    .winograd_gradient_sums = winograd_gradient_sums,
    .winograd_gradient_finish = winograd_gradient_finish,
    .unfold = unfold,
    .fold = fold,
    .average_pool = average_pool,
    .upsample = upsample,
    .max_pool_gather = max_pool_gather,
    .max_pool_scatter = max_pool_scatter,
};
