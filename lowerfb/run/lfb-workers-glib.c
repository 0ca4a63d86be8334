/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-threads-private.h. Threads of GLib, which sleep between loops. */

#include <lowerfb/run/lfb-threads-private.h>

struct _LfbWorkers {
  guint n_threads;
  GThreadPool *pool;
};

typedef struct {
  LfbRangeFunc func;
  gpointer user_data;
  gsize n;
  gsize part;
  gint n_parts;
  gint next;        /* atomic: the next part to take */

  GMutex lock;
  GCond done;
  guint n_helpers;  /* that have not left yet; under the lock */
} Loop;

static void
take_parts (Loop *loop)
{
  gint part;

  while ((part = g_atomic_int_add (&loop->next, 1)) < loop->n_parts)
    loop->func (part * loop->part, MIN ((part + 1) * loop->part, loop->n), loop->user_data);
}

static void
help (gpointer data,
      gpointer user_data)
{
  Loop *loop = data;

  take_parts (loop);
  g_mutex_lock (&loop->lock);
  if (--loop->n_helpers == 0)
    g_cond_signal (&loop->done);
  g_mutex_unlock (&loop->lock);
}

LfbWorkers *
lfb_workers_new (guint n_threads)
{
  LfbWorkers *self = g_new0 (LfbWorkers, 1);

  self->n_threads = n_threads;
  self->pool = g_thread_pool_new (help, NULL, n_threads - 1, FALSE, NULL);

  return self;
}

void
lfb_workers_free (LfbWorkers *self)
{
  g_thread_pool_free (self->pool, FALSE, TRUE);
  g_free (self);
}

void
lfb_workers_run (LfbWorkers   *self,
                 gsize         n,
                 gsize         part,
                 LfbRangeFunc  func,
                 gpointer      user_data)
{
  Loop loop = { .func = func, .user_data = user_data, .n = n, .part = part };

  loop.n_parts = n / part + (n % part != 0);
  loop.n_helpers = MIN (self->n_threads - 1, (guint) loop.n_parts - 1);
  g_mutex_init (&loop.lock);
  g_cond_init (&loop.done);

  for (guint i = loop.n_helpers; i > 0; i--)
    g_thread_pool_push (self->pool, &loop, NULL);
  take_parts (&loop);

  g_mutex_lock (&loop.lock);
  while (loop.n_helpers > 0)
    g_cond_wait (&loop.done, &loop.lock);
  g_mutex_unlock (&loop.lock);
  g_mutex_clear (&loop.lock);
  g_cond_clear (&loop.done);
}

void
lfb_workers_rest (LfbWorkers *self)
{
}
