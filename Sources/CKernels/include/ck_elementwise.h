#pragma once
#include <stdint.h>

// A fused elementwise program: instructions over an iteration space of up to four dimensions, run block by block so
// that intermediate values never leave the first-level cache.

enum { CK_MAX_DIMENSIONS = 4, CK_BLOCK = 512 };

typedef enum {
  CK_CONTIGUOUS,  // element i of the flattened space is memory[i]; read and written in place
  CK_BROADCAST,   // element (i0, i1, i2, i3) is memory[Σ stride·i]; stride 0 repeats; read only
  CK_SCRATCH,     // a register of one block
  CK_CONSTANT,    // the number `constant`
} ck_operand_kind;

typedef struct {
  float *_Nullable memory;
  int64_t stride[CK_MAX_DIMENSIONS];
  int32_t kind;  // ck_operand_kind
  float constant;
} ck_operand;

// Indices into the operands; those that the operation does not take are not looked at. The destination is a scratch
// register or a contiguous operand, which may be the very memory of a contiguous input but not a shifted part of it.
typedef struct {
  int32_t opcode, destination, a, b, c;
} ck_instruction;

// Dimensions that are not used have extent 1; count is the product of the extents. No operand is written before it is
// read as a broadcast.
typedef struct {
  int64_t extent[CK_MAX_DIMENSIONS];
  int64_t count;
  int32_t operandCount, instructionCount;
  const ck_operand *_Nonnull operands;
  const ck_instruction *_Nonnull instructions;
  float *_Nonnull scratch;  // operandCount × CK_BLOCK floats, 64-byte aligned
} ck_elementwise_program;

// Errors are the largest found at any CPU level over every 101st float32, in ulp of the exact result; operations
// without one round once. Comparisons give 1 or 0. Transcendentals and CK_OP_MULTIPLY_ADD may differ within these errors
// between CPU levels; all else is equal bit for bit, but for the sign of a NaN.
enum {
  CK_OP_ADD,           // a + b
  CK_OP_SUBTRACT,      // a − b
  CK_OP_MULTIPLY,      // a · b
  CK_OP_DIVIDE,        // a / b
  CK_OP_MAXIMUM,       // NaN where either is NaN
  CK_OP_MINIMUM,       // NaN where either is NaN
  CK_OP_GREATER,       // a > b
  CK_OP_EQUAL,         // a = b
  CK_OP_SELECT,        // a ≠ 0 ? b : c
  CK_OP_NEGATE,        // −a
  CK_OP_ABSOLUTE,      // |a|
  CK_OP_SIGN,          // −1, 0, 1 or NaN
  CK_OP_EXP,           // e^a; 1.1 ulp
  CK_OP_LOG,           // ln a; 0.9 ulp; −∞ at 0, NaN below
  CK_OP_TANH,          // (e^2a − 1) / (e^2a + 1); 2.5 ulp
  CK_OP_SIGMOID,       // 1 / (1 + e^−a); 2.5 ulp; 0 below −88
  CK_OP_SOFTPLUS,      // ln(1 + e^a); 1.7 ulp; 0 below −87.33
  CK_OP_SQRT,          // NaN below 0
  CK_OP_RECIPROCAL,    // 1 / a
  CK_OP_SQUARE,        // a²
  CK_OP_MULTIPLY_ADD,  // a · b + c, rounded once where the CPU has a fused multiply-add
  CK_OP_COPY,          // a
  CK_OP_COUNT,
};

void ck_elementwise_run(const ck_elementwise_program *_Nonnull program);

// The transcendental operations on plain arrays; y may be x.
void ck_exp(const float *_Nonnull x, float *_Nonnull y, int64_t count);
void ck_log(const float *_Nonnull x, float *_Nonnull y, int64_t count);
void ck_tanh(const float *_Nonnull x, float *_Nonnull y, int64_t count);
void ck_sigmoid(const float *_Nonnull x, float *_Nonnull y, int64_t count);
void ck_softplus(const float *_Nonnull x, float *_Nonnull y, int64_t count);
