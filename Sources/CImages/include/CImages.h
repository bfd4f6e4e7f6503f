#pragma once

// Our own face of libpng, libjpeg and libwebp for reading pictures from memory. Swift cannot call the first two itself:
// both leave a failed call by longjmp, which may not pass through Swift, and libjpeg otherwise ends the process. The third
// is looked for at run time, so that neither a build nor a run without WebP files needs it.
//
// Nothing here keeps or hands out memory: the caller owns the pixels. Pixels are samples as stored in the file: rows from
// the top, channels last, no colour management (gAMA, iCCP and sRGB chunks, JPEG profiles and orientation are ignored).

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// Room that every `message` must have.
enum { cimages_message_size = 256 };

typedef enum __attribute__((enum_extensibility(closed))) cimages_colors : int32_t {
  cimages_grey_or_rgb,
  /// Cyan, magenta, yellow and black; 255 is all ink.
  cimages_cmyk,
  /// The same, 255 is no ink.
  cimages_inverted_cmyk,
} cimages_colors;

typedef struct {
  uint32_t width, height;
  /// 1 grey, 2 grey and alpha, 3 red green blue, 4 red green blue and alpha, or the four inks.
  uint32_t components;
  /// 1, or 2 in the order of this machine.
  uint32_t sample_bytes;
  cimages_colors colors;
} cimages_size;

typedef enum __attribute__((enum_extensibility(closed))) cimages_status : int32_t {
  /// `size` and `pixels` are filled in.
  cimages_decoded,
  /// `size` is filled in; call again with width · height · components · sample_bytes bytes of `capacity`.
  cimages_needs_room,
  /// `message` says why.
  cimages_failed,
} cimages_status;

/// Decodes a PNG: palettes and bit depths below 8 expanded, 16 bits as they are, transparency as alpha.
/// Every checksum up to the file's end is verified.
cimages_status cimages_decode_png(
    const uint8_t *bytes, size_t count, cimages_size *size, uint8_t *_Nullable pixels, size_t capacity, char *message);

/// Decodes a JPEG, grey, colour or CMYK (YCCK as such), with the accurate integer transform and smooth upsampling of colours.
/// Damage that libjpeg would only warn of and paint over is an error.
cimages_status cimages_decode_jpeg(
    const uint8_t *bytes, size_t count, cimages_size *size, uint8_t *_Nullable pixels, size_t capacity, char *message);

/// Decodes a WebP that is no animation, if this machine has libwebp.
cimages_status cimages_decode_webp(
    const uint8_t *bytes, size_t count, cimages_size *size, uint8_t *_Nullable pixels, size_t capacity, char *message);

#pragma clang assume_nonnull end
