/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One call of an operator, as the functions of ops/ see it: its arguments
 * under the names of their parameters.
 *
 * The readers below report an argument of the wrong kind by name. They leave
 * what they are to set as it was if the operator has no such parameter, or if
 * it is None and None is its default: callers set the default first.
 */

#pragma once

#include <lowerfb/run/lfb-operator-private.h>

G_BEGIN_DECLS

struct _LfbCall {
  const LfbOperatorInfo *info;
  LfbOperatorKind kind;
  const LfbRuntime *runtime;
  const char *name;        /* the spelling that was called */
  LfbValue **values;       /* of each parameter; %NULL where unknown while preparing */
  gpointer state;
  gpointer own_state;      /* made for this call alone */
};

#define LFB_CALL_DATA(call, type) ((const type *) (call)->info->row->data)

/* Runs the operator on the bound arguments; what is to be written in place has
 * to fit there.
 */
LfbValue   *lfb_call_run             (LfbCall       *call,
                                      GError       **error);
/* An operator called by another one, on the same runtime. */
LfbValue   *lfb_call_other           (LfbCall       *call,
                                      const char    *name,
                                      LfbValue     **args,
                                      gsize          n_args,
                                      GError       **error);
gboolean    lfb_call_has             (LfbCall       *call,
                                      const char    *name);
LfbValue   *lfb_call_get             (LfbCall       *call,
                                      const char    *name);
gpointer    lfb_call_state           (LfbCall       *call,
                                      GError       **error);

LfbTensor  *lfb_call_tensor          (LfbCall       *call,
                                      const char    *name,
                                      GError       **error);
gboolean    lfb_call_optional_tensor (LfbCall       *call,
                                      const char    *name,
                                      LfbTensor    **tensor,
                                      GError       **error);
LfbTensor **lfb_call_tensors         (LfbCall       *call,
                                      const char    *name,
                                      gsize         *n_tensors,
                                      GError       **error);
gboolean    lfb_call_int             (LfbCall       *call,
                                      const char    *name,
                                      gint64        *value,
                                      GError       **error);
gboolean    lfb_call_double          (LfbCall       *call,
                                      const char    *name,
                                      double        *value,
                                      GError       **error);
gboolean    lfb_call_bool            (LfbCall       *call,
                                      const char    *name,
                                      gboolean      *value,
                                      GError       **error);
gboolean    lfb_call_string          (LfbCall       *call,
                                      const char    *name,
                                      const char   **value,
                                      GError       **error);
gboolean    lfb_call_dtype           (LfbCall       *call,
                                      const char    *name,
                                      LfbDType      *value,
                                      GError       **error);
/* One int or a sequence of ints; at most @max of them. */
gboolean    lfb_call_ints            (LfbCall       *call,
                                      const char    *name,
                                      gint64        *values,
                                      gsize          max,
                                      gsize         *n_values,
                                      GError       **error);
/* The same for exactly @n: a single int, or a sequence of one, stands for all. */
gboolean    lfb_call_ints_n          (LfbCall       *call,
                                      const char    *name,
                                      gint64        *values,
                                      gsize          n,
                                      GError       **error);
/* A dimension of @n_dims, counted from the end if negative. */
gboolean    lfb_call_dim             (LfbCall       *call,
                                      const char    *name,
                                      gsize          n_dims,
                                      gsize         *dim,
                                      GError       **error);
/* An output scale and zero point for @dtype, checked. */
gboolean    lfb_call_qparams         (LfbCall       *call,
                                      const char    *scale_name,
                                      const char    *zero_point_name,
                                      LfbDType       dtype,
                                      double        *scale,
                                      gint64        *zero_point,
                                      GError       **error);

gboolean    lfb_value_read_int       (LfbValue      *value,
                                      gint64        *number);
gboolean    lfb_value_read_double    (LfbValue      *value,
                                      double        *number);
char       *lfb_value_describe       (LfbValue      *value);

/* The parameter that an argument given by name is for; -1: none. */
gssize      lfb_bind_parameter       (const LfbOperatorInfo *info,
                                      const char    *name);
/* Binding: @bound has one slot for each parameter, borrowed. Slots that are
 * set beforehand are settings; @forward_only says that only parameters that a
 * module is called with may be given.
 */
gboolean    lfb_bind_arguments       (const LfbOperatorInfo  *info,
                                      gboolean                forward_only,
                                      LfbValue              **args,
                                      gsize                   n_args,
                                      const char * const     *names,
                                      LfbValue              **values,
                                      gsize                   n_values,
                                      LfbValue              **bound,
                                      LfbValue              **variadic,
                                      GError                **error);

G_END_DECLS
