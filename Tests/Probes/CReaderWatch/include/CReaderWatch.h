#pragma once

// What the reader probe needs of C: a look at the memory that a reader takes, an end to a reader that crashes or hangs,
// and JPEG files of every kind.

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// Catches fatal signals: each writes one line with the watched path to standard error and ends the process with 1.
/// 0, or the errno of what went wrong.
int32_t rw_catch_crashes(void);

/// From now on what happens concerns the file at `path`, copied. After `seconds` of the processor, or ten times that by the
/// clock, the process ends as after a crash; and so it does when the reader asks for more than `most_bytes`.
void rw_begin(const char *path, double seconds, int64_t most_bytes);

/// The highest number of bytes that were taken at one time since `rw_begin`, beyond those of that moment; −1 where the
/// address sanitizer has the allocator.
int64_t rw_end(void);

typedef enum __attribute__((enum_extensibility(closed))) rw_coding : int32_t {
  rw_baseline,
  rw_progressive,
  rw_arithmetic,
  rw_arithmetic_progressive,
} rw_coding;

/// A JPEG of `[height, width, channels]` bytes, 1, 3 or 4 channels, colours at half the resolution or not.
/// The number of bytes written to `target`; 0 when `capacity` does not do or libjpeg refuses.
size_t rw_jpeg(
    const uint8_t *pixels, uint32_t height, uint32_t width, int32_t channels, rw_coding coding, int32_t subsampled,
    uint8_t *target, size_t capacity);

#pragma clang assume_nonnull end
