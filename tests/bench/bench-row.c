/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Times a row: see bench.h. */

#define _GNU_SOURCE
#include "bench.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The shortest turn of a subject, in seconds. */
#define SHORTEST 1e-3

void *
bench_alloc (size_t size)
{
  size_t whole = (size + 63) / 64 * 64;
  void *memory = aligned_alloc (64, whole > 0 ? whole : 64);

  if (memory == NULL)
    {
      fprintf (stderr, "bench-kernels: no memory for %zu bytes\n", size);
      exit (1);
    }

  return memset (memory, 0, whole);
}

void
bench_fill (void   *bytes,
            size_t  size,
            int     low,
            int     high)
{
  static uint64_t state = UINT64_C (0x9e3779b97f4a7c15);

  for (size_t i = 0; i < size; i++)
    {
      state = state * UINT64_C (6364136223846793005) + UINT64_C (1442695040888963407);
      ((uint8_t *) bytes)[i] = (uint8_t) (low + (int) ((state >> 33) % (uint64_t) (high - low + 1)));
    }
}

BenchSubject *
bench_add (BenchSubject *subjects,
           BenchRole     role,
           const char   *format,
           ...)
{
  size_t n = 0;
  va_list args;

  while (subjects[n].role != BENCH_DONE)
    n++;
  if (n + 1 >= BENCH_SUBJECTS)
    {
      fprintf (stderr, "bench-kernels: more than %d subjects in a row\n", BENCH_SUBJECTS - 1);
      exit (1);
    }

  memset (&subjects[n], 0, sizeof subjects[n]);
  subjects[n].role = role;
  va_start (args, format);
  vsnprintf (subjects[n].name, sizeof subjects[n].name, format, args);
  va_end (args);
  subjects[n + 1].role = BENCH_DONE;

  return &subjects[n];
}

/* Of this thread alone: others may share the core. */
static double
now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t);

  return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

static double
time_runs (const BenchSubject *subject,
           size_t              n)
{
  double start = now ();

  for (size_t i = 0; i < n; i++)
    subject->run (subject->data);

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

static double
median (double *values,
        size_t  n)
{
  qsort (values, n, sizeof values[0], compare);

  return values[n / 2];
}

typedef struct
{
  double rates[BENCH_TURNS];  /* work per second, by turn */
  double median;
  double best;
} Times;

/* The rate of @subject as a part of that of @other, both in the same turn. */
static double
ratio (const Times *subject,
       const Times *other,
       size_t       n_turns)
{
  double ratios[BENCH_TURNS];

  for (size_t i = 0; i < n_turns; i++)
    ratios[i] = subject->rates[i] / other->rates[i];

  return median (ratios, n_turns);
}

static void
take_turns (const BenchSubject *subjects,
            size_t              n_turns,
            Times              *times)
{
  size_t n_runs[BENCH_SUBJECTS];
  size_t n_subjects = 0;

  while (subjects[n_subjects].role != BENCH_DONE)
    n_subjects++;

  /* This is the warm-up too. */
  for (size_t s = 0; s < n_subjects; s++)
    for (n_runs[s] = 1; time_runs (&subjects[s], n_runs[s]) < SHORTEST; )
      n_runs[s] *= 2;

  for (size_t turn = 0; turn < n_turns; turn++)
    for (size_t i = 0; i < n_subjects; i++)
      {
        size_t s = (turn + i) % n_subjects;

        /* What the one before left in the caches is not part of its time. */
        time_runs (&subjects[s], 1);
        times[s].rates[turn] = subjects[s].work * (double) n_runs[s] / time_runs (&subjects[s], n_runs[s]);
      }

  for (size_t s = 0; s < n_subjects; s++)
    {
      double sorted[BENCH_TURNS];

      memcpy (sorted, times[s].rates, n_turns * sizeof sorted[0]);
      times[s].median = median (sorted, n_turns);
      times[s].best = sorted[n_turns - 1];
    }
}

/* At most one step apart, and that in one of a thousand: peers round otherwise. */
static bool
same_output (const BenchSubject *ours,
             const BenchSubject *peer,
             const char         *row)
{
  size_t n_steps = 0;

  if (ours->output == NULL || peer->output == NULL || ours->n_outputs != peer->n_outputs)
    return ours->output == NULL || peer->output == NULL;

  for (size_t i = 0; i < ours->n_outputs; i++)
    {
      int difference = abs (ours->output[i] - peer->output[i]);

      if (difference > 1 || (n_steps += (size_t) difference) > ours->n_outputs / 1000 + 1)
        {
          printf ("%s: %s has %d at %zu, %s %d; %zu differ before\n", row, ours->name, ours->output[i], i, peer->name,
                  peer->output[i], n_steps);
          return false;
        }
    }

  return true;
}

void
bench_header (const BenchTable *table)
{
  printf ("\n| %s, %s | limit | lowerfb | best peer | of limit | of peer | at best | at best |\n"
          "|---|---:|---:|---:|---:|---:|---:|---:|\n", table->name, table->unit);
}

static void
print_number (const Times *times)
{
  if (times == NULL)
    printf (" |");
  else
    printf (" %.*f |", times->median < 100e9 ? 1 : 0, times->median * 1e-9);
}

static void
print_part (double part,
            bool   percent)
{
  if (percent)
    printf (" %.1f %% |", 100 * part);
  else
    printf (" %.2f |", part);
}

static void
print_ratio (const Times *subject,
             const Times *other,
             bool         percent,
             size_t       n_turns)
{
  if (other == NULL)
    printf (" |");
  else
    print_part (ratio (subject, other, n_turns), percent);
}

/* Of the best turns: what remains where others use the machine, its caches above
 * all, which the limits of multiply-adds do not feel. */
static void
print_best_ratio (const Times *subject,
                  const Times *other,
                  bool         percent)
{
  if (other == NULL)
    printf (" |");
  else
    print_part (subject->best / other->best, percent);
}

static void
print_row (const char         *name,
           const BenchSubject *subjects,
           const Times        *times,
           const BenchOptions *options)
{
  const Times *best[] = { NULL, NULL, NULL };

  for (size_t i = 0; subjects[i].role != BENCH_DONE; i++)
    if (best[subjects[i].role] == NULL || times[i].median > best[subjects[i].role]->median)
      best[subjects[i].role] = &times[i];

  printf ("| %s |", name);
  print_number (best[BENCH_LIMIT]);
  print_number (best[BENCH_OURS]);
  print_number (best[BENCH_PEER]);
  print_ratio (best[BENCH_OURS], best[BENCH_LIMIT], true, options->n_turns);
  print_ratio (best[BENCH_OURS], best[BENCH_PEER], false, options->n_turns);
  print_best_ratio (best[BENCH_OURS], best[BENCH_LIMIT], true);
  print_best_ratio (best[BENCH_OURS], best[BENCH_PEER], false);
  printf ("\n");

  for (size_t i = 0; options->all && subjects[i].role != BENCH_DONE; i++)
    printf ("    %-44s %9.3f us, best %9.3f us; %8.1f, best %8.1f\n", subjects[i].name,
            subjects[i].work / times[i].median * 1e6, subjects[i].work / times[i].best * 1e6, times[i].median * 1e-9,
            times[i].best * 1e-9);
}

static void
clear_subjects (const BenchSubject *subjects)
{
  for (; subjects->role != BENCH_DONE; subjects++)
    if (subjects->clear != NULL)
      subjects->clear (subjects->data);
}

BenchResult
bench_row (const BenchTable   *table,
           size_t              row,
           const BenchOptions *options,
           const char         *part)
{
  BenchSubject subjects[BENCH_SUBJECTS] = { { .role = BENCH_DONE } };
  BenchResult result = BENCH_TIMED;
  Times times[BENCH_SUBJECTS];
  const BenchSubject *ours = NULL;
  char name[64];

  table->make_row (row, options, name, subjects);
  if (strstr (name, part) != NULL)
    {
      take_turns (subjects, options->n_turns, times);
      print_row (name, subjects, times, options);

      for (const BenchSubject *s = subjects; s->role != BENCH_DONE; s++)
        if (s->role == BENCH_OURS && ours == NULL)
          ours = s;
        else if (s->role == BENCH_PEER && !same_output (ours, s, name))
          result = BENCH_DIFFERS;
      fflush (stdout);
    }
  else
    result = BENCH_SKIPPED;
  clear_subjects (subjects);

  return result;
}
