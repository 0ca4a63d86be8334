/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the checks of all kernels share: cases and failures, random data,
 * guarded buffers, timing.
 *
 * Each kernel has an entry, and its check function runs once for each variant
 * that this CPU can execute.  The C variant is compared with a reference
 * written in this program from the rules of the numerics guide; every other
 * variant with the C variant, on the same data, for equal bits.
 */

#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lowerfb/kernels/kernels.h>

typedef struct
{
  const char *name;
  size_t      member;                             /* offset in LfbKernels; its isa comes first */
  void      (*check) (const LfbKernels *kernels); /* compares with kernels_c () where is_c () is false */
  void      (*bench) (const LfbKernels *kernels);
} CheckEntry;

#define CHECK_NOT_A_KERNEL ((size_t) -1)

extern const CheckEntry check_cpu_entries[];
extern const CheckEntry check_scalar_entries[];
extern const CheckEntry check_quantize_entries[];
extern const CheckEntry check_dequantize_entries[];
extern const CheckEntry check_minmax_entries[];
extern const CheckEntry check_linear_entries[];
extern const CheckEntry check_conv_entries[];
extern const CheckEntry check_max_pool_entries[];
extern const CheckEntry check_avg_pool_entries[];
extern const CheckEntry check_bytes_entries[];
extern const CheckEntry check_binary_entries[];
extern const CheckEntry check_norm_entries[];
extern const CheckEntry check_embedding_entries[];
extern const CheckEntry check_float_entries[];
extern const CheckEntry check_functions_entries[];
extern const CheckEntry check_transpose_entries[];
extern const CheckEntry check_transposed_entries[];

/* --- cases and failures (check.c) --- */

/* The kernel and variant that the following cases are about. */
void              check_begin         (const char *name, const char *isa);
/* Cases since check_begin(). */
size_t            check_n_cases       (void);
size_t            check_n_failures    (void);
/* Of everything that check_same() was given since check_begin(): equal on all
 * machines for the same variant and seed. */
uint64_t          check_digest        (void);
bool              check_is_c          (void);
const LfbKernels *check_kernels_c     (void);
void              check_set_seed      (uint64_t seed);
uint64_t          check_get_seed      (void);
/* Reports a read or write outside of the buffers as a failure. */
void              check_catch_faults  (void);

/* Begins a case; the text says its parameters, for the report of a failure. */
void check_case (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
/* Fails the case.  Only the first few failures of a variant are printed. */
void check_fail (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
#define check_true(condition) \
  do { if (!(condition)) check_fail ("%s:%d: %s", __FILE__, __LINE__, #condition); } while (0)

typedef enum
{
  CHECK_U8,
  CHECK_S8,
  CHECK_S32,
  CHECK_F32
} CheckType;

size_t check_type_size (CheckType type);
/* Fails the case where of @n elements one differs in a bit; all NaNs are one. */
bool   check_same      (CheckType type, const void *found, const void *expected, size_t n);

/* --- random data (data.c) --- */

typedef enum
{
  FILL_RANDOM,
  FILL_ZERO,   /* 0 */
  FILL_HIGH,   /* 255, 127 */
  FILL_LOW,    /* 0, -128 */
  FILL_ENDS,   /* one or the other end, at random */
  N_FILLS
} Fill;

/* Back to the seed. */
void     rnd_restart   (void);
uint64_t rnd           (void);
/* Uniform in @low to @high, both included. */
int64_t  rnd_between   (int64_t low, int64_t high);
bool     rnd_one_in    (unsigned n);
/* Uniform in @low to @high. */
float    rnd_float     (float low, float high);
/* A positive scale between 2^-20 and 2^4. */
float    rnd_scale     (void);
/* Floats around @scale * (-300 to 300), with ties, zeros, denormals, huge
 * values and, unless @finite, infinities and NaNs among them. */
void     fill_floats   (float *x, size_t n, float scale, bool finite);
void     fill_bytes    (CheckType type, void *data, size_t n, Fill fill);

/* --- guarded buffers (guard.c) --- */

/* Where a buffer lies: at the end of its pages or at their beginning, with
 * unreadable pages on both sides, or at an address of that value modulo 64,
 * rounded down to the alignment of its type. */
enum
{
  PLACE_END = 64,
  PLACE_BEGIN,
  N_PLACES
};

/* All buffers of a case; they live until guard_free_all(). */
void  *guard_new      (CheckType type, size_t n, int place);
/* 64-byte aligned, as packed weights and scratch memory are. */
void  *guard_aligned  (size_t size);
/* Makes what was filled unwritable. */
void   guard_freeze   (void *buffer);
/* Fails the case if a byte around @buffer was written. */
void   guard_verify   (void *buffer);
void   guard_free_all (void);

/* A place at random, often one of the two ends. */
int    rnd_place      (void);

/* --- timing (bench.c) --- */

/* Calls run (data) often enough and prints the median and the best of the
 * repetitions as @work / time: @unit is "GOPS" or "GB/s", @work operations or
 * bytes of one call. */
void bench_run (const char *what, double work, const char *unit, void (*run) (void *data), void *data);
