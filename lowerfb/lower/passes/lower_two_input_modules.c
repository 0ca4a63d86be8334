/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Static modules with two inputs (doc/lowering-coverage.md, pass 2).
 *
 *   dequantize, dequantize -> fused convolution and addition -> quantize
 *
 * becomes one int8 module that reads what both dequantizes read. There is no
 * form with a further relu, so none is stepped over.
 *
 * Rule: _lower_static_weighted_ref_module_with_two_inputs of newer PyTorch.
 */

#include <lowerfb/lower/lfb-lower-modules-private.h>
#include <lowerfb/lower/lfb-lower-rewrite-private.h>
#include <lowerfb/lower/lfb-lower-swaps-private.h>
#include <lowerfb/lower/lfb-lower-tables-private.h>
#include <lowerfb/lower/lfb-pass-table-private.h>

static gboolean
is_wanted (LfbLowerContext *context,
           LfbNode         *node)
{
  const LfbModuleRow *row = _lfb_two_input_module_row (_lfb_lower_context_get_type (context, node));
  LfbModule *part = row != NULL ? _lfb_lower_context_get_part (context, node, 0) : NULL;

  return part != NULL && g_str_equal (lfb_module_get_type_name (part), row->inner);
}

static gboolean
lower_module (LfbLowerContext      *context,
              const LfbStaticMatch *match)
{
  const LfbModuleRow *row = _lfb_two_input_module_row (_lfb_lower_context_get_type (context, match->ref));
  LfbNode *dequantizes[2] = { lfb_node_get_input (match->ref, 0), lfb_node_get_input (match->ref, 1) };
  g_autoptr (LfbModule) plain = NULL;
  g_autoptr (LfbModule) module = NULL;
  g_autoptr (GError) error = NULL;

  plain = _lfb_lower_module (context, _lfb_lower_context_get_part (context, match->ref, 0), row->lowered,
                             LFB_WEIGHTS_INT8, &error);
  if (plain == NULL)
    {
      _lfb_lower_context_left (context, match->quantize, match->ref, "its weight cannot be quantized: %s",
                               error->message);
      return FALSE;
    }

  module = _lfb_module_with_range (plain, match->scale, match->zero_point);
  _lfb_lower_context_took (context, match->ref, row->lowered);
  _lfb_lower_context_took (context, match->quantize, row->lowered);
  _lfb_lower_swaps_add (context->swaps, match->ref, module);
  _lfb_read_before (match->ref, dequantizes[0]);
  if (dequantizes[1] != dequantizes[0])
    _lfb_read_before (match->ref, dequantizes[1]);
  _lfb_take_output (context, match->quantize, match->ref);
  _lfb_lower_context_rewritten (context, match->ref, "became %s", row->lowered);

  return TRUE;
}

gboolean
_lfb_lower_two_input_modules (LfbLowerContext  *context,
                              GError          **error)
{
  static const LfbStaticPattern pattern = {
    .wanted = is_wanted,
    .rewrite = lower_module,
    .n_positions = 2,
    .n_activations = 2,
    .only_nodes = TRUE,
    .exact = TRUE,
    .no_relu = TRUE,
  };
  g_autoptr (LfbLowerSwaps) swaps = _lfb_lower_swaps_new (context);
  gboolean changed = _lfb_lower_static (context, &pattern);

  return _lfb_lower_swaps_apply (swaps, error) && changed;
}
