#include <png.h>
#include <string.h>

#include "Plausible.h"

typedef struct {
  const uint8_t *bytes;
  size_t left;
  char *message;
} source;

static void fail(png_structp png, png_const_charp text) {
  source *from = png_get_error_ptr(png);
  snprintf(from->message, cimages_message_size, "%s", text);
  png_longjmp(png, 1);
}

// Warnings concern chunks that do not touch the pixels.
static void ignore(png_structp png, png_const_charp text) { (void)png, (void)text; }

static void read_bytes(png_structp png, png_bytep target, size_t count) {
  source *from = png_get_io_ptr(png);
  if (count > from->left) png_error(png, "the file ends early");
  memcpy(target, from->bytes, count);
  from->bytes += count;
  from->left -= count;
}

// Runs between png_create_read_struct and png_destroy_read_struct; libpng's errors jump back into it.
static cimages_status decode(
    png_structp png, png_infop info, size_t count, cimages_size *size, uint8_t *pixels, size_t capacity, char *message) {
  if (setjmp(png_jmpbuf(png))) return cimages_failed;
  // Chunks that do not touch the pixels are passed over: libpng takes as much memory for each as it says it is long, and
  // unpacks texts and profiles to a thousand times their size.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_read_info(png, info);
  size->width = png_get_image_width(png, info);
  size->height = png_get_image_height(png, info);
  // Deflate packs at most 1,032 bytes into one.
  uint64_t packed = (uint64_t)png_get_rowbytes(png, info) * size->height;
  if (!is_plausible(*size, packed, count, 1032, message)) return cimages_failed;
  png_set_expand(png);
  if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && png_get_bit_depth(png, info) == 16) png_set_swap(png);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  size->components = png_get_channels(png, info);
  size->sample_bytes = png_get_bit_depth(png, info) / 8;
  size->colors = cimages_grey_or_rgb;
  size_t row = png_get_rowbytes(png, info);
  if (row != (size_t)size->width * size->components * size->sample_bytes) {
    snprintf(message, cimages_message_size, "rows of %zu bytes for %u pixels", row, size->width);
    return cimages_failed;
  }
  if (!pixels || capacity / row < size->height) return cimages_needs_room;
  for (int pass = 0; pass < passes; pass++) {
    for (size_t y = 0; y < size->height; y++) png_read_row(png, pixels + y * row, NULL);
  }
  png_read_end(png, NULL);
  return cimages_decoded;
}

cimages_status cimages_decode_png(
    const uint8_t *bytes, size_t count, cimages_size *size, uint8_t *pixels, size_t capacity, char *message) {
  source from = {.bytes = bytes, .left = count, .message = message};
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &from, fail, ignore);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  cimages_status status = cimages_failed;
  if (info) {
    png_set_read_fn(png, &from, read_bytes);
    status = decode(png, info, count, size, pixels, capacity, message);
  } else {
    snprintf(message, cimages_message_size, "libpng does not start");
  }
  png_destroy_read_struct(&png, &info, NULL);
  return status;
}
