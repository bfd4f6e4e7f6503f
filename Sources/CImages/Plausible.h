#pragma once
#include <stdbool.h>
#include <stdio.h>

#include "CImages.h"

// A header that lies must not take memory. No picture is larger than this, and none holds more than its format can
// pack into the file's bytes. Its sides are limited as well, since it is resized one side after the other.
enum { most_pixels = 1 << 26, most_side = 1 << 15 };

/// Whether a picture of `size` can be in a file of `count` bytes of which each stands for `most_per_byte` units at most.
static inline bool is_plausible(cimages_size size, uint64_t units, size_t count, uint64_t most_per_byte, char *message) {
  if (size.width > most_side || size.height > most_side || (uint64_t)size.width * size.height > most_pixels) {
    snprintf(message, cimages_message_size, "its header says %u×%u pixels, more than can be read", size.height, size.width);
    return false;
  }
  if (units / most_per_byte > count) {
    snprintf(
        message, cimages_message_size, "its header says %u×%u pixels, too many for %zu bytes", size.height, size.width, count);
    return false;
  }
  return true;
}
