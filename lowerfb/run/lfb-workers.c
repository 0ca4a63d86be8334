/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-threads-private.h. What a loop costs besides its work decides how small
 * work may be that is still worth sharing, so nobody waits for a thread that has not
 * come yet: the loop is a gate, and threads that watch it enter while there are parts
 * to take. The one that opened it takes all that nobody else takes, closes it, and
 * waits for those alone who are inside.
 *
 * Each thread has a share of the parts, always about the same one of loops over the
 * same pixels, since what it wrote in the loop before is in its cache; who is done
 * takes from the end of other shares.
 *
 * Between loops threads watch the gate for a while; a run that is over, or nothing to
 * do for long, makes them sleep.
 */

#include <lowerfb/run/lfb-threads-private.h>

#include <stdatomic.h>

/* Microseconds that threads watch the gate: between loops, and when a run is over,
 * since often another one follows at once. */
#define PATIENCE 1000
#define LINGER 50

#define LINE 64           /* bytes of a cache line */
#define OPEN (1u << 31)

typedef struct {
  _Alignas (LINE) atomic_int left;   /* parts that nobody took; below 0 if some tried in vain */
  atomic_int end;                    /* from where others take */
  int begin;                         /* from where the owner takes */
} Share;

typedef struct {
  LfbWorkers *workers;
  GThread *thread;
  guint share;
} Helper;

struct _LfbWorkers {
  guint n_threads;
  gboolean deal;
  gboolean watch;         /* there are as many processors */
  Share *shares;
  Helper *helpers;

  /* The loop under way; only who is inside looks. */
  LfbRangeFunc func;
  gpointer user_data;
  gsize n, unit, n_units;
  guint n_parts;

  _Alignas (LINE) atomic_uint gate;  /* OPEN, and how many helpers are inside */

  _Alignas (LINE) atomic_bool awake; /* loops come soon */
  atomic_uint n_calls;               /* of lfb_workers_wake() */
  atomic_uint n_asleep;
  atomic_bool quit;
  GMutex lock;                       /* of sleeping */
  GCond call;
};

static inline void
pause_briefly (void)
{
#if defined (__x86_64__) || defined (__i386__)
  __builtin_ia32_pause ();
#elif defined (__aarch64__)
  __asm__ volatile ("yield");
#endif
}

static gboolean
take (Share *share)
{
  return atomic_load_explicit (&share->left, memory_order_relaxed) > 0 &&
         atomic_fetch_sub_explicit (&share->left, 1, memory_order_relaxed) > 0;
}

static void
run_part (const LfbWorkers *self,
          guint             part)
{
  gsize begin = self->n_units * part / self->n_parts * self->unit;
  gsize end = self->n_units * (part + 1) / self->n_parts * self->unit;

  self->func (begin, MIN (end, self->n), self->user_data);
}

static void
take_parts (LfbWorkers *self,
            guint       own)
{
  Share *share = &self->shares[own];

  while (take (share))
    run_part (self, share->begin++);
  for (guint i = 1; i < self->n_threads && !self->deal; i++)
    {
      Share *other = &self->shares[(own + i) % self->n_threads];

      while (take (other))
        run_part (self, atomic_fetch_sub_explicit (&other->end, 1, memory_order_relaxed) - 1);
    }
}

/* Whether share @own, or any if parts go to whoever comes, has parts left. */
static gboolean
has_parts (LfbWorkers *self,
           guint       own)
{
  for (guint i = 0; i < self->n_threads; i++)
    if ((i == own || !self->deal) && atomic_load_explicit (&self->shares[i].left, memory_order_relaxed) > 0)
      return TRUE;

  return FALSE;
}

static gboolean
enter (LfbWorkers *self,
       guint       own)
{
  unsigned gate = atomic_load_explicit (&self->gate, memory_order_relaxed);

  while (gate & OPEN && has_parts (self, own))
    if (atomic_compare_exchange_weak_explicit (&self->gate, &gate, gate + 1, memory_order_acquire, memory_order_relaxed))
      return TRUE;

  return FALSE;
}

/* Until somebody calls who had not by call @seen. */
static void
sleep_after (LfbWorkers *self,
             unsigned    seen)
{
  g_mutex_lock (&self->lock);
  atomic_fetch_add (&self->n_asleep, 1);
  while (atomic_load (&self->n_calls) == seen && !atomic_load (&self->quit))
    g_cond_wait (&self->call, &self->lock);
  atomic_fetch_sub (&self->n_asleep, 1);
  g_mutex_unlock (&self->lock);
}

/* Whether there are parts to take, within the time that it makes sense to watch. */
static gboolean
watch_gate (LfbWorkers *self,
            guint       own)
{
  gint64 begin = g_get_monotonic_time ();

  for (guint i = 1; !atomic_load_explicit (&self->quit, memory_order_relaxed); i++)
    {
      if (enter (self, own))
        return TRUE;
      if (!self->watch)
        return FALSE;
      pause_briefly ();
      if (i % 64 == 0 && g_get_monotonic_time () - begin >
                           (atomic_load_explicit (&self->awake, memory_order_relaxed) ? PATIENCE : LINGER))
        return FALSE;
    }

  return FALSE;
}

static gpointer
help (gpointer data)
{
  const Helper *helper = data;
  LfbWorkers *self = helper->workers;
  unsigned seen = 0;

  while (!atomic_load (&self->quit))
    {
      if (watch_gate (self, helper->share))
        {
          take_parts (self, helper->share);
          atomic_fetch_sub_explicit (&self->gate, 1, memory_order_release);
          continue;
        }
      sleep_after (self, seen);
      seen = atomic_load (&self->n_calls);
    }

  return NULL;
}

LfbWorkers *
lfb_workers_new (guint    n_threads,
                 gboolean deal)
{
  LfbWorkers *self = g_aligned_alloc0 (1, sizeof *self, LINE);

  self->deal = deal;
  self->watch = n_threads <= g_get_num_processors ();
  self->shares = g_aligned_alloc0 (n_threads, sizeof *self->shares, LINE);
  self->helpers = g_new0 (Helper, n_threads);
  g_mutex_init (&self->lock);
  g_cond_init (&self->call);

  /* Where no more can be made, those there are do all. */
  self->n_threads = n_threads;
  for (guint i = 1; i < n_threads; i++)
    self->helpers[i] = (Helper) { self, NULL, i };
  for (guint i = 1; i < n_threads; i++)
    self->helpers[i].thread = g_thread_try_new ("lowerfb", help, &self->helpers[i], NULL);

  return self;
}

void
lfb_workers_free (LfbWorkers *self)
{
  atomic_store (&self->quit, TRUE);
  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->call);
  g_mutex_unlock (&self->lock);
  for (guint i = 1; i < self->n_threads; i++)
    if (self->helpers[i].thread != NULL)
      g_thread_join (self->helpers[i].thread);

  g_mutex_clear (&self->lock);
  g_cond_clear (&self->call);
  g_free (self->helpers);
  g_aligned_free (self->shares);
  g_aligned_free (self);
}

/* Parts that were dealt out are done by their thread, if there is one. */
static void
wait_for_shares (LfbWorkers *self)
{
  for (guint i = 1; i < self->n_threads; i++)
    while (atomic_load_explicit (&self->shares[i].left, memory_order_relaxed) > 0)
      {
        if (self->helpers[i].thread != NULL)
          g_thread_yield ();
        else if (take (&self->shares[i]))
          run_part (self, self->shares[i].begin++);
      }
}

void
lfb_workers_run (LfbWorkers   *self,
                 gsize         n,
                 gsize         unit,
                 guint         n_parts,
                 gboolean      wake,
                 LfbRangeFunc  func,
                 gpointer      user_data)
{
  self->func = func;
  self->user_data = user_data;
  self->n = n;
  self->unit = unit;
  self->n_units = n / unit + (n % unit != 0);
  self->n_parts = n_parts;
  for (guint i = 0; i < self->n_threads; i++)
    {
      Share *share = &self->shares[i];
      int begin = (guint64) n_parts * i / self->n_threads, end = (guint64) n_parts * (i + 1) / self->n_threads;

      share->begin = begin;
      atomic_store_explicit (&share->end, end, memory_order_relaxed);
      atomic_store_explicit (&share->left, end - begin, memory_order_relaxed);
    }
  atomic_store_explicit (&self->gate, OPEN, memory_order_release);
  if (wake)
    lfb_workers_wake (self);

  take_parts (self, 0);
  if (self->deal)
    wait_for_shares (self);

  atomic_fetch_and_explicit (&self->gate, ~OPEN, memory_order_relaxed);
  for (guint i = 1; atomic_load_explicit (&self->gate, memory_order_acquire) != 0; i++)
    {
      if (self->watch && i % 4096 != 0)
        pause_briefly ();
      else
        g_thread_yield ();
    }
}

gboolean
lfb_workers_awake (LfbWorkers *self)
{
  return atomic_load_explicit (&self->awake, memory_order_relaxed);
}

void
lfb_workers_wake (LfbWorkers *self)
{
  atomic_store (&self->awake, TRUE);
  atomic_fetch_add (&self->n_calls, 1);
  if (atomic_load (&self->n_asleep) == 0)
    return;

  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->call);
  g_mutex_unlock (&self->lock);
}

void
lfb_workers_rest (LfbWorkers *self)
{
  atomic_store (&self->awake, FALSE);
}
