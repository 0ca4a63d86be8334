/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The programs of one session: made when inputs of new shapes come, kept for a
 * few shapes.
 */

#pragma once

#include <lowerfb/run/program/lfb-program-private.h>

G_BEGIN_DECLS

typedef struct _LfbPrograms LfbPrograms;

LfbPrograms *lfb_programs_new       (const LfbPlan      *plan);
void         lfb_programs_free      (LfbPrograms        *self);
/* As lfb_plan_run(); by a program where there can be one, which is where all inputs
 * are tensors. */
LfbValue    *lfb_programs_run       (LfbPrograms        *self,
                                     const LfbRuntime   *runtime,
                                     LfbValue          **inputs,
                                     gsize               n_inputs,
                                     LfbPlanTimer        timer,
                                     gpointer            user_data,
                                     GError            **error);
/* Makes the program for such inputs, unless there is one. Then what it returns is told:
 * by an operand in @outputs for each tensor in its output, or, where operators had to run
 * for that, by the value itself as @result.
 */
gboolean     lfb_programs_prepare   (LfbPrograms        *self,
                                     const LfbRuntime   *runtime,
                                     LfbValue          **inputs,
                                     gsize               n_inputs,
                                     GArray             *outputs,
                                     LfbValue          **result,
                                     GError            **error);
/* Sizes of the program that ran last; 0 if none did. */
void         lfb_programs_get_arena (LfbPrograms        *self,
                                     gsize              *size,
                                     gsize              *bound);

/* The same program as text; %NULL if there is none. */
char        *lfb_programs_to_text   (LfbPrograms        *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LfbPrograms, lfb_programs_free)

G_END_DECLS
