#!/usr/bin/env python3
"""Write digits.bin from the copy of the UCI digits that scikit-learn ships.

    pip install scikit-learn
    python3 make_digits.py            # writes digits.bin beside this script

digits.bin: 1,797 records of 65 bytes: 64 pixels (8 rows of 8, each 0...16), then the label (0...9), in the order of the
source. Nothing is scaled or reordered.

Data: Optical Recognition of Handwritten Digits (test part), E. Alpaydin and C. Kaynak, UCI Machine Learning Repository,
1998, https://doi.org/10.24432/C50P49, CC BY 4.0.
"""

import gzip
import hashlib
import pathlib

import sklearn

SHA256 = "68aea062d35a127749050fa0e52dca09d6569ac08092c925610e0954e172dde2"

source = pathlib.Path(sklearn.__file__).parent / "datasets" / "data" / "digits.csv.gz"
records = bytearray()
for line in gzip.open(source, "rt"):
    values = [int(float(value)) for value in line.split(",")]
    assert len(values) == 65 and 0 <= min(values) and max(values[:64]) <= 16 and values[64] <= 9, line
    records += bytes(values)
assert len(records) == 1797 * 65, len(records)
digest = hashlib.sha256(records).hexdigest()
assert digest == SHA256, digest
(pathlib.Path(__file__).parent / "digits.bin").write_bytes(records)
