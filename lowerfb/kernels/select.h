/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How each kernel's NAME_init() function picks from its table of variants. */

#pragma once

#include <stddef.h>

/* Sets *(kernel) to the last row of the array @variants that needs no flag
 * outside @cpu_flags.  Rows stand from the plain C variant, which needs none,
 * upwards; those of one architecture inside #ifdef __x86_64__ or __aarch64__. */
#define LFB_SELECT(kernel, variants, cpu_flags)                               \
  do                                                                          \
    {                                                                         \
      for (size_t i_ = 0; i_ < sizeof (variants) / sizeof (variants)[0]; i_++) \
        if (((variants)[i_].needs & ~(cpu_flags)) == 0)                       \
          *(kernel) = (variants)[i_];                                         \
    }                                                                         \
  while (0)
