/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Shape reads (doc/lowering-coverage.md, pass 8).
 *
 *   dequantize -> getattr (x, "shape"), x.size (), x.shape
 *
 * asks the quantized tensor, which has the same shape, so that a dequantize is
 * not kept for that alone.
 *
 * Rule: _lower_getattr_tensor_metadta_op and _lower_get_tensor_info_op of newer
 * PyTorch.
 */

#include <lowerfb/lower/lfb-lower-changes-private.h>
#include <lowerfb/lower/lfb-lower-rewrite-private.h>
#include <lowerfb/lower/lfb-lower-tables-private.h>
#include <lowerfb/lower/lfb-pass-table-private.h>

gboolean
_lfb_lower_shape_reads (LfbLowerContext  *context,
                        GError          **error)
{
  gboolean changed = FALSE;

  for (LfbNode *node = lfb_graph_get_first (context->graph); node != NULL; node = lfb_node_get_next (node))
    {
      LfbNode *dequantize;
      g_autoptr (LfbValue) input = NULL;

      if (!_lfb_is_shape_read (node) || _lfb_dequantized (lfb_node_get_arg (node, 0)) == NULL)
        continue;

      dequantize = lfb_node_get_input (node, 0);
      if (_lfb_changer_of (context, dequantize, NULL) != NULL ||
          _lfb_changer_of (context, lfb_node_get_input (dequantize, 0), NULL) != NULL)
        continue; /* the shape may be another by then */
      input = lfb_value_for_node (lfb_node_get_input (dequantize, 0));
      if (!lfb_node_set_arg (node, 0, input, error))
        return FALSE;

      changed = TRUE;
      _lfb_lower_context_rewritten (context, node, "asks the quantized tensor for its shape");
    }

  return changed;
}
