#pragma once
#include <stdint.h>

// A fused elementwise program: instructions over an iteration space of any number of dimensions, run block by block so
// that intermediate values never leave the first-level cache. Sums over some dimensions are gathered on the way.

enum { CK_BLOCK = 4096 };  // the longest block

typedef enum {
  CK_CONTIGUOUS,  // element i of the flattened space is memory[i]; read and written in place
  CK_BROADCAST,   // element (i0, i1, …) is memory[Σ stride·i]; stride 0 repeats; read only
  CK_SCRATCH,     // a register of one block
  CK_CONSTANT,    // the number `constant`
  CK_SUM,         // element (i0, i1, …) is added to number `offset` + Σ stride·i of the sums; stride 0 sums up
} ck_operand_kind;

typedef struct {
  float *_Nullable memory;
  const int64_t *_Nullable stride;  // of CK_BROADCAST and CK_SUM: one per dimension, for CK_SUM the last is 0 or 1
  int64_t offset;                   // of CK_SUM: where its numbers start among all sums
  int32_t kind;                     // ck_operand_kind
  float constant;
} ck_operand;

// Indices into the operands; those that the operation does not take are not looked at. The destination is a scratch
// register, a contiguous operand, which may be the very memory of a contiguous input but not a shifted part of it, or,
// for CK_OP_SUM and CK_OP_SUM_PRODUCT alone, a sum.
typedef struct {
  int32_t opcode, destination, a, b, c;
} ck_instruction;

// At least one dimension; count is the product of the extents. No operand is written before it is read as a broadcast.
typedef struct {
  const int64_t *_Nonnull extent;
  int64_t count, block;  // 1 ≤ block ≤ CK_BLOCK; fastest as a multiple of 16 and of the last extent
  int64_t sumCount;      // numbers of all sums
  int32_t dimensions, operandCount, instructionCount;
  const ck_operand *_Nonnull operands;
  const ck_instruction *_Nonnull instructions;
} ck_elementwise_program;

// Errors are the largest found at any CPU level over every 101st float32, in ulp of the exact result; operations
// without one round once. Comparisons give 1 or 0. Transcendentals and CK_OP_MULTIPLY_ADD may differ within these errors
// between CPU levels; all else is equal bit for bit, but for the sign of a NaN.
enum {
  CK_OP_ADD,              // a + b
  CK_OP_SUBTRACT,         // a − b
  CK_OP_MULTIPLY,         // a · b
  CK_OP_DIVIDE,           // a / b
  CK_OP_MAXIMUM,          // NaN where either is NaN
  CK_OP_MINIMUM,          // NaN where either is NaN
  CK_OP_GREATER,          // a > b
  CK_OP_EQUAL,            // a = b
  CK_OP_SELECT,           // a ≠ 0 ? b : c
  CK_OP_NEGATE,           // −a
  CK_OP_ABSOLUTE,         // |a|
  CK_OP_SIGN,             // −1, 0, 1 or NaN
  CK_OP_EXP,              // e^a; 1.1 ulp
  CK_OP_LOG,              // ln a; 0.9 ulp; −∞ at 0, NaN below
  CK_OP_TANH,             // (e^2a − 1) / (e^2a + 1); 2.5 ulp
  CK_OP_SIGMOID,          // 1 / (1 + e^−a); 2.5 ulp; 0 below −88
  CK_OP_SOFTPLUS,         // ln(1 + e^a); 1.7 ulp; 0 below −87.33
  CK_OP_SQRT,             // NaN below 0
  CK_OP_RECIPROCAL,       // 1 / a
  CK_OP_SQUARE,           // a²
  CK_OP_MULTIPLY_ADD,     // a · b + c, rounded once where the CPU has a fused multiply-add
  CK_OP_COPY,             // a
  CK_OP_SELECT_POSITIVE,  // a > 0 ? b : c
  CK_OP_COUNT,
  CK_OP_SUM = CK_OP_COUNT,  // destination += a
  CK_OP_SUM_PRODUCT,        // destination += a · b, the product rounded
};

// Runs the elements first ..< last, multiples of the block or the end. `scratch` is the block, rounded up to 16 floats,
// for every operand, 64-byte aligned. `sums` receives the sums of this range, sumCount numbers: ranges may run at the
// same time with memory of their own for both, and whoever wants the sums of all adds theirs in order.
//
// Order of additions, the same on every CPU: sums of equal numbers are equal bit for bit. Last dimension kept: of the
// rows of a block that add to the same numbers, 16 one after the other in float32. Last dimension summed: of each line
// in a block, vector v of 16 elements goes to accumulator v mod 4 (a part of a vector at the end to accumulator 3),
// (0+1) + (2+3), lanes by halving, in float32. Both are then added to the sum in float64. The error is below 1e-6 · Σ|x|.
void ck_elementwise_run(
    const ck_elementwise_program *_Nonnull program, int64_t first, int64_t last, float *_Nonnull scratch,
    double *_Nullable sums);

// The transcendental operations on plain arrays; y may be x.
void ck_exp(const float *_Nonnull x, float *_Nonnull y, int64_t count);
void ck_log(const float *_Nonnull x, float *_Nonnull y, int64_t count);
void ck_tanh(const float *_Nonnull x, float *_Nonnull y, int64_t count);
void ck_sigmoid(const float *_Nonnull x, float *_Nonnull y, int64_t count);
void ck_softplus(const float *_Nonnull x, float *_Nonnull y, int64_t count);
