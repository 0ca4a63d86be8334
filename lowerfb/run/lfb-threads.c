/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Parallel loops. Work is cut into contiguous parts; what a part computes does not
 * depend on the cutting. Callers say about how long all of it would take one thread,
 * which decides in how many parts it is cut, whether at all, and whether threads that
 * sleep are to be woken for it.
 *
 * Sessions that ask for as many threads share them: one pool a process for each
 * number. Where another run has them, a loop is the calling thread's alone, which
 * is as fast where all processors are busy, and cannot wait for itself.
 *
 * Most of that would never happen in tests, whose work is small: with
 * LOWERFB_DEBUG=split all work is cut as far as it can be, and each thread does its part.
 */

#include <lowerfb/run/lfb-threads-private.h>

#include <stdatomic.h>

/* Nanoseconds. A part is not to be shorter than a few times what it takes to hand it
 * over; to wake a thread takes as long as a loop of WORTH_WAKING. */
#define PART 2000.0
#define WORTH_WAKING 60000.0
struct _LfbThreads {
  guint n_threads;
  guint n_users;         /* guarded by the lock of the table */
  gboolean split;        /* whatever it costs */
  LfbWorkers *workers;
  atomic_flag busy;      /* set by the loop that has the pool */
};

static GHashTable *table;   /* number of threads: LfbThreads; guarded by its lock */
static G_LOCK_DEFINE (table);

static gboolean
asked_to_split (void)
{
  const GDebugKey keys[] = { { "split", 1 } };

  return g_parse_debug_string (g_getenv ("LOWERFB_DEBUG"), keys, G_N_ELEMENTS (keys)) != 0;
}

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
      self->split = asked_to_split ();
      self->workers = lfb_workers_new (n_threads, self->split);
      atomic_flag_clear (&self->busy);
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
  g_free (self);
}

guint
lfb_threads_get_n (LfbThreads *self)
{
  return self == NULL ? 1 : self->n_threads;
}

static gboolean
take_pool (LfbThreads *self)
{
  return !atomic_flag_test_and_set_explicit (&self->busy, memory_order_acquire);
}

static void
give_back (LfbThreads *self)
{
  atomic_flag_clear_explicit (&self->busy, memory_order_release);
}

void
lfb_threads_expect (LfbThreads *self,
                    double      cost)
{
  if (self != NULL && cost >= WORTH_WAKING)
    lfb_workers_wake (self->workers);
}

void
lfb_threads_rest (LfbThreads *self)
{
  if (self != NULL)
    lfb_workers_rest (self->workers);
}

/* How many parts are worth it; 1: none. */
static guint
count_parts (const LfbThreads *self,
             gsize             n_units,
             guint             share,
             double            cost)
{
  guint most = self->n_threads * share;
  guint n;

  if (!self->split && cost / PART < most)
    most = cost / PART;
  n = MIN (n_units, most);

  /* Equal parts leave nobody without one at the end. */
  return n > self->n_threads ? n / self->n_threads * self->n_threads : n;
}

void
lfb_runtime_split (const LfbRuntime *self,
                   gsize             n,
                   gsize             unit,
                   guint             share,
                   double            cost,
                   LfbRangeFunc      func,
                   gpointer          user_data)
{
  LfbThreads *threads = self->threads;
  guint n_parts = threads != NULL ? count_parts (threads, n / unit + (n % unit != 0), share, cost) : 1;
  gboolean wake;

  if (n == 0)
    return;
  wake = threads != NULL && (cost >= WORTH_WAKING || threads->split);
  if (n_parts < 2 || (!wake && !lfb_workers_awake (threads->workers)) || !take_pool (threads))
    {
      func (0, n, user_data);
      return;
    }

  lfb_workers_run (threads->workers, n, unit, n_parts, wake, func, user_data);
  give_back (threads);
}

void
lfb_runtime_parallel (const LfbRuntime *self,
                      gsize             n,
                      gsize             grain,
                      LfbRangeFunc      func,
                      gpointer          user_data)
{
  lfb_runtime_split (self, n, grain, 4, PART * (n / grain + (n % grain != 0)), func, user_data);
}
