#include "CReaderWatch.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

typedef struct {
  struct jpeg_error_mgr manager; // first, so that a pointer to it is one to this
  jmp_buf jump;
} failure;

static void fail(j_common_ptr info) { longjmp(((failure *)info->err)->jump, 1); }

size_t rw_jpeg(
    const uint8_t *pixels, uint32_t height, uint32_t width, int32_t channels, rw_coding coding, int32_t subsampled,
    uint8_t *target, size_t capacity) {
  struct jpeg_compress_struct info = {0};
  failure to;
  unsigned char *volatile written = NULL;
  unsigned char *buffer = NULL;
  unsigned long count = 0;
  info.err = jpeg_std_error(&to.manager);
  to.manager.error_exit = fail;
  if (setjmp(to.jump)) {
    jpeg_destroy_compress(&info);
    return 0;
  }
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, &buffer, &count);
  info.image_width = width;
  info.image_height = height;
  info.input_components = channels;
  info.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&info);
  info.arith_code = coding == rw_arithmetic || coding == rw_arithmetic_progressive;
  if (!subsampled) info.comp_info[0].h_samp_factor = info.comp_info[0].v_samp_factor = 1;
  if (coding == rw_progressive || coding == rw_arithmetic_progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < height) {
    JSAMPROW row = (JSAMPROW)pixels + (size_t)info.next_scanline * width * channels;
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  written = buffer;
  size_t result = count <= capacity ? count : 0;
  memcpy(target, (void *)written, result);
  jpeg_destroy_compress(&info);
  free((void *)written);
  return result;
}
