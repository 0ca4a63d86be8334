/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Everything that a loaded model has to stand. */

#pragma once

#include <lowerfb/lowerfb.h>

void fuzz_use_model (GBytes *bytes);
