#pragma once
#include <stddef.h>
#include <stdint.h>

// The UCI digits that scikit-learn ships (E. Alpaydin, C. Kaynak; CC BY 4.0), embedded by CDigits.c from digits.bin:
// records of 64 pixels (8 rows of 8, values 0...16) and one label (0...9). make_digits.py made the file.

enum { cdigits_side = 8, cdigits_record_bytes = 65 };

/// The records, one behind the other.
const uint8_t *_Nonnull cdigits_records(void);

/// Number of records: 1,797.
size_t cdigits_count(void);
