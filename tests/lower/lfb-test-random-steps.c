/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The patterns that random models are made of, each with the bound of what it
 * makes of a difference between reference and lowered model.
 */

#include "lfb-test-random-builder.h"

#include <math.h>

static gboolean
convolution_module (Builder *self)
{
  const Value *value = lfb_random_pick_value (self);
  gint64 n_outputs = lfb_random_pick (self, 2, 5), kernel = lfb_random_chance (self, 0.5) ? 3 : 1;
  gint64 shape[] = { value->shape[0], n_outputs, value->shape[2], value->shape[3] };
  double bound;
  gboolean fused = lfb_random_chance (self, 0.4), twice_called = lfb_random_chance (self, 0.2);
  g_autofree char *path = NULL, *part = NULL, *relu = NULL;
  g_autoptr (LfbModule) container = NULL;
  g_autoptr (LfbModule) relu_module = NULL;

  if (value->n_dims != 4)
    return FALSE;

  path = lfb_random_fresh (self, "conv");
  part = g_strconcat (path, ".0", NULL);
  relu = g_strconcat (path, ".1", NULL);
  if (fused)
    {
      container = lfb_module_new ("torch.ao.nn.intrinsic.ConvReLU2d", NULL, NULL, NULL);
      relu_module = lfb_module_new ("torch.nn.ReLU", NULL, NULL, NULL);
      lfb_graph_module_set_module (self->model, path, container, NULL);
    }
  lfb_random_add_convolution (self, fused ? part : path, value->shape[1], n_outputs, kernel, lfb_random_chance (self, 0.5));
  if (fused)
    lfb_graph_module_set_module (self->model, relu, relu_module, NULL);

  bound = lfb_random_gain (value->shape[1] * kernel * kernel) * value->bound;
  for (int i = 0; i < (twice_called ? 2 : 1); i++)
    {
      /* quantizing adds to the array, and moves what is in it */
      Value copy = *value;

      lfb_random_quantize (self, lfb_random_maybe_relu (self, MODULE (path, READ (&copy))), shape, 4, bound, FALSE);
      value = &g_array_index (self->values, Value, self->values->len - 1);
      if (value->shape[1] != copy.shape[1])
        break;
      bound = lfb_random_gain (value->shape[1] * kernel * kernel) * value->bound;
    }

  return TRUE;
}

static gboolean
linear_module (Builder *self)
{
  Value value = *lfb_random_pick_value (self);
  gint64 n_inputs = value.shape[value.n_dims - 1];
  g_autofree char *path = lfb_random_fresh (self, "linear");

  value.shape[value.n_dims - 1] = lfb_random_pick (self, 2, 7);
  lfb_random_add_linear (self, path, n_inputs, value.shape[value.n_dims - 1]);
  lfb_random_quantize (self, lfb_random_maybe_relu (self, MODULE (path, READ (&value))), value.shape, value.n_dims,
                       lfb_random_gain (n_inputs) * value.bound, FALSE);

  return TRUE;
}

static gboolean
linear_function (Builder *self)
{
  Value value = *lfb_random_pick_value (self);
  const gint64 shape[] = { lfb_random_pick (self, 2, 7), value.shape[value.n_dims - 1] };
  LfbNode *weight = lfb_random_add_weight (self, shape, 2);
  LfbNode *bias = lfb_random_add_tensor (self, "bias", lfb_random_make_multiples (self, 0.0625, 20, shape, 1));
  LfbNode *node;

  node = FUNCTION ("torch.nn.functional.linear", READ (&value), NODE (weight), NODE (bias));
  value.shape[value.n_dims - 1] = shape[0];
  lfb_random_quantize (self, lfb_random_maybe_relu (self, node),
                       value.shape, value.n_dims, lfb_random_gain (shape[1]) * value.bound, FALSE);

  /* the same weight once more */
  if (lfb_random_chance (self, 0.3) && shape[0] == shape[1])
    {
      value = g_array_index (self->values, Value, self->values->len - 1);
      node = FUNCTION ("torch.nn.functional.linear", READ (&value), NODE (weight), NODE (bias));
      lfb_random_quantize (self, lfb_random_maybe_relu (self, node),
                           value.shape, value.n_dims, lfb_random_gain (shape[1]) * value.bound, FALSE);
    }

  return TRUE;
}

static gboolean
convolution_function (Builder *self)
{
  Value value = *lfb_random_pick_value (self);
  gint64 shape[] = { lfb_random_pick (self, 2, 5), value.shape[1], 3, 3 };
  LfbNode *weight, *bias, *node;

  if (value.n_dims != 4)
    return FALSE;

  weight = lfb_random_add_weight (self, shape, 4);
  bias = lfb_random_add_tensor (self, "bias", lfb_random_make_multiples (self, 0.0625, 20, shape, 1));
  node = FUNCTION ("torch.conv2d", READ (&value), NODE (weight), NODE (bias), lfb_random_twice (1), lfb_random_twice (1),
                   lfb_random_twice (1), INT (1));
  value.shape[1] = shape[0];
  lfb_random_quantize (self, lfb_random_maybe_relu (self, node),
                       value.shape, 4, lfb_random_gain (shape[1] * 9) * value.bound, FALSE);

  return TRUE;
}

/* Quantizes what it is given by itself, in reference and lowered model. */
static gboolean
dynamic_linear (Builder *self)
{
  Value value = *lfb_random_pick_value (self);
  gint64 n_inputs = value.shape[value.n_dims - 1];
  g_autofree char *path = NULL;
  LfbNode *dynamic, *node;
  double bound;

  if (value.bound > 0)
    return FALSE;

  path = lfb_random_fresh (self, "dynamic");
  dynamic = FUNCTION ("torch.quantize_per_tensor_dynamic", NODE (value.dequantize),
                      lfb_value_for_dtype (LFB_DTYPE_QUINT8), lfb_value_for_bool (TRUE));
  dynamic = METHOD ("dequantize", NODE (dynamic));
  value.shape[value.n_dims - 1] = lfb_random_pick (self, 2, 7);
  bound = 1e-4 * lfb_random_gain (n_inputs) * lfb_random_largest (&value);
  if (lfb_random_chance (self, 0.5))
    {
      lfb_random_add_linear (self, path, n_inputs, value.shape[value.n_dims - 1]);
      node = MODULE (path, NODE (dynamic));
    }
  else
    {
      const gint64 shape[] = { value.shape[value.n_dims - 1], n_inputs };

      node = FUNCTION ("torch.nn.functional.linear", NODE (dynamic), NODE (lfb_random_add_weight (self, shape, 2)));
    }
  node = lfb_random_maybe_relu (self, node);
  if (lfb_random_chance (self, 0.5))
    lfb_random_give_out (self, node, bound);
  else
    lfb_random_quantize (self, node, value.shape, value.n_dims, bound, FALSE);

  return TRUE;
}

static gboolean
binary (Builder *self)
{
  static const char *functions[] = { "operator.add", "torch.add", "operator.mul", "torch.mul" };
  Value a = *lfb_random_pick_value (self);
  Value b = *lfb_random_pick_like (self, &a);
  guint function = lfb_random_pick (self, 0, G_N_ELEMENTS (functions));
  double bound = function < 2 ? a.bound + b.bound
                              : a.bound * lfb_random_largest (&b) + b.bound * lfb_random_largest (&a) + a.bound * b.bound;
  LfbNode *first = lfb_random_read_value (self, &a);
  LfbNode *second = a.quantize == b.quantize ? first : lfb_random_read_value (self, &b);

  lfb_random_quantize (self, lfb_random_maybe_relu (self, FUNCTION (functions[function], NODE (first), NODE (second))),
                       a.shape, a.n_dims,
                       bound, FALSE);

  return TRUE;
}

static gboolean
matrix_product (Builder *self)
{
  Value a = *lfb_random_pick_value (self);
  Value b = *lfb_random_pick_like (self, &a);
  gint64 n_products;
  double bound;

  if (a.n_dims < 2 || a.shape[a.n_dims - 1] != a.shape[a.n_dims - 2])
    return FALSE;

  n_products = a.shape[a.n_dims - 1];
  bound = n_products * (a.bound * lfb_random_largest (&b) + b.bound * lfb_random_largest (&a) + a.bound * b.bound);
  lfb_random_quantize (self, lfb_random_maybe_relu (self, FUNCTION ("torch.matmul", READ (&a), READ (&b))),
                       a.shape, a.n_dims, bound, FALSE);

  return TRUE;
}

/* The range of the result holds all that can come: the lowered operator knows no
 * other.
 */
static gboolean
scalar (Builder *self)
{
  static const double numbers[] = { 0.5, 2, -1, 1.5, -0.25, 3, 0 };
  Value value = *lfb_random_pick_value (self);
  double number = numbers[lfb_random_pick (self, 0, G_N_ELEMENTS (numbers))];
  gboolean adds = lfb_random_chance (self, 0.5), left = lfb_random_chance (self, 0.3);
  double low = (lfb_dtype_get_min (value.dtype) - value.zero_point) * value.scale;
  double high = (lfb_dtype_get_max (value.dtype) - value.zero_point) * value.scale;
  double first = adds ? low + number : low * number, second = adds ? high + number : high * number;
  double minimum = MIN (MIN (first, second), 0), maximum = MAX (MAX (first, second), 0);
  double scale = ldexp (1, (int) ceil (log2 (MAX (maximum - minimum, 1.0 / 64) / 254)));
  gint64 zero_point = CLAMP ((gint64) ceil (-minimum / scale), 0, 255);
  LfbValue *constant = lfb_random_chance (self, 0.5) && number == floor (number) ? INT ((gint64) number)
                                                                      : lfb_value_for_double (number);
  LfbValue *input = READ (&value);
  LfbNode *node = FUNCTION (adds ? "operator.add" : "torch.mul", left ? constant : input, left ? input : constant);

  lfb_random_quantize_as (self, lfb_random_maybe_relu (self, node),
                          value.shape, value.n_dims, scale, zero_point, LFB_DTYPE_QUINT8,
                          value.bound * (adds ? 1 : fabs (number)) +
                          1.5 * MAX (scale, value.scale * MAX (2 * (1 + fabs (number)), 1)), FALSE);

  return TRUE;
}

/* Quantized as its input is, or not, which keeps it float. */
static void
quantize_same (Builder      *self,
               LfbNode      *node,
               const gint64 *shape,
               guint         n_dims,
               const Value  *value,
               gboolean      inexact)
{
  double scale = lfb_random_chance (self, 0.05) ? value->scale * 2 : value->scale;
  gint64 middle = value->dtype == LFB_DTYPE_QINT8 ? 0 : 128;
  gint64 zero_point = lfb_random_chance (self, 0.05) ? (value->zero_point + middle) / 2 : value->zero_point;

  lfb_random_quantize_as (self, node, shape, n_dims, scale, zero_point, value->dtype, value->bound, inexact);
}

static gboolean
same_range (Builder *self)
{
  Value value = *lfb_random_pick_value (self);
  LfbNode *input = lfb_random_read_value (self, &value);
  gboolean inexact = FALSE;
  LfbNode *node;

  switch (lfb_random_pick (self, 0, 9))
    {
    case 0:
      node = FUNCTION ("torch.nn.functional.relu", NODE (input));
      break;
    case 1:
      node = METHOD (lfb_random_chance (self, 0.5) ? "relu" : "relu_", NODE (input));
      break;
    case 7:
      node = FUNCTION ("torch.nn.functional.relu6", NODE (input), lfb_value_for_bool (lfb_random_chance (self, 0.5)));
      break;
    case 2:
      node = FUNCTION ("torch.nn.functional.relu6", NODE (input));
      break;
    case 3:
      node = FUNCTION ("torch.clamp", NODE (input), lfb_value_for_double (-0.75), lfb_value_for_double (1.3));
      break;
    case 4:
      node = FUNCTION ("torch.nn.functional.hardtanh", NODE (input));
      break;
    case 5:
      if (value.n_dims != 4)
        return FALSE;
      node = FUNCTION ("torch.nn.functional.max_pool2d", NODE (input), INT (3), INT (1), INT (1));
      break;
    case 6:
      if (value.n_dims != 4)
        return FALSE;
      node = FUNCTION ("torch.nn.functional.avg_pool2d", NODE (input), INT (3), INT (1), INT (1));
      inexact = TRUE;
      break;
    default:
      node = FUNCTION ("operator.floordiv", NODE (input), INT (2));
      inexact = value.bound > 0;
      value.bound += value.bound > 0 ? 1 : 0;
      break;
    }
  quantize_same (self, node, value.shape, value.n_dims, &value, inexact);

  return TRUE;
}

static gboolean
shape_only (Builder *self)
{
  Value value = *lfb_random_pick_value (self);
  LfbNode *input = lfb_random_read_value (self, &value);
  gint64 shape[MAX_DIMS], n_elements = 1;
  guint n_dims = value.n_dims;
  LfbNode *node;

  for (guint i = 0; i < n_dims; i++)
    {
      shape[i] = value.shape[i];
      n_elements *= shape[i];
    }

  switch (lfb_random_pick (self, 0, 6))
    {
    case 0:
      node = METHOD ("contiguous", NODE (input));
      break;
    case 1:
      node = FUNCTION ("torch.transpose", NODE (input), INT (n_dims - 1), INT (n_dims - 2));
      shape[n_dims - 1] = value.shape[n_dims - 2];
      shape[n_dims - 2] = value.shape[n_dims - 1];
      break;
    case 2:
      node = FUNCTION ("torch.flatten", NODE (input), INT (1));
      shape[1] = n_elements / shape[0];
      n_dims = 2;
      break;
    case 3:
      /* the size is asked of a tensor that will be int8 */
      node = METHOD ("size", NODE (input), INT (0));
      node = METHOD ("view", NODE (input), NODE (node), INT (-1));
      shape[1] = n_elements / shape[0];
      n_dims = 2;
      break;
    case 4:
      if (n_dims >= MAX_DIMS)
        return FALSE;
      node = METHOD ("unsqueeze", NODE (input), INT (1));
      for (guint i = n_dims; i > 1; i--)
        shape[i] = shape[i - 1];
      shape[1] = 1;
      n_dims++;
      break;
    default:
      if (n_dims != 2 || shape[1] % 4 != 0)
        return FALSE;
      node = METHOD ("reshape", NODE (input), INT (shape[0]), INT (4), INT (shape[1] / 4), INT (1));
      shape[3] = 1;
      shape[2] = shape[1] / 4;
      shape[1] = 4;
      n_dims = 4;
      break;
    }
  quantize_same (self, node, shape, n_dims, &value, FALSE);

  return TRUE;
}

static gboolean
fixed_range (Builder *self)
{
  Value value = *lfb_random_pick_value (self);
  LfbNode *input = lfb_random_read_value (self, &value);
  gboolean tanh = lfb_random_chance (self, 0.4), other = lfb_random_chance (self, 0.1);
  LfbNode *node = tanh ? FUNCTION ("torch.tanh", NODE (input))
                  : lfb_random_chance (self, 0.5) ? METHOD ("sigmoid", NODE (input))
                  : FUNCTION ("torch.nn.functional.hardsigmoid", NODE (input));

  lfb_random_quantize_as (self, node, value.shape, value.n_dims, other ? 1.0 / 64 : tanh ? 1.0 / 128 : 1.0 / 256,
                          tanh ? 128 : 0, LFB_DTYPE_QUINT8, value.bound, TRUE);

  return TRUE;
}

static gboolean
own_range (Builder *self)
{
  static const char *types[] = { "torch.nn.ELU", "torch.nn.Hardswish", "torch.nn.LeakyReLU", "torch.nn.Dropout" };
  static const char *functions[] = { "torch.nn.functional.elu", "torch.nn.functional.hardswish", "torch.nn.functional.leaky_relu" };
  static const char *settings[] = { "alpha", "negative_slope", "p", NULL };
  Value value = *lfb_random_pick_value (self);
  LfbNode *input = lfb_random_read_value (self, &value);
  LfbNode *node;

  if (lfb_random_chance (self, 0.5))
    {
      g_autofree char *path = lfb_random_fresh (self, "own");
      LfbValue *values[] = { lfb_value_for_double (1), lfb_value_for_double (0.125), lfb_value_for_double (0.5) };

      lfb_random_set_module (self, path, types[lfb_random_pick (self, 0, G_N_ELEMENTS (types))], settings, values, 3, NULL, NULL, 0);
      node = MODULE (path, NODE (input));
    }
  else
    {
      node = FUNCTION (functions[lfb_random_pick (self, 0, G_N_ELEMENTS (functions))], NODE (input));
    }
  lfb_random_quantize (self, node, value.shape, value.n_dims, 1.5 * value.bound, TRUE);

  return TRUE;
}

/* Divides by a deviation, which makes much of little: exact inputs only. */
static gboolean
normalization (Builder *self)
{
  Value value = *lfb_random_pick_value (self);
  g_autoptr (LfbValue) shape = NULL;
  LfbNode *input;

  if (value.bound > 0 || value.shape[value.n_dims - 1] < 2)
    return FALSE;

  input = lfb_random_read_value (self, &value);
  lfb_random_quantize (self, FUNCTION ("torch.nn.functional.layer_norm", NODE (input),
                                       lfb_value_for_ints (&value.shape[value.n_dims - 1], 1)),
                       value.shape, value.n_dims, 0, TRUE);

  return TRUE;
}

static gboolean
concatenation (Builder *self)
{
  Value a = *lfb_random_pick_value (self);
  Value b = *lfb_random_pick_like (self, &a);
  LfbValue *items[] = { READ (&a), READ (&b) };
  LfbValue *list = lfb_value_for_list (items, 2);
  gboolean stacks = lfb_random_chance (self, 0.3) && a.n_dims < MAX_DIMS;
  LfbNode *node = FUNCTION (stacks ? "torch.stack" : "torch.cat", list, INT (1));
  Value like = lfb_random_chance (self, 0.5) ? a : b;

  lfb_value_unref (items[0]);
  lfb_value_unref (items[1]);
  like.bound = MAX (a.bound, b.bound);
  if (stacks)
    {
      for (guint i = a.n_dims; i > 1; i--)
        a.shape[i] = a.shape[i - 1];
      a.shape[1] = 2;
      a.n_dims++;
    }
  else
    {
      a.shape[1] *= 2;
    }
  quantize_same (self, node, a.shape, a.n_dims, &like, FALSE);

  return TRUE;
}

/* What has no int8 form. */
static gboolean
float_function (Builder *self)
{
  Value value = *lfb_random_pick_value (self);
  LfbNode *node = FUNCTION ("torch.sin", READ (&value));

  if (lfb_random_chance (self, 0.4))
    lfb_random_give_out (self, node, value.bound);
  else
    lfb_random_quantize (self, node, value.shape, value.n_dims, value.bound, FALSE);

  return TRUE;
}

static gboolean (*const steps[]) (Builder *self) = {
  convolution_module, convolution_module, linear_module, linear_function, convolution_function, dynamic_linear,
  binary, binary, matrix_product, scalar, same_range, same_range, shape_only, shape_only, fixed_range, own_range,
  normalization, concatenation, float_function,
};

LfbRandomStep
lfb_random_pick_step (Builder *self)
{
  return steps[lfb_random_pick (self, 0, G_N_ELEMENTS (steps))];
}
