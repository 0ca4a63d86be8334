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

G_END_DECLS
