/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One rewriting step, to be derived in C, Python, JavaScript or Vala. */

#pragma once

#include <lowerfb/graph/lfb-graph-module.h>

G_BEGIN_DECLS

#define LFB_TYPE_PASS (lfb_pass_get_type ())

LFB_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (LfbPass, lfb_pass, LFB, PASS, GObject)

/**
 * LfbPassClass:
 * @parent_class: the parent class
 * @run: rewrites a model; see [vfunc@Lfb.Pass.run]
 *
 * The class structure of [class@Lfb.Pass].
 */
struct _LfbPassClass
{
  GObjectClass parent_class;

  gboolean (*run) (LfbPass         *self,
                   LfbGraphModule  *model,
                   GError         **error);

  /*< private >*/
  gpointer padding[8];
};

LFB_AVAILABLE_IN_1_0
LfbPass    *lfb_pass_new_builtin  (const char      *name,
                                   GError         **error);
LFB_AVAILABLE_IN_1_0
char      **lfb_pass_list_builtin (void);

LFB_AVAILABLE_IN_1_0
const char *lfb_pass_get_name     (LfbPass         *self);
LFB_AVAILABLE_IN_1_0
gboolean    lfb_pass_run          (LfbPass         *self,
                                   LfbGraphModule  *model,
                                   GError         **error);
LFB_AVAILABLE_IN_1_0
void        lfb_pass_report       (LfbPass         *self,
                                   LfbNode         *node,
                                   gboolean         lowered,
                                   const char      *text);

G_END_DECLS
