/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Static weighted modules (doc/lowering-coverage.md, pass 1).
 *
 *   dequantize -> reference module [-> relu] -> quantize
 *
 * becomes one int8 module, which reads what the dequantize read and takes the
 * output range that the quantize had. The relu is swallowed by the module's
 * fused form. What stays float, with its reason in the report: a relu behind
 * tanh or leaky relu, and weights that no kernel takes.
 *
 * Rule: torch/ao/quantization/fx/_lower_to_native_backend.py,
 * _lower_static_weighted_ref_module.
 */

#include <lowerfb/lower/lfb-lower-modules-private.h>
#include <lowerfb/lower/lfb-lower-rewrite-private.h>
#include <lowerfb/lower/lfb-lower-swaps-private.h>
#include <lowerfb/lower/lfb-lower-tables-private.h>
#include <lowerfb/lower/lfb-pass-table-private.h>

/* A fused module whose part 0 is float was never quantized: not ours. */
static gboolean
is_wanted (LfbLowerContext *context,
           LfbNode         *node)
{
  const LfbModuleRow *row = _lfb_static_module_row (_lfb_lower_context_get_type (context, node));
  LfbModule *part;

  if (row == NULL || row->inner == NULL)
    return row != NULL;

  part = _lfb_lower_context_get_part (context, node, 0);
  return part != NULL && g_str_equal (lfb_module_get_type_name (part), row->inner);
}

/* LinearLeakyReLU keeps the slope of its part 1. */
static LfbModule *
with_slope (LfbLowerContext *context,
            LfbNode         *node,
            LfbModule       *module)
{
  LfbModule *part = _lfb_lower_context_get_part (context, node, 1);
  LfbValue *slope = part != NULL ? lfb_module_get_setting (part, "negative_slope") : NULL;

  return slope != NULL ? _lfb_module_with_setting (module, "negative_slope", slope) : g_object_ref (module);
}

static LfbModule *
make_module (LfbLowerContext      *context,
             const LfbStaticMatch *match,
             const LfbModuleRow   *row,
             GError              **error)
{
  LfbModule *source = row->inner != NULL ? _lfb_lower_context_get_part (context, match->ref, 0)
                                         : _lfb_lower_context_get_module (context, match->ref);
  g_autoptr (LfbModule) plain = NULL;
  g_autoptr (LfbModule) sloped = NULL;

  plain = _lfb_lower_module (context, source, match->relu != NULL ? row->lowered_relu : row->lowered,
                             LFB_WEIGHTS_INT8, error);
  if (plain == NULL)
    return NULL;
  if (g_str_equal (row->type, LFB_FUSED ("LinearLeakyReLU")))
    sloped = with_slope (context, match->ref, plain);

  return _lfb_module_with_range (sloped != NULL ? sloped : plain, match->scale, match->zero_point);
}

static gboolean
lower_module (LfbLowerContext      *context,
              const LfbStaticMatch *match)
{
  const LfbModuleRow *row = _lfb_static_module_row (_lfb_lower_context_get_type (context, match->ref));
  LfbNode *dequantize = lfb_node_get_input (match->ref, 0);
  g_autoptr (LfbModule) module = NULL;
  g_autoptr (GError) error = NULL;
  const char *type;

  if (match->relu != NULL && row->lowered_relu == NULL)
    {
      _lfb_lower_context_left (context, match->quantize, match->ref,
                               "`%s` follows it, and there is no int8 %s with relu",
                               lfb_node_get_name (match->relu), row->type);
      return FALSE;
    }
  module = make_module (context, match, row, &error);
  if (module == NULL)
    {
      _lfb_lower_context_left (context, match->quantize, match->ref, "its weight cannot be quantized: %s",
                               error->message);
      return FALSE;
    }

  type = lfb_module_get_type_name (module);
  _lfb_lower_context_took (context, match->ref, type);
  _lfb_lower_context_took (context, match->quantize, type);
  _lfb_lower_swaps_add (context->swaps, match->ref, module);
  _lfb_read_before (match->ref, dequantize);
  if (match->relu != NULL)
    _lfb_swallow_relu (context, match->relu, match->ref);
  _lfb_take_output (context, match->quantize, match->ref);
  _lfb_lower_context_rewritten (context, match->ref, "became %s", type);

  return TRUE;
}

gboolean
_lfb_lower_static_modules (LfbLowerContext  *context,
                           GError          **error)
{
  static const LfbStaticPattern pattern = {
    .wanted = is_wanted,
    .rewrite = lower_module,
    .n_positions = 1,
    .n_activations = 1,
  };
  g_autoptr (LfbLowerSwaps) swaps = _lfb_lower_swaps_new (context);
  gboolean changed = _lfb_lower_static (context, &pattern);

  return _lfb_lower_swaps_apply (swaps, error) && changed;
}
