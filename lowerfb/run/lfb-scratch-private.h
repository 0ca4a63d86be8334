/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Memory that kernels work on for the time of one call. Each thread keeps its
 * own, as large as the largest it was asked for, so that running again
 * allocates nothing.
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* 64-byte aligned, valid until this thread asks again; %NULL if the system
 * refuses. */
gpointer lfb_thread_scratch (gsize size);

G_END_DECLS
