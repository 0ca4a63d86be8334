/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-test-random.h.
 *
 * Scales are powers of two, and weights and biases multiples of such, so that
 * sums are exact in float32: where lowering is right, most patterns then give the
 * very same integers. For the others, a bound is carried along: what the
 * operator adds, and what it makes of the bound of its inputs.
 */

#include "lfb-test-random.h"

#include "../common/lfb-test.h"

#include <math.h>

#define MAX_DIMS 6
#define WEIGHT_SCALE (1.0 / 128)

/* A quantized tensor, read through a dequantize. */
typedef struct
{
  LfbNode *quantize;
  LfbNode *dequantize;
  gint64 shape[MAX_DIMS];
  guint n_dims;
  double scale;
  gint64 zero_point;
  LfbDType dtype;
  double bound;
} Value;

typedef struct
{
  LfbTestRandom *random;
  GRand *rand;
  LfbGraphModule *model;
  LfbGraph *graph;
  GArray *values;
  GPtrArray *outputs; /* LfbNode */
  guint counter;
} Builder;

static gboolean
chance (Builder *self,
        double   probability)
{
  return g_rand_double (self->rand) < probability;
}

static int
pick (Builder *self,
      int      begin,
      int      end)
{
  return g_rand_int_range (self->rand, begin, end);
}

static char *
fresh (Builder    *self,
       const char *name)
{
  return g_strdup_printf ("%s_%u", name, self->counter++);
}

static LfbNode *
add (Builder    *self,
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
static LfbNode *
call (Builder    *self,
      LfbOp       op,
      const char *target,
      gsize       n_args,
      LfbValue  **args)
{
  LfbNode *node = add (self, op, target, args, n_args);

  for (gsize i = 0; i < n_args; i++)
    lfb_value_unref (args[i]);
  return node;
}

#define FUNCTION(target, ...) \
  call (self, LFB_OP_CALL_FUNCTION, target, G_N_ELEMENTS (((LfbValue *[]) { __VA_ARGS__ })), (LfbValue *[]) { __VA_ARGS__ })
#define METHOD(target, ...) \
  call (self, LFB_OP_CALL_METHOD, target, G_N_ELEMENTS (((LfbValue *[]) { __VA_ARGS__ })), (LfbValue *[]) { __VA_ARGS__ })
#define MODULE(target, ...) \
  call (self, LFB_OP_CALL_MODULE, target, G_N_ELEMENTS (((LfbValue *[]) { __VA_ARGS__ })), (LfbValue *[]) { __VA_ARGS__ })
#define NODE(node) lfb_value_for_node (node)
#define INT(number) lfb_value_for_int (number)

static LfbTensor *
make_floats (const float  *data,
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
static LfbTensor *
make_multiples (Builder      *self,
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
    data[i] = pick (self, -limit, limit + 1) * step;

  return make_floats (data, shape, n_dims);
}

static LfbNode *
add_tensor (Builder    *self,
            const char *prefix,
            LfbTensor  *tensor)
{
  g_autofree char *name = fresh (self, prefix);
  g_autoptr (LfbValue) value = lfb_value_for_tensor (tensor);

  lfb_graph_module_set_attribute (self->model, name, value);
  g_object_unref (tensor);
  return add (self, LFB_OP_GET_ATTR, name, NULL, 0);
}

static LfbTensor *
make_int (gint64 number)
{
  return lfb_test_tensor (LFB_DTYPE_INT64, &number, sizeof number, 0);
}

static LfbTensor *
make_float (float number)
{
  return make_floats (&number, NULL, 0);
}

static void
give_out (Builder *self,
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
static void
quantize_as (Builder      *self,
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
  if (chance (self, 0.04))
    give_out (self, FUNCTION ("torch.sin", NODE (node)), bound + (inexact ? scale : 0));
  if (chance (self, 0.04))
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
  scale_node = add_tensor (self, "scale", make_float (scale));
  zero_point_node = add_tensor (self, "zero_point", make_int (zero_point));
  value.quantize = FUNCTION ("torch.quantize_per_tensor", NODE (node), NODE (scale_node), NODE (zero_point_node),
                             lfb_value_for_dtype (dtype));
  value.dequantize = METHOD ("dequantize", NODE (value.quantize));
  value.bound = bound > 0 || inexact ? bound + scale * (inexact ? 2 : 1) : 0;
  g_array_append_val (self->values, value);
}

static void
quantize (Builder      *self,
          LfbNode      *node,
          const gint64 *shape,
          guint         n_dims,
          double        bound,
          gboolean      inexact)
{
  gboolean is_signed = chance (self, 0.04);
  double scale = ldexp (1, -pick (self, 2, 5));
  gint64 zero_point = pick (self, 0, 256) - (is_signed ? 128 : 0);

  quantize_as (self, node, shape, n_dims, scale, zero_point, is_signed ? LFB_DTYPE_QINT8 : LFB_DTYPE_QUINT8,
               bound, inexact);
}

/* Newer values more often than older ones. */
static const Value *
pick_value (Builder *self)
{
  guint n_values = self->values->len;
  guint back = chance (self, 0.6) ? 0 : pick (self, 0, n_values);

  return &g_array_index (self->values, Value, n_values - 1 - back);
}

static const Value *
pick_like (Builder     *self,
           const Value *value)
{
  guint n_values = self->values->len;
  guint begin = pick (self, 0, n_values);

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

/* Mostly the dequantize that others read, now and then another of its own. */
static LfbNode *
read_value (Builder     *self,
            const Value *value)
{
  return chance (self, 0.8) ? value->dequantize : METHOD ("dequantize", NODE (value->quantize));
}

static double
largest (const Value *value)
{
  double low = (lfb_dtype_get_min (value->dtype) - value->zero_point) * value->scale;
  double high = (lfb_dtype_get_max (value->dtype) - value->zero_point) * value->scale;

  return MAX (fabs (low), fabs (high));
}

/* A relu in one of its spellings, or none. */
static LfbNode *
maybe_relu (Builder *self,
            LfbNode *node)
{
  g_autofree char *path = NULL;
  g_autoptr (LfbModule) module = NULL;

  switch (pick (self, 0, 8))
    {
    case 0:
      return FUNCTION ("torch.nn.functional.relu", NODE (node));
    case 1:
      return FUNCTION ("torch.relu", NODE (node));
    case 2:
      return METHOD ("relu", NODE (node));
    case 3:
      path = fresh (self, "relu");
      module = lfb_module_new ("torch.nn.ReLU", NULL, NULL, NULL);
      lfb_graph_module_set_module (self->model, path, module, NULL);
      return MODULE (path, NODE (node));
    default:
      return node;
    }
}

static void
set_module (Builder     *self,
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

static LfbValue *
twice (gint64 number)
{
  const gint64 numbers[] = { number, number };

  return lfb_value_for_ints (numbers, 2);
}

/* A reference convolution of @kernel x @kernel that keeps the size. */
static void
add_convolution (Builder    *self,
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
    INT (n_inputs), INT (n_outputs), twice (kernel), twice (1), twice (kernel / 2), twice (1), INT (1),
    lfb_value_for_string ("zeros"), lfb_value_for_dtype (LFB_DTYPE_QINT8),
    lfb_value_for_qscheme (per_channel ? LFB_QSCHEME_PER_CHANNEL_AFFINE : LFB_QSCHEME_PER_TENSOR_AFFINE),
  };
  const char *names[] = { "weight", "bias", "weight_scale", "weight_zero_point", "weight_axis", NULL };
  const gint64 shape[] = { n_outputs, n_inputs, kernel, kernel };
  const float scales[] = { WEIGHT_SCALE, WEIGHT_SCALE / 2, WEIGHT_SCALE, WEIGHT_SCALE / 2 };
  const gint64 points[] = { 0, 0, 0, 0 };
  LfbTensor *tensors[] = {
    make_multiples (self, WEIGHT_SCALE / 2, 40, shape, 4),
    make_multiples (self, 0.0625, 20, shape, 1),
    per_channel ? make_floats (scales, shape, 1) : make_float (WEIGHT_SCALE),
    per_channel ? lfb_test_tensor (LFB_DTYPE_INT64, points, n_outputs * sizeof *points, 1, n_outputs) : make_int (0),
    make_int (0),
  };

  set_module (self, path, "torch.ao.nn.quantized.reference.Conv2d", settings, values, G_N_ELEMENTS (values),
              names, tensors, G_N_ELEMENTS (tensors));
}

static void
add_linear (Builder    *self,
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
    make_multiples (self, WEIGHT_SCALE / 2, 40, shape, 2), make_multiples (self, 0.0625, 20, shape, 1),
    make_float (WEIGHT_SCALE), make_int (0), make_int (0),
  };

  set_module (self, path, "torch.ao.nn.quantized.reference.Linear", settings, values, G_N_ELEMENTS (values),
              names, tensors, G_N_ELEMENTS (tensors));
}

/* The most that a product with such a weight makes of a difference. */
static double
gain (gint64 n_products)
{
  return n_products * 20.5 * WEIGHT_SCALE;
}

static gboolean
convolution_module (Builder *self)
{
  const Value *value = pick_value (self);
  gint64 n_outputs = pick (self, 2, 5), kernel = chance (self, 0.5) ? 3 : 1;
  gint64 shape[] = { value->shape[0], n_outputs, value->shape[2], value->shape[3] };
  double bound;
  gboolean fused = chance (self, 0.4), twice_called = chance (self, 0.2);
  g_autofree char *path = NULL, *part = NULL, *relu = NULL;
  g_autoptr (LfbModule) container = NULL;
  g_autoptr (LfbModule) relu_module = NULL;

  if (value->n_dims != 4)
    return FALSE;

  path = fresh (self, "conv");
  part = g_strconcat (path, ".0", NULL);
  relu = g_strconcat (path, ".1", NULL);
  if (fused)
    {
      container = lfb_module_new ("torch.ao.nn.intrinsic.ConvReLU2d", NULL, NULL, NULL);
      relu_module = lfb_module_new ("torch.nn.ReLU", NULL, NULL, NULL);
      lfb_graph_module_set_module (self->model, path, container, NULL);
    }
  add_convolution (self, fused ? part : path, value->shape[1], n_outputs, kernel, chance (self, 0.5));
  if (fused)
    lfb_graph_module_set_module (self->model, relu, relu_module, NULL);

  bound = gain (value->shape[1] * kernel * kernel) * value->bound;
  for (int i = 0; i < (twice_called ? 2 : 1); i++)
    {
      /* quantizing adds to the array, and moves what is in it */
      Value copy = *value;

      quantize (self, maybe_relu (self, MODULE (path, NODE (read_value (self, &copy)))), shape, 4, bound, FALSE);
      value = &g_array_index (self->values, Value, self->values->len - 1);
      if (value->shape[1] != copy.shape[1])
        break;
      bound = gain (value->shape[1] * kernel * kernel) * value->bound;
    }

  return TRUE;
}

static gboolean
linear_module (Builder *self)
{
  Value value = *pick_value (self);
  gint64 n_inputs = value.shape[value.n_dims - 1];
  g_autofree char *path = fresh (self, "linear");

  value.shape[value.n_dims - 1] = pick (self, 2, 7);
  add_linear (self, path, n_inputs, value.shape[value.n_dims - 1]);
  quantize (self, maybe_relu (self, MODULE (path, NODE (read_value (self, &value)))), value.shape, value.n_dims,
            gain (n_inputs) * value.bound, FALSE);

  return TRUE;
}

/* A quantized weight among the nodes. */
static LfbNode *
add_weight (Builder      *self,
            const gint64 *shape,
            gsize         n_dims)
{
  LfbNode *weight = add_tensor (self, "weight", make_multiples (self, WEIGHT_SCALE / 2, 40, shape, n_dims));
  LfbNode *scale = add_tensor (self, "weight_scale", make_float (WEIGHT_SCALE));
  LfbNode *zero_point = add_tensor (self, "weight_zero_point", make_int (0));
  LfbNode *quantize = FUNCTION ("torch.quantize_per_tensor", NODE (weight), NODE (scale), NODE (zero_point),
                                lfb_value_for_dtype (LFB_DTYPE_QINT8));

  return METHOD ("dequantize", NODE (quantize));
}

static gboolean
linear_function (Builder *self)
{
  Value value = *pick_value (self);
  const gint64 shape[] = { pick (self, 2, 7), value.shape[value.n_dims - 1] };
  LfbNode *weight = add_weight (self, shape, 2);
  LfbNode *bias = add_tensor (self, "bias", make_multiples (self, 0.0625, 20, shape, 1));
  LfbNode *node;

  node = FUNCTION ("torch.nn.functional.linear", NODE (read_value (self, &value)), NODE (weight), NODE (bias));
  value.shape[value.n_dims - 1] = shape[0];
  quantize (self, maybe_relu (self, node), value.shape, value.n_dims, gain (shape[1]) * value.bound, FALSE);

  /* the same weight once more */
  if (chance (self, 0.3) && shape[0] == shape[1])
    {
      value = g_array_index (self->values, Value, self->values->len - 1);
      node = FUNCTION ("torch.nn.functional.linear", NODE (read_value (self, &value)), NODE (weight), NODE (bias));
      quantize (self, maybe_relu (self, node), value.shape, value.n_dims, gain (shape[1]) * value.bound, FALSE);
    }

  return TRUE;
}

static gboolean
convolution_function (Builder *self)
{
  Value value = *pick_value (self);
  gint64 shape[] = { pick (self, 2, 5), value.shape[1], 3, 3 };
  LfbNode *weight, *bias, *node;

  if (value.n_dims != 4)
    return FALSE;

  weight = add_weight (self, shape, 4);
  bias = add_tensor (self, "bias", make_multiples (self, 0.0625, 20, shape, 1));
  node = FUNCTION ("torch.conv2d", NODE (read_value (self, &value)), NODE (weight), NODE (bias), twice (1), twice (1),
                   twice (1), INT (1));
  value.shape[1] = shape[0];
  quantize (self, maybe_relu (self, node), value.shape, 4, gain (shape[1] * 9) * value.bound, FALSE);

  return TRUE;
}

/* Quantizes what it is given by itself, in reference and lowered model. */
static gboolean
dynamic_linear (Builder *self)
{
  Value value = *pick_value (self);
  gint64 n_inputs = value.shape[value.n_dims - 1];
  g_autofree char *path = NULL;
  LfbNode *dynamic, *node;
  double bound;

  if (value.bound > 0)
    return FALSE;

  path = fresh (self, "dynamic");
  dynamic = FUNCTION ("torch.quantize_per_tensor_dynamic", NODE (value.dequantize),
                      lfb_value_for_dtype (LFB_DTYPE_QUINT8), lfb_value_for_bool (TRUE));
  dynamic = METHOD ("dequantize", NODE (dynamic));
  value.shape[value.n_dims - 1] = pick (self, 2, 7);
  bound = 1e-4 * gain (n_inputs) * largest (&value);
  if (chance (self, 0.5))
    {
      add_linear (self, path, n_inputs, value.shape[value.n_dims - 1]);
      node = MODULE (path, NODE (dynamic));
    }
  else
    {
      const gint64 shape[] = { value.shape[value.n_dims - 1], n_inputs };

      node = FUNCTION ("torch.nn.functional.linear", NODE (dynamic), NODE (add_weight (self, shape, 2)));
    }
  node = maybe_relu (self, node);
  if (chance (self, 0.5))
    give_out (self, node, bound);
  else
    quantize (self, node, value.shape, value.n_dims, bound, FALSE);

  return TRUE;
}

static gboolean
binary (Builder *self)
{
  static const char *functions[] = { "operator.add", "torch.add", "operator.mul", "torch.mul" };
  Value a = *pick_value (self);
  Value b = *pick_like (self, &a);
  guint function = pick (self, 0, G_N_ELEMENTS (functions));
  double bound = function < 2 ? a.bound + b.bound
                              : a.bound * largest (&b) + b.bound * largest (&a) + a.bound * b.bound;
  LfbNode *first = read_value (self, &a);
  LfbNode *second = a.quantize == b.quantize ? first : read_value (self, &b);

  quantize (self, maybe_relu (self, FUNCTION (functions[function], NODE (first), NODE (second))), a.shape, a.n_dims,
            bound, FALSE);

  return TRUE;
}

static gboolean
matrix_product (Builder *self)
{
  Value a = *pick_value (self);
  Value b = *pick_like (self, &a);
  gint64 n_products;
  double bound;

  if (a.n_dims < 2 || a.shape[a.n_dims - 1] != a.shape[a.n_dims - 2])
    return FALSE;

  n_products = a.shape[a.n_dims - 1];
  bound = n_products * (a.bound * largest (&b) + b.bound * largest (&a) + a.bound * b.bound);
  quantize (self, maybe_relu (self, FUNCTION ("torch.matmul", NODE (read_value (self, &a)), NODE (read_value (self, &b)))),
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
  Value value = *pick_value (self);
  double number = numbers[pick (self, 0, G_N_ELEMENTS (numbers))];
  gboolean adds = chance (self, 0.5), left = chance (self, 0.3);
  double low = (lfb_dtype_get_min (value.dtype) - value.zero_point) * value.scale;
  double high = (lfb_dtype_get_max (value.dtype) - value.zero_point) * value.scale;
  double first = adds ? low + number : low * number, second = adds ? high + number : high * number;
  double minimum = MIN (MIN (first, second), 0), maximum = MAX (MAX (first, second), 0);
  double scale = ldexp (1, (int) ceil (log2 (MAX (maximum - minimum, 1.0 / 64) / 254)));
  gint64 zero_point = CLAMP ((gint64) ceil (-minimum / scale), 0, 255);
  LfbValue *constant = chance (self, 0.5) && number == floor (number) ? INT ((gint64) number)
                                                                      : lfb_value_for_double (number);
  LfbValue *input = NODE (read_value (self, &value));
  LfbNode *node = FUNCTION (adds ? "operator.add" : "torch.mul", left ? constant : input, left ? input : constant);

  quantize_as (self, maybe_relu (self, node), value.shape, value.n_dims, scale, zero_point, LFB_DTYPE_QUINT8,
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
  gboolean other = chance (self, 0.08);

  quantize_as (self, node, shape, n_dims, other ? value->scale * 2 : value->scale, value->zero_point, value->dtype,
               value->bound, inexact);
}

static gboolean
same_range (Builder *self)
{
  Value value = *pick_value (self);
  LfbNode *input = read_value (self, &value);
  gboolean inexact = FALSE;
  LfbNode *node;

  switch (pick (self, 0, 8))
    {
    case 0:
      node = FUNCTION ("torch.nn.functional.relu", NODE (input));
      break;
    case 1:
      node = METHOD ("relu", NODE (input));
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
  Value value = *pick_value (self);
  LfbNode *input = read_value (self, &value);
  gint64 shape[MAX_DIMS], n_elements = 1;
  guint n_dims = value.n_dims;
  LfbNode *node;

  for (guint i = 0; i < n_dims; i++)
    {
      shape[i] = value.shape[i];
      n_elements *= shape[i];
    }

  switch (pick (self, 0, 6))
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
  Value value = *pick_value (self);
  LfbNode *input = read_value (self, &value);
  gboolean tanh = chance (self, 0.4), other = chance (self, 0.1);
  LfbNode *node = tanh ? FUNCTION ("torch.tanh", NODE (input))
                  : chance (self, 0.5) ? METHOD ("sigmoid", NODE (input))
                  : FUNCTION ("torch.nn.functional.hardsigmoid", NODE (input));

  quantize_as (self, node, value.shape, value.n_dims, other ? 1.0 / 64 : tanh ? 1.0 / 128 : 1.0 / 256,
               tanh ? 128 : 0, LFB_DTYPE_QUINT8, value.bound, TRUE);

  return TRUE;
}

static gboolean
own_range (Builder *self)
{
  static const char *types[] = { "torch.nn.ELU", "torch.nn.Hardswish", "torch.nn.LeakyReLU", "torch.nn.Dropout" };
  static const char *functions[] = { "torch.nn.functional.elu", "torch.nn.functional.hardswish", "torch.nn.functional.leaky_relu" };
  static const char *settings[] = { "alpha", "negative_slope", "p", NULL };
  Value value = *pick_value (self);
  LfbNode *input = read_value (self, &value);
  LfbNode *node;

  if (chance (self, 0.5))
    {
      g_autofree char *path = fresh (self, "own");
      LfbValue *values[] = { lfb_value_for_double (1), lfb_value_for_double (0.125), lfb_value_for_double (0.5) };

      set_module (self, path, types[pick (self, 0, G_N_ELEMENTS (types))], settings, values, 3, NULL, NULL, 0);
      node = MODULE (path, NODE (input));
    }
  else
    {
      node = FUNCTION (functions[pick (self, 0, G_N_ELEMENTS (functions))], NODE (input));
    }
  quantize (self, node, value.shape, value.n_dims, 1.5 * value.bound, TRUE);

  return TRUE;
}

/* Divides by a deviation, which makes much of little: exact inputs only. */
static gboolean
normalization (Builder *self)
{
  Value value = *pick_value (self);
  g_autoptr (LfbValue) shape = NULL;
  LfbNode *input;

  if (value.bound > 0 || value.shape[value.n_dims - 1] < 2)
    return FALSE;

  input = read_value (self, &value);
  quantize (self, FUNCTION ("torch.nn.functional.layer_norm", NODE (input),
                            lfb_value_for_ints (&value.shape[value.n_dims - 1], 1)),
            value.shape, value.n_dims, 0, TRUE);

  return TRUE;
}

static gboolean
concatenation (Builder *self)
{
  Value a = *pick_value (self);
  Value b = *pick_like (self, &a);
  LfbValue *items[] = { NODE (read_value (self, &a)), NODE (read_value (self, &b)) };
  LfbValue *list = lfb_value_for_list (items, 2);
  gboolean stacks = chance (self, 0.3) && a.n_dims < MAX_DIMS;
  LfbNode *node = FUNCTION (stacks ? "torch.stack" : "torch.cat", list, INT (1));
  Value like = a;

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
  Value value = *pick_value (self);
  LfbNode *node = FUNCTION ("torch.sin", NODE (read_value (self, &value)));

  if (chance (self, 0.4))
    give_out (self, node, value.bound);
  else
    quantize (self, node, value.shape, value.n_dims, value.bound, FALSE);

  return TRUE;
}

static gboolean (*const steps[]) (Builder *self) = {
  convolution_module, convolution_module, linear_module, linear_function, convolution_function, dynamic_linear,
  binary, binary, matrix_product, scalar, same_range, same_range, shape_only, shape_only, fixed_range, own_range,
  normalization, concatenation, float_function,
};

static gsize
count_elements (const Value *value)
{
  gsize n_elements = 1;

  for (guint i = 0; i < value->n_dims; i++)
    n_elements *= value->shape[i];
  return n_elements;
}

static void
finish (Builder *self)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  const Value *last = &g_array_index (self->values, Value, self->values->len - 1);

  give_out (self, last->dequantize, last->bound);
  if (chance (self, 0.5))
    {
      const Value *value = pick_value (self);

      give_out (self, value->dequantize, value->bound);
    }
  for (guint i = 0; i < self->outputs->len; i++)
    g_ptr_array_add (items, NODE (g_ptr_array_index (self->outputs, i)));
  call (self, LFB_OP_OUTPUT, "output", 1,
        (LfbValue *[]) { lfb_value_for_tuple ((LfbValue **) items->pdata, items->len) });
}

/* The same seed makes the same model. */
LfbTestRandom *
lfb_test_random_new (guint32 seed)
{
  LfbTestRandom *random = g_new0 (LfbTestRandom, 1);
  const gint64 shape[] = { 2, 4, 4, 4 };
  g_autoptr (GArray) values = g_array_new (FALSE, FALSE, sizeof (Value));
  g_autoptr (GPtrArray) outputs = g_ptr_array_new ();
  Builder builder = { .random = random, .rand = g_rand_new_with_seed (seed), .values = values, .outputs = outputs };
  int n_steps;

  random->seed = seed;
  random->bounds = g_array_new (FALSE, FALSE, sizeof (double));
  random->model = builder.model = lfb_graph_module_new (NULL);
  builder.graph = lfb_graph_module_get_graph (builder.model);
  random->input = make_multiples (&builder, 1.0 / 64, 200, shape, 4);
  quantize (&builder, add (&builder, LFB_OP_PLACEHOLDER, "x", NULL, 0), shape, 4, 0, FALSE);

  n_steps = pick (&builder, 1, 14);
  for (int i = 0; i < n_steps; i++)
    {
      const Value *last = &g_array_index (values, Value, values->len - 1);

      if (count_elements (last) > 4096)
        break;
      steps[pick (&builder, 0, G_N_ELEMENTS (steps))] (&builder);
    }
  finish (&builder);
  g_rand_free (builder.rand);

  return random;
}

void
lfb_test_random_free (LfbTestRandom *self)
{
  g_object_unref (self->model);
  g_object_unref (self->input);
  g_array_unref (self->bounds);
  g_free (self);
}
