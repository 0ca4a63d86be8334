/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the speed tables of all kernels share.
 *
 * A row is one piece of work that several subjects do: a limit of the machine,
 * kernels of this project, peers.  They take turns, so that what disturbs the
 * machine disturbs all of them; times are processor time of the one thread that
 * is pinned to a core, and ratios are medians over the turns.
 *
 * To add a table: a file bench-NAME.c with a BenchTable, a line in meson.build
 * and one in the list of bench-kernels.c.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lowerfb/kernels/kernels.h>

typedef enum
{
  BENCH_LIMIT,  /* what the machine can do at most */
  BENCH_OURS,
  BENCH_PEER,
  BENCH_DONE    /* ends an array */
} BenchRole;

typedef struct
{
  BenchRole      role;
  char           name[64];
  double         work;                /* of one run: operations or bytes */
  void         (*run)   (void *data);
  void         (*clear) (void *data); /* frees data and what it holds; may be NULL */
  void          *data;
  /* What it makes, for comparison with the first of ours; NULL: not compared. */
  const uint8_t *output;
  size_t         n_outputs;
} BenchSubject;

/* Subjects of a row at most, the end included. */
#define BENCH_SUBJECTS 8

/* Turns at most. */
#define BENCH_TURNS 1001

typedef struct
{
  unsigned flags;    /* of the CPU, capped by LOWERFB_CPU */
  bool     all;      /* print every subject */
  size_t   n_turns;
} BenchOptions;

typedef struct
{
  const char  *name;
  const char  *unit;    /* "GOPS", "GB/s" */
  size_t       n_rows;
  /* Fills in the name of the row and its subjects, up to BENCH_DONE; the arrays
   * have room for 64 characters and BENCH_SUBJECTS. */
  void       (*make_row) (size_t              row,
                          const BenchOptions *options,
                          char               *name,
                          BenchSubject       *subjects);
} BenchTable;

extern const BenchTable bench_conv;
extern const BenchTable bench_conv_pack;
extern const BenchTable bench_elementwise;
extern const BenchTable bench_embedding;
extern const BenchTable bench_linear;
extern const BenchTable bench_linear_dynamic;
extern const BenchTable bench_linear_pack;

typedef enum
{
  BENCH_TIMED,
  BENCH_SKIPPED,
  BENCH_DIFFERS  /* a peer makes something else than we */
} BenchResult;

/* Times one row and prints it, if its name has @part in it. */
BenchResult bench_row    (const BenchTable   *table,
                          size_t              row,
                          const BenchOptions *options,
                          const char         *part);
void        bench_header (const BenchTable   *table);

/* Appends one to @subjects, which end with BENCH_DONE; the caller fills it in. */
BenchSubject *bench_add (BenchSubject *subjects, BenchRole role, const char *format, ...)
  __attribute__ ((format (printf, 3, 4)));

/* Exits with a message if there is no memory; 64-byte aligned, all 0. */
void *bench_alloc    (size_t size);
/* Bytes at random from @low to @high. */
void  bench_fill     (void *bytes, size_t size, int low, int high);

/* --- limits (bench-limits.c) --- */

/* The products of @isa: how many multiplications and additions a core can do
 * of the instruction that the variants of that name use, all data in registers.
 * Adds nothing for one that has no such limit. */
void  bench_limit_products (BenchSubject *subjects, const char *isa);
/* Reading @size bytes in order, again and again, at the width of @flags. */
void  bench_limit_read     (BenchSubject *subjects, unsigned flags, size_t size);
/* The same of bytes that our subject reads too: where their pages lie decides what
 * of them the caches can hold. */
void  bench_limit_read_bytes (BenchSubject *subjects, unsigned flags, const void *bytes, size_t size);
