/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The shapes that passes look for: quantize, dequantize, relu, and the static
 * pattern that several of them share.
 */

#pragma once

#include <lowerfb/lower/lfb-lower-context-private.h>

G_BEGIN_DECLS

/* The arguments of torch.quantize_per_tensor, by position or by name. */
typedef struct
{
  LfbNode *input;
  LfbNode *scale;      /* NULL: not a node */
  LfbNode *zero_point;
  gboolean dtype_known;
  LfbDType dtype;
} LfbQuantizeArgs;

gboolean   _lfb_is_quantize          (LfbNode         *node);
gboolean   _lfb_is_dynamic_quantize  (LfbNode         *node);
gboolean   _lfb_is_dequantize        (LfbNode         *node);
gboolean   _lfb_is_to_half           (LfbNode         *node);
gboolean   _lfb_is_relu              (LfbLowerContext *context,
                                      LfbNode         *node);
gboolean   _lfb_is_dynamic_relu      (LfbLowerContext *context,
                                      LfbNode         *node);
LfbNode   *_lfb_dequantized          (LfbValue        *value);
LfbValue  *_lfb_node_argument        (LfbNode         *node,
                                      gsize            position,
                                      const char      *name);
void       _lfb_quantize_args        (LfbNode         *quantize,
                                      LfbQuantizeArgs *args);
LfbNode   *_lfb_only_user            (LfbNode         *node,
                                      gboolean         ignore_shape_reads);
LfbNode   *_lfb_other_user           (LfbNode         *node,
                                      LfbNode         *user,
                                      gboolean         ignore_shape_reads);
const char *_lfb_ordinal             (guint            position);
char      *_lfb_describe             (LfbLowerContext *context,
                                      LfbNode         *node);
gboolean   _lfb_get_dtype            (LfbValue        *value,
                                      LfbDType        *dtype);

/* What matched. */
typedef struct
{
  LfbNode *quantize;
  LfbNode *relu; /* NULL: none stepped over */
  LfbNode *ref;
  LfbNode *scale_node;
  LfbNode *zero_point_node;
  double scale;
  gint64 zero_point;
} LfbStaticMatch;

/* What to match, and what becomes of it. */
typedef struct
{
  gboolean (*wanted)  (LfbLowerContext *context,
                       LfbNode         *node);        /* whether a node is of the wanted kind */
  gboolean (*rewrite) (LfbLowerContext      *context,
                       const LfbStaticMatch *match);  /* whether it was lowered */
  guint n_positions;    /* the first arguments must be dequantized, or constants */
  guint n_activations;  /* so many of them are activations, the others weights */
  gboolean only_nodes;  /* no constants among them */
  gboolean exact;       /* no further arguments */
  gboolean no_relu;     /* nothing may stand between it and the quantize */
  gboolean moves;       /* it will be moved: shape reads count as other users */
} LfbStaticPattern;

gboolean   _lfb_lower_static         (LfbLowerContext        *context,
                                      const LfbStaticPattern *pattern);
gboolean   _lfb_match_output         (LfbLowerContext        *context,
                                      LfbNode                *quantize,
                                      LfbNode                *ref,
                                      LfbStaticMatch         *match);
gboolean   _lfb_match_activation     (LfbLowerContext        *context,
                                      LfbNode                *quantize,
                                      LfbNode                *ref,
                                      LfbNode                *dequantized);
gboolean   _lfb_match_users          (LfbLowerContext        *context,
                                      LfbNode                *quantize,
                                      LfbNode                *ref,
                                      LfbNode                *relu,
                                      gboolean                moves);

G_END_DECLS
