/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the CPU can do, and the names by which a user caps it.
 *
 * Kernels hold no state: lfb_cpu_detect() asks the machine, the run layer
 * keeps the limit (LOWERFB_CPU, lfb_set_cpu_limit()) and passes
 * `lfb_cpu_detect () & limit` to lfb_kernels_init().
 */

#pragma once

#include <stddef.h>

/* Each flag means that the CPU has the instructions and that the operating
 * system saves the registers they need. */
typedef enum
{
  LFB_CPU_AVX2       = 1 << 0,  /* with FMA and F16C, which all of its CPUs have */
  LFB_CPU_AVXVNNI    = 1 << 1,  /* vpdpbusd on 256-bit registers, VEX encoded */
  LFB_CPU_AVX512VNNI = 1 << 2,  /* F, BW, VL, DQ and VNNI together */
  LFB_CPU_AVX512VBMI = 1 << 3,  /* the same and VBMI: vpermb, vpermi2b */
  LFB_CPU_NEON       = 1 << 4,
  LFB_CPU_NEONDOT    = 1 << 5   /* sdot, udot */
} LfbCpuFlags;

/* The flags of the machine that runs this. */
unsigned    lfb_cpu_detect      (void);

/* "avx2", "avxvnni", ... of one flag; NULL if @flag is not exactly one of
 * LfbCpuFlags.  lfb_cpu_flag_name (1 << i) for i = 0, 1, ... lists them all. */
const char *lfb_cpu_flag_name   (unsigned flag);

/* The flags that a limit named @name leaves: c (none), avx2, avxvnni, avx512vnni,
 * neon, neondot; each includes the flags below it on its architecture, and none
 * above: avx2 leaves out AVXVNNI, avx512vnni leaves out VBMI.
 * -1 for an unknown name or NULL. */
int         lfb_cpu_limit_parse (const char *name);

/* The @index-th limit name, weakest first; NULL past the last. */
const char *lfb_cpu_limit_name  (size_t index);
