/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* In which order the elements of a result lie in PyTorch's memory, as far as a
 * graph tells. Tensors are row-major here; in PyTorch it depends on the order
 * whether reshape () and the like copy.
 */

#pragma once

#include <lowerfb/graph/lfb-effects-private.h>

G_BEGIN_DECLS

typedef enum {
  LFB_ORDER_ROW_MAJOR,
  LFB_ORDER_STRIDED,     /* among those of a row-major tensor */
  LFB_ORDER_UNKNOWN,
} LfbOrder;

/* Of a call that makes elements of its own: whether that alone tells the order.
 * Otherwise the result is row-major if what it is made of is.
 */
gboolean  lfb_order_of_call (LfbNode    *node,
                             LfbModule  *module,
                             LfbOrder   *order);
/* The order of what looks at a tensor of @order, and whether a run will know
 * that it does.
 */
LfbOrder  lfb_order_of_view (LfbNode    *node,
                             LfbView     view,
                             LfbOrder    order,
                             gboolean   *known);

G_END_DECLS
