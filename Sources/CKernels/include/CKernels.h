#pragma once

// Vectorised inner loops: one source, compiled for every CPU level, chosen once when the program starts.
//
// Common to all: float32; counts and strides are in elements; nothing allocates; no alignment is needed; arrays do not
// overlap unless a comment says so. NaN and infinity stay detectable: no kernel is built with fast-math.

#include "ck_attention.h"
#include "ck_elementwise.h"
#include "ck_images.h"
#include "ck_levels.h"
#include "ck_matmul.h"
#include "ck_random.h"
#include "ck_rows.h"
#include "ck_state.h"
#include "ck_team.h"
#include "ck_winograd.h"
