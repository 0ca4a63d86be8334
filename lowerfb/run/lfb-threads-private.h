/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The threads behind parallel loops (lfb-workers.c). One loop at a time. */

#pragma once

#include <lowerfb/run/lfb-runtime-private.h>

G_BEGIN_DECLS

typedef struct _LfbWorkers LfbWorkers;

/* @n_threads counts the one that calls. If @deal is set, each thread works on its own
 * share of all loops, even if the one that calls could have done it meanwhile. */
LfbWorkers *lfb_workers_new   (guint         n_threads,
                               gboolean      deal);
void        lfb_workers_free  (LfbWorkers   *self);
/* Calls @func for @n_parts parts that are about equal and begin at multiples of
 * @unit, and returns when all are done. Threads that sleep take no part, unless
 * @wake is set. */
void        lfb_workers_run   (LfbWorkers   *self,
                               gsize         n,
                               gsize         unit,
                               guint         n_parts,
                               gboolean      wake,
                               LfbRangeFunc  func,
                               gpointer      user_data);
/* Whether they were woken and may not rest yet. */
gboolean    lfb_workers_awake (LfbWorkers   *self);
/* Loops come soon: the threads wake up, for which nobody waits. */
void        lfb_workers_wake  (LfbWorkers   *self);
/* No loop comes soon: the threads go to sleep. */
void        lfb_workers_rest  (LfbWorkers   *self);

G_END_DECLS
