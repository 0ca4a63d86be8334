/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Kernels and threads of one session or call. The CPU limit is the library's
 * only global state: LOWERFB_CPU is read once, lfb_set_cpu_limit() replaces it
 * for everything that is made afterwards.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sched_getaffinity() */
#endif

#include <lowerfb/run/lfb-call.h>
#include <lowerfb/run/lfb-runtime-private.h>
#include <lowerfb/core/lfb-error.h>

#include <sched.h>
#include <string.h>

static const char *limit_name;   /* interned; guarded by the lock below */
static G_LOCK_DEFINE (limit);

/* With the lock held. An unknown name in the environment caps nothing. */
static const char *
current_limit (void)
{
  static gboolean read;

  if (!read)
    {
      const char *name = g_getenv ("LOWERFB_CPU");

      read = TRUE;
      if (name != NULL && *name != '\0')
        {
          if (lfb_cpu_limit_parse (name) >= 0)
            limit_name = g_intern_string (name);
          else
            g_warning ("LOWERFB_CPU is “%s”, which names no instruction set; it is ignored", name);
        }
    }

  return limit_name;
}

unsigned
lfb_runtime_cpu_flags (void)
{
  unsigned flags = lfb_cpu_detect ();

  G_LOCK (limit);
  if (current_limit () != NULL)
    flags &= lfb_cpu_limit_parse (current_limit ());
  G_UNLOCK (limit);

  return flags;
}

void
lfb_runtime_init (LfbRuntime *self,
                  LfbThreads *threads)
{
  lfb_kernels_init (&self->kernels, lfb_runtime_cpu_flags ());
  self->threads = threads;
  self->pool = NULL;
  self->cancellable = NULL;
  self->memory = NULL;
}

/* g_get_num_processors() counts all that are there: a process that was given one of
 * them would make threads that wait for each other.
 */
guint
lfb_count_processors (void)
{
#ifdef __linux__
  cpu_set_t set;

  if (sched_getaffinity (0, sizeof set, &set) == 0)
    return MAX (CPU_COUNT (&set), 1);
#endif

  return g_get_num_processors ();
}

/**
 * lfb_get_cpu_features:
 *
 * Lists the instruction sets that this machine has and the library knows,
 * whatever the limit.
 *
 * Returns: (transfer full) (array zero-terminated=1): their names, such as
 *   `avx2`, `avx512vnni` or `neon`; empty if there is none
 *
 * Since: 1.0
 */
char **
lfb_get_cpu_features (void)
{
  GPtrArray *names = g_ptr_array_new ();
  unsigned flags = lfb_cpu_detect ();

  for (guint i = 0; lfb_cpu_flag_name (1u << i) != NULL; i++)
    if (flags & 1u << i)
      g_ptr_array_add (names, g_strdup (lfb_cpu_flag_name (1u << i)));
  g_ptr_array_add (names, NULL);

  return (char **) g_ptr_array_free (names, FALSE);
}

/**
 * lfb_set_cpu_limit:
 * @name: (nullable): `c`, `avx2`, `avxvnni`, `avx512vnni`, `neon` or `neondot`;
 *   %NULL for no limit
 * @error: return location for a `GError`
 *
 * Caps the instruction set of sessions and calls that are made from now on.
 * The results have the same bits under every limit.
 *
 * It replaces the limit that the environment variable `LOWERFB_CPU` set.
 *
 * Returns: %TRUE, or %FALSE with %LFB_ERROR_NOT_FOUND if no limit has that name
 *
 * Since: 1.0
 */
gboolean
lfb_set_cpu_limit (const char  *name,
                   GError     **error)
{
  if (name != NULL && lfb_cpu_limit_parse (name) < 0)
    {
      g_autoptr (GString) known = g_string_new (NULL);

      for (gsize i = 0; lfb_cpu_limit_name (i) != NULL; i++)
        g_string_append_printf (known, "%s%s", i > 0 ? ", " : "", lfb_cpu_limit_name (i));
      g_set_error (error, LFB_ERROR, LFB_ERROR_NOT_FOUND,
                   "no instruction set is called “%s”, expected one of %s", name, known->str);
      return FALSE;
    }

  G_LOCK (limit);
  current_limit ();
  limit_name = name != NULL ? g_intern_string (name) : NULL;
  G_UNLOCK (limit);

  return TRUE;
}

/**
 * lfb_get_cpu_limit:
 *
 * Gets the limit that `LOWERFB_CPU` or [func@Lfb.set_cpu_limit] set.
 *
 * Returns: (nullable): its name, or %NULL if there is none
 *
 * Since: 1.0
 */
const char *
lfb_get_cpu_limit (void)
{
  const char *name;

  G_LOCK (limit);
  name = current_limit ();
  G_UNLOCK (limit);

  return name;
}
