/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the steps of a random model are made of: numbers, nodes, tensors, modules,
 * and the tensors that they read.
 */

#include "lfb-test-random-builder.h"

#include "../common/lfb-test.h"

#include <math.h>

gboolean
lfb_random_chance (Builder *self,
                   double   probability)
{
  return g_rand_double (self->rand) < probability;
}

int
lfb_random_pick (Builder *self,
                 int      begin,
                 int      end)
{
  return g_rand_int_range (self->rand, begin, end);
}

char *
lfb_random_fresh (Builder    *self,
                  const char *name)
{
  return g_strdup_printf ("%s_%u", name, self->counter++);
}

LfbNode *
lfb_random_add (Builder    *self,
                LfbOp       op,
                const char *target,
                LfbValue  **args,
                gsize       n_args)
{
  g_autoptr (GError) error = NULL;
  LfbNode *node = lfb_graph_create_node (self->graph, op, target, args, n_args, NULL, NULL, &error);

  g_assert_no_error (error);
  return node;
}

/* Takes the values. */
LfbNode *
lfb_random_call (Builder    *self,
                 LfbOp       op,
                 const char *target,
                 gsize       n_args,
                 LfbValue  **args)
{
  LfbNode *node = lfb_random_add (self, op, target, args, n_args);

  for (gsize i = 0; i < n_args; i++)
    lfb_value_unref (args[i]);
  return node;
}

LfbTensor *
lfb_random_make_floats (const float  *data,
                        const gint64 *shape,
                        gsize         n_dims)
{
  gsize n_elements = 1;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  LfbTensor *tensor;

  for (gsize i = 0; i < n_dims; i++)
    n_elements *= shape[i];
  bytes = g_bytes_new (data, n_elements * sizeof *data);
  tensor = lfb_tensor_new_for_bytes (LFB_DTYPE_FLOAT32, shape, n_dims, bytes, &error);
  g_assert_no_error (error);

  return tensor;
}

/* Multiples of @step up to @limit steps. */
LfbTensor *
lfb_random_make_multiples (Builder      *self,
                           double        step,
                           int           limit,
                           const gint64 *shape,
                           gsize         n_dims)
{
  gsize n_elements = 1;
  g_autofree float *data = NULL;

  for (gsize i = 0; i < n_dims; i++)
    n_elements *= shape[i];
  data = g_new (float, n_elements);
  for (gsize i = 0; i < n_elements; i++)
    data[i] = lfb_random_pick (self, -limit, limit + 1) * step;

  return lfb_random_make_floats (data, shape, n_dims);
}

LfbNode *
lfb_random_add_tensor (Builder    *self,
                       const char *prefix,
                       LfbTensor  *tensor)
{
  g_autofree char *name = lfb_random_fresh (self, prefix);
  g_autoptr (LfbValue) value = lfb_value_for_tensor (tensor);

  lfb_graph_module_set_attribute (self->model, name, value);
  g_object_unref (tensor);
  return lfb_random_add (self, LFB_OP_GET_ATTR, name, NULL, 0);
}

LfbTensor *
lfb_random_make_int (gint64 number)
{
  return lfb_test_tensor (LFB_DTYPE_INT64, &number, sizeof number, 0);
}

LfbTensor *
lfb_random_make_float (float number)
{
  return lfb_random_make_floats (&number, NULL, 0);
}

void
lfb_random_give_out (Builder *self,
                     LfbNode *node,
                     double   bound)
{
  g_ptr_array_add (self->outputs, node);
  g_array_append_val (self->random->bounds, bound);
}

/* Quantizes @node, dequantizes, and adds it to what others read. @bound: how far
 * reference and lowered model may be apart before; @inexact: whether the kernel
 * may fall on the other side of a rounding boundary.
 */
void
lfb_random_quantize_as (Builder      *self,
                        LfbNode      *node,
                        const gint64 *shape,
                        guint         n_dims,
                        double        scale,
                        gint64        zero_point,
                        LfbDType      dtype,
                        double        bound,
                        gboolean      inexact)
{
  Value value = { .n_dims = n_dims, .scale = scale, .zero_point = zero_point, .dtype = dtype };
  LfbNode *scale_node, *zero_point_node;

  /* now and then somebody else looks at the float result */
  if (lfb_random_chance (self, 0.04))
    lfb_random_give_out (self, FUNCTION ("torch.sin", NODE (node)), bound + (inexact ? scale : 0));
  if (lfb_random_chance (self, 0.04))
    {
      if (lfb_graph_module_get_qconfig_map (self->model) == NULL)
        {
          g_autoptr (LfbQConfigMap) map = lfb_qconfig_map_new ();

          lfb_graph_module_set_qconfig_map (self->model, map);
        }
      lfb_qconfig_map_set (lfb_graph_module_get_qconfig_map (self->model), lfb_node_get_name (node), NULL);
    }

  for (guint i = 0; i < n_dims; i++)
    value.shape[i] = shape[i];
  scale_node = lfb_random_add_tensor (self, "scale", lfb_random_make_float (scale));
  zero_point_node = lfb_random_add_tensor (self, "zero_point", lfb_random_make_int (zero_point));
  value.quantize = FUNCTION ("torch.quantize_per_tensor", NODE (node), NODE (scale_node), NODE (zero_point_node),
                             lfb_value_for_dtype (dtype));
  value.dequantize = METHOD ("dequantize", NODE (value.quantize));
  value.bound = bound > 0 || inexact ? bound + scale * (inexact ? 2 : 1) : 0;
  g_array_append_val (self->values, value);
}

void
lfb_random_quantize (Builder      *self,
                     LfbNode      *node,
                     const gint64 *shape,
                     guint         n_dims,
                     double        bound,
                     gboolean      inexact)
{
  gboolean is_signed = lfb_random_chance (self, 0.04);
  double scale = ldexp (1, -lfb_random_pick (self, 2, 5));
  gint64 zero_point = lfb_random_pick (self, 0, 256) - (is_signed ? 128 : 0);

  lfb_random_quantize_as (self, node, shape, n_dims, scale, zero_point, is_signed ? LFB_DTYPE_QINT8 : LFB_DTYPE_QUINT8,
                          bound, inexact);
}

/* Newer values more often than older ones. */
const Value *
lfb_random_pick_value (Builder *self)
{
  guint n_values = self->values->len;
  guint back = lfb_random_chance (self, 0.6) ? 0 : lfb_random_pick (self, 0, n_values);

  return &g_array_index (self->values, Value, n_values - 1 - back);
}

const Value *
lfb_random_pick_like (Builder     *self,
                      const Value *value)
{
  guint n_values = self->values->len;
  guint begin = lfb_random_pick (self, 0, n_values);

  for (guint i = 0; i < n_values; i++)
    {
      const Value *other = &g_array_index (self->values, Value, (begin + i) % n_values);
      gboolean same = other->n_dims == value->n_dims;

      for (guint j = 0; same && j < value->n_dims; j++)
        same = other->shape[j] == value->shape[j];
      if (same)
        return other;
    }

  return value;
}

/* Mostly the dequantize that others read, now and then another of its own. Once
 * in a while it is changed in place before it is read.
 */
LfbNode *
lfb_random_read_value (Builder     *self,
                       const Value *value)
{
  LfbNode *node = lfb_random_chance (self, 0.8) ? value->dequantize : METHOD ("dequantize", NODE (value->quantize));

  if (lfb_random_chance (self, 0.02))
    METHOD ("clamp_", NODE (node), lfb_value_for_double (-1.5), lfb_value_for_double (2));

  return node;
}

double
lfb_random_largest (const Value *value)
{
  double low = (lfb_dtype_get_min (value->dtype) - value->zero_point) * value->scale;
  double high = (lfb_dtype_get_max (value->dtype) - value->zero_point) * value->scale;

  return MAX (fabs (low), fabs (high));
}

/* A relu in one of its spellings, or none. */
LfbNode *
lfb_random_maybe_relu (Builder *self,
                       LfbNode *node)
{
  g_autofree char *path = NULL;
  g_autoptr (LfbModule) module = NULL;

  switch (lfb_random_pick (self, 0, 8))
    {
    case 0:
      return FUNCTION ("torch.nn.functional.relu", NODE (node));
    case 1:
      return FUNCTION ("torch.relu", NODE (node));
    case 2:
      return METHOD ("relu", NODE (node));
    case 3:
      path = lfb_random_fresh (self, "relu");
      module = lfb_module_new ("torch.nn.ReLU", NULL, NULL, NULL);
      lfb_graph_module_set_module (self->model, path, module, NULL);
      return MODULE (path, NODE (node));
    default:
      return node;
    }
}

void
lfb_random_set_module (Builder     *self,
                       const char  *path,
                       const char  *type,
                       const char **settings,
                       LfbValue   **values,
                       gsize        n_settings,
                       const char **names,
                       LfbTensor  **tensors,
                       gsize        n_tensors)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  g_autoptr (LfbValue) config = lfb_value_for_dict (settings, values, n_settings);
  g_autoptr (LfbValue) dict = NULL;
  g_autoptr (LfbModule) module = NULL;
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < n_settings; i++)
    lfb_value_unref (values[i]);
  for (gsize i = 0; i < n_tensors; i++)
    {
      g_ptr_array_add (items, lfb_value_for_tensor (tensors[i]));
      g_object_unref (tensors[i]);
    }
  dict = lfb_value_for_dict (names, (LfbValue **) items->pdata, n_tensors);
  module = lfb_module_new (type, config, dict, NULL);
  lfb_graph_module_set_module (self->model, path, module, &error);
  g_assert_no_error (error);
}

LfbValue *
lfb_random_twice (gint64 number)
{
  const gint64 numbers[] = { number, number };

  return lfb_value_for_ints (numbers, 2);
}

/* A reference convolution of @kernel x @kernel that keeps the size. */
void
lfb_random_add_convolution (Builder    *self,
                            const char *path,
                            gint64      n_inputs,
                            gint64      n_outputs,
                            gint64      kernel,
                            gboolean    per_channel)
{
  const char *settings[] = {
    "in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "padding_mode",
    "weight_dtype", "weight_qscheme", NULL,
  };
  LfbValue *values[] = {
    INT (n_inputs), INT (n_outputs), lfb_random_twice (kernel), lfb_random_twice (1), lfb_random_twice (kernel / 2), lfb_random_twice (1), INT (1),
    lfb_value_for_string ("zeros"), lfb_value_for_dtype (LFB_DTYPE_QINT8),
    lfb_value_for_qscheme (per_channel ? LFB_QSCHEME_PER_CHANNEL_AFFINE : LFB_QSCHEME_PER_TENSOR_AFFINE),
  };
  const char *names[] = { "weight", "bias", "weight_scale", "weight_zero_point", "weight_axis", NULL };
  const gint64 shape[] = { n_outputs, n_inputs, kernel, kernel };
  const float scales[] = { WEIGHT_SCALE, WEIGHT_SCALE / 2, WEIGHT_SCALE, WEIGHT_SCALE / 2 };
  const gint64 points[] = { 0, 0, 0, 0 };
  LfbTensor *tensors[] = {
    lfb_random_make_multiples (self, WEIGHT_SCALE / 2, 40, shape, 4),
    lfb_random_make_multiples (self, 0.0625, 20, shape, 1),
    per_channel ? lfb_random_make_floats (scales, shape, 1) : lfb_random_make_float (WEIGHT_SCALE),
    per_channel ? lfb_test_tensor (LFB_DTYPE_INT64, points, n_outputs * sizeof *points, 1, n_outputs) : lfb_random_make_int (0),
    lfb_random_make_int (0),
  };

  lfb_random_set_module (self, path, "torch.ao.nn.quantized.reference.Conv2d", settings, values, G_N_ELEMENTS (values),
                         names, tensors, G_N_ELEMENTS (tensors));
}

void
lfb_random_add_linear (Builder    *self,
                       const char *path,
                       gint64      n_inputs,
                       gint64      n_outputs)
{
  const char *settings[] = { "in_features", "out_features", "weight_dtype", "weight_qscheme", NULL };
  LfbValue *values[] = {
    INT (n_inputs), INT (n_outputs), lfb_value_for_dtype (LFB_DTYPE_QINT8),
    lfb_value_for_qscheme (LFB_QSCHEME_PER_TENSOR_AFFINE),
  };
  const char *names[] = { "weight", "bias", "weight_scale", "weight_zero_point", "weight_axis", NULL };
  const gint64 shape[] = { n_outputs, n_inputs };
  LfbTensor *tensors[] = {
    lfb_random_make_multiples (self, WEIGHT_SCALE / 2, 40, shape, 2), lfb_random_make_multiples (self, 0.0625, 20, shape, 1),
    lfb_random_make_float (WEIGHT_SCALE), lfb_random_make_int (0), lfb_random_make_int (0),
  };

  lfb_random_set_module (self, path, "torch.ao.nn.quantized.reference.Linear", settings, values, G_N_ELEMENTS (values),
                         names, tensors, G_N_ELEMENTS (tensors));
}

/* The most that a product with such a weight makes of a difference. */
double
lfb_random_gain (gint64 n_products)
{
  return n_products * 20.5 * WEIGHT_SCALE;
}

/* A quantized weight among the nodes. */
LfbNode *
lfb_random_add_weight (Builder      *self,
                       const gint64 *shape,
                       gsize         n_dims)
{
  LfbNode *weight = lfb_random_add_tensor (self, "weight", lfb_random_make_multiples (self, WEIGHT_SCALE / 2, 40, shape, n_dims));
  LfbNode *scale = lfb_random_add_tensor (self, "weight_scale", lfb_random_make_float (WEIGHT_SCALE));
  LfbNode *zero_point = lfb_random_add_tensor (self, "weight_zero_point", lfb_random_make_int (0));
  LfbNode *quantize = FUNCTION ("torch.quantize_per_tensor", NODE (weight), NODE (scale), NODE (zero_point),
                                lfb_value_for_dtype (LFB_DTYPE_QINT8));

  return METHOD ("dequantize", NODE (quantize));
}
