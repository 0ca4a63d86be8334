/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reading the arguments of functions that are computed before a model runs. */

#pragma once

#include <lowerfb/lower/lfb-lower-constants-private.h>

G_BEGIN_DECLS

LfbValue  *_lfb_constant_argument        (LfbValue   **args,
                                          gsize        n_args,
                                          LfbValue    *kwargs,
                                          gsize        position,
                                          const char  *name);
LfbTensor *_lfb_constant_tensor_argument (LfbValue   **args,
                                          gsize        n_args,
                                          LfbValue    *kwargs,
                                          gsize        position,
                                          const char  *name,
                                          GError     **error);
gboolean   _lfb_constant_dtype_argument  (LfbValue   **args,
                                          gsize        n_args,
                                          LfbValue    *kwargs,
                                          gsize        position,
                                          LfbDType    *dtype,
                                          GError     **error);
gboolean   _lfb_constant_int_argument    (LfbValue    *value,
                                          const char  *name,
                                          gint64      *number,
                                          GError     **error);
gboolean   _lfb_constant_axis_argument   (LfbValue    *value,
                                          const char  *name,
                                          gsize        n_dims,
                                          gint64      *axis,
                                          GError     **error);
gboolean   _lfb_constant_scale_argument  (LfbValue    *value,
                                          double      *scale,
                                          GError     **error);
LfbValue  *_lfb_constant_take_tensor     (LfbTensor   *tensor);

/* A family of functions: the one that a node calls, %NULL if it is none of them. */
LfbConstantFunc _lfb_constant_quantizing (LfbNode *node);
LfbConstantFunc _lfb_constant_shaping    (LfbNode *node);
LfbConstantFunc _lfb_constant_indexing   (LfbNode *node);
LfbConstantFunc _lfb_constant_arithmetic (LfbNode *node);

/* A row of a family's table. */
typedef struct
{
  LfbOp op;
  const char *target;
  LfbConstantFunc function;
} LfbConstantRow;

LfbConstantFunc _lfb_constant_find (LfbNode              *node,
                                    const LfbConstantRow *rows,
                                    gsize                 n_rows);

G_END_DECLS
