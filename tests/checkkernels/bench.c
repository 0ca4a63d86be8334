/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Timing: repetitions of at least 3 ms each, their median and best. */

#define _GNU_SOURCE
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define N_REPETITIONS 15
#define SHORTEST 3e-3

static double
now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);

  return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

static double
time_calls (void  (*run) (void *data),
            void   *data,
            size_t  n)
{
  double start = now ();

  for (size_t i = 0; i < n; i++)
    run (data);

  return now () - start;
}

static int
compare (const void *a,
         const void *b)
{
  double x = *(const double *) a;
  double y = *(const double *) b;

  return (x > y) - (x < y);
}

void
bench_run (const char *what,
           double      work,
           const char *unit,
           void      (*run) (void *data),
           void       *data)
{
  double times[N_REPETITIONS];
  size_t n = 1;

  /* This is the warm-up too. */
  while (time_calls (run, data, n) < SHORTEST)
    n *= 2;

  for (size_t i = 0; i < N_REPETITIONS; i++)
    times[i] = time_calls (run, data, n) / (double) n;

  qsort (times, N_REPETITIONS, sizeof times[0], compare);

  printf ("    %-40s %10.3f %s  (best %.3f, %.3f us a call)\n", what, work / times[N_REPETITIONS / 2] * 1e-9, unit,
          work / times[0] * 1e-9, times[N_REPETITIONS / 2] * 1e6);
}
