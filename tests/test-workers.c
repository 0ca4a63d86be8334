/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The threads behind parallel loops, which are private to the library and compiled
 * into this test: each item of a loop is worked on once, whoever does it.
 */

#include "common/lfb-test.h"

#include <lowerfb/run/lfb-threads-private.h>

#define N_MOST ((gsize) 500)
#define N_LOOPS ((gsize) 2000)

typedef struct {
  gint visits[N_MOST];
  gsize n, unit;
  gulong delay;             /* microseconds that a part takes */
  GThread *caller;
  gint n_by_caller, n_by_others;
} Loop;

static void
visit (gsize    begin,
       gsize    end,
       gpointer user_data)
{
  Loop *loop = user_data;

  g_assert_cmpuint (begin % loop->unit, ==, 0);
  g_assert_cmpuint (begin, <=, end);
  g_assert_cmpuint (end, <=, loop->n);
  g_atomic_int_inc (g_thread_self () == loop->caller ? &loop->n_by_caller : &loop->n_by_others);
  if (loop->delay > 0)
    g_usleep (loop->delay);
  for (gsize i = begin; i < end; i++)
    g_atomic_int_inc (&loop->visits[i]);
}

static void
run (LfbWorkers *workers,
     Loop       *loop,
     guint       n_parts,
     gboolean    wake)
{
  loop->caller = g_thread_self ();
  lfb_workers_run (workers, loop->n, loop->unit, n_parts, wake, visit, loop);

  for (gsize i = 0; i < loop->n; i++)
    g_assert_cmpint (loop->visits[i], ==, 1);
  g_assert_cmpint (loop->n_by_caller + loop->n_by_others, ==, (int) n_parts);
}

/* All shares but the first are taken from those that they belong to. */
static void
test_sleeping (void)
{
  LfbWorkers *workers = lfb_workers_new (4, FALSE);

  /* For as long as threads watch after they were made, and more. */
  g_usleep (100000);
  for (guint n_parts = 2; n_parts <= 16; n_parts++)
    {
      Loop loop = { .n = 481, .unit = 7 };

      run (workers, &loop, n_parts, FALSE);
      g_assert_cmpint (loop.n_by_caller, ==, (int) n_parts);
    }
  lfb_workers_free (workers);
}

static void
test_woken (void)
{
  LfbWorkers *workers = lfb_workers_new (3, FALSE);
  Loop loop = { .n = 300, .unit = 1, .delay = 2000 };

  g_assert_false (lfb_workers_awake (workers));
  run (workers, &loop, 300, TRUE);
  g_assert_cmpint (loop.n_by_others, >, 0);
  g_assert_true (lfb_workers_awake (workers));
  lfb_workers_rest (workers);
  g_assert_false (lfb_workers_awake (workers));
  lfb_workers_free (workers);
}

/* Also more threads than processors, and than parts. */
static void
test_dealt (void)
{
  for (guint n_threads = 2; n_threads <= 7; n_threads++)
    {
      LfbWorkers *workers = lfb_workers_new (n_threads, TRUE);

      for (guint n_parts = 1; n_parts <= 10; n_parts++)
        {
          Loop loop = { .n = 100, .unit = 9 };

          run (workers, &loop, n_parts, TRUE);
          g_assert_cmpint (loop.n_by_caller, ==, (int) (n_parts / n_threads));
        }
      lfb_workers_free (workers);
    }
}

static void
test_many_loops (void)
{
  for (guint n_threads = 2; n_threads <= 4; n_threads++)
    {
      LfbWorkers *workers = lfb_workers_new (n_threads, FALSE);

      for (gsize i = 0; i < N_LOOPS; i++)
        {
          Loop loop = { .n = 1 + i * 37 % N_MOST, .unit = 1 + i % 5 };

          run (workers, &loop, 1 + i % (4 * n_threads), i % 3 == 0);
          if (i % 11 == 0)
            lfb_workers_rest (workers);
        }
      lfb_workers_free (workers);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/workers/sleeping", test_sleeping);
  g_test_add_func ("/workers/woken", test_woken);
  g_test_add_func ("/workers/dealt", test_dealt);
  g_test_add_func ("/workers/many-loops", test_many_loops);

  return g_test_run ();
}
