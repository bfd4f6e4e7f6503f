#include "CDigits.h"

static const uint8_t records[] = {
#embed "digits.bin"
};

static_assert(sizeof records == 1797 * cdigits_record_bytes, "digits.bin is not what make_digits.py writes");

const uint8_t *cdigits_records(void) { return records; }

size_t cdigits_count(void) { return sizeof records / cdigits_record_bytes; }
