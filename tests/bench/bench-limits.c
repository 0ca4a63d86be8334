/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a core can do at most, measured: multiply-adds without any load or
 * store, and reading without any arithmetic.
 */

#include "bench.h"

#include <stdlib.h>
#include <string.h>

#ifdef __x86_64__

#define STEPS 4096

/* Sums that do not wait for each other; the loop counter hides beside them. */
#define TIMES_12(DO) DO (0) DO (1) DO (2) DO (3) DO (4) DO (5) DO (6) DO (7) DO (8) DO (9) DO (10) DO (11)
#define TIMES_24(DO) \
  TIMES_12 (DO) DO (12) DO (13) DO (14) DO (15) DO (16) DO (17) DO (18) DO (19) DO (20) DO (21) DO (22) DO (23)

#define LOW_REGISTERS \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", \
  "xmm14", "xmm15"
#define HIGH_REGISTERS \
  "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm30", "xmm31"

#define LOOP(STEP) "1:\n" STEP "dec %0\n jnz 1b\n"

/* 64 products in each of 16 lanes of 4: 128 operations. */
#define DPBUSD_512(n) "vpdpbusd %%zmm30, %%zmm31, %%zmm" #n "\n"
#define DPBUSD_256(n) "%{vex%} vpdpbusd %%ymm14, %%ymm15, %%ymm" #n "\n"
#define MADD_256(n) "vpmaddwd %%ymm14, %%ymm15, %%ymm13\n vpaddd %%ymm13, %%ymm" #n ", %%ymm" #n "\n"

__attribute__ ((target ("avx512f,avx512vnni"))) static void
dpbusd_512 (void *data)
{
  long n = STEPS;

  __asm__ volatile (LOOP (TIMES_24 (DPBUSD_512)) : "+r" (n) : : LOW_REGISTERS, HIGH_REGISTERS, "cc");
}

__attribute__ ((target ("avx2"))) static void
dpbusd_256 (void *data)
{
  long n = STEPS;

  __asm__ volatile (LOOP (TIMES_12 (DPBUSD_256)) : "+r" (n) : : LOW_REGISTERS, "cc");
}

__attribute__ ((target ("avx2"))) static void
madd_256 (void *data)
{
  long n = STEPS;

  __asm__ volatile (LOOP (TIMES_12 (MADD_256)) : "+r" (n) : : LOW_REGISTERS, "cc");
}

void
bench_limit_products (BenchSubject *subjects,
                      const char   *isa)
{
  static const struct
  {
    const char *isa;
    const char *name;
    void      (*run) (void *data);
    double      work;
  } limits[] = {
    { "avx2", "limit: vpmaddwd and vpaddd, 256 bits", madd_256, 12 * 32.0 },
    { "avxvnni", "limit: vpdpbusd, 256 bits", dpbusd_256, 12 * 64.0 },
    { "avx512vnni", "limit: vpdpbusd, 512 bits", dpbusd_512, 24 * 128.0 },
    { "avx512vbmi", "limit: vpdpbusd, 512 bits", dpbusd_512, 24 * 128.0 },
  };

  for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
    if (strcmp (limits[i].isa, isa) == 0)
      {
        BenchSubject *limit = bench_add (subjects, BENCH_LIMIT, "%s", limits[i].name);

        limit->run = limits[i].run;
        limit->work = limits[i].work * STEPS;
      }
}

typedef struct
{
  const uint8_t *bytes;  /* 64-byte aligned */
  size_t         size;   /* a multiple of CHUNK */
  void          *own;    /* what is to be freed, or NULL */
} Read;

#define CHUNK ((size_t) 1024)

#define EIGHT(DO, at) \
  DO (0, at) DO (1, at) DO (2, at) DO (3, at) DO (4, at) DO (5, at) DO (6, at) DO (7, at)
#define LOAD_512(n, at) "vmovdqa64 (" #at "+" #n ")*64(%0), %%zmm" #n "\n"
#define LOAD_256(n, at) "vmovdqa (" #at "+" #n ")*32(%0), %%ymm" #n "\n"

__attribute__ ((target ("avx512f"))) static void
read_512 (void *data)
{
  const Read *read = data;
  const uint8_t *at = read->bytes, *end = at + read->size;

  __asm__ volatile ("1:\n" EIGHT (LOAD_512, 0) EIGHT (LOAD_512, 8) "add $1024, %0\n cmp %1, %0\n jb 1b\n"
                    : "+r" (at) : "r" (end) : LOW_REGISTERS, "cc", "memory");
}

__attribute__ ((target ("avx2"))) static void
read_256 (void *data)
{
  const Read *read = data;
  const uint8_t *at = read->bytes, *end = at + read->size;

  __asm__ volatile ("1:\n" EIGHT (LOAD_256, 0) EIGHT (LOAD_256, 8) EIGHT (LOAD_256, 16) EIGHT (LOAD_256, 24)
                    "add $1024, %0\n cmp %1, %0\n jb 1b\n"
                    : "+r" (at) : "r" (end) : LOW_REGISTERS, "cc", "memory");
}

static void
clear_read (void *data)
{
  Read *read = data;

  free (read->own);
  free (read);
}

static void
add_read (BenchSubject *subjects,
          unsigned      flags,
          const void   *bytes,
          size_t        size,
          void         *own)
{
  uintptr_t skipped = -(uintptr_t) bytes % 64;
  BenchSubject *limit;
  Read *read;

  if ((flags & LFB_CPU_AVX2) == 0 || size < skipped + CHUNK)
    {
      free (own);
      return;
    }

  read = bench_alloc (sizeof *read);
  read->bytes = (const uint8_t *) bytes + skipped;
  read->size = (size - skipped) / CHUNK * CHUNK;
  read->own = own;

  limit = bench_add (subjects, BENCH_LIMIT, "limit: reading %.2f MB", (double) size * 1e-6);
  limit->run = flags & LFB_CPU_AVX512VNNI ? read_512 : read_256;
  limit->clear = clear_read;
  limit->data = read;
  limit->work = (double) read->size;
}

void
bench_limit_read (BenchSubject *subjects,
                  unsigned      flags,
                  size_t        size)
{
  size_t whole = (size + CHUNK - 1) / CHUNK * CHUNK;
  void *bytes = bench_alloc (whole);

  memset (bytes, 1, whole);
  add_read (subjects, flags, bytes, whole, bytes);
}

void
bench_limit_read_bytes (BenchSubject *subjects,
                        unsigned      flags,
                        const void   *bytes,
                        size_t        size)
{
  add_read (subjects, flags, bytes, size, NULL);
}

#else

/* The limits of other machines have not been measured: their tables show
 * kernels only. */

void
bench_limit_products (BenchSubject *subjects,
                      const char   *isa)
{
}

void
bench_limit_read (BenchSubject *subjects,
                  unsigned      flags,
                  size_t        size)
{
}

void
bench_limit_read_bytes (BenchSubject *subjects,
                        unsigned      flags,
                        const void   *bytes,
                        size_t        size)
{
}

#endif
