/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Dynamic modules (doc/lowering-coverage.md, pass 3).
 *
 *   dynamic quantize -> dequantize -> reference module
 *
 * becomes one module that quantizes its float input itself. The quantize stays
 * until dead code is removed: others may read it. A quantize that does not
 * reduce its range leaves a note of that in the module, which otherwise does
 * (numerics.md, "Dynamic quantization of a tensor").
 *
 * Rule: _lower_dynamic_weighted_ref_module of PyTorch.
 */

#include <lowerfb/lower/lfb-lower-changes-private.h>
#include <lowerfb/lower/lfb-lower-modules-private.h>
#include <lowerfb/lower/lfb-lower-rewrite-private.h>
#include <lowerfb/lower/lfb-lower-swaps-private.h>
#include <lowerfb/lower/lfb-lower-tables-private.h>
#include <lowerfb/lower/lfb-pass-table-private.h>

static LfbModule *
find_source (LfbLowerContext    *context,
             LfbNode            *node,
             const LfbModuleRow *row)
{
  LfbModule *part;

  if (row->inner == NULL)
    return _lfb_lower_context_get_module (context, node);

  part = _lfb_lower_context_get_part (context, node, 0);
  return part != NULL && g_str_equal (lfb_module_get_type_name (part), row->inner) ? part : NULL;
}

static gboolean
is_false (LfbValue *value)
{
  return value != NULL && lfb_value_get_kind (value) == LFB_VALUE_KIND_BOOL && !lfb_value_get_bool (value);
}

/* The type that the quantize makes, if a module can quantize so by itself. */
static gboolean
match_dtype (LfbLowerContext *context,
             LfbNode         *quantize,
             LfbNode         *ref,
             LfbDType        *dtype)
{
  if (!_lfb_get_dtype (_lfb_node_argument (quantize, 1, "dtype"), dtype))
    {
      _lfb_lower_context_left (context, quantize, ref, "the type that `%s` quantizes to is not known",
                               lfb_node_get_name (quantize));
      return FALSE;
    }

  if (*dtype == LFB_DTYPE_QUINT8 || *dtype == LFB_DTYPE_QINT8 || *dtype == LFB_DTYPE_FLOAT16)
    return TRUE;

  _lfb_lower_context_left (context, quantize, ref,
                           "`%s` quantizes to %s; dynamic modules take quint8, qint8 and float16",
                           lfb_node_get_name (quantize), lfb_dtype_to_string (*dtype));
  return FALSE;
}

/* The float input is read later than the quantize read it. */
static gboolean
match_input (LfbLowerContext *context,
             LfbNode         *quantize,
             LfbNode         *ref,
             LfbNode         *input)
{
  LfbNode *changer = _lfb_changer_of (context, input, NULL);

  if (changer == NULL)
    return TRUE;

  _lfb_lower_context_left (context, quantize, ref, "`%s` changes `%s` in place, which it would read",
                           lfb_node_get_name (changer), lfb_node_get_name (input));
  return FALSE;
}

static gboolean
lower_call (LfbLowerContext *context,
            LfbNode         *ref)
{
  const LfbModuleRow *row = _lfb_dynamic_module_row (_lfb_lower_context_get_type (context, ref));
  LfbModule *source = row != NULL ? find_source (context, ref, row) : NULL;
  LfbNode *quantize = _lfb_dequantized (lfb_node_get_arg (ref, 0));
  LfbNode *input = NULL;
  LfbValue *input_value, *reduce_range;
  g_autoptr (LfbModule) plain = NULL;
  g_autoptr (LfbModule) module = NULL;
  g_autoptr (GError) error = NULL;
  GError *fault = NULL;
  LfbDType dtype;

  if (source == NULL || quantize == NULL || !_lfb_is_dynamic_quantize (quantize))
    return FALSE;

  input_value = _lfb_node_argument (quantize, 0, "input");
  input = input_value != NULL ? lfb_value_get_node (input_value) : NULL;
  if (input == NULL || !match_dtype (context, quantize, ref, &dtype) ||
      !_lfb_match_unchanged (context, quantize, ref, lfb_node_get_input (ref, 0)) ||
      !match_input (context, quantize, ref, input))
    return FALSE;

  plain = _lfb_lower_module (context, source, row->lowered,
                             dtype == LFB_DTYPE_FLOAT16 ? LFB_WEIGHTS_HALF : LFB_WEIGHTS_INT8, &error);
  if (plain == NULL)
    {
      _lfb_lower_context_left (context, quantize, ref, "its weight cannot be quantized: %s", error->message);
      return FALSE;
    }

  reduce_range = _lfb_node_argument (quantize, 2, "reduce_range");
  if (is_false (reduce_range) && dtype != LFB_DTYPE_FLOAT16)
    module = _lfb_module_with_setting (plain, "reduce_range", reduce_range);
  else
    module = g_object_ref (plain);

  _lfb_lower_context_took (context, ref, row->lowered);
  _lfb_lower_context_took (context, quantize, row->lowered);
  _lfb_lower_swaps_add (context->swaps, ref, module);
  if (!lfb_node_replace_input_with (ref, lfb_node_get_input (ref, 0), input, &fault))
    g_error ("Lowering broke a graph: %s", fault->message);
  _lfb_lower_context_rewritten (context, ref, "became %s", row->lowered);

  return TRUE;
}

gboolean
_lfb_lower_dynamic_modules (LfbLowerContext  *context,
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
