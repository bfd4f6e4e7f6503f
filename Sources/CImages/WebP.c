#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "Plausible.h"

// The part of libwebp's interface that is used, as webp/decode.h of version 1 has it; the number of that interface goes
// with the call, and a library that does not know it refuses.
enum { interface_version = 0x0209 };

typedef struct {
  int width, height, has_alpha, has_animation, format;
  uint32_t pad[5];
} features;

typedef int (*get_features)(const uint8_t *bytes, size_t count, features *found, int version);
typedef uint8_t *(*decode_into)(const uint8_t *bytes, size_t count, uint8_t *target, size_t size, int stride);

#ifdef __APPLE__
static const char library_name[] = "libwebp.7.dylib";
#else
static const char library_name[] = "libwebp.so.7";
#endif

// A lossless picture of one colour takes a few bytes however large it is: up to 2048×2048 nothing is asked of the file's
// size, beyond that one byte for so many pixels.
enum { free_pixels = 1 << 22, most_pixels_per_byte = 1024 };

static cimages_status refuse(char *message, const char *text) {
  snprintf(message, cimages_message_size, "%s", text);
  return cimages_failed;
}

cimages_status cimages_decode_webp(
    const uint8_t *bytes, size_t count, cimages_size *size, uint8_t *pixels, size_t capacity, char *message) {
  // It stays loaded: the next picture finds it there.
  void *library = dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
  get_features look = library ? (get_features)dlsym(library, "WebPGetFeaturesInternal") : NULL;
  decode_into rgb = library ? (decode_into)dlsym(library, "WebPDecodeRGBInto") : NULL;
  decode_into rgba = library ? (decode_into)dlsym(library, "WebPDecodeRGBAInto") : NULL;
  if (!look || !rgb || !rgba) {
    snprintf(message, cimages_message_size, "%s is not on this machine; Debian's package is libwebp7", library_name);
    return cimages_failed;
  }
  features found = {0};
  if (look(bytes, count, &found, interface_version) != 0 || found.width < 1 || found.height < 1) {
    return refuse(message, "its header is damaged or cut short");
  }
  if (found.has_animation) return refuse(message, "an animation; save one picture of it");
  *size = (cimages_size){
      .width = found.width, .height = found.height, .components = found.has_alpha ? 4 : 3, .sample_bytes = 1};
  uint64_t area = (uint64_t)size->width * size->height;
  if (!is_plausible(*size, area > free_pixels ? area : 0, count, most_pixels_per_byte, message)) return cimages_failed;
  size_t row = (size_t)size->width * size->components;
  if (!pixels || capacity / row < size->height) return cimages_needs_room;
  decode_into decode = found.has_alpha ? rgba : rgb;
  if (!decode(bytes, count, pixels, row * size->height, (int)row)) return refuse(message, "damaged or cut short");
  return cimages_decoded;
}
