/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How each kernel's NAME_init() function picks from its table of variants. */

#pragma once

#include <stddef.h>

#include <lowerfb/kernels/cpu.h>

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

/* The rows of a kernel that is one function, @name_ISA, and that has a variant
 * for each set of vectors (simd/vector.h). */
#if defined (__x86_64__)
#define LFB_VECTOR_VARIANTS(name) \
  { "c", 0, name##_c }, \
  { "avx2", LFB_CPU_AVX2, name##_avx2 }, \
  { "avx512vnni", LFB_CPU_AVX512VNNI, name##_avx512vnni }
#elif defined (__aarch64__)
#define LFB_VECTOR_VARIANTS(name) \
  { "c", 0, name##_c }, \
  { "neon", LFB_CPU_NEON, name##_neon }
#else
#define LFB_VECTOR_VARIANTS(name) \
  { "c", 0, name##_c }
#endif
