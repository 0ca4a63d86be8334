/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Parallel loops. Work is cut into contiguous parts of whole grains; the
 * calling thread takes parts like the others. What a part computes does not
 * depend on the cutting.
 *
 * Sessions that ask for as many threads share them: one pool a process for each
 * number. Where another run has them, a loop is the calling thread's alone, which
 * is as fast where all processors are busy, and cannot wait for itself.
 */

#include <lowerfb/run/lfb-threads-private.h>

struct _LfbThreads {
  guint n_threads;
  guint n_users;         /* guarded by the lock of the table */
  LfbWorkers *workers;
  GMutex busy;           /* held by the loop that has the pool */
};

static GHashTable *table;   /* number of threads: LfbThreads; guarded by its lock */
static G_LOCK_DEFINE (table);

/* @n_threads counts the calling one. %NULL if there is to be no other. */
LfbThreads *
lfb_threads_new (guint n_threads)
{
  LfbThreads *self;

  if (n_threads <= 1)
    return NULL;

  G_LOCK (table);
  if (table == NULL)
    table = g_hash_table_new (NULL, NULL);
  self = g_hash_table_lookup (table, GUINT_TO_POINTER (n_threads));
  if (self == NULL)
    {
      self = g_new0 (LfbThreads, 1);
      self->n_threads = n_threads;
      self->workers = lfb_workers_new (n_threads);
      g_mutex_init (&self->busy);
      g_hash_table_insert (table, GUINT_TO_POINTER (n_threads), self);
    }
  self->n_users++;
  G_UNLOCK (table);

  return self;
}

void
lfb_threads_free (LfbThreads *self)
{
  gboolean last;

  if (self == NULL)
    return;

  G_LOCK (table);
  last = --self->n_users == 0;
  if (last)
    g_hash_table_remove (table, GUINT_TO_POINTER (self->n_threads));
  G_UNLOCK (table);
  if (!last)
    return;

  lfb_workers_free (self->workers);
  g_mutex_clear (&self->busy);
  g_free (self);
}

guint
lfb_threads_get_n (LfbThreads *self)
{
  return self == NULL ? 1 : self->n_threads;
}

void
lfb_threads_rest (LfbThreads *self)
{
  if (self == NULL || !g_mutex_trylock (&self->busy))
    return;

  lfb_workers_rest (self->workers);
  g_mutex_unlock (&self->busy);
}

void
lfb_runtime_parallel (const LfbRuntime *self,
                      gsize             n,
                      gsize             grain,
                      LfbRangeFunc      func,
                      gpointer          user_data)
{
  LfbThreads *threads = self->threads;
  gsize n_grains = n / grain + (n % grain != 0), part;

  if (n == 0)
    return;
  if (threads == NULL || n_grains < 2 || !g_mutex_trylock (&threads->busy))
    {
      func (0, n, user_data);
      return;
    }

  /* Four parts a thread even out what the machine does besides. */
  part = (n_grains + threads->n_threads * 4 - 1) / (threads->n_threads * 4) * grain;
  lfb_workers_run (threads->workers, n, part, func, user_data);
  g_mutex_unlock (&threads->busy);
}
