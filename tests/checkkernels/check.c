/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Cases, failures and their report. */

#include "check.h"

#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PRINTED_FAILURES 5

static struct
{
  const char *name;
  const char *isa;
  size_t      n_cases;
  size_t      n_printed;
  size_t      n_failures;
  bool        case_failed;
  uint64_t    seed;
  uint64_t    digest;
  char        parameters[512];
} state;

void
check_begin (const char *name,
             const char *isa)
{
  state.name = name;
  state.isa = isa;
  state.n_cases = 0;
  state.n_printed = 0;
  state.digest = 0;
  state.parameters[0] = '\0';
}

size_t
check_n_cases (void)
{
  return state.n_cases;
}

size_t
check_n_failures (void)
{
  return state.n_failures;
}

bool
check_is_c (void)
{
  return strcmp (state.isa, "c") == 0;
}

const LfbKernels *
check_kernels_c (void)
{
  static LfbKernels kernels;

  if (kernels.linear.isa == NULL)
    lfb_kernels_init (&kernels, 0);

  return &kernels;
}

uint64_t
check_digest (void)
{
  return state.digest;
}

void
check_set_seed (uint64_t seed)
{
  state.seed = seed;
}

uint64_t
check_get_seed (void)
{
  return state.seed;
}

void
check_case (const char *format,
            ...)
{
  va_list args;

  va_start (args, format);
  vsnprintf (state.parameters, sizeof state.parameters, format, args);
  va_end (args);

  state.n_cases++;
  state.case_failed = false;
}

void
check_fail (const char *format,
            ...)
{
  char text[512];
  va_list args;

  va_start (args, format);
  vsnprintf (text, sizeof text, format, args);
  va_end (args);

  /* One case counts once, however much of it is wrong. */
  if (!state.case_failed)
    state.n_failures++;
  state.case_failed = true;

  if (state.n_printed++ < PRINTED_FAILURES)
    fprintf (stderr, "FAIL %s %s: %s: %s (--seed %" PRIu64 ")\n", state.name, state.isa, state.parameters, text,
             state.seed);
  else if (state.n_printed == PRINTED_FAILURES + 1)
    fprintf (stderr, "FAIL %s %s: more failures are not printed\n", state.name, state.isa);
}

size_t
check_type_size (CheckType type)
{
  return type == CHECK_U8 || type == CHECK_S8 ? 1 : 4;
}

static void
describe (CheckType   type,
          const void *data,
          size_t      i,
          char       *text,
          size_t      size)
{
  uint32_t bits;

  switch (type)
    {
    case CHECK_U8:
      snprintf (text, size, "%d", ((const uint8_t *) data)[i]);
      break;
    case CHECK_S8:
      snprintf (text, size, "%d", ((const int8_t *) data)[i]);
      break;
    case CHECK_S32:
      snprintf (text, size, "%" PRId32, ((const int32_t *) data)[i]);
      break;
    case CHECK_F32:
      memcpy (&bits, (const float *) data + i, sizeof bits);
      snprintf (text, size, "%.9g (0x%08" PRIx32 ")", (double) ((const float *) data)[i], bits);
      break;
    }
}

/* Which NaN an operation gives differs between architectures. */
static bool
same (CheckType   type,
      const char *found,
      const char *expected,
      size_t      i)
{
  size_t size = check_type_size (type);

  if (memcmp (found + i * size, expected + i * size, size) == 0)
    return true;

  return type == CHECK_F32 && isnan (((const float *) (const void *) found)[i]) &&
         isnan (((const float *) (const void *) expected)[i]);
}

static void
digest (CheckType   type,
        const void *found,
        size_t      n)
{
  for (size_t i = 0; i < n; i++)
    {
      uint32_t bits = 0;

      memcpy (&bits, (const char *) found + i * check_type_size (type), check_type_size (type));
      if (type == CHECK_F32 && isnan (((const float *) found)[i]))
        bits = 0x7fc00000;

      state.digest = (state.digest ^ bits) * UINT64_C (0x100000001b3) + 1;
    }
}

bool
check_same (CheckType   type,
            const void *found,
            const void *expected,
            size_t      n)
{
  size_t n_wrong = 0;
  size_t first = 0;
  char found_text[64], expected_text[64];

  digest (type, found, n);

  if (n == 0 || memcmp (found, expected, n * check_type_size (type)) == 0)
    return true;

  for (size_t i = 0; i < n; i++)
    if (!same (type, found, expected, i) && n_wrong++ == 0)
      first = i;

  if (n_wrong == 0)
    return true;

  describe (type, found, first, found_text, sizeof found_text);
  describe (type, expected, first, expected_text, sizeof expected_text);
  check_fail ("element %zu is %s, expected %s; %zu of %zu differ", first, found_text, expected_text, n_wrong, n);

  return false;
}

/* Only what is safe in a signal handler: the pieces are already formatted. */
static void
print_piece (const char *text)
{
  size_t length = strlen (text);

  while (length > 0)
    {
      ssize_t written = write (STDERR_FILENO, text, length);

      if (written <= 0)
        return;

      text += written;
      length -= (size_t) written;
    }
}

static void
on_fault (int signal_number)
{
  char digits[24];
  char *p = digits + sizeof digits;
  uint64_t seed = state.seed;

  *--p = '\0';
  do
    *--p = (char) ('0' + seed % 10);
  while ((seed /= 10) != 0);

  print_piece ("FAIL ");
  print_piece (state.name);
  print_piece (" ");
  print_piece (state.isa);
  print_piece (": ");
  print_piece (state.parameters);
  print_piece (signal_number == SIGILL ? ": an instruction that this CPU lacks"
                                       : ": reads or writes outside of its buffers");
  print_piece (" (--seed ");
  print_piece (p);
  print_piece (")\n");

  _exit (1);
}

void
check_catch_faults (void)
{
  struct sigaction action = { .sa_handler = on_fault };

  sigaction (SIGSEGV, &action, NULL);
  sigaction (SIGBUS, &action, NULL);
  sigaction (SIGILL, &action, NULL);
}
