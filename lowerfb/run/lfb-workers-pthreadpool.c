/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-threads-private.h. The threads of pthreadpool spin for a while after a
 * loop, so that the next one begins without waking them; a run that is over makes
 * them sleep.
 */

#include <lowerfb/run/lfb-threads-private.h>

#include <pthreadpool.h>

struct _LfbWorkers {
  pthreadpool_t pool;
  LfbRangeFunc func;     /* of the loop under way */
  gpointer user_data;
};

LfbWorkers *
lfb_workers_new (guint n_threads)
{
  LfbWorkers *self = g_new0 (LfbWorkers, 1);

  /* NULL, which it is where no thread can be made, means the calling thread. */
  self->pool = pthreadpool_create (n_threads);

  return self;
}

void
lfb_workers_free (LfbWorkers *self)
{
  pthreadpool_destroy (self->pool);
  g_free (self);
}

static void
run_part (void   *user_data,
          size_t  begin,
          size_t  size)
{
  const LfbWorkers *self = user_data;

  self->func (begin, begin + size, self->user_data);
}

void
lfb_workers_run (LfbWorkers   *self,
                 gsize         n,
                 gsize         part,
                 LfbRangeFunc  func,
                 gpointer      user_data)
{
  self->func = func;
  self->user_data = user_data;
  pthreadpool_parallelize_1d_tile_1d (self->pool, run_part, self, n, part, 0);
}

static void
run_nothing (void   *user_data,
             size_t  index)
{
}

void
lfb_workers_rest (LfbWorkers *self)
{
  pthreadpool_parallelize_1d (self->pool, run_nothing, NULL, pthreadpool_get_threads_count (self->pool),
                              PTHREADPOOL_FLAG_YIELD_WORKERS);
}
