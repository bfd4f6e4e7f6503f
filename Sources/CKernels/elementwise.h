// The interpreter of fused elementwise programs. See ck_elementwise.h.
#pragma once

typedef void elementwise_loop(float *const *operands, const ck_instruction *instruction, int64_t n);

#define CK_LOOP(NAME, RESULT, OPERANDS)                                                                     \
  static void loop_##NAME(float *const *operands, const ck_instruction *instruction, int64_t n) {           \
    float *d = operands[instruction->destination];                                                          \
    OPERANDS(POINTER)                                                                                       \
    int64_t i = 0;                                                                                          \
    for (; i + LANES <= n; i += LANES) {                                                                    \
      OPERANDS(WHOLE)                                                                                       \
      store(d + i, RESULT);                                                                                 \
    }                                                                                                       \
    if (i < n) {                                                                                            \
      OPERANDS(PART)                                                                                        \
      store_part(d + i, RESULT, n - i);                                                                     \
    }                                                                                                       \
  }
#define POINTER(x) const float *x##_pointer = operands[instruction->x];
#define WHOLE(x) const vf x = load(x##_pointer + i);
#define PART(x) const vf x = load_part(x##_pointer + i, n - i);
#define UNARY(DO) DO(a)
#define BINARY(DO) DO(a) DO(b)
#define TERNARY(DO) DO(a) DO(b) DO(c)
#define WHERE(condition) ((condition) ? (vf)1 : (vf)0)

// Keeps the compiler from loading under the mask of a comparison, which would make one load wait for another: 3 times
// slower on operands that come from memory.
CK_INLINE vf loaded(vf x) {
#if CK_AVX512
  __asm__("" : "+v"(x));
#endif
  return x;
}

CK_LOOP(add, a + b, BINARY)
CK_LOOP(subtract, a - b, BINARY)
CK_LOOP(multiply, a *b, BINARY)
CK_LOOP(divide, a / b, BINARY)
CK_LOOP(maximum, maximum(a, b), BINARY)
CK_LOOP(minimum, minimum(a, b), BINARY)
CK_LOOP(greater, WHERE(a > b), BINARY)
CK_LOOP(equal, WHERE(a == b), BINARY)
CK_LOOP(select, a != (vf)0 ? loaded(b) : loaded(c), TERNARY)
CK_LOOP(negate, -a, UNARY)
CK_LOOP(absolute, absolute(a), UNARY)
CK_LOOP(sign, a != a ? a : WHERE(a > (vf)0) - WHERE(a < (vf)0), UNARY)
CK_LOOP(exp, exp_of(a), UNARY)
CK_LOOP(log, log_of(a), UNARY)
CK_LOOP(tanh, tanh_of(a), UNARY)
CK_LOOP(sigmoid, sigmoid_of(a), UNARY)
CK_LOOP(softplus, softplus_of(a), UNARY)
CK_LOOP(sqrt, __builtin_elementwise_sqrt(a), UNARY)
CK_LOOP(reciprocal, 1 / a, UNARY)
CK_LOOP(square, a *a, UNARY)
CK_LOOP(multiply_add, madd(a, b, c), TERNARY)
CK_LOOP(copy, a, UNARY)
CK_LOOP(select_positive, a > (vf)0 ? loaded(b) : loaded(c), TERNARY)

static elementwise_loop *const elementwise_loops[CK_OP_COUNT] = {
    [CK_OP_ADD] = loop_add,
    [CK_OP_SUBTRACT] = loop_subtract,
    [CK_OP_MULTIPLY] = loop_multiply,
    [CK_OP_DIVIDE] = loop_divide,
    [CK_OP_MAXIMUM] = loop_maximum,
    [CK_OP_MINIMUM] = loop_minimum,
    [CK_OP_GREATER] = loop_greater,
    [CK_OP_EQUAL] = loop_equal,
    [CK_OP_SELECT] = loop_select,
    [CK_OP_NEGATE] = loop_negate,
    [CK_OP_ABSOLUTE] = loop_absolute,
    [CK_OP_SIGN] = loop_sign,
    [CK_OP_EXP] = loop_exp,
    [CK_OP_LOG] = loop_log,
    [CK_OP_TANH] = loop_tanh,
    [CK_OP_SIGMOID] = loop_sigmoid,
    [CK_OP_SOFTPLUS] = loop_softplus,
    [CK_OP_SQRT] = loop_sqrt,
    [CK_OP_RECIPROCAL] = loop_reciprocal,
    [CK_OP_SQUARE] = loop_square,
    [CK_OP_MULTIPLY_ADD] = loop_multiply_add,
    [CK_OP_COPY] = loop_copy,
    [CK_OP_SELECT_POSITIVE] = loop_select_positive,
};

#include "broadcast.h"
#include "gather.h"

static void elementwise_run(
    const ck_elementwise_program *program, int64_t first, int64_t last, float *scratch, double *sums) {
  const int32_t operandCount = program->operandCount;
  for (int64_t i = 0; i < program->sumCount; i++) sums[i] = 0;
  if (operandCount <= 0 || first >= last) return;
  const int64_t block = program->block, slotLength = slot_length(program);
  float *pointers[operandCount];
  operand_plan plans[operandCount];
  int32_t inPlace[operandCount], moving[operandCount];
  int32_t inPlaceCount = 0, movingCount = 0;
  int varying = 0;
  for (int32_t o = 0; o < operandCount; o++) {
    pointers[o] = scratch + o * slotLength;
    plans[o] = plan_operand(program, &program->operands[o], pointers[o]);
    if (plans[o] == IN_PLACE) {
      pointers[o] = program->operands[o].memory + first;
      inPlace[inPlaceCount++] = o;
    }
    if (plans[o] >= BROADCAST_ROW) moving[movingCount++] = o;
    varying |= plans[o] >= GATHERED_WALK;
  }
  int64_t index[program->dimensions];
  if (varying) unflatten(first, program->extent, program->dimensions, index);
  for (int64_t start = first; start < last; start += block) {
    const int64_t n = last - start < block ? last - start : block;
    for (int32_t m = 0; m < movingCount; m++) {
      const int32_t o = moving[m];
      const ck_operand *operand = &program->operands[o];
      const int d = program->dimensions - 1;
      float *slot = scratch + o * slotLength;
      if (plans[o] == BROADCAST_GROUP && index[d - 1] != 0 && start != first) continue;
      if (plans[o] == BROADCAST_ROW) {
        pointers[o] = expand_row(operand->memory, program->extent[d], index[d], slot, n);
      } else {
        expand(operand, program, index, slot, n);
      }
    }
    for (int32_t i = 0; i < program->instructionCount; i++) {
      const ck_instruction *instruction = &program->instructions[i];
      if (instruction->opcode < CK_OP_COUNT) {
        elementwise_loops[instruction->opcode](pointers, instruction, n);
      } else {
        const float *a = pointers[instruction->a];
        const float *b = instruction->opcode == CK_OP_SUM ? NULL : pointers[instruction->b];
        gather(program, plans[instruction->destination], instruction->destination, index, a, b, n, sums);
      }
    }
    for (int32_t m = 0; m < inPlaceCount; m++) pointers[inPlace[m]] += block;
    if (varying) advance(index, program->extent, program->dimensions, n);
  }
}
