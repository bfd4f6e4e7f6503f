#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>
#include <jerror.h>

#include "Plausible.h"

typedef struct {
  struct jpeg_error_mgr manager; // first, so that a pointer to it is one to this
  jmp_buf jump;
  char *message;
} failure;

static void fail(j_common_ptr info) {
  failure *to = (failure *)info->err;
  char text[JMSG_LENGTH_MAX];
  info->err->format_message(info, text);
  snprintf(to->message, cimages_message_size, "%s", text);
  longjmp(to->jump, 1);
}

// Where libjpeg would go on with pixels that it makes up, the file is damaged. Other warnings (bytes between markers, an
// unknown version) leave the pixels alone.
static void judge(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
  case JWRN_HIT_MARKER:
  case JWRN_HUFF_BAD_CODE:
  case JWRN_ARITH_BAD_CODE:
  case JWRN_JPEG_EOF:
  case JWRN_MUST_RESYNC: fail(info);
  }
}

static void say_nothing(j_common_ptr info) { (void)info; }

// Runs between jpeg_create_decompress and jpeg_destroy_decompress; libjpeg's errors jump back into it.
static cimages_status decode(
    j_decompress_ptr info, failure *to, const uint8_t *bytes, size_t count, cimages_size *size, uint8_t *pixels,
    size_t capacity) {
  if (setjmp(to->jump)) return cimages_failed;
  jpeg_create_decompress(info);
  jpeg_mem_src(info, bytes, count);
  jpeg_read_header(info, TRUE);
  *size = (cimages_size){info->image_width, info->image_height, info->num_components};
  // Huffman codes spend at least one bit on each block of 64 pixels; arithmetic ones may spend less.
  uint64_t blocks = (uint64_t)((size->width + 7) / 8) * ((size->height + 7) / 8);
  if (!is_plausible(*size, info->arith_code ? 0 : blocks, count, 8, to->message)) return cimages_failed;
  if (info->jpeg_color_space == JCS_GRAYSCALE) {
    info->out_color_space = JCS_GRAYSCALE;
  } else if (info->jpeg_color_space == JCS_YCbCr || info->jpeg_color_space == JCS_RGB) {
    info->out_color_space = JCS_RGB;
  } else {
    snprintf(to->message, cimages_message_size, "%d colour components that are neither grey nor RGB", info->num_components);
    return cimages_failed;
  }
  size->components = info->out_color_space == JCS_RGB ? 3 : 1;
  size_t row = (size_t)size->width * size->components;
  if (!pixels || capacity / row < size->height) return cimages_needs_room;
  info->dct_method = JDCT_ISLOW;
  jpeg_start_decompress(info);
  while (info->output_scanline < info->output_height) {
    JSAMPROW line = pixels + info->output_scanline * row;
    jpeg_read_scanlines(info, &line, 1);
  }
  jpeg_finish_decompress(info);
  return cimages_decoded;
}

cimages_status cimages_decode_jpeg(
    const uint8_t *bytes, size_t count, cimages_size *size, uint8_t *pixels, size_t capacity, char *message) {
  // All zero: destroying is right even when creating failed.
  struct jpeg_decompress_struct info = {0};
  failure to = {.message = message};
  info.err = jpeg_std_error(&to.manager);
  to.manager.error_exit = fail;
  to.manager.emit_message = judge;
  to.manager.output_message = say_nothing;
  cimages_status status = decode(&info, &to, bytes, count, size, pixels, capacity);
  jpeg_destroy_decompress(&info);
  return status;
}
