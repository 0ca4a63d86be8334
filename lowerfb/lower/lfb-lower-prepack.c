/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From the arguments of a function,
 *
 *   linear (input, weight, bias)
 *   conv (input, weight, bias, stride, padding, dilation, groups)
 *   conv_transpose (input, weight, bias, stride, padding, output_padding, groups, dilation)
 *
 * to those of its prepack call,
 *
 *   linear_prepack (weight, B)
 *   conv_prepack (weight, bias, stride, padding, dilation, groups)
 *   conv_transpose_prepack (weight, bias, stride, padding, output_padding, dilation, groups)
 *
 * The rules are those of doc/lowering-coverage.md, pass 5. The padding "same" becomes the
 * numbers it stands for: prepacking takes nothing else.
 */

#include <lowerfb/lower/lfb-lower-prepack-private.h>

#include <lowerfb/lower/lfb-lower-pattern-private.h>
#include <lowerfb/lower/lfb-lower-rewrite-private.h>

static const char *linear_parameters[] = { "bias", NULL };
static const char *conv_parameters[] = { "bias", "stride", "padding", "dilation", "groups", NULL };
static const char *transposed_parameters[] = { "bias", "stride", "padding", "output_padding", "groups", "dilation", NULL };

/* Positions in the prepack call, counted without the weight. */
#define PADDING 2
#define TRANSPOSED_DILATION 4
#define TRANSPOSED_GROUPS 5

static const char **
get_parameters (const LfbFunctionalRow *row)
{
  if (row->n_dims == 0)
    return linear_parameters;

  return row->transposed ? transposed_parameters : conv_parameters;
}

void
_lfb_prepack_free (LfbPrepack *self)
{
  g_ptr_array_unref (self->args);
  lfb_value_unref (self->kwargs);
  g_free (self);
}

/* conv1d takes a number where its prepack call takes a tuple of one. */
static LfbValue *
wrap_number (const LfbFunctionalRow *row,
             const char             *name,
             LfbValue               *value)
{
  if (row->n_dims != 1 || lfb_value_get_kind (value) != LFB_VALUE_KIND_INT ||
      g_str_equal (name, "bias") || g_str_equal (name, "groups"))
    return lfb_value_ref (value);

  return lfb_value_for_tuple (&value, 1);
}

/* The number that a setting has for one dimension of the window. */
static gboolean
setting_at (LfbValue *value,
            guint     dim,
            gint64    fallback,
            gint64   *number)
{
  if (value == NULL)
    {
      *number = fallback;
      return TRUE;
    }
  if (lfb_value_is_sequence (value))
    {
      gsize n_items = lfb_value_get_n_items (value);

      if (n_items == 0)
        return FALSE;
      value = lfb_value_get_item (value, n_items == 1 ? 0 : MIN (dim, n_items - 1));
    }
  if (lfb_value_get_kind (value) != LFB_VALUE_KIND_INT)
    return FALSE;

  *number = lfb_value_get_int (value);
  return TRUE;
}

static LfbTensor *
find_weight_tensor (LfbLowerContext *context,
                    LfbNode         *weight)
{
  LfbValue *input = _lfb_node_argument (weight, 0, "input");
  LfbNode *node = input != NULL ? lfb_value_get_node (input) : NULL;
  LfbValue *attribute = NULL;

  if (node != NULL && lfb_node_get_op (node) == LFB_OP_GET_ATTR)
    attribute = lfb_graph_module_get_attribute (context->model, lfb_node_get_target (node));

  return attribute != NULL ? lfb_value_get_tensor (attribute) : NULL;
}

/* The numbers that a padding given by name stands for; %NULL if a packed weight
 * cannot hold them, with the reason in the journal.
 */
static LfbValue *
resolve_padding (LfbLowerContext        *context,
                 LfbNode                *quantize,
                 LfbNode                *ref,
                 const LfbFunctionalRow *row,
                 LfbNode                *weight,
                 LfbValue               *padding)
{
  LfbValue *dilation = _lfb_node_argument (ref, 5, "dilation");
  LfbTensor *tensor = find_weight_tensor (context, weight);
  LfbValue *items[3];
  LfbValue *result;
  gint64 sides[3] = { 0, 0, 0 };

  if (!g_str_equal (lfb_value_get_string (padding), "valid"))
    {
      if (!g_str_equal (lfb_value_get_string (padding), "same"))
        {
          _lfb_lower_context_left (context, quantize, ref, "its padding `%s` is not known",
                                   lfb_value_get_string (padding));
          return NULL;
        }
      if (tensor == NULL || lfb_tensor_get_n_dims (tensor) != row->n_dims + 2)
        {
          _lfb_lower_context_left (context, quantize, ref,
                                   "its padding is `same`, and the size of its window is not known");
          return NULL;
        }
    }

  for (guint i = 0; i < row->n_dims && !g_str_equal (lfb_value_get_string (padding), "valid"); i++)
    {
      gint64 step, total;

      if (!setting_at (dilation, i, 1, &step) || step < 1 ||
          __builtin_mul_overflow (step, lfb_tensor_get_dim (tensor, i + 2) - 1, &total) ||
          total < 0 || total % 2 != 0)
        {
          _lfb_lower_context_left (context, quantize, ref,
                                   "its padding `same` is not the same on both sides of a window of %" G_GINT64_FORMAT,
                                   lfb_tensor_get_dim (tensor, i + 2));
          return NULL;
        }
      sides[i] = total / 2;
    }

  for (guint i = 0; i < row->n_dims; i++)
    items[i] = lfb_value_for_int (sides[i]);
  result = lfb_value_for_tuple (items, row->n_dims);
  for (guint i = 0; i < row->n_dims; i++)
    lfb_value_unref (items[i]);

  return result;
}

/* Groups and dilation change places in transposed convolutions. */
static void
order_transposed (LfbPrepack             *self,
                  const LfbFunctionalRow *row)
{
  LfbValue *dilation = lfb_value_lookup (self->kwargs, "dilation");
  LfbValue *groups;

  /* the weight stands first */
  if (self->args->len <= TRANSPOSED_DILATION + 1)
    return;

  groups = g_ptr_array_index (self->args, TRANSPOSED_DILATION + 1);
  if (self->args->len > TRANSPOSED_GROUPS + 1)
    {
      g_ptr_array_index (self->args, TRANSPOSED_DILATION + 1) = g_ptr_array_index (self->args, TRANSPOSED_GROUPS + 1);
      g_ptr_array_index (self->args, TRANSPOSED_GROUPS + 1) = groups;
      return;
    }

  if (dilation != NULL)
    {
      LfbValue *others = lfb_value_without_item (self->kwargs, "dilation");

      lfb_value_ref (dilation);
      lfb_value_unref (self->kwargs);
      self->kwargs = others;
    }
  else
    {
      g_autoptr (LfbValue) one = lfb_value_for_int (1);

      dilation = wrap_number (row, "dilation", one);
    }
  g_ptr_array_index (self->args, TRANSPOSED_DILATION + 1) = dilation;
  g_ptr_array_add (self->args, groups);
}

static void
add_argument (LfbPrepack *self,
              const char *name,
              gboolean    positional,
              LfbValue   *value)
{
  LfbValue *kwargs;

  if (positional)
    {
      g_ptr_array_add (self->args, lfb_value_ref (value));
      return;
    }

  kwargs = lfb_value_with_item (self->kwargs, name, value);
  lfb_value_unref (self->kwargs);
  self->kwargs = kwargs;
}

/* Gathers the arguments of the prepack call. Nothing changes yet; %NULL, with
 * the reason in the journal, if they do not fit.
 */
LfbPrepack *
_lfb_prepack_new (LfbLowerContext        *context,
                  LfbNode                *quantize,
                  LfbNode                *ref,
                  const LfbFunctionalRow *row,
                  LfbNode                *weight,
                  gboolean                half)
{
  const char **parameters = get_parameters (row);
  guint n_parameters = g_strv_length ((char **) parameters);
  LfbValue *kwargs = lfb_node_get_kwargs (ref);
  g_autoptr (LfbPrepack) self = g_new0 (LfbPrepack, 1);
  gsize n_args;

  self->function = half ? LFB_OPS ("linear_prepack_fp16") : row->prepack;
  self->args = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  self->kwargs = lfb_value_for_dict (NULL, NULL, 0);
  g_ptr_array_add (self->args, lfb_value_for_node (weight));

  lfb_node_get_args (ref, &n_args);
  if (n_args > n_parameters + 2)
    {
      _lfb_lower_context_left (context, quantize, ref, "it has %" G_GSIZE_FORMAT " arguments, at most %u are known",
                               n_args, n_parameters + 2);
      return NULL;
    }
  for (gsize i = 0; i < lfb_value_get_n_items (kwargs); i++)
    {
      if (g_strv_contains (parameters, lfb_value_get_key (kwargs, i)))
        continue;
      _lfb_lower_context_left (context, quantize, ref, "its argument `%s` is not known",
                               lfb_value_get_key (kwargs, i));
      return NULL;
    }

  for (guint i = 0; i < n_parameters; i++)
    {
      LfbValue *value = _lfb_node_argument (ref, i + 2, parameters[i]);
      g_autoptr (LfbValue) wrapped = NULL;

      if (value == NULL)
        continue;
      if (row->n_dims > 0 && !row->transposed && i == PADDING && lfb_value_get_kind (value) == LFB_VALUE_KIND_STRING)
        wrapped = resolve_padding (context, quantize, ref, row, weight, value);
      else
        wrapped = wrap_number (row, parameters[i], value);
      if (wrapped == NULL)
        return NULL;
      add_argument (self, row->n_dims == 0 ? "B" : parameters[i], i + 2 < n_args, wrapped);
    }
  if (row->transposed)
    order_transposed (self, row);

  return g_steal_pointer (&self);
}

/* The call; it stands last until it is placed. */
LfbNode *
_lfb_prepack_insert (LfbPrepack      *self,
                     LfbLowerContext *context)
{
  return _lfb_insert_call (context, self->function, (LfbValue **) self->args->pdata, self->args->len, self->kwargs);
}

/* Whether @weight, which the second argument of @ref reads through a
 * dequantize, quantizes a weight as kernels take it.
 */
gboolean
_lfb_match_weight (LfbLowerContext        *context,
                   LfbNode                *quantize,
                   LfbNode                *ref,
                   const LfbFunctionalRow *row,
                   LfbNode                *weight,
                   LfbDType               *dtype)
{
  gboolean per_channel = lfb_node_is (weight, LFB_OP_CALL_FUNCTION, "torch.quantize_per_channel");
  LfbValue *axis;

  if (!per_channel && !_lfb_is_quantize (weight))
    {
      _lfb_lower_context_left (context, quantize, ref, "its weight comes from `%s`, which does not quantize it",
                               lfb_node_get_name (weight));
      return FALSE;
    }
  if (!_lfb_get_dtype (_lfb_node_argument (weight, per_channel ? 4 : 3, "dtype"), dtype) ||
      *dtype != LFB_DTYPE_QINT8)
    {
      _lfb_lower_context_left (context, quantize, ref, "`%s` does not quantize its weight to qint8",
                               lfb_node_get_name (weight));
      return FALSE;
    }
  if (!per_channel)
    return TRUE;

  axis = _lfb_node_argument (weight, 3, "axis");
  if (axis == NULL || lfb_value_get_kind (axis) != LFB_VALUE_KIND_INT || lfb_value_get_int (axis) != 0)
    {
      _lfb_lower_context_left (context, quantize, ref, "the scales that `%s` gives its weight differ along an axis other than 0",
                               lfb_node_get_name (weight));
      return FALSE;
    }
  if (row->transposed)
    {
      _lfb_lower_context_left (context, quantize, ref,
                               "`%s` gives its weight a scale per channel, and transposed convolution takes one for all",
                               lfb_node_get_name (weight));
      return FALSE;
    }

  return TRUE;
}
