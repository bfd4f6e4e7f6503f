// Broadcast operands of an elementwise program, written out one block at a time.
#pragma once

typedef enum {
  IN_PLACE,        // a contiguous operand
  FIXED,           // scratch, or the same values in every block: filled once
  BROADCAST_ROW,   // one row, repeated over all other dimensions
  BROADCAST_WALK,  // anything else
} broadcast_plan;

// The coordinates of an element of the flattened space.
CK_INLINE void unflatten(int64_t linear, const int64_t *extent, int64_t *index) {
  for (int d = 3; d > 0; d--) {
    index[d] = linear % extent[d];
    linear /= extent[d];
  }
  index[0] = linear;
}

// Only the first `n` elements of the slot matter; whole vectors are written where the slot has room for them.
CK_INLINE void fill_slot(float *slot, int64_t filled, int64_t n, float value) {
  const int64_t whole = (n + LANES - 1) & ~(int64_t)(LANES - 1);
  if (filled + whole <= CK_BLOCK) {
    for (int64_t i = 0; i < whole; i += LANES) store(slot + filled + i, (vf)value);
  } else {
    for (int64_t i = 0; i < n; i++) slot[filled + i] = value;
  }
}

// One line of the last dimension after the other, from coordinates `start` on.
static void expand(const ck_operand *operand, const int64_t *extent, const int64_t *start, float *slot, int64_t n) {
  const int64_t *stride = operand->stride;
  int64_t i0 = start[0], i1 = start[1], i2 = start[2], i3 = start[3];
  int64_t filled = 0;
  while (filled < n) {
    const int64_t left = n - filled;
    const int64_t length = extent[3] - i3 < left ? extent[3] - i3 : left;
    const float *line = operand->memory + i0 * stride[0] + i1 * stride[1] + i2 * stride[2] + i3 * stride[3];
    if (stride[3] == 0) {
      fill_slot(slot, filled, length, *line);
    } else if (stride[3] == 1) {
      copy_row(slot + filled, line, length);
    } else {
      for (int64_t i = 0; i < length; i++) slot[filled + i] = line[i * stride[3]];
    }
    filled += length;
    i3 = 0;
    if (++i2 == extent[2]) {
      i2 = 0;
      if (++i1 == extent[1]) {
        i1 = 0;
        i0++;
      }
    }
  }
}

// The row of `period` values over and over, from `offset` on: in place while it does not wrap, else by doubling.
static float *expand_row(float *row, int64_t period, int64_t offset, float *slot, int64_t n) {
  if (offset + n <= period) return row + offset;
  const int64_t head = period - offset;  // < n ≤ CK_BLOCK
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

static broadcast_plan plan_operand(const ck_elementwise_program *program, const ck_operand *operand, float *slot) {
  const int64_t used = program->count < CK_BLOCK ? program->count : CK_BLOCK;
  if (operand->kind == CK_CONTIGUOUS) return IN_PLACE;
  if (operand->kind == CK_SCRATCH) return FIXED;
  if (operand->kind == CK_CONSTANT) {
    fill_slot(slot, 0, used, operand->constant);
    return FIXED;
  }
  const int64_t *extent = program->extent, *stride = operand->stride;
  int outer = 0;
  for (int d = 0; d < 3; d++) outer |= extent[d] > 1 && stride[d] != 0;
  if (!outer && (extent[3] == 1 || stride[3] == 0)) {
    fill_slot(slot, 0, used, operand->memory[0]);
    return FIXED;
  }
  const int64_t origin[CK_MAX_DIMENSIONS] = {0, 0, 0, 0};
  const int isRow = !outer && stride[3] == 1;
  // A small space, or a row that fits the block a whole number of times, is the same in every block.
  if (program->count <= CK_BLOCK || (!outer && CK_BLOCK % extent[3] == 0)) {
    if (isRow && used > extent[3]) {
      expand_row(operand->memory, extent[3], 0, slot, used);
    } else {
      expand(operand, extent, origin, slot, used);
    }
    return FIXED;
  }
  return isRow ? BROADCAST_ROW : BROADCAST_WALK;
}
