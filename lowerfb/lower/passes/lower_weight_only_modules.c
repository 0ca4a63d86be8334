/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Weight-only modules (doc/lowering-coverage.md, pass 4): reference embeddings become int8
 * ones wherever they are called; nothing around them changes. All their
 * settings are kept: mode, max_norm and padding_idx count for the result.
 *
 * Rule: _lower_weight_only_weighted_ref_module of PyTorch.
 */

#include <lowerfb/lower/lfb-lower-modules-private.h>
#include <lowerfb/lower/lfb-lower-swaps-private.h>
#include <lowerfb/lower/lfb-lower-tables-private.h>
#include <lowerfb/lower/lfb-pass-table-private.h>

static gboolean
lower_call (LfbLowerContext *context,
            LfbNode         *ref)
{
  const LfbModuleRow *row = _lfb_weight_only_row (_lfb_lower_context_get_type (context, ref));
  g_autoptr (LfbModule) module = NULL;
  g_autoptr (GError) error = NULL;

  if (row == NULL)
    return FALSE;

  module = _lfb_lower_module (context, _lfb_lower_context_get_module (context, ref), row->lowered,
                              LFB_WEIGHTS_EMBEDDING, &error);
  if (module == NULL)
    {
      _lfb_lower_context_left (context, NULL, ref, "its weight cannot be quantized: %s", error->message);
      return FALSE;
    }

  _lfb_lower_context_took (context, ref, row->lowered);
  _lfb_lower_swaps_add (context->swaps, ref, module);
  _lfb_lower_context_rewritten (context, ref, "became %s", row->lowered);

  return TRUE;
}

gboolean
_lfb_lower_weight_only_modules (LfbLowerContext  *context,
                                GError          **error)
{
  g_autoptr (LfbLowerSwaps) swaps = _lfb_lower_swaps_new (context);
  gboolean changed = FALSE;

  for (LfbNode *node = lfb_graph_get_first (context->graph); node != NULL; node = lfb_node_get_next (node))
    {
      if (lfb_node_get_op (node) == LFB_OP_CALL_MODULE)
        changed |= lower_call (context, node);
    }

  return _lfb_lower_swaps_apply (swaps, error) && changed;
}
