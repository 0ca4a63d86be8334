/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The passes that come with the library, in the order in which they run. To add
 * one: its file in passes/, a row in lfb-pass-table.c, its test.
 */

#pragma once

#include <lowerfb/lower/lfb-lower-context-private.h>
#include <lowerfb/lower/lfb-pass.h>

G_BEGIN_DECLS

typedef gboolean (*LfbPassFunc) (LfbLowerContext  *context,
                                 GError          **error);

typedef struct
{
  const char *name;
  const char *blurb;
  LfbPassFunc run;
} LfbPassRow;

const LfbPassRow *_lfb_pass_table (gsize *n_rows);

/* Each gives whether it changed the model; with @error set, it failed. */
gboolean _lfb_lower_static_modules      (LfbLowerContext  *context,
                                         GError          **error);
gboolean _lfb_lower_two_input_modules   (LfbLowerContext  *context,
                                         GError          **error);
gboolean _lfb_lower_dynamic_modules     (LfbLowerContext  *context,
                                         GError          **error);
gboolean _lfb_lower_weight_only_modules (LfbLowerContext  *context,
                                         GError          **error);
gboolean _lfb_lower_static_functionals  (LfbLowerContext  *context,
                                         GError          **error);
gboolean _lfb_lower_dynamic_functionals (LfbLowerContext  *context,
                                         GError          **error);
gboolean _lfb_lower_binary_operators    (LfbLowerContext  *context,
                                         GError          **error);
gboolean _lfb_lower_shape_reads         (LfbLowerContext  *context,
                                         GError          **error);
gboolean _lfb_lower_int8_operators      (LfbLowerContext  *context,
                                         GError          **error);
gboolean _lfb_remove_dead_code          (LfbLowerContext  *context,
                                         GError          **error);
gboolean _lfb_fold_weights              (LfbLowerContext  *context,
                                         GError          **error);

/* Runs a pass inside of a lowering; see lfb_pass_run() for the result. */
gboolean _lfb_pass_run_in     (LfbPass          *self,
                               LfbLowerContext  *context,
                               GError          **error);
gboolean _lfb_pass_is_builtin (LfbPass          *self);

G_END_DECLS
