/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CPU flags, their names and limits, and what lfb_kernels_init() makes of them. */

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
check_names (void)
{
  unsigned known = 0;

  for (unsigned i = 0; i < 32; i++)
    {
      const char *name = lfb_cpu_flag_name (1u << i);

      check_case ("flag %u", i);
      if (name == NULL)
        continue;

      known |= 1u << i;
      check_true (*name != '\0');
      for (unsigned j = 0; j < i; j++)
        check_true (strcmp (name, lfb_cpu_flag_name (1u << j)) != 0);
    }

  check_case ("flags");
  check_true (known == (LFB_CPU_AVX2 | LFB_CPU_AVXVNNI | LFB_CPU_AVX512VNNI | LFB_CPU_AVX512VBMI | LFB_CPU_NEON |
                        LFB_CPU_NEONDOT));
  check_true (lfb_cpu_flag_name (0) == NULL);
  check_true (lfb_cpu_flag_name (LFB_CPU_AVX2 | LFB_CPU_NEON) == NULL);
  check_true ((lfb_cpu_detect () & ~known) == 0);
}

static void
check_limits (void)
{
  static const char * const unknown[] = { "", "C", "avx", "avx2 ", "avx512", "sse", "neon,neondot" };
  static const struct
  {
    const char *name;
    int         flags;
  } limits[] = {
    { "c", 0 },
    { "avx2", LFB_CPU_AVX2 },
    { "avxvnni", LFB_CPU_AVX2 | LFB_CPU_AVXVNNI },
    { "avx512vnni", LFB_CPU_AVX2 | LFB_CPU_AVXVNNI | LFB_CPU_AVX512VNNI },
    { "neon", LFB_CPU_NEON },
    { "neondot", LFB_CPU_NEON | LFB_CPU_NEONDOT },
  };
  size_t n = sizeof limits / sizeof limits[0];

  for (size_t i = 0; i < n; i++)
    {
      check_case ("limit %s", limits[i].name);
      check_true (lfb_cpu_limit_parse (limits[i].name) == limits[i].flags);
      check_true (lfb_cpu_limit_name (i) != NULL && strcmp (lfb_cpu_limit_name (i), limits[i].name) == 0);
    }

  check_case ("limits");
  check_true (lfb_cpu_limit_name (n) == NULL);
  check_true (lfb_cpu_limit_parse (NULL) == -1);

  for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
    {
      check_case ("limit '%s'", unknown[i]);
      check_true (lfb_cpu_limit_parse (unknown[i]) == -1);
    }
}

/* What the system says about its first processor: " flag flag ... flag ". */
static bool
read_cpuinfo (char   *flags,
              size_t  size)
{
  FILE *file = fopen ("/proc/cpuinfo", "r");
  bool found = false;

  if (file == NULL)
    return false;

  while (!found && fgets (flags, (int) size, file) != NULL)
    found = strncmp (flags, "flags", 5) == 0 || strncmp (flags, "Features", 8) == 0;

  fclose (file);

  if (found)
    flags[strcspn (flags, "\n")] = ' ';

  return found;
}

static bool
has (const char *flags,
     const char *name)
{
  char wanted[32];

  snprintf (wanted, sizeof wanted, " %s ", name);

  return strstr (flags, wanted) != NULL;
}

/* An emulator or valgrind may hide instructions, never invent them; on the
 * bare machine both must agree. */
static void
check_against_system (void)
{
  static char text[8192];
  const char *preload = getenv ("LD_PRELOAD");
  bool hidden = preload != NULL && strstr (preload, "valgrind") != NULL;
  unsigned flags = lfb_cpu_detect ();
  unsigned expected = 0;

  if (!read_cpuinfo (text, sizeof text))
    return;

#if defined (__x86_64__)
  if (has (text, "avx2"))
    expected |= LFB_CPU_AVX2;
  if (has (text, "avx_vnni"))
    expected |= LFB_CPU_AVXVNNI;
  if (has (text, "avx512f") && has (text, "avx512bw") && has (text, "avx512vl") && has (text, "avx512dq") &&
      has (text, "avx512_vnni"))
    expected |= LFB_CPU_AVX512VNNI | (has (text, "avx512vbmi") ? LFB_CPU_AVX512VBMI : 0);
#elif defined (__aarch64__)
  if (!has (text, "asimd"))
    return;  /* emulated on another machine */
  expected |= LFB_CPU_NEON;
  if (has (text, "asimddp"))
    expected |= LFB_CPU_NEONDOT;
#endif

  check_case ("detected 0x%x, the system says 0x%x", flags, expected);
  check_true ((flags & ~expected) == 0);
  check_true (hidden || flags == expected);
}

static void
check_member (const CheckEntry *entry,
              unsigned          flags)
{
  LfbKernels kernels;
  const char *member = (const char *) &kernels + entry->member;
  const char *isa;
  unsigned needs;

  memset (&kernels, 0, sizeof kernels);
  lfb_kernels_init (&kernels, flags);
  memcpy (&isa, member, sizeof isa);
  memcpy (&needs, member + sizeof isa, sizeof needs);

  check_case ("%s with flags 0x%x", entry->name, flags);
  check_true (isa != NULL);
  check_true ((needs & ~flags) == 0);
  check_true (isa != NULL && (needs == 0) == (strcmp (isa, "c") == 0));
}

static void
check_table (void)
{
  static const CheckEntry * const groups[] = {
    check_quantize_entries, check_dequantize_entries, check_minmax_entries,   check_linear_entries,
    check_conv_entries,     check_max_pool_entries,   check_avg_pool_entries, check_bytes_entries,
  };
  size_t n_members = 0;

  for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
    for (const CheckEntry *entry = groups[i]; entry->name != NULL; entry++, n_members++)
      for (unsigned flags = 0; flags < 64; flags++)
        check_member (entry, flags);

  /* Every member of the table has a check. */
  check_case ("%zu kernels", n_members);
  check_true (n_members == 29);
}

static void
check (const LfbKernels *kernels)
{
  (void) kernels;

  check_names ();
  check_limits ();
  check_against_system ();
  check_table ();
}

const CheckEntry check_cpu_entries[] = {
  { "cpu", CHECK_NOT_A_KERNEL, check, NULL },
  { NULL, 0, NULL, NULL },
};
