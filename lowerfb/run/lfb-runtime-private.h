/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What operators run on: the kernels for this CPU and the threads. */

#pragma once

#include <gio/gio.h>

#include <lowerfb/kernels/kernels.h>
#include <lowerfb/run/lfb-packing-private.h>

G_BEGIN_DECLS

typedef struct _LfbThreads LfbThreads;
typedef struct _LfbMemory LfbMemory;

typedef struct {
  LfbKernels kernels;
  LfbThreads *threads;          /* %NULL: only the calling thread */
  LfbPackingPool *pool;         /* while a plan is made; else %NULL */

  /* Of one run; %NULL outside. */
  GCancellable *cancellable;
  LfbMemory *memory;
} LfbRuntime;

/* Work on the items @begin to @end - 1. */
typedef void (*LfbRangeFunc) (gsize    begin,
                              gsize    end,
                              gpointer user_data);

void        lfb_runtime_init     (LfbRuntime        *self,
                                  LfbThreads        *threads);

/* Of this machine, as the limit has them now; for the few kernels that are called
 * where there is no runtime. */
unsigned    lfb_runtime_cpu_flags (void);

/* Those that this process may run on. */
guint       lfb_count_processors (void);

LfbThreads *lfb_threads_new      (guint              n_threads);
void        lfb_threads_free     (LfbThreads        *self);
guint       lfb_threads_get_n    (LfbThreads        *self);
/* A run begins that would take one thread about @cost nanoseconds: threads wake up if
 * that is worth it. */
void        lfb_threads_expect   (LfbThreads        *self,
                                  double             cost);
/* A run is over: until the next loop its threads sleep. */
void        lfb_threads_rest     (LfbThreads        *self);

/* Calls @func for parts of 0 to @n - 1 that together are the whole, each beginning at
 * a multiple of @unit, on several threads at once where that is faster for what would
 * take one thread about @cost nanoseconds. Returns when all are done.
 *
 * Up to @share parts a thread: many even out what the machine does besides, but each
 * does again what parts begin with.
 */
void        lfb_runtime_split    (const LfbRuntime  *self,
                                  gsize              n,
                                  gsize              unit,
                                  guint              share,
                                  double             cost,
                                  LfbRangeFunc       func,
                                  gpointer           user_data);
/* The same for parts of at least @grain items, which take about 2 microseconds, and
 * begin at multiples of it. */
void        lfb_runtime_parallel (const LfbRuntime  *self,
                                  gsize              n,
                                  gsize              grain,
                                  LfbRangeFunc       func,
                                  gpointer           user_data);

G_END_DECLS
