// Operands of an elementwise program that do not lie in memory as they are walked, one block at a time.
#pragma once

typedef enum {
  IN_PLACE,        // a contiguous operand
  FIXED,           // scratch, or the same values in every block: filled once
  GATHERED_ALL,    // a sum of everything
  GATHERED_ROWS,   // sums over all but the last dimension, whole rows in a block
  GATHERED_WALK,   // any other sums
  BROADCAST_ROW,   // one row, repeated over all other dimensions
  BROADCAST_GROUP, // the same in many blocks in turn: filled when the coordinate of the dimension before the last is 0
  BROADCAST_WALK,  // anything else
} operand_plan;

// The coordinates of an element of the flattened space.
CK_INLINE void unflatten(int64_t linear, const int64_t *extent, int dimensions, int64_t *index) {
  for (int d = dimensions - 1; d > 0; d--) {
    index[d] = linear % extent[d];
    linear /= extent[d];
  }
  index[0] = linear;
}

// The coordinates n elements further on.
CK_INLINE void advance(int64_t *index, const int64_t *extent, int dimensions, int64_t n) {
  int d = dimensions - 1;
  index[d] += n;
  while (d > 0 && index[d] >= extent[d]) {
    const int64_t carry = index[d] / extent[d];
    index[d] -= carry * extent[d];
    index[--d] += carry;
  }
}

// From one line of the last dimension to the next: how far an operand of these strides moves.
CK_INLINE int64_t next_line(int64_t *index, const int64_t *extent, const int64_t *stride, int dimensions) {
  int64_t moved = 0;
  for (int d = dimensions - 2; d >= 0; d--) {
    moved += stride[d];
    if (++index[d] < extent[d]) break;
    moved -= stride[d] * extent[d];
    index[d] = 0;
  }
  return moved;
}

// Whole vectors, so that the next slot is as aligned as this one.
CK_INLINE int64_t slot_length(const ck_elementwise_program *program) {
  return (program->block + LANES - 1) & ~(int64_t)(LANES - 1);
}

// Only the first `n` elements of the slot matter; whole vectors are written where the slot has room for them.
CK_INLINE void fill_slot(float *slot, int64_t filled, int64_t n, int64_t room, float value) {
  const int64_t whole = (n + LANES - 1) & ~(int64_t)(LANES - 1);
  if (filled + whole <= room) {
    for (int64_t i = 0; i < whole; i += LANES) store(slot + filled + i, (vf)value);
  } else {
    for (int64_t i = 0; i < n; i++) slot[filled + i] = value;
  }
}

// One line of the last dimension after the other, from coordinates `start` on.
static void expand(
    const ck_operand *operand, const ck_elementwise_program *program, const int64_t *start, float *slot, int64_t n) {
  const int dimensions = program->dimensions, d = dimensions - 1;
  const int64_t *extent = program->extent, *stride = operand->stride;
  int64_t index[dimensions];
  const float *line = operand->memory;
  for (int k = 0; k < d; k++) line += (index[k] = start[k]) * stride[k];
  for (int64_t filled = 0, i = start[d]; filled < n; i = 0) {
    const int64_t left = n - filled;
    const int64_t length = extent[d] - i < left ? extent[d] - i : left;
    const float *p = line + i * stride[d];
    if (stride[d] == 0) {
      fill_slot(slot, filled, length, slot_length(program), *p);
    } else if (stride[d] == 1) {
      copy_row(slot + filled, p, length);
    } else {
      for (int64_t k = 0; k < length; k++) slot[filled + k] = p[k * stride[d]];
    }
    filled += length;
    line += next_line(index, extent, stride, dimensions);
  }
}

// The row of `period` values over and over, from `offset` on: in place while it does not wrap, else by doubling.
static float *expand_row(float *row, int64_t period, int64_t offset, float *slot, int64_t n) {
  if (offset + n <= period) return row + offset;
  const int64_t head = period - offset;  // < n
  copy_row(slot, row + offset, head);
  const int64_t once = period < n ? period : n;
  copy_row(slot + head, row, once - head);
  for (int64_t filled = once; filled < n;) {
    const int64_t length = filled < n - filled ? filled : n - filled;
    copy_row(slot + filled, slot, length);
    filled += length;
  }
  return slot;
}

static operand_plan plan_sum(const ck_elementwise_program *program, const int64_t *stride) {
  const int last = program->dimensions - 1;
  int outer = 0;
  for (int d = 0; d < last; d++) outer |= stride[d] != 0;
  if (outer) return GATHERED_WALK;
  if (stride[last] == 0) return GATHERED_ALL;
  return program->block % program->extent[last] == 0 ? GATHERED_ROWS : GATHERED_WALK;
}

static operand_plan plan_operand(const ck_elementwise_program *program, const ck_operand *operand, float *slot) {
  const int64_t used = program->count < program->block ? program->count : program->block;
  if (operand->kind == CK_CONTIGUOUS) return IN_PLACE;
  if (operand->kind == CK_SCRATCH) return FIXED;
  if (operand->kind == CK_SUM) return plan_sum(program, operand->stride);
  if (operand->kind == CK_CONSTANT) {
    fill_slot(slot, 0, used, slot_length(program), operand->constant);
    return FIXED;
  }
  const int dimensions = program->dimensions, last = dimensions - 1;
  const int64_t *extent = program->extent, *stride = operand->stride;
  int outer = 0;
  for (int d = 0; d < last; d++) outer |= extent[d] > 1 && stride[d] != 0;
  if (!outer && (extent[last] == 1 || stride[last] == 0)) {
    fill_slot(slot, 0, used, slot_length(program), operand->memory[0]);
    return FIXED;
  }
  const int isRow = !outer && stride[last] == 1;
  // A small space, or a row that fits the block a whole number of times, is the same in every block.
  if (program->count <= program->block || (!outer && program->block % extent[last] == 0)) {
    if (isRow && used > extent[last]) {
      expand_row(operand->memory, extent[last], 0, slot, used);
    } else {
      int64_t origin[dimensions];
      memset(origin, 0, sizeof(origin));
      expand(operand, program, origin, slot, used);
    }
    return FIXED;
  }
  if (isRow) return BROADCAST_ROW;
  const int isGroup = last > 0 && stride[last - 1] == 0 && program->block % extent[last] == 0 &&
                      extent[last - 1] % (program->block / extent[last]) == 0;
  return isGroup ? BROADCAST_GROUP : BROADCAST_WALK;
}
