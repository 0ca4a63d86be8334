/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Parallel loops. Work is cut into contiguous parts of whole grains; the
 * calling thread takes parts like the others. A loop must not start another
 * one. What a part computes does not depend on the cutting.
 */

#include <lowerfb/run/lfb-runtime-private.h>

struct _LfbThreads {
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
} LfbLoop;

static void
take_parts (LfbLoop *loop)
{
  gint part;

  while ((part = g_atomic_int_add (&loop->next, 1)) < loop->n_parts)
    loop->func (part * loop->part, MIN ((part + 1) * loop->part, loop->n), loop->user_data);
}

static void
help (gpointer data,
      gpointer user_data)
{
  LfbLoop *loop = data;

  take_parts (loop);
  g_mutex_lock (&loop->lock);
  if (--loop->n_helpers == 0)
    g_cond_signal (&loop->done);
  g_mutex_unlock (&loop->lock);
}

/* @n_threads counts the calling one. %NULL if there is to be no other. */
LfbThreads *
lfb_threads_new (guint n_threads)
{
  LfbThreads *self;

  if (n_threads <= 1)
    return NULL;

  self = g_new0 (LfbThreads, 1);
  self->n_threads = n_threads;
  self->pool = g_thread_pool_new (help, NULL, n_threads - 1, FALSE, NULL);

  return self;
}

void
lfb_threads_free (LfbThreads *self)
{
  if (self == NULL)
    return;

  g_thread_pool_free (self->pool, FALSE, TRUE);
  g_free (self);
}

guint
lfb_threads_get_n (LfbThreads *self)
{
  return self == NULL ? 1 : self->n_threads;
}

void
lfb_runtime_parallel (const LfbRuntime *self,
                      gsize             n,
                      gsize             grain,
                      LfbRangeFunc      func,
                      gpointer          user_data)
{
  guint n_threads = lfb_threads_get_n (self->threads);
  gsize n_grains = n / grain + (n % grain != 0);
  LfbLoop loop = { .func = func, .user_data = user_data, .n = n };

  if (n == 0)
    return;
  if (n_threads == 1 || n_grains < 2)
    {
      func (0, n, user_data);
      return;
    }

  /* Four parts a thread even out what the machine does besides. */
  loop.part = (n_grains + n_threads * 4 - 1) / (n_threads * 4) * grain;
  loop.n_parts = n / loop.part + (n % loop.part != 0);
  loop.n_helpers = MIN (n_threads - 1, (guint) loop.n_parts - 1);
  g_mutex_init (&loop.lock);
  g_cond_init (&loop.done);

  for (guint i = loop.n_helpers; i > 0; i--)
    g_thread_pool_push (self->threads->pool, &loop, NULL);
  take_parts (&loop);

  g_mutex_lock (&loop.lock);
  while (loop.n_helpers > 0)
    g_cond_wait (&loop.done, &loop.lock);
  g_mutex_unlock (&loop.lock);
  g_mutex_clear (&loop.lock);
  g_cond_clear (&loop.done);
}
