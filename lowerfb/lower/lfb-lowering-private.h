/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One run of a lowerer: everything it needs, taken when it begins, so that the
 * lowerer can be changed or run again meanwhile.
 */

#pragma once

#include <gio/gio.h>

#include <lowerfb/core/lfb-progress.h>
#include <lowerfb/lower/lfb-lower-context-private.h>
#include <lowerfb/lower/lfb-lowering-report.h>
#include <lowerfb/lower/lfb-pass.h>

G_BEGIN_DECLS

typedef struct
{
  LfbGraphModule *model; /* a copy; what it becomes */
  LfbQConfigMap *qconfig_map;
  LfbScopeMap *scope_map;
  GPtrArray *passes;
  gboolean keep_original_weights;
  gboolean strict_upstream;

  LfbRewrittenFunc rewritten; /* NULL: nobody listens */
  gpointer user_data;
  GMainContext *context; /* where to call applications; NULL: right here */
  GCancellable *cancellable;
  LfbProgress *progress; /* NULL: nobody asks */

  LfbLoweringReport *report; /* once it is done */
} LfbLowering;

LfbLowering *_lfb_lowering_new  (LfbGraphModule  *model,
                                 LfbQConfigMap   *qconfig_map,
                                 LfbScopeMap     *scope_map,
                                 GPtrArray       *passes);
void         _lfb_lowering_free (LfbLowering     *self);
gboolean     _lfb_lowering_run  (LfbLowering     *self,
                                 GError         **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LfbLowering, _lfb_lowering_free)

G_END_DECLS
