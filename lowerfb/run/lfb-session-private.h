/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a session holds. */

#pragma once

#include <lowerfb/run/lfb-profile-private.h>
#include <lowerfb/run/lfb-session.h>
#include <lowerfb/run/program/lfb-programs-private.h>

G_BEGIN_DECLS

struct _LfbSession {
  GObject parent_instance;

  LfbGraphModule *model;
  LfbPlan *plan;
  LfbPrograms *programs;
  LfbRuntime runtime;
  LfbProfile *profile;
  LfbProgress *progress;

  GMutex lock;
  guint64 peak_memory;
};

/* Appends the tensors of an output in order, whatever they are nested in; a number is
 * a tensor without dimensions, None is nothing. */
gboolean lfb_session_flatten (LfbValue   *output,
                              GPtrArray  *tensors,
                              GError    **error);
/* Whether it is one that lfb_session_new() made. */
gboolean lfb_session_check_made (LfbSession  *self,
                                 GError     **error);

G_END_DECLS
