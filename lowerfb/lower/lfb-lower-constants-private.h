/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What can be computed before a model runs: everything that leads back through
 * functions and methods to attributes and constants only.
 */

#pragma once

#include <lowerfb/lower/lfb-lower-context-private.h>

G_BEGIN_DECLS

typedef struct _LfbConstants LfbConstants;

LfbConstants *_lfb_constants_new         (LfbLowerContext *context);
void          _lfb_constants_free        (LfbConstants    *self);
gboolean      _lfb_constants_is_constant (LfbConstants    *self,
                                          LfbNode         *node);
LfbValue     *_lfb_constants_resolve     (LfbConstants    *self,
                                          LfbValue        *value,
                                          GError         **error);

/* One function or method, with its arguments computed. */
typedef LfbValue *(*LfbConstantFunc) (LfbValue  **args,
                                      gsize       n_args,
                                      LfbValue   *kwargs,
                                      GError    **error);

LfbConstantFunc _lfb_constant_function (LfbNode *node);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LfbConstants, _lfb_constants_free)

G_END_DECLS
