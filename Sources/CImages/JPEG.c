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

// A scan of a progressive picture can say in a few bytes that nothing changes, and every block is visited for that.
// Encoders write about ten.
enum { most_scans = 100, most_visits = 1 << 25 };

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

static uint64_t blocks(j_decompress_ptr info) {
  return (uint64_t)((info->image_width + 7) / 8) * ((info->image_height + 7) / 8);
}

// Called for every row of blocks of every scan.
static void count_scans(j_common_ptr info) {
  j_decompress_ptr reader = (j_decompress_ptr)info;
  int scan = reader->input_scan_number;
  if (scan <= most_scans && scan * blocks(reader) <= most_visits) return;
  failure *to = (failure *)info->err;
  snprintf(to->message, cimages_message_size, "more than %d scans", scan - 1);
  longjmp(to->jump, 1);
}

static void say_nothing(j_common_ptr info) { (void)info; }

// Runs between jpeg_create_decompress and jpeg_destroy_decompress; libjpeg's errors jump back into it.
static cimages_status decode(
    j_decompress_ptr info, struct jpeg_progress_mgr *progress, failure *to, const uint8_t *bytes, size_t count,
    cimages_size *size, uint8_t *pixels, size_t capacity) {
  if (setjmp(to->jump)) return cimages_failed;
  jpeg_create_decompress(info);
  info->progress = progress;
  jpeg_mem_src(info, bytes, count);
  jpeg_read_header(info, TRUE);
  *size = (cimages_size){
      .width = info->image_width, .height = info->image_height, .components = info->num_components, .sample_bytes = 1};
  // Huffman codes spend at least one bit on each block of 64 pixels; arithmetic ones may spend less, but no picture that
  // shows something is an eighth of that.
  if (!is_plausible(*size, blocks(info), count, info->arith_code ? 64 : 8, to->message)) return cimages_failed;
  switch (info->jpeg_color_space) {
  case JCS_GRAYSCALE: info->out_color_space = JCS_GRAYSCALE; break;
  case JCS_YCbCr:
  case JCS_RGB: info->out_color_space = JCS_RGB; break;
  case JCS_CMYK:
  case JCS_YCCK:
    info->out_color_space = JCS_CMYK;
    // Photoshop stores the light that is left instead of the ink, and says so nowhere but by its marker.
    size->colors = info->saw_Adobe_marker ? cimages_inverted_cmyk : cimages_cmyk;
    break;
  default:
    snprintf(
        to->message, cimages_message_size, "%d colour components that are neither grey, RGB nor CMYK", info->num_components);
    return cimages_failed;
  }
  size->components = info->out_color_space == JCS_CMYK ? 4 : info->out_color_space == JCS_RGB ? 3 : 1;
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
  struct jpeg_progress_mgr progress = {.progress_monitor = count_scans};
  info.err = jpeg_std_error(&to.manager);
  to.manager.error_exit = fail;
  to.manager.emit_message = judge;
  to.manager.output_message = say_nothing;
  cimages_status status = decode(&info, &progress, &to, bytes, count, size, pixels, capacity);
  jpeg_destroy_decompress(&info);
  return status;
}
