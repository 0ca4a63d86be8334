/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The making of a program: terms of all slots, and the frame in which operators
 * run that have to run for it.
 */

#pragma once

#include <lowerfb/run/lfb-emit-private.h>

G_BEGIN_DECLS

typedef struct {
  LfbOperand from;
  LfbOperand to;
} LfbCopied;

struct _LfbTrace {
  const LfbPlan *plan;
  const LfbRuntime *runtime;
  LfbProgram *program;
  LfbTerm **terms;       /* by slot; %NULL: not reached yet */
  GArray *copies;        /* LfbCopied: layouts that operands have been brought to, and integers of floats */
  LfbFrame frame;
  guint n_bases;
  guint n_run;           /* instructions that have run in the frame */
  gboolean has_run;      /* whether any operator was called */
  gboolean refused;      /* there is not as much memory as it takes */
};

/* A node whose result shows elements of one of its arguments: no instruction, or
 * a copy. */
LfbEmitted lfb_trace_view (LfbTrace           *self,
                           const LfbPlanStep  *step,
                           gsize               index,
                           LfbTerm           **result,
                           GError            **error);

/* %FALSE with the operator's error if it does not take arguments of the shapes and
 * types that are known. */
gboolean   lfb_trace_probe (const LfbTrace     *self,
                           const LfbPlanStep  *step,
                           GError            **error);

G_END_DECLS
