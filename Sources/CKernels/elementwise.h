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

CK_LOOP(add, a + b, BINARY)
CK_LOOP(subtract, a - b, BINARY)
CK_LOOP(multiply, a *b, BINARY)
CK_LOOP(divide, a / b, BINARY)
CK_LOOP(maximum, maximum(a, b), BINARY)
CK_LOOP(minimum, minimum(a, b), BINARY)
CK_LOOP(greater, WHERE(a > b), BINARY)
CK_LOOP(equal, WHERE(a == b), BINARY)
CK_LOOP(select, a != (vf)0 ? b : c, TERNARY)
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
};

#include "broadcast.h"

static void elementwise_run(const ck_elementwise_program *program) {
  const int32_t operandCount = program->operandCount;
  if (operandCount <= 0 || program->count <= 0) return;
  float *pointers[operandCount];
  broadcast_plan plans[operandCount];
  int varying = 0;
  for (int32_t o = 0; o < operandCount; o++) {
    const ck_operand *operand = &program->operands[o];
    pointers[o] = program->scratch + (int64_t)o * CK_BLOCK;
    plans[o] = plan_operand(program, operand, pointers[o]);
    varying |= plans[o] >= BROADCAST_ROW;
  }
  for (int64_t start = 0; start < program->count; start += CK_BLOCK) {
    const int64_t n = program->count - start < CK_BLOCK ? program->count - start : CK_BLOCK;
    int64_t index[CK_MAX_DIMENSIONS];
    if (varying) unflatten(start, program->extent, index);
    for (int32_t o = 0; o < operandCount; o++) {
      const ck_operand *operand = &program->operands[o];
      if (plans[o] == IN_PLACE) pointers[o] = operand->memory + start;
      if (plans[o] < BROADCAST_ROW) continue;
      float *slot = program->scratch + (int64_t)o * CK_BLOCK;
      if (plans[o] == BROADCAST_ROW) {
        pointers[o] = expand_row(operand->memory, program->extent[3], index[3], slot, n);
      } else {
        expand(operand, program->extent, index, slot, n);
      }
    }
    for (int32_t i = 0; i < program->instructionCount; i++) {
      const ck_instruction *instruction = &program->instructions[i];
      elementwise_loops[instruction->opcode](pointers, instruction, n);
    }
  }
}
