/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions that PyTorch has under two names, of which files use either. They
 * are compared by one of them; for all other functions the namespace counts.
 */

#include <lowerfb/lower/lfb-lower-tables-private.h>

#include <string.h>

static const struct
{
  const char *alias;
  const char *canonical;
} aliases[] = {
  { "torch.conv1d", LFB_FUNCTIONAL ("conv1d") },
  { "torch.conv2d", LFB_FUNCTIONAL ("conv2d") },
  { "torch.conv3d", LFB_FUNCTIONAL ("conv3d") },
  { "torch.conv_transpose1d", LFB_FUNCTIONAL ("conv_transpose1d") },
  { "torch.conv_transpose2d", LFB_FUNCTIONAL ("conv_transpose2d") },
  { "torch.conv_transpose3d", LFB_FUNCTIONAL ("conv_transpose3d") },
  { "torch.avg_pool1d", LFB_FUNCTIONAL ("avg_pool1d") },
  { "torch.adaptive_avg_pool1d", LFB_FUNCTIONAL ("adaptive_avg_pool1d") },
  { "torch.channel_shuffle", LFB_FUNCTIONAL ("channel_shuffle") },
  { "torch.pixel_shuffle", LFB_FUNCTIONAL ("pixel_shuffle") },
  { "torch.pixel_unshuffle", LFB_FUNCTIONAL ("pixel_unshuffle") },
  { "torch._C._nn.linear", LFB_FUNCTIONAL ("linear") },
  { "torch._C._nn.avg_pool2d", LFB_FUNCTIONAL ("avg_pool2d") },
  { "torch._C._nn.avg_pool3d", LFB_FUNCTIONAL ("avg_pool3d") },
};

/* The name by which a function is compared; @target itself where it has one
 * name only. The common namespaces are told apart before the table is read.
 */
const char *
_lfb_canonical_function (const char *target)
{
  if (!g_str_has_prefix (target, "torch.") ||
      g_str_has_prefix (target, "torch.nn.") ||
      g_str_has_prefix (target, "torch.ops."))
    return target;

  for (guint i = 0; i < G_N_ELEMENTS (aliases); i++)
    {
      if (g_str_equal (aliases[i].alias, target))
        return aliases[i].canonical;
    }

  return target;
}

gboolean
_lfb_function_is (LfbNode    *node,
                  const char *canonical)
{
  return lfb_node_get_op (node) == LFB_OP_CALL_FUNCTION &&
         g_str_equal (_lfb_canonical_function (lfb_node_get_target (node)), canonical);
}

/* Whether a node asks for nothing but the shape of its first argument:
 * getattr (x, "shape"), x.shape and x.size ().
 */
gboolean
_lfb_is_shape_read (LfbNode *node)
{
  switch (lfb_node_get_op (node))
    {
    case LFB_OP_CALL_METHOD:
      return g_str_equal (lfb_node_get_target (node), "size") ||
             g_str_equal (lfb_node_get_target (node), "shape");

    case LFB_OP_CALL_FUNCTION:
      {
        LfbValue *name;

        if (!g_str_equal (lfb_node_get_target (node), "builtins.getattr"))
          return FALSE;
        name = lfb_node_get_arg (node, 1);
        return name != NULL && lfb_value_get_kind (name) == LFB_VALUE_KIND_STRING &&
               g_str_equal (lfb_value_get_string (name), "shape");
      }

    default:
      return FALSE;
    }
}
