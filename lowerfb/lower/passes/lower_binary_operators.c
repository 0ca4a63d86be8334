/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Binary operators (doc/lowering-coverage.md, pass 7).
 *
 *   dequantize, dequantize or a number -> add, mul, matmul [-> relu] -> quantize
 *
 * becomes an int8 operator in the quantize's place. With two tensors it takes
 * the output range; with a number it does not: it only changes scale and zero
 * point of its input. What stays float, with its reason in the report: matmul
 * with relu, for which there is no kernel (PyTorch fails half-way), and keyword
 * arguments that say more than alpha=1 (PyTorch drops them).
 *
 * Rule: _lower_quantized_binary_op of PyTorch.
 */

#include <lowerfb/lower/lfb-lower-range-private.h>
#include <lowerfb/lower/lfb-lower-rewrite-private.h>
#include <lowerfb/lower/lfb-lower-tables-private.h>
#include <lowerfb/lower/lfb-pass-table-private.h>

#include <math.h>

static gboolean
is_wanted (LfbLowerContext *context,
           LfbNode         *node)
{
  return _lfb_binary_row (node) != NULL;
}

static gboolean
is_number (LfbValue *value)
{
  LfbValueKind kind = lfb_value_get_kind (value);

  return kind == LFB_VALUE_KIND_INT || kind == LFB_VALUE_KIND_BOOL ||
         (kind == LFB_VALUE_KIND_DOUBLE && isfinite (lfb_value_get_double (value)));
}

static gboolean
match_keywords (LfbLowerContext      *context,
                const LfbStaticMatch *match)
{
  LfbValue *kwargs = lfb_node_get_kwargs (match->ref);

  for (gsize i = 0; i < lfb_value_get_n_items (kwargs); i++)
    {
      const char *name = lfb_value_get_key (kwargs, i);
      LfbValue *value = lfb_value_get_item (kwargs, i);
      g_autofree char *text = NULL;

      if (g_str_equal (name, "alpha") && lfb_node_is (match->ref, LFB_OP_CALL_FUNCTION, "torch.add") &&
          is_number (value) && lfb_value_get_double (value) == 1)
        continue;

      text = lfb_value_to_string (value);
      _lfb_lower_context_left (context, match->quantize, match->ref,
                               "the int8 kernel has no argument %s, which is %s here", name, text);
      return FALSE;
    }

  return TRUE;
}

static gboolean
match_operands (LfbLowerContext      *context,
                const LfbStaticMatch *match,
                const LfbBinaryRow   *row)
{
  gsize n_args;

  lfb_node_get_args (match->ref, &n_args);
  if (n_args != 2)
    {
      _lfb_lower_context_left (context, match->quantize, match->ref,
                               "it has %" G_GSIZE_FORMAT " arguments by position, not 2", n_args);
      return FALSE;
    }

  for (guint i = 0; i < 2; i++)
    {
      LfbValue *value = lfb_node_get_arg (match->ref, i);
      g_autofree char *text = NULL;

      if (_lfb_dequantized (value) != NULL || (row->scalar && is_number (value)))
        continue;
      text = lfb_value_to_string (value);
      _lfb_lower_context_left (context, match->quantize, match->ref,
                               "its %s input %s is neither a quantized tensor nor a number it can take",
                               _lfb_ordinal (i), text);
      return FALSE;
    }

  return TRUE;
}

static gboolean
lower_operator (LfbLowerContext      *context,
                const LfbStaticMatch *match)
{
  const LfbBinaryRow *row = _lfb_binary_row (match->ref);
  const char *target = match->relu != NULL ? row->lowered_relu : row->lowered;
  LfbValue *args[4];
  gsize n_args = 2;
  guint n_tensors = 0;

  if (!match_keywords (context, match) || !match_operands (context, match, row))
    return FALSE;
  if (target == NULL)
    {
      _lfb_lower_context_left (context, match->quantize, match->ref, "`%s` follows it, and there is no int8 %s with relu",
                               lfb_node_get_name (match->relu), row->function);
      return FALSE;
    }

  for (guint i = 0; i < 2; i++)
    {
      LfbValue *value = lfb_node_get_arg (match->ref, i);
      LfbNode *input = _lfb_dequantized (value);

      args[i] = input != NULL ? lfb_value_for_node (input) : lfb_value_ref (value);
      n_tensors += input != NULL;
    }
  if (n_tensors == 2)
    {
      args[n_args++] = lfb_value_for_node (match->scale_node);
      args[n_args++] = lfb_value_for_node (match->zero_point_node);
    }
  else
    {
      LfbRange range;

      _lfb_range_of_quantize (context, match->quantize, &range);
      g_hash_table_insert (context->scalar_ranges, g_strdup (lfb_node_get_name (match->ref)),
                           g_memdup2 (&range, sizeof range));
    }

  _lfb_lower_context_took (context, match->ref, target);
  _lfb_lower_context_took (context, match->quantize, target);
  _lfb_set_call (match->ref, target, args, n_args, NULL);
  for (gsize i = 0; i < n_args; i++)
    lfb_value_unref (args[i]);
  _lfb_place_after (match->ref, match->quantize);
  if (match->relu != NULL)
    _lfb_swallow_relu (context, match->relu, match->ref);
  _lfb_take_output (context, match->quantize, match->ref);
  _lfb_lower_context_rewritten (context, match->ref, "became %s", target);

  return TRUE;
}

gboolean
_lfb_lower_binary_operators (LfbLowerContext  *context,
                             GError          **error)
{
  static const LfbStaticPattern pattern = {
    .wanted = is_wanted,
    .rewrite = lower_operator,
    .n_positions = 2,
    .n_activations = 2,
    .moves = TRUE,
  };

  return _lfb_lower_static (context, &pattern);
}
