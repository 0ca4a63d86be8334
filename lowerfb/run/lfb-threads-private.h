/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The threads behind parallel loops: those of pthreadpool, or, where it was not
 * there, of GLib (lfb-workers-pthreadpool.c, lfb-workers-glib.c). One loop at a time.
 */

#pragma once

#include <lowerfb/run/lfb-runtime-private.h>

G_BEGIN_DECLS

typedef struct _LfbWorkers LfbWorkers;

/* @n_threads counts the one that calls. */
LfbWorkers *lfb_workers_new  (guint         n_threads);
void        lfb_workers_free (LfbWorkers   *self);
/* Calls @func for parts of @part items each, the last one smaller, and returns
 * when all are done. */
void        lfb_workers_run  (LfbWorkers   *self,
                              gsize         n,
                              gsize         part,
                              LfbRangeFunc  func,
                              gpointer      user_data);
/* No loop comes soon: no thread is to wait by spinning. */
void        lfb_workers_rest (LfbWorkers   *self);

G_END_DECLS
