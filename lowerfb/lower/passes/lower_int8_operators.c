/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Everything else that runs on int8 tensors (doc/lowering-coverage.md, pass 9).
 *
 *   dequantize -> operator -> quantize, or method to(float16)
 *
 * The operator reads the quantized tensor and its users the operator. By what
 * it does to the range of its input,
 * - fixed and same range, shape only: it stays what it is, if the range that the
 *   quantize wanted is the one that it gives;
 * - own range: it becomes its quantized form, which takes the range that the
 *   quantize wanted (lower_own_range.c);
 * - cat: it stays if all ranges agree, else becomes the quantized one.
 *
 * Rule: special_pattern_replacement of PyTorch, which does not look at ranges.
 */

#include <lowerfb/lower/passes/lower_own_range-private.h>

#include <lowerfb/lower/lfb-lower-changes-private.h>
#include <lowerfb/lower/lfb-lower-range-private.h>
#include <lowerfb/lower/lfb-lower-rewrite-private.h>
#include <lowerfb/lower/lfb-lower-swaps-private.h>
#include <lowerfb/lower/lfb-pass-table-private.h>

/* The first argument: by position, or else the first one by name. */
static LfbValue *
first_argument (LfbNode *node)
{
  LfbValue *value = lfb_node_get_arg (node, 0);

  if (value == NULL && lfb_value_get_n_items (lfb_node_get_kwargs (node)) > 0)
    value = lfb_value_get_item (lfb_node_get_kwargs (node), 0);

  return value;
}

static gboolean
add_dequantize (LfbLowerContext *context,
                LfbNode         *quantize,
                LfbNode         *ref,
                LfbValue        *value,
                GPtrArray       *dequantizes)
{
  g_autofree char *text = NULL;

  if (_lfb_dequantized (value) != NULL)
    {
      g_ptr_array_add (dequantizes, lfb_value_get_node (value));
      return TRUE;
    }

  text = lfb_value_to_string (value);
  if (lfb_value_get_node (value) != NULL)
    _lfb_lower_context_left (context, quantize, ref, "its input `%s` is not dequantized",
                             lfb_node_get_name (lfb_value_get_node (value)));
  else
    _lfb_lower_context_left (context, quantize, ref, "its input %s is not a quantized tensor", text);
  return FALSE;
}

/* The dequantizes that an operator reads; %NULL if any input is none. */
static GPtrArray *
find_dequantizes (LfbLowerContext *context,
                  LfbNode         *quantize,
                  LfbNode         *ref)
{
  g_autoptr (GPtrArray) dequantizes = g_ptr_array_new ();
  LfbValue *value = first_argument (ref);

  if (value == NULL || (lfb_value_is_sequence (value) && lfb_value_get_n_items (value) == 0))
    {
      _lfb_lower_context_left (context, quantize, ref, "it has no input");
      return NULL;
    }
  if (!lfb_value_is_sequence (value))
    return add_dequantize (context, quantize, ref, value, dequantizes) ? g_steal_pointer (&dequantizes) : NULL;

  for (gsize i = 0; i < lfb_value_get_n_items (value); i++)
    {
      if (!add_dequantize (context, quantize, ref, lfb_value_get_item (value, i), dequantizes))
        return NULL;
    }

  return g_steal_pointer (&dequantizes);
}

/* The first node among the arguments behind the first one. */
static LfbNode *
other_argument (LfbNode *node)
{
  LfbValue *kwargs = lfb_node_get_kwargs (node);
  LfbValue **args;
  gsize n_args;

  args = lfb_node_get_args (node, &n_args);
  for (gsize i = 1; i < n_args; i++)
    {
      if (lfb_value_get_node (args[i]) != NULL)
        return lfb_value_get_node (args[i]);
    }
  for (gsize i = n_args == 0 ? 1 : 0; i < lfb_value_get_n_items (kwargs); i++)
    {
      LfbValue *value = lfb_value_get_item (kwargs, i);

      if (lfb_value_get_node (value) != NULL)
        return lfb_value_get_node (value);
    }

  return NULL;
}

/* Besides its input, an operator may read numbers, but no other tensor that is
 * float only because of a dequantize. Some take nothing but constants.
 */
static gboolean
match_other_inputs (LfbLowerContext *context,
                    LfbNode         *quantize,
                    LfbNode         *ref,
                    GPtrArray       *dequantizes)
{
  static const char *numeric[] = { "operator.floordiv", "torch.clamp", "clamp", NULL };
  g_autofree LfbNode **inputs = NULL;
  g_autoptr (GHashTable) ours = NULL;
  LfbNode *other = NULL;
  gsize n_inputs;

  if (lfb_node_get_op (ref) != LFB_OP_CALL_MODULE && g_strv_contains (numeric, lfb_node_get_target (ref)))
    other = other_argument (ref);

  inputs = lfb_node_get_inputs (ref, &n_inputs);
  ours = g_hash_table_new (NULL, NULL);
  for (guint i = 0; i < dequantizes->len; i++)
    g_hash_table_add (ours, g_ptr_array_index (dequantizes, i));
  for (gsize i = 0; i < n_inputs && other == NULL; i++)
    {
      if (_lfb_is_dequantize (inputs[i]) && !g_hash_table_contains (ours, inputs[i]))
        other = inputs[i];
    }
  if (other == NULL)
    return TRUE;

  _lfb_lower_context_left (context, quantize, ref, "it reads `%s` as well, which may be a float tensor",
                           lfb_node_get_name (other));
  return FALSE;
}

/* Arguments that ask for what no int8 kernel does. */
static gboolean
match_arguments (LfbLowerContext *context,
                 LfbNode         *quantize,
                 LfbNode         *ref)
{
  static const char *modes[] = { "nearest", "linear", "bilinear", "trilinear", NULL };
  LfbValue *dtype = lfb_node_get_kwarg (ref, "dtype");
  LfbValue *mode;

  if (dtype != NULL && lfb_value_get_kind (dtype) != LFB_VALUE_KIND_NONE)
    {
      _lfb_lower_context_left (context, quantize, ref, "it is asked for another element type");
      return FALSE;
    }

  if (!lfb_node_is (ref, LFB_OP_CALL_FUNCTION, LFB_FUNCTIONAL ("interpolate")))
    return TRUE;
  mode = _lfb_node_argument (ref, 3, "mode");
  if (mode == NULL || (lfb_value_get_kind (mode) == LFB_VALUE_KIND_STRING &&
                       g_strv_contains (modes, lfb_value_get_string (mode))))
    return TRUE;

  _lfb_lower_context_left (context, quantize, ref, "there is no int8 kernel for its mode");
  return FALSE;
}

static void
left_for_range (LfbLowerContext *context,
                LfbNode         *quantize,
                LfbNode         *ref,
                const LfbRange  *wanted,
                const LfbRange  *given,
                const char      *what)
{
  g_autofree char *wanted_text = _lfb_range_to_string (wanted);
  g_autofree char *given_text = _lfb_range_to_string (given);

  _lfb_lower_context_left (context, quantize, ref, "`%s` makes %s, but %s %s",
                           lfb_node_get_name (quantize), wanted_text, what, given_text);
}

/* Whether all inputs have the range that the quantize makes. */
static gboolean
ranges_agree (LfbLowerContext *context,
              LfbNode         *quantize,
              LfbNode         *ref,
              GPtrArray       *dequantizes,
              gboolean         report)
{
  LfbRange wanted;

  _lfb_range_of_quantize (context, quantize, &wanted);
  for (guint i = 0; i < dequantizes->len; i++)
    {
      LfbNode *input = lfb_node_get_input (g_ptr_array_index (dequantizes, i), 0);
      g_autofree char *what = NULL;
      LfbRange range;

      _lfb_range_of (context, input, &range);
      if (_lfb_range_equal (&range, &wanted))
        continue;
      what = g_strdup_printf ("its input `%s` is", lfb_node_get_name (input));
      if (report)
        left_for_range (context, quantize, ref, &wanted, &range, what);
      return FALSE;
    }

  return TRUE;
}

/* Reads before the dequantizes, takes the quantize's place, and has its range. */
static void
take_over (LfbLowerContext *context,
           LfbNode         *quantize,
           LfbNode         *ref,
           GPtrArray       *dequantizes,
           const LfbRange  *range)
{
  for (guint i = 0; i < dequantizes->len; i++)
    _lfb_read_before (ref, g_ptr_array_index (dequantizes, i));
  _lfb_take_output (context, quantize, ref);
  _lfb_range_set (context, ref, range);
}

static gboolean
lower_fixed_range (LfbLowerContext *context,
                   LfbNode         *quantize,
                   LfbNode         *ref,
                   gboolean         is_signed,
                   GPtrArray       *dequantizes)
{
  LfbNode *input = lfb_node_get_input (g_ptr_array_index (dequantizes, 0), 0);
  LfbRange wanted, fixed;

  if (!_lfb_match_activation (context, quantize, ref, input))
    return FALSE;

  _lfb_range_of_quantize (context, quantize, &wanted);
  _lfb_range_fixed (is_signed, &fixed);
  if (!wanted.dtype_known || !_lfb_range_equal (&fixed, &wanted))
    {
      left_for_range (context, quantize, ref, &wanted, &fixed, "its int8 kernel always makes");
      return FALSE;
    }

  _lfb_lower_context_took (context, quantize, _lfb_lower_context_get_callee (context, ref));
  take_over (context, quantize, ref, dequantizes, &fixed);
  return TRUE;
}

static gboolean
lower_same_range (LfbLowerContext *context,
                  LfbNode         *quantize,
                  LfbNode         *ref,
                  GPtrArray       *dequantizes)
{
  LfbRange range;

  if (!match_arguments (context, quantize, ref) ||
      !ranges_agree (context, quantize, ref, dequantizes, TRUE))
    return FALSE;

  _lfb_range_of (context, lfb_node_get_input (g_ptr_array_index (dequantizes, 0), 0), &range);
  _lfb_lower_context_took (context, quantize, _lfb_lower_context_get_callee (context, ref));
  take_over (context, quantize, ref, dequantizes, &range);
  return TRUE;
}

/* cat into another range: the quantized one requantizes. Like all kernels with an
 * output range, it makes quint8.
 */
static gboolean
lower_requantizing_cat (LfbLowerContext *context,
                        LfbNode         *quantize,
                        LfbNode         *ref,
                        GPtrArray       *dequantizes)
{
  LfbValue *list = first_argument (ref);
  LfbValue *dim = _lfb_node_argument (ref, 1, "dim");
  LfbValue *scale = _lfb_node_argument (quantize, 1, "scale");
  LfbValue *zero_point = _lfb_node_argument (quantize, 2, "zero_point");
  g_autoptr (LfbValue) first_dim = lfb_value_for_int (0);
  LfbNode *anchor = zero_point != NULL ? lfb_value_get_node (zero_point) : NULL;
  LfbRange wanted;

  _lfb_range_of_quantize (context, quantize, &wanted);
  for (guint i = 0; i < dequantizes->len; i++)
    {
      LfbNode *input = lfb_node_get_input (g_ptr_array_index (dequantizes, i), 0);
      LfbRange range;

      _lfb_range_of (context, input, &range);
      if (!wanted.dtype_known || (!range.dtype_known && range.state != LFB_RANGE_FREE) ||
          (range.dtype_known && (range.dtype != wanted.dtype || !range.per_tensor)))
        {
          _lfb_lower_context_left (context, quantize, ref, "`%s` makes %s, and its input `%s` is %s%s",
                                   lfb_node_get_name (quantize),
                                   wanted.dtype_known ? lfb_dtype_to_string (wanted.dtype) : "an unknown type",
                                   lfb_node_get_name (input),
                                   range.dtype_known ? lfb_dtype_to_string (range.dtype) : "of an unknown type",
                                   range.dtype_known && !range.per_tensor ? " per channel" : "");
          return FALSE;
        }
    }
  if (wanted.dtype != LFB_DTYPE_QUINT8 || anchor == NULL || scale == NULL)
    {
      _lfb_lower_context_left (context, quantize, ref,
                               "its inputs differ in range, and there is no cat that makes what `%s` makes",
                               lfb_node_get_name (quantize));
      return FALSE;
    }
  if (!_lfb_match_users (context, quantize, ref, NULL, TRUE))
    return FALSE;

  _lfb_lower_context_took (context, quantize, LFB_OPS ("cat"));
  {
    LfbValue *args[] = { list, dim != NULL ? dim : first_dim, scale, zero_point };

    _lfb_set_call (ref, LFB_OPS ("cat"), args, G_N_ELEMENTS (args), NULL);
  }
  for (guint i = 0; i < dequantizes->len; i++)
    _lfb_read_before (ref, g_ptr_array_index (dequantizes, i));
  _lfb_place_after (ref, anchor);
  take_over (context, quantize, ref, dequantizes, &wanted);
  return TRUE;
}

static gboolean
lower_cat (LfbLowerContext *context,
           LfbNode         *quantize,
           LfbNode         *ref,
           GPtrArray       *dequantizes)
{
  LfbValue *kwargs = lfb_node_get_kwargs (ref);

  for (gsize i = 0; i < lfb_value_get_n_items (kwargs); i++)
    {
      const char *name = lfb_value_get_key (kwargs, i);

      if (g_str_equal (name, "tensors") || g_str_equal (name, "dim"))
        continue;
      _lfb_lower_context_left (context, quantize, ref, "the int8 kernel has no argument %s", name);
      return FALSE;
    }

  if (!ranges_agree (context, quantize, ref, dequantizes, FALSE))
    return lower_requantizing_cat (context, quantize, ref, dequantizes);

  return lower_same_range (context, quantize, ref, dequantizes);
}

static gboolean
lower_operator (LfbLowerContext      *context,
                LfbNode              *quantize,
                LfbNode              *ref,
                const LfbOperatorRow *row)
{
  g_autoptr (GPtrArray) dequantizes = find_dequantizes (context, quantize, ref);
  gboolean moves = row->group == LFB_GROUP_OWN_RANGE && row->op == LFB_OP_CALL_FUNCTION;

  if (dequantizes == NULL || !_lfb_match_users (context, quantize, ref, NULL, moves))
    return FALSE;
  for (guint i = 0; i < dequantizes->len; i++)
    {
      if (!_lfb_match_unchanged (context, quantize, ref, g_ptr_array_index (dequantizes, i)))
        return FALSE;
    }
  if (row->group == LFB_GROUP_OWN_RANGE)
    return _lfb_lower_own_range (context, quantize, ref, row, g_ptr_array_index (dequantizes, 0));
  if (!match_other_inputs (context, quantize, ref, dequantizes) ||
      !_lfb_match_in_place (context, quantize, ref, g_ptr_array_index (dequantizes, 0)))
    return FALSE;

  switch (row->group)
    {
    case LFB_GROUP_FIXED_RANGE:
      return lower_fixed_range (context, quantize, ref, FALSE, dequantizes);
    case LFB_GROUP_FIXED_RANGE_SIGNED:
      return lower_fixed_range (context, quantize, ref, TRUE, dequantizes);
    case LFB_GROUP_CAT:
      return lower_cat (context, quantize, ref, dequantizes);
    default:
      return lower_same_range (context, quantize, ref, dequantizes);
    }
}

/* The operator whose output @node quantizes, if it is one of ours. */
static const LfbOperatorRow *
find_row (LfbLowerContext  *context,
          LfbNode          *node,
          LfbNode         **ref)
{
  gboolean half = _lfb_is_to_half (node);
  const LfbOperatorRow *row;
  LfbValue *input;

  if (!half && !_lfb_is_quantize (node))
    return NULL;
  input = _lfb_node_argument (node, 0, "input");
  *ref = input != NULL ? lfb_value_get_node (input) : NULL;
  if (*ref == NULL)
    return NULL;

  row = _lfb_operator_row (*ref, _lfb_lower_context_get_type (context, *ref));
  if (row == NULL)
    return NULL;
  if (half && (row->group == LFB_GROUP_FIXED_RANGE || row->group == LFB_GROUP_FIXED_RANGE_SIGNED ||
               row->group == LFB_GROUP_OWN_RANGE))
    return NULL;
  if (row->inner != NULL)
    {
      LfbModule *part = _lfb_lower_context_get_part (context, *ref, 0);

      if (part == NULL || !g_str_equal (lfb_module_get_type_name (part), row->inner))
        return NULL;
    }

  return row;
}

gboolean
_lfb_lower_int8_operators (LfbLowerContext  *context,
                           GError          **error)
{
  g_autoptr (LfbLowerSwaps) swaps = _lfb_lower_swaps_new (context);
  gboolean changed = FALSE;
  LfbNode *next, *ref;

  for (LfbNode *node = lfb_graph_get_first (context->graph); node != NULL; node = next)
    {
      const LfbOperatorRow *row = find_row (context, node, &ref);

      next = lfb_node_get_next (node);
      if (row == NULL || !lower_operator (context, node, ref, row))
        continue;
      changed = TRUE;
      _lfb_lower_context_rewritten (context, ref, "runs on int8 as %s",
                                    _lfb_lower_context_get_callee (context, ref));
    }

  return _lfb_lower_swaps_apply (swaps, error) && changed;
}
