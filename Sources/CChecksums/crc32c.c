#include "CChecksums.h"

#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#define HAS_CRC_TARGET __attribute__((target("sse4.2")))
#define CRC_OF_BYTE(crc, byte) _mm_crc32_u8((uint32_t)(crc), byte)
#define CRC_OF_WORD(crc, word) _mm_crc32_u64(crc, word)
typedef uint64_t crc_state;

int32_t cchecksums_has_crc32c(void) { return __builtin_cpu_supports("sse4.2") != 0; }

#elif defined(__aarch64__)
#include <arm_acle.h>
#define HAS_CRC_TARGET __attribute__((target("crc")))
#define CRC_OF_BYTE(crc, byte) __crc32cb(crc, byte)
#define CRC_OF_WORD(crc, word) __crc32cd(crc, word)
typedef uint32_t crc_state;

#if defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
int32_t cchecksums_has_crc32c(void) { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }
#else
// Every arm64 machine of Apple has it.
int32_t cchecksums_has_crc32c(void) { return 1; }
#endif
#endif

#if defined(HAS_CRC_TARGET)

// The instruction takes three cycles but starts every cycle: three streams side by side keep it busy. What they find is
// put together by moving the first past the bytes of the other two. A block has three streams.
//
// Source: Gopal et al.: Fast CRC Computation for iSCSI Polynomial Using CRC32 Instruction, Intel, 2011.
enum { LARGE_STREAM = 8192, SMALL_STREAM = 1024 };

// x^(8·bytes) modulo the polynomial, bits reflected: times this is as good as that many zero bytes.
static const uint32_t past_1024 = 0xE4172B16, past_2048 = 0x0D65762A;
static const uint32_t past_8192 = 0x28461564, past_16384 = 0xBF455269;

// a · b modulo the polynomial, bits reflected.
static inline uint32_t product(uint32_t a, uint32_t b) {
  uint32_t sum = 0;
  for (int bit = 31; bit >= 0; bit--) {
    sum ^= b & -(a >> bit & 1);
    b = b >> 1 ^ (0x82F63B78 & -(b & 1));
  }
  return sum;
}

static inline uint64_t word(const uint8_t *bytes) {
  uint64_t value;
  memcpy(&value, bytes, 8);
  return value;
}

HAS_CRC_TARGET static inline uint32_t block(
    uint32_t state, const uint8_t *bytes, size_t stream, uint32_t past_one, uint32_t past_two) {
  crc_state first = state, second = 0, third = 0;
  for (size_t i = 0; i < stream; i += 8) {
    first = CRC_OF_WORD(first, word(bytes + i));
    second = CRC_OF_WORD(second, word(bytes + stream + i));
    third = CRC_OF_WORD(third, word(bytes + 2 * stream + i));
  }
  return product((uint32_t)first, past_two) ^ product((uint32_t)second, past_one) ^ (uint32_t)third;
}

HAS_CRC_TARGET uint32_t cchecksums_crc32c(uint32_t state, const void *bytes, size_t count) {
  const uint8_t *next = bytes;
  for (; count >= 3 * LARGE_STREAM; count -= 3 * LARGE_STREAM, next += 3 * LARGE_STREAM)
    state = block(state, next, LARGE_STREAM, past_8192, past_16384);
  for (; count >= 3 * SMALL_STREAM; count -= 3 * SMALL_STREAM, next += 3 * SMALL_STREAM)
    state = block(state, next, SMALL_STREAM, past_1024, past_2048);
  crc_state crc = state;
  for (; count >= 8; count -= 8, next += 8) crc = CRC_OF_WORD(crc, word(next));
  for (; count > 0; count--, next++) crc = CRC_OF_BYTE(crc, *next);
  return (uint32_t)crc;
}

#else

// No instruction known: never called.
int32_t cchecksums_has_crc32c(void) { return 0; }
uint32_t cchecksums_crc32c(uint32_t state, const void *bytes, size_t count) {
  (void)bytes;
  (void)count;
  return state;
}

#endif
