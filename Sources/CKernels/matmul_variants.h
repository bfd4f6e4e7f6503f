#pragma once

#include "ck_matmul.h"

// Widest panel of B over all variants, in floats: three AVX-512 vectors.
enum { ck_matmul_panel = 48 };

void ck_matmul_run_generic(const ck_matmul_product *product);
#if defined(__x86_64__)
void ck_matmul_run_avx2(const ck_matmul_product *product);
void ck_matmul_run_avx512(const ck_matmul_product *product);
#endif
