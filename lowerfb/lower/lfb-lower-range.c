/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The range of a result: of a quantize, what its arguments say; of a lowered
 * operator, its output scale and zero point; of an operator that copies, the
 * range of its input. The rules are those of doc/lowering-coverage.md, pass 9.
 *
 * Operators that copy stand in chains, so the way back is walked in a loop, and
 * what is found is kept for all of the chain.
 */

#include <lowerfb/lower/lfb-lower-range-private.h>

#include <lowerfb/core/lfb-tensor-numbers-private.h>
#include <lowerfb/lower/lfb-lower-pattern-private.h>
#include <lowerfb/lower/lfb-lower-tables-private.h>

#include <math.h>
#include <string.h>

static gboolean
read_value (LfbValue *value,
            double   *number)
{
  switch (lfb_value_get_kind (value))
    {
    case LFB_VALUE_KIND_DOUBLE:
    case LFB_VALUE_KIND_INT:
      *number = lfb_value_get_double (value);
      return TRUE;
    case LFB_VALUE_KIND_TENSOR:
      return _lfb_tensor_read_number (lfb_value_get_tensor (value), number);
    default:
      return FALSE;
    }
}

/* The number that a get_attr node reads; false for all other nodes. */
gboolean
_lfb_read_number (LfbLowerContext *context,
                  LfbNode         *node,
                  double          *number)
{
  LfbValue *value;

  if (lfb_node_get_op (node) != LFB_OP_GET_ATTR)
    return FALSE;

  value = lfb_graph_module_get_attribute (context->model, lfb_node_get_target (node));
  return value != NULL && read_value (value, number);
}

/* Fills in the range that two arguments name. */
static void
set_from_arguments (LfbLowerContext *context,
                    LfbValue        *scale,
                    LfbValue        *zero_point,
                    LfbRange        *range)
{
  LfbNode *scale_node, *zero_point_node;
  double point;

  if (scale == NULL || zero_point == NULL)
    return;

  scale_node = lfb_value_get_node (scale);
  zero_point_node = lfb_value_get_node (zero_point);
  if ((scale_node != NULL ? _lfb_read_number (context, scale_node, &range->scale)
                          : read_value (scale, &range->scale)) &&
      (zero_point_node != NULL ? _lfb_read_number (context, zero_point_node, &point)
                               : read_value (zero_point, &point)))
    {
      if (fabs (point) > G_MAXINT32)
        return;
      range->state = LFB_RANGE_VALUES;
      range->zero_point = point;
    }
  else if (scale_node != NULL && zero_point_node != NULL)
    {
      range->state = LFB_RANGE_NODES;
      range->scale_node = scale_node;
      range->zero_point_node = zero_point_node;
    }
}

static void
set_dtype (LfbRange *range,
           LfbDType  dtype,
           gboolean  per_tensor)
{
  range->dtype_known = TRUE;
  range->dtype = dtype;
  range->per_tensor = per_tensor;
}

/* The range that torch.quantize_per_tensor, or the method to(float16), gives. */
void
_lfb_range_of_quantize (LfbLowerContext *context,
                        LfbNode         *quantize,
                        LfbRange        *range)
{
  LfbQuantizeArgs args;

  *range = (LfbRange) { .state = LFB_RANGE_UNKNOWN };
  if (_lfb_is_to_half (quantize))
    {
      set_dtype (range, LFB_DTYPE_FLOAT16, TRUE);
      range->state = LFB_RANGE_VALUES;
      return;
    }

  _lfb_quantize_args (quantize, &args);
  if (args.dtype_known)
    set_dtype (range, args.dtype, TRUE);
  set_from_arguments (context, _lfb_node_argument (quantize, 1, "scale"),
                      _lfb_node_argument (quantize, 2, "zero_point"), range);
}

/* What sigmoid and hardsigmoid always give, and, signed, tanh. */
void
_lfb_range_fixed (gboolean  is_signed,
                  LfbRange *range)
{
  set_dtype (range, LFB_DTYPE_QUINT8, TRUE);
  range->state = LFB_RANGE_VALUES;
  range->scale = is_signed ? 1.0 / 128 : 1.0 / 256;
  range->zero_point = is_signed ? 128 : 0;
}

/* The operators of torch.ops.quantized that give quint8 with the scale and zero
 * point at positions 2 and 3.
 */
static gboolean
has_positional_range (const char *name)
{
  static const char *names[] = {
    "linear", "linear_relu", "conv1d", "conv1d_relu", "conv2d", "conv2d_relu", "conv3d", "conv3d_relu",
    "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "add", "add_relu", "mul", "mul_relu",
    "matmul", "cat", NULL,
  };

  return g_strv_contains (names, name);
}

static void
set_from_lowered_function (LfbLowerContext *context,
                           LfbNode         *node,
                           LfbRange        *range)
{
  const char *name = lfb_node_get_target (node) + strlen (LFB_OPS (""));
  LfbValue *scale = lfb_node_get_kwarg (node, "output_scale");
  const LfbRange *replaced;

  if (scale != NULL)
    {
      set_dtype (range, LFB_DTYPE_QUINT8, TRUE);
      set_from_arguments (context, scale, lfb_node_get_kwarg (node, "output_zero_point"), range);
      return;
    }
  if (!has_positional_range (name))
    return;

  set_dtype (range, LFB_DTYPE_QUINT8, TRUE);
  replaced = g_hash_table_lookup (context->scalar_ranges, lfb_node_get_name (node));
  if (lfb_node_get_arg (node, 3) != NULL)
    set_from_arguments (context, lfb_node_get_arg (node, 2), lfb_node_get_arg (node, 3), range);
  else if (replaced != NULL)
    *range = *replaced;
}

static void
set_from_module (LfbModule *module,
                 LfbRange  *range)
{
  const char *type = lfb_module_get_type_name (module);
  LfbValue *scale = lfb_module_get_setting (module, "scale");
  LfbValue *zero_point = lfb_module_get_setting (module, "zero_point");
  double point;

  if (!g_str_has_prefix (type, LFB_QUANTIZED ("")) && !g_str_has_prefix (type, LFB_FUSED_QUANTIZED ("")))
    return;
  if (g_str_has_prefix (type, LFB_REFERENCE ("")) || g_str_has_prefix (type, LFB_DYNAMIC ("")) ||
      g_str_has_prefix (type, LFB_FUSED_DYNAMIC ("")))
    return;
  if (scale == NULL || zero_point == NULL || !read_value (scale, &range->scale) ||
      !read_value (zero_point, &point) || fabs (point) > G_MAXINT32)
    return;

  set_dtype (range, LFB_DTYPE_QUINT8, TRUE);
  range->state = LFB_RANGE_VALUES;
  range->zero_point = point;
}

static void
set_from_attribute (LfbLowerContext *context,
                    LfbNode         *node,
                    LfbRange        *range)
{
  LfbValue *value = lfb_graph_module_get_attribute (context->model, lfb_node_get_target (node));
  LfbTensor *tensor = value != NULL ? lfb_value_get_tensor (value) : NULL;

  if (tensor == NULL)
    return;

  set_dtype (range, lfb_tensor_get_dtype (tensor), !lfb_tensor_is_per_channel (tensor));
  if (!lfb_tensor_is_quantized (tensor) || lfb_tensor_is_per_channel (tensor))
    return;

  range->state = LFB_RANGE_VALUES;
  range->scale = lfb_tensor_get_scale (tensor);
  range->zero_point = lfb_tensor_get_zero_point (tensor);
}

/* A module with a graph of its own gives what its graph gives. */
static void
set_from_graph (LfbGraphModule *model,
                LfbRange       *range)
{
  g_autoptr (LfbLowerJournal) journal = _lfb_lower_journal_new ();
  g_autoptr (LfbLowerContext) inner = _lfb_lower_context_new (model, NULL, NULL, journal, "");
  LfbNode *output = lfb_graph_get_last (inner->graph);
  LfbNode *result;

  if (output == NULL || lfb_node_get_op (output) != LFB_OP_OUTPUT)
    return;
  result = lfb_node_get_input (output, 0);
  if (result == NULL)
    return;

  _lfb_range_of (inner, result, range);
  if (range->state == LFB_RANGE_NODES || range->state == LFB_RANGE_FREE)
    range->state = LFB_RANGE_UNKNOWN; /* known inside only */
}

/* The input whose range an operator hands on. */
static LfbNode *
copied_input (LfbNode *node)
{
  LfbValue *value = lfb_node_get_arg (node, 0);

  if (value == NULL && lfb_value_get_n_items (lfb_node_get_kwargs (node)) > 0)
    value = lfb_value_get_item (lfb_node_get_kwargs (node), 0);
  if (value != NULL && lfb_value_is_sequence (value) && lfb_value_get_n_items (value) > 0)
    value = lfb_value_get_item (value, 0);

  return value != NULL ? lfb_value_get_node (value) : NULL;
}

/* One step: fills in @range, or returns the node whose range is that of @node. */
static LfbNode *
look (LfbLowerContext *context,
      LfbNode         *node,
      LfbRange        *range)
{
  LfbModule *module = _lfb_lower_context_get_module (context, node);
  const LfbOperatorRow *row;
  LfbDType dtype;

  if (_lfb_is_quantize (node) || _lfb_is_to_half (node))
    {
      _lfb_range_of_quantize (context, node, range);
      return NULL;
    }
  if (_lfb_is_dynamic_quantize (node))
    {
      if (_lfb_get_dtype (_lfb_node_argument (node, 1, "dtype"), &dtype))
        set_dtype (range, dtype, TRUE);
      return NULL;
    }
  if (lfb_node_is (node, LFB_OP_CALL_FUNCTION, "torch.quantize_per_channel"))
    {
      if (_lfb_get_dtype (_lfb_node_argument (node, 4, "dtype"), &dtype))
        set_dtype (range, dtype, FALSE);
      return NULL;
    }

  switch (lfb_node_get_op (node))
    {
    case LFB_OP_PLACEHOLDER:
      range->state = LFB_RANGE_FREE;
      return NULL;

    case LFB_OP_GET_ATTR:
      set_from_attribute (context, node, range);
      return NULL;

    case LFB_OP_CALL_FUNCTION:
      if (g_str_has_prefix (lfb_node_get_target (node), LFB_OPS ("")))
        {
          set_from_lowered_function (context, node, range);
          return NULL;
        }
      if (g_str_equal (lfb_node_get_target (node), "torch.relu"))
        return copied_input (node);
      break;

    case LFB_OP_CALL_METHOD:
      if (g_str_equal (lfb_node_get_target (node), "dequantize"))
        {
          set_dtype (range, LFB_DTYPE_FLOAT32, TRUE);
          return NULL;
        }
      break;

    case LFB_OP_CALL_MODULE:
      if (module != NULL && lfb_module_get_graph_module (module) != NULL)
        set_from_graph (lfb_module_get_graph_module (module), range);
      else if (module != NULL)
        set_from_module (module, range);
      if (range->state != LFB_RANGE_UNKNOWN || range->dtype_known)
        return NULL;
      break;

    default:
      return NULL;
    }

  row = _lfb_operator_row (node, module != NULL ? lfb_module_get_type_name (module) : NULL);
  switch (row != NULL ? row->group : LFB_GROUP_NONE)
    {
    case LFB_GROUP_SAME_RANGE:
    case LFB_GROUP_SHAPE:
    case LFB_GROUP_CAT:
      return copied_input (node);
    case LFB_GROUP_FIXED_RANGE:
      _lfb_range_fixed (FALSE, range);
      return NULL;
    case LFB_GROUP_FIXED_RANGE_SIGNED:
      _lfb_range_fixed (TRUE, range);
      return NULL;
    default:
      return NULL;
    }
}

/* The range of what @node gives. */
void
_lfb_range_of (LfbLowerContext *context,
               LfbNode         *node,
               LfbRange        *range)
{
  g_autoptr (GPtrArray) chain = g_ptr_array_new ();
  const LfbRange *known = NULL;

  *range = (LfbRange) { .state = LFB_RANGE_UNKNOWN };
  while (node != NULL && known == NULL)
    {
      known = g_hash_table_lookup (context->ranges, node);
      if (known == NULL)
        {
          g_ptr_array_add (chain, node);
          node = look (context, node, range);
        }
    }
  if (known != NULL)
    *range = *known;

  for (guint i = 0; i < chain->len; i++)
    _lfb_range_set (context, g_ptr_array_index (chain, i), range);
}

void
_lfb_range_set (LfbLowerContext *context,
                LfbNode         *node,
                const LfbRange  *range)
{
  g_hash_table_insert (context->ranges, node, g_memdup2 (range, sizeof *range));
}

/* Whether a result of range @range can go where @other is wanted. Scales are
 * compared as the 32-bit floats that kernels use.
 */
gboolean
_lfb_range_equal (const LfbRange *range,
                  const LfbRange *other)
{
  if (range->dtype_known && other->dtype_known && range->dtype != other->dtype)
    return FALSE;
  if (range->dtype_known && !range->per_tensor)
    return FALSE;

  switch (range->state)
    {
    case LFB_RANGE_FREE:
      return TRUE;
    case LFB_RANGE_VALUES:
      return other->state == LFB_RANGE_VALUES && (float) range->scale == (float) other->scale &&
             range->zero_point == other->zero_point;
    case LFB_RANGE_NODES:
      return other->state == LFB_RANGE_NODES && range->scale_node == other->scale_node &&
             range->zero_point_node == other->zero_point_node;
    default:
      return FALSE;
    }
}

/* The range in words, for the report. */
char *
_lfb_range_to_string (const LfbRange *range)
{
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_append (text, range->dtype_known ? lfb_dtype_to_string (range->dtype) : "a tensor");
  if (range->dtype_known && range->dtype == LFB_DTYPE_FLOAT16)
    return g_string_free (g_steal_pointer (&text), FALSE);
  g_string_append_c (text, ' ');

  switch (range->state)
    {
    case LFB_RANGE_VALUES:
      g_string_append_printf (text, "with scale %.9g and zero point %" G_GINT64_FORMAT,
                              range->scale, range->zero_point);
      break;
    case LFB_RANGE_NODES:
      g_string_append_printf (text, "with scale `%s` and zero point `%s`",
                              lfb_node_get_name (range->scale_node), lfb_node_get_name (range->zero_point_node));
      break;
    default:
      g_string_append (text, "with a scale that is not known before the model runs");
      break;
    }

  return g_string_free (g_steal_pointer (&text), FALSE);
}
