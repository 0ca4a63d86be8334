/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* bench-kernels: the speed of kernels beside that of peers and beside what the
 * core can do, in one program, on the same data, at the same time.
 *
 *   bench-kernels [--all] [--turns N] [--core N] [PART-OF-A-TABLE'S-NAME [PART-OF-A-ROW'S-NAME]]
 *
 * LOWERFB_CPU caps the instruction set, of peers too.  Exits 1 if a peer and we
 * disagree about a result, 2 on wrong usage, 77 if there was nothing to time.
 */

#define _GNU_SOURCE
#include "bench.h"
#include "onednn.h"

#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const BenchTable * const tables[] = {
  &bench_conv,
  &bench_linear,
  &bench_linear_dynamic,
  &bench_linear_pack,
  &bench_conv_pack,
  &bench_elementwise,
  &bench_embedding,
};

static void
use_one_core (int core)
{
  cpu_set_t set;

  if (core < 0)
    core = sched_getcpu ();
  CPU_ZERO (&set);
  CPU_SET (core >= 0 ? core : 0, &set);
  if (sched_setaffinity (0, sizeof set, &set) != 0)
    perror ("bench-kernels: not pinned to a core");
}

/* OpenMP reads this when it is loaded, before main(). */
static void
use_one_thread (char **argv)
{
  const char *threads = getenv ("OMP_NUM_THREADS");

  if (threads != NULL && strcmp (threads, "1") == 0)
    return;

  setenv ("OMP_NUM_THREADS", "1", true);
  execv ("/proc/self/exe", argv);
  perror ("bench-kernels: peers may use more than one thread");
}

static unsigned
cpu_flags (void)
{
  const char *name = getenv ("LOWERFB_CPU");
  int limit;

  if (name == NULL || *name == '\0')
    return lfb_cpu_detect ();

  limit = lfb_cpu_limit_parse (name);
  if (limit < 0)
    {
      fprintf (stderr, "bench-kernels: LOWERFB_CPU is %s, which is no instruction set\n", name);
      exit (2);
    }

  return lfb_cpu_detect () & (unsigned) limit;
}

static int
parse_number (const char *text)
{
  char *end;
  long value = strtol (text, &end, 10);

  if (*text == '\0' || *end != '\0' || value < 0 || value > 1000)
    {
      fprintf (stderr, "bench-kernels: %s is not a number from 0 to 1000\n", text);
      exit (2);
    }

  return (int) value;
}

int
main (int    argc,
      char **argv)
{
  static const struct option known[] = {
    { "all", no_argument, NULL, 'a' },
    { "turns", required_argument, NULL, 't' },
    { "core", required_argument, NULL, 'c' },
    { NULL, 0, NULL, 0 },
  };
  BenchOptions options = { .n_turns = 31 };
  size_t n_rows = 0, n_different = 0;
  int core = -1, option;

  use_one_thread (argv);

  while ((option = getopt_long (argc, argv, "", known, NULL)) != -1)
    switch (option)
      {
      case 'a':
        options.all = true;
        break;
      case 't':
        options.n_turns = (size_t) parse_number (optarg);
        break;
      case 'c':
        core = parse_number (optarg);
        break;
      default:
        return 2;
      }
  if (options.n_turns == 0 || options.n_turns > BENCH_TURNS || argc - optind > 2)
    {
      fprintf (stderr, "Usage: bench-kernels [--all] [--turns N] [--core N] [TABLE [ROW]]\n");
      return 2;
    }

  options.flags = cpu_flags ();
  use_one_core (core);
  bench_onednn_init (options.flags);

  printf ("CPU:");
  for (unsigned i = 0; lfb_cpu_flag_name (1u << i) != NULL; i++)
    if (options.flags & (1u << i))
      printf (" %s", lfb_cpu_flag_name (1u << i));
  printf ("%s\npeers: %s\n", options.flags == 0 ? " plain C only" : "", bench_onednn_describe ());

  for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++)
    {
      if (argc > optind && strstr (tables[t]->name, argv[optind]) == NULL)
        continue;

      bench_header (tables[t]);
      for (size_t row = 0; row < tables[t]->n_rows; row++)
        {
          BenchResult result = bench_row (tables[t], row, &options, argc > optind + 1 ? argv[optind + 1] : "");

          n_rows += result != BENCH_SKIPPED;
          n_different += result == BENCH_DIFFERS;
        }
    }

  if (n_rows == 0)
    {
      printf ("there was nothing to time\n");
      return 77;
    }

  return n_different > 0;
}
