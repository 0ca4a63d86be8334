/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Static functionals (doc/lowering-coverage.md, pass 5).
 *
 *   dequantize, quantize -> dequantize -> linear or conv [-> relu] -> quantize
 *
 * becomes a prepack call, which takes the quantized weight and all settings, and
 * an int8 operator that reads its result and the output range. The prepack call
 * is run when weights are folded. Transposed convolution has no form with relu:
 * there the relu stays, and runs on int8.
 *
 * Rule: _lower_static_weighted_ref_functional of newer PyTorch, which loses
 * that relu.
 */

#include <lowerfb/lower/lfb-lower-prepack-private.h>
#include <lowerfb/lower/lfb-lower-rewrite-private.h>
#include <lowerfb/lower/lfb-pass-table-private.h>

static gboolean
is_wanted (LfbLowerContext *context,
           LfbNode         *node)
{
  return _lfb_functional_row (node) != NULL;
}

static void
set_call (const LfbStaticMatch *match,
          const char           *target,
          LfbNode              *input,
          LfbNode              *packed)
{
  LfbValue *args[] = {
    lfb_value_for_node (input),
    lfb_value_for_node (packed),
    lfb_value_for_node (match->scale_node),
    lfb_value_for_node (match->zero_point_node),
  };

  _lfb_set_call (match->ref, target, args, G_N_ELEMENTS (args), NULL);
  for (guint i = 0; i < G_N_ELEMENTS (args); i++)
    lfb_value_unref (args[i]);
}

static gboolean
lower_functional (LfbLowerContext      *context,
                  const LfbStaticMatch *match)
{
  const LfbFunctionalRow *row = _lfb_functional_row (match->ref);
  LfbNode *input = _lfb_dequantized (lfb_node_get_arg (match->ref, 0));
  LfbNode *weight = _lfb_dequantized (lfb_node_get_arg (match->ref, 1));
  gboolean fuses = match->relu != NULL && row->lowered_relu != NULL;
  const char *target = fuses ? row->lowered_relu : row->lowered;
  g_autoptr (LfbPrepack) prepack = NULL;
  LfbNode *packed;
  LfbDType dtype;

  if (!_lfb_match_weight (context, match->quantize, match->ref, row, weight, &dtype))
    return FALSE;
  prepack = _lfb_prepack_new (context, match->quantize, match->ref, row, weight, FALSE);
  if (prepack == NULL)
    return FALSE;

  _lfb_lower_context_took (context, match->ref, target);
  _lfb_lower_context_took (context, match->quantize, target);
  _lfb_lower_context_took (context, weight, row->prepack);

  packed = _lfb_prepack_insert (prepack, context);
  _lfb_place_before (packed, match->scale_node);
  set_call (match, target, input, packed);
  _lfb_place_after (match->ref, match->zero_point_node);
  if (fuses)
    _lfb_swallow_relu (context, match->relu, match->ref);
  else if (match->relu != NULL)
    _lfb_place_after (match->relu, match->ref);
  _lfb_take_output (context, match->quantize, fuses || match->relu == NULL ? match->ref : match->relu);
  _lfb_lower_context_rewritten (context, match->ref, "became %s", target);

  return TRUE;
}

gboolean
_lfb_lower_static_functionals (LfbLowerContext  *context,
                               GError          **error)
{
  static const LfbStaticPattern pattern = {
    .wanted = is_wanted,
    .rewrite = lower_functional,
    .n_positions = 2,
    .n_activations = 1,
    .only_nodes = TRUE,
    .moves = TRUE,
  };

  return _lfb_lower_static (context, &pattern);
}
