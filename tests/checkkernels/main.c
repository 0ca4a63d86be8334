/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* checkkernels: every variant of every kernel that this CPU can run, capped by
 * LOWERFB_CPU, against the C variant, and that one against the written rules.
 * With --bench, times them instead.
 *
 * Exits 0 if all agree, 1 if not, 2 on wrong usage, 77 if nothing was checked.
 */

#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const CheckEntry * const groups[] = {
  check_cpu_entries,
  check_scalar_entries,
  check_quantize_entries,
  check_dequantize_entries,
  check_minmax_entries,
  check_linear_entries,
  check_conv_entries,
  check_max_pool_entries,
  check_avg_pool_entries,
  check_bytes_entries,
  check_binary_entries,
  check_norm_entries,
  check_embedding_entries,
  check_float_entries,
  check_functions_entries,
  check_transpose_entries,
  check_transposed_entries,
};

typedef struct
{
  bool        bench;
  const char *kernel;  /* part of a name, or NULL: all */
  unsigned    flags;
} Options;

typedef struct
{
  size_t n_kernels;
  size_t n_variants;
  size_t n_cases;
} Totals;

static void
usage (FILE *stream)
{
  fprintf (stream,
           "Usage: checkkernels [--seed N] [--kernel PART-OF-A-NAME] [--bench]\n"
           "LOWERFB_CPU=");
  for (size_t i = 0; lfb_cpu_limit_name (i) != NULL; i++)
    fprintf (stream, "%s%s", i > 0 ? "|" : "", lfb_cpu_limit_name (i));
  fprintf (stream, " caps the instruction set.\n");
}

static bool
parse_seed (const char *text,
            uint64_t   *seed)
{
  char *end;

  errno = 0;
  *seed = strtoull (text, &end, 10);

  return errno == 0 && end != text && *end == '\0' && *text != '-';
}

static bool
parse_options (Options  *options,
               int       argc,
               char    **argv)
{
  static const struct option known[] = {
    { "seed", required_argument, NULL, 's' },
    { "kernel", required_argument, NULL, 'k' },
    { "bench", no_argument, NULL, 'b' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
  };
  const char *limit = getenv ("LOWERFB_CPU");
  uint64_t seed = (uint64_t) time (NULL) * 1000003 + (uint64_t) getpid ();
  int option;

  options->flags = lfb_cpu_detect ();

  if (limit != NULL && *limit != '\0')
    {
      int mask = lfb_cpu_limit_parse (limit);

      if (mask < 0)
        {
          fprintf (stderr, "checkkernels: LOWERFB_CPU is %s, which is no instruction set\n", limit);
          return false;
        }

      options->flags &= (unsigned) mask;
    }

  while ((option = getopt_long (argc, argv, "", known, NULL)) != -1)
    switch (option)
      {
      case 's':
        if (!parse_seed (optarg, &seed))
          {
            fprintf (stderr, "checkkernels: the seed %s is not a number\n", optarg);
            return false;
          }
        break;
      case 'k':
        options->kernel = optarg;
        break;
      case 'b':
        options->bench = true;
        break;
      case 'h':
        usage (stdout);
        exit (0);
      default:
        return false;
      }

  check_set_seed (seed);

  return optind == argc;
}

static const char *
isa_of (const CheckEntry *entry,
        const LfbKernels *kernels)
{
  if (entry->member == CHECK_NOT_A_KERNEL)
    return "c";

  return *(const char * const *) ((const char *) kernels + entry->member);
}

static void
run_variant (const CheckEntry *entry,
             const LfbKernels *kernels,
             const Options    *options,
             Totals           *totals)
{
  const char *isa = isa_of (entry, kernels);
  size_t n_failures = check_n_failures ();

  rnd_restart ();
  check_begin (entry->name, isa);

  if (options->bench)
    {
      printf ("%s %s\n", entry->name, isa);
      entry->bench (kernels);
    }
  else
    {
      entry->check (kernels);
      if (check_n_cases () == 0)
        check_fail ("no case was checked");
      printf ("  %-12s %7zu cases", isa, check_n_cases ());
      if (check_digest () != 0)
        printf ("  digest %016" PRIx64, check_digest ());
      printf ("  %s\n", check_n_failures () == n_failures ? "ok" : "FAILED");
    }

  totals->n_variants++;
  totals->n_cases += check_n_cases ();
  guard_free_all ();
}

/* The variants turn up one after the other as flags are added from below. */
static void
run_entry (const CheckEntry *entry,
           const Options    *options,
           Totals           *totals)
{
  const char *last = NULL;
  size_t n_variants = totals->n_variants;
  LfbKernels kernels;

  if (!options->bench)
    printf ("%s\n", entry->name);

  for (unsigned flag = 0, flags = 0; flag < 32; flag++)
    {
      lfb_kernels_init (&kernels, flags);

      if (last == NULL || strcmp (last, isa_of (entry, &kernels)) != 0)
        run_variant (entry, &kernels, options, totals);
      last = isa_of (entry, &kernels);

      flags |= options->flags & (1u << flag);
    }

  if (!options->bench)
    printf ("  %zu %s\n", totals->n_variants - n_variants,
            totals->n_variants - n_variants == 1 ? "variant" : "variants");
  totals->n_kernels++;
  fflush (stdout);
}

static void
print_header (const Options *options)
{
  printf ("CPU:");
  for (unsigned i = 0; lfb_cpu_flag_name (1u << i) != NULL; i++)
    if (options->flags & (1u << i))
      printf (" %s", lfb_cpu_flag_name (1u << i));
  printf ("%s\nseed: %" PRIu64 "\n", options->flags == 0 ? " plain C only" : "", check_get_seed ());
  fflush (stdout);
}

static void
stay_on_this_core (void)
{
  cpu_set_t set;
  int cpu = sched_getcpu ();

  CPU_ZERO (&set);
  CPU_SET (cpu >= 0 ? cpu : 0, &set);

  if (sched_setaffinity (0, sizeof set, &set) != 0)
    fprintf (stderr, "checkkernels: not pinned to a core: %s\n", strerror (errno));
}

int
main (int    argc,
      char **argv)
{
  Options options = { 0 };
  Totals totals = { 0 };

  if (!parse_options (&options, argc, argv))
    {
      usage (stderr);
      return 2;
    }

  print_header (&options);
  check_catch_faults ();
  if (options.bench)
    stay_on_this_core ();

  for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
    for (const CheckEntry *entry = groups[i]; entry->name != NULL; entry++)
      {
        if (options.kernel != NULL && strstr (entry->name, options.kernel) == NULL)
          continue;

        if (options.bench && entry->bench == NULL)
          continue;

        run_entry (entry, &options, &totals);
      }

  if (totals.n_variants == 0 || (!options.bench && totals.n_cases == 0))
    {
      printf ("nothing was checked\n");
      return 77;
    }

  if (options.bench)
    return 0;

  printf ("%zu kernels, %zu variants, %zu cases, %zu failures\n", totals.n_kernels, totals.n_variants, totals.n_cases,
          check_n_failures ());

  return check_n_failures () == 0 ? 0 : 1;
}
