/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CPU detection.  On x86 the compiler's __builtin_cpu_supports() is used, which
 * asks cpuid and, by xgetbv, whether the operating system saves the vector
 * registers; it therefore also respects tools such as valgrind that hide
 * instructions they do not know.  On Arm the kernel's auxiliary vector says it.
 */

#include <lowerfb/kernels/cpu.h>

#include <string.h>

#ifdef __x86_64__
#include <cpuid.h>
#elif defined (__aarch64__) && defined (__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

static const struct
{
  const char *name;
  unsigned    flag;
} flag_names[] = {
  { "avx2", LFB_CPU_AVX2 },
  { "avxvnni", LFB_CPU_AVXVNNI },
  { "avx512vnni", LFB_CPU_AVX512VNNI },
  { "avx512vbmi", LFB_CPU_AVX512VBMI },
  { "neon", LFB_CPU_NEON },
  { "neondot", LFB_CPU_NEONDOT },
};

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

#ifdef __x86_64__

/* clang 14 has no name for AVX-VNNI in __builtin_cpu_supports(): leaf 7,
 * subleaf 1, eax bit 4, in the registers that AVX2 already vouches for. */
static int
has_avxvnni (void)
{
  unsigned eax, ebx, ecx, edx;

  return __get_cpuid_count (7, 1, &eax, &ebx, &ecx, &edx) && (eax & (1u << 4)) != 0;
}

/* Neither has it F16C: leaf 1, ecx bit 29. */
static int
has_f16c (void)
{
  unsigned eax, ebx, ecx, edx;

  return __get_cpuid (1, &eax, &ebx, &ecx, &edx) && (ecx & (1u << 29)) != 0;
}

unsigned
lfb_cpu_detect (void)
{
  unsigned flags = 0;

  __builtin_cpu_init ();

  if (!__builtin_cpu_supports ("avx2") || !__builtin_cpu_supports ("fma") || !has_f16c ())
    return 0;

  flags |= LFB_CPU_AVX2;

  if (has_avxvnni ())
    flags |= LFB_CPU_AVXVNNI;

  if (__builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512bw") &&
      __builtin_cpu_supports ("avx512vl") && __builtin_cpu_supports ("avx512dq") &&
      __builtin_cpu_supports ("avx512vnni"))
    {
      flags |= LFB_CPU_AVX512VNNI;

      if (__builtin_cpu_supports ("avx512vbmi"))
        flags |= LFB_CPU_AVX512VBMI;
    }

  return flags;
}

#elif defined (__aarch64__)

unsigned
lfb_cpu_detect (void)
{
  unsigned flags = LFB_CPU_NEON;  /* part of the architecture's baseline */

#ifdef __linux__
  if (getauxval (AT_HWCAP) & HWCAP_ASIMDDP)
    flags |= LFB_CPU_NEONDOT;
#endif

  return flags;
}

#else

unsigned
lfb_cpu_detect (void)
{
  return 0;
}

#endif

const char *
lfb_cpu_flag_name (unsigned flag)
{
  for (size_t i = 0; i < sizeof flag_names / sizeof flag_names[0]; i++)
    if (flag_names[i].flag == flag)
      return flag_names[i].name;

  return NULL;
}

int
lfb_cpu_limit_parse (const char *name)
{
  if (name == NULL)
    return -1;

  for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
    if (strcmp (limits[i].name, name) == 0)
      return limits[i].flags;

  return -1;
}

const char *
lfb_cpu_limit_name (size_t index)
{
  return index < sizeof limits / sizeof limits[0] ? limits[index].name : NULL;
}
