/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-order-private.h. What the operators do was observed; a test writes to
 * the reshaped result of each and compares with PyTorch.
 */

#include <lowerfb/run/lfb-order-private.h>

#include <string.h>

/* Numbers, slices and the like, known from the graph. */
static gboolean
is_basic (LfbValue *index)
{
  switch (lfb_value_get_kind (index))
    {
    case LFB_VALUE_KIND_INT:
    case LFB_VALUE_KIND_NONE:
    case LFB_VALUE_KIND_ELLIPSIS:
    case LFB_VALUE_KIND_SLICE:
      return TRUE;
    case LFB_VALUE_KIND_TUPLE:
      for (gsize i = 0; i < lfb_value_get_n_items (index); i++)
        if (!is_basic (lfb_value_get_item (index, i)))
          return FALSE;
      return TRUE;
    default:
      return FALSE;
    }
}

/* What makes tensors whose strides are not those of its inputs. */
static gboolean
reorders (const char *callee)
{
  static const char * const names[] = {
    "matmul", "__matmul__", "einsum", "scaled_dot_product_attention", NULL,
  };
  static const char * const types[] = { "LSTM", "GRU", "RNN", "Sequential", "MultiheadAttention", NULL };
  const char *dot = strrchr (callee, '.');

  if (strstr (callee, ".quantized.") != NULL && strstr (callee, ".reference.") == NULL)
    return TRUE;

  return g_strv_contains (names, dot != NULL ? dot + 1 : callee) ||
         (dot != NULL && g_strv_contains (types, dot + 1));
}

/* What a node calls: the type of its module, or its target. */
static const char *
callee_of (LfbNode   *node,
           LfbModule *module)
{
  return module != NULL ? lfb_module_get_type_name (module) : lfb_node_get_target (node);
}

/* Where a channels_last layout or the like is asked for. */
static gboolean
asks_for_format (LfbNode *node)
{
  gsize n_args;
  LfbValue **args = lfb_node_get_args (node, &n_args);
  LfbValue *format = lfb_node_get_kwarg (node, "memory_format");

  for (gsize i = 0; i < n_args && format == NULL; i++)
    if (lfb_value_get_kind (args[i]) == LFB_VALUE_KIND_MEMORY_FORMAT)
      format = args[i];

  return format != NULL && lfb_value_get_kind (format) == LFB_VALUE_KIND_MEMORY_FORMAT &&
         lfb_value_get_memory_format (format) != LFB_MEMORY_FORMAT_CONTIGUOUS;
}

gboolean
lfb_order_of_call (LfbNode    *node,
                   LfbModule  *module,
                   LfbOrder   *order)
{
  static const char * const numbers[] = { "size", "dim", "ndimension", "numel", "item", "shape", NULL };
  const char *callee = callee_of (node, module);

  *order = LFB_ORDER_ROW_MAJOR;
  if (g_strv_contains (numbers, callee) || g_str_has_prefix (callee, "builtins."))
    return TRUE;

  *order = LFB_ORDER_UNKNOWN;
  return reorders (callee) || asks_for_format (node);
}

LfbOrder
lfb_order_of_view (LfbNode   *node,
                   LfbView    view,
                   LfbOrder   order,
                   gboolean  *known)
{
  LfbValue *index = lfb_node_get_arg (node, 1);

  *known = TRUE;
  switch (view)
    {
    case LFB_VIEW_SAME:
    case LFB_VIEW_IN_ORDER:
      return order;
    case LFB_VIEW_MOVED:
      return order == LFB_ORDER_UNKNOWN ? order : LFB_ORDER_STRIDED;
    case LFB_VIEW_IF_BASIC:
      return order == LFB_ORDER_UNKNOWN || index == NULL || !is_basic (index) ? LFB_ORDER_UNKNOWN : LFB_ORDER_STRIDED;
    case LFB_VIEW_IF_TYPE:
      *known = !asks_for_format (node);
      return order == LFB_ORDER_ROW_MAJOR && *known ? order : LFB_ORDER_UNKNOWN;
    case LFB_VIEW_IF_STRIDED:
      *known = order != LFB_ORDER_UNKNOWN;
      return order;
    case LFB_VIEW_IF_ROW_MAJOR:
      *known = order != LFB_ORDER_UNKNOWN && !asks_for_format (node);
      return asks_for_format (node) ? LFB_ORDER_UNKNOWN : LFB_ORDER_ROW_MAJOR;
    case LFB_VIEW_PERHAPS:
      *known = FALSE;
      return order == LFB_ORDER_ROW_MAJOR ? order : LFB_ORDER_UNKNOWN;
    case LFB_VIEW_NONE:
    case LFB_VIEW_ITEMS:
    default:
      *known = FALSE;
      return LFB_ORDER_UNKNOWN;
    }
}
