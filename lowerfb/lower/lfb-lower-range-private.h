/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is known about the element type, scale and zero point of a quantized
 * result, without running anything.
 */

#pragma once

#include <lowerfb/lower/lfb-lower-context-private.h>

G_BEGIN_DECLS

typedef enum {
  LFB_RANGE_UNKNOWN, /* nothing can be proven: counts as different */
  LFB_RANGE_FREE,    /* given from outside: does not count */
  LFB_RANGE_VALUES,  /* scale and zero point are known */
  LFB_RANGE_NODES,   /* they are results of these nodes */
} LfbRangeState;

typedef struct
{
  gboolean dtype_known;
  LfbDType dtype;
  gboolean per_tensor;

  LfbRangeState state;
  double scale;
  gint64 zero_point;
  LfbNode *scale_node;
  LfbNode *zero_point_node;
} LfbRange;

void     _lfb_range_of          (LfbLowerContext *context,
                                 LfbNode         *node,
                                 LfbRange        *range);
void     _lfb_range_of_quantize (LfbLowerContext *context,
                                 LfbNode         *quantize,
                                 LfbRange        *range);
void     _lfb_range_fixed       (gboolean         is_signed,
                                 LfbRange        *range);
void     _lfb_range_set         (LfbLowerContext *context,
                                 LfbNode         *node,
                                 const LfbRange  *range);
gboolean _lfb_range_equal       (const LfbRange  *range,
                                 const LfbRange  *other);
char    *_lfb_range_to_string   (const LfbRange  *range);
gboolean _lfb_read_number       (LfbLowerContext *context,
                                 LfbNode         *node,
                                 double          *number);

G_END_DECLS
