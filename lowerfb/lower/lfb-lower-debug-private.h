/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* LOWERFB_DEBUG: watching passes from outside. */

#pragma once

#include <lowerfb/graph/lfb-graph-module.h>
#include <lowerfb/lower/lfb-pass.h>

G_BEGIN_DECLS

typedef enum {
  LFB_DEBUG_PRINT = 1 << 0,
  LFB_DEBUG_VALIDATE = 1 << 1,
  LFB_DEBUG_DOT = 1 << 2,
  LFB_DEBUG_TIME = 1 << 3,
} LfbDebugFlags;

/* One pass under observation. */
typedef struct
{
  LfbDebugFlags flags;
  gboolean validates;
  LfbPass *pass;
  char *before; /* the printed model */
  gint64 begin;
} LfbLowerDebug;

void     _lfb_lower_debug_begin (LfbLowerDebug   *self,
                                 LfbGraphModule  *model,
                                 LfbPass         *pass);
gboolean _lfb_lower_debug_end   (LfbLowerDebug   *self,
                                 LfbGraphModule  *model,
                                 gboolean         changed,
                                 GError         **error);
void     _lfb_lower_debug_clear (LfbLowerDebug   *self);

G_END_DECLS
