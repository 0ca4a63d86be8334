/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The prepack call that takes the weight and the settings out of a function
 * with a weight among its arguments.
 */

#pragma once

#include <lowerfb/lower/lfb-lower-context-private.h>
#include <lowerfb/lower/lfb-lower-tables-private.h>

G_BEGIN_DECLS

/* The arguments of the call, and the call once it is made. */
typedef struct
{
  const char *function;
  GPtrArray *args;  /* LfbValue */
  LfbValue *kwargs; /* a dict */
} LfbPrepack;

LfbPrepack *_lfb_prepack_new    (LfbLowerContext        *context,
                                 LfbNode                *quantize,
                                 LfbNode                *ref,
                                 const LfbFunctionalRow *row,
                                 LfbNode                *weight,
                                 gboolean                half);
void        _lfb_prepack_free   (LfbPrepack             *self);
LfbNode    *_lfb_prepack_insert (LfbPrepack             *self,
                                 LfbLowerContext        *context);

gboolean    _lfb_match_weight   (LfbLowerContext        *context,
                                 LfbNode                *quantize,
                                 LfbNode                *ref,
                                 const LfbFunctionalRow *row,
                                 LfbNode                *weight,
                                 LfbDType               *dtype);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LfbPrepack, _lfb_prepack_free)

G_END_DECLS
