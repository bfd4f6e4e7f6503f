#pragma once
#include <stddef.h>
#include <stdint.h>

// CRC-32C by the processor's own instruction: `crc32` of SSE4.2 on x86-64, `crc32cx` on arm64. C because the
// instruction is an intrinsic that is compiled for a processor with more than the baseline and chosen at run time.

// 1 where this processor has the instruction; cchecksums_crc32c may not be called elsewhere.
int32_t cchecksums_has_crc32c(void);

// The state after `count` more bytes; it starts at all ones, its complement is the checksum.
uint32_t cchecksums_crc32c(uint32_t state, const void *_Nullable bytes, size_t count);

// Lets the kernel begin to bring this part of an open file to the disk, so that the flush at the end is short:
// sync_file_range, which Swift's Glibc does not have. A hint only: what it cannot do, or fails at, fsync does and tells.
void cchecksums_begin_flush(int descriptor, int64_t offset, int64_t count);
