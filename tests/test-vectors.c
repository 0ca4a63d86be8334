/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* FBGEMM's own results, to the bit: every file of tests/vectors through the
 * operator by name with a packed weight, through a session over a module, and
 * through a packed object into a buffer.
 */

#include "common/lfb-test.h"

#include <json-glib/json-glib.h>

typedef struct {
  gboolean is_conv;
  gsize n_spatial;
  gboolean relu;
  double x_scale, y_scale;
  gint64 x_zero_point, y_zero_point;
  gint64 groups;
  gint64 stride[3], padding[3], dilation[3];

  LfbTensor *x;        /* quint8, channels first */
  LfbTensor *weight;   /* qint8 per channel, (out, in / groups, kernel...) */
  LfbTensor *bias;
  LfbTensor *y;        /* the recorded bytes, channels first */
} Vector;

static void
vector_clear (Vector *self)
{
  g_clear_object (&self->x);
  g_clear_object (&self->weight);
  g_clear_object (&self->bias);
  g_clear_object (&self->y);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Vector, vector_clear)

/* The last dimension moves behind the first. */
static LfbTensor *
channels_first (LfbTensor *tensor)
{
  gsize n_dims, outer, inner = 1, channels;
  const gint64 *shape = lfb_tensor_get_shape (tensor, &n_dims);
  const guint8 *from = lfb_tensor_get_data (tensor, NULL);
  g_autofree guint8 *to = g_malloc (MAX (lfb_tensor_get_n_elements (tensor), 1));
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  gint64 moved[5];
  LfbTensor *result;

  outer = shape[0];
  channels = shape[n_dims - 1];
  moved[0] = shape[0];
  moved[1] = shape[n_dims - 1];
  for (gsize i = 1; i + 1 < n_dims; i++)
    {
      inner *= shape[i];
      moved[i + 1] = shape[i];
    }
  for (gsize o = 0; o < outer; o++)
    for (gsize i = 0; i < inner; i++)
      for (gsize c = 0; c < channels; c++)
        to[(o * channels + c) * inner + i] = from[(o * inner + i) * channels + c];

  bytes = g_bytes_new (to, lfb_tensor_get_n_elements (tensor));
  result = lfb_tensor_new_for_bytes (lfb_tensor_get_dtype (tensor), moved, n_dims, bytes, &error);
  g_assert_no_error (error);

  return result;
}

static LfbTensor *
arrange (const Vector *self,
         LfbTensor    *tensor)
{
  return self->is_conv ? channels_first (tensor) : g_object_ref (tensor);
}

static void
read_sizes (JsonObject *object,
            const char *name,
            gsize       n,
            gint64     *sizes)
{
  JsonArray *array = json_object_get_array_member (object, name);

  g_assert_cmpuint (json_array_get_length (array), ==, n);
  for (gsize i = 0; i < n; i++)
    sizes[i] = json_array_get_int_element (array, i);
}

static void
read_settings (Vector        *self,
               LfbTensorFile *file)
{
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GError) error = NULL;
  JsonObject *object;
  const char *op;

  node = json_from_string (lfb_tensor_file_get_metadata (file, "case"), &error);
  g_assert_no_error (error);
  object = json_node_get_object (node);
  op = json_object_get_string_member (object, "op");
  self->relu = json_object_get_boolean_member (object, "relu");
  self->x_scale = json_object_get_double_member (object, "x_scale");
  self->y_scale = json_object_get_double_member (object, "y_scale");
  self->x_zero_point = json_object_get_int_member (object, "x_zero_point");
  self->y_zero_point = json_object_get_int_member (object, "y_zero_point");
  self->is_conv = strcmp (op, "linear") != 0;
  if (!self->is_conv)
    return;

  g_assert_true (strcmp (op, "conv2d") == 0 || strcmp (op, "conv3d") == 0);
  self->n_spatial = op[4] - '0';
  self->groups = json_object_get_int_member (object, "groups");
  read_sizes (object, "stride", self->n_spatial, self->stride);
  read_sizes (object, "padding", self->n_spatial, self->padding);
  read_sizes (object, "dilation", self->n_spatial, self->dilation);
}

static void
vector_load (Vector     *self,
             const char *name)
{
  g_autofree char *file_name = g_strconcat (name, ".safetensors", NULL);
  g_autofree char *path = lfb_test_data_path ("vectors", file_name, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbTensorFile) file = lfb_tensor_file_load (path, &error);
  g_autoptr (LfbTensor) x = NULL;
  g_autoptr (LfbTensor) w = NULL;

  g_assert_no_error (error);
  memset (self, 0, sizeof *self);
  read_settings (self, file);

  x = arrange (self, lfb_tensor_file_get (file, "x"));
  w = arrange (self, lfb_tensor_file_get (file, "w"));
  self->x = lfb_tensor_new_quantized (x, self->x_scale, self->x_zero_point, LFB_DTYPE_QUINT8, &error);
  g_assert_no_error (error);
  self->weight = lfb_tensor_new_quantized_per_channel (w, lfb_tensor_file_get (file, "w_scale"),
                                                       lfb_tensor_file_get (file, "w_zero_point"), 0,
                                                       LFB_DTYPE_QINT8, &error);
  g_assert_no_error (error);
  self->bias = g_object_ref (lfb_tensor_file_get (file, "bias"));
  self->y = arrange (self, lfb_tensor_file_get (file, "y"));
}

static gsize
count_differences (const Vector *self,
                   LfbTensor    *found)
{
  gsize size, wanted_size, n = 0;
  const guint8 *bytes = lfb_tensor_get_data (found, &size);
  const guint8 *wanted = lfb_tensor_get_data (self->y, &wanted_size);
  gsize n_dims, n_wanted;
  const gint64 *shape = lfb_tensor_get_shape (found, &n_dims), *wanted_shape = lfb_tensor_get_shape (self->y, &n_wanted);

  g_assert_cmpint (lfb_tensor_get_dtype (found), ==, LFB_DTYPE_QUINT8);
  g_assert_cmpmem (shape, n_dims * sizeof *shape, wanted_shape, n_wanted * sizeof *wanted_shape);
  g_assert_cmpuint (size, ==, wanted_size);
  g_assert_cmpuint (size, >, 0);
  for (gsize i = 0; i < size; i++)
    n += bytes[i] != wanted[i];

  return n;
}

static LfbValue *
pack (const Vector *self)
{
  g_autoptr (GPtrArray) args = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  g_autofree char *function = NULL;
  g_autoptr (GError) error = NULL;
  LfbValue *packed;

  g_ptr_array_add (args, lfb_value_for_tensor (self->weight));
  g_ptr_array_add (args, lfb_value_for_tensor (self->bias));
  if (self->is_conv)
    {
      g_ptr_array_add (args, lfb_value_for_ints (self->stride, self->n_spatial));
      g_ptr_array_add (args, lfb_value_for_ints (self->padding, self->n_spatial));
      g_ptr_array_add (args, lfb_value_for_ints (self->dilation, self->n_spatial));
      g_ptr_array_add (args, lfb_value_for_int (self->groups));
      function = g_strdup_printf ("torch.ops.quantized.conv%" G_GSIZE_FORMAT "d_prepack", self->n_spatial);
    }
  else
    {
      function = g_strdup ("torch.ops.quantized.linear_prepack");
    }
  packed = lfb_call (function, (LfbValue **) args->pdata, args->len, NULL, NULL, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpint (lfb_value_get_kind (packed), ==, LFB_VALUE_KIND_PACKED);

  return packed;
}

static LfbTensor *
run_by_name (const Vector *self)
{
  g_autoptr (LfbValue) x = lfb_value_for_tensor (self->x);
  g_autoptr (LfbValue) packed = pack (self);
  g_autoptr (LfbValue) scale = lfb_value_for_double (self->y_scale);
  g_autoptr (LfbValue) zero_point = lfb_value_for_int (self->y_zero_point);
  LfbValue *args[] = { x, packed, scale, zero_point };
  g_autofree char *op = self->is_conv ? g_strdup_printf ("conv%" G_GSIZE_FORMAT "d", self->n_spatial) : g_strdup ("linear");
  g_autofree char *function = g_strconcat ("torch.ops.quantized.", op, self->relu ? "_relu" : "", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbValue) result = lfb_call (function, args, G_N_ELEMENTS (args), NULL, NULL, 0, &error);

  g_assert_no_error (error);

  return g_object_ref (lfb_value_get_tensor (result));
}

/* A module with the vector's settings, as a lowered model has it. */
static LfbModule *
make_module (const Vector *self)
{
  static const char * const tensor_names[] = { "weight", "bias", NULL };
  static const char * const output_names[] = { "scale", "zero_point", NULL };
  static const char * const setting_names[] = { "scale", "zero_point", "stride", "padding", "dilation", "groups", NULL };
  g_autoptr (LfbValue) weight = lfb_value_for_tensor (self->weight);
  g_autoptr (LfbValue) bias = lfb_value_for_tensor (self->bias);
  LfbValue *tensor_items[] = { weight, bias };
  g_autoptr (LfbValue) tensors = lfb_value_for_dict (tensor_names, tensor_items, 2);
  g_autoptr (LfbValue) scale = lfb_value_for_double (self->y_scale);
  g_autoptr (LfbValue) zero_point = lfb_value_for_int (self->y_zero_point);
  g_autoptr (LfbValue) stride = lfb_value_for_ints (self->stride, self->n_spatial);
  g_autoptr (LfbValue) padding = lfb_value_for_ints (self->padding, self->n_spatial);
  g_autoptr (LfbValue) dilation = lfb_value_for_ints (self->dilation, self->n_spatial);
  g_autoptr (LfbValue) groups = lfb_value_for_int (self->groups);
  LfbValue *setting_items[] = { scale, zero_point, stride, padding, dilation, groups };
  g_autoptr (LfbValue) settings = lfb_value_for_dict (self->is_conv ? setting_names : output_names, setting_items,
                                                      self->is_conv ? 6 : 2);
  g_autofree char *type = NULL;

  if (self->is_conv)
    type = g_strdup_printf ("torch.ao.nn.%s%" G_GSIZE_FORMAT "d",
                            self->relu ? "intrinsic.quantized.ConvReLU" : "quantized.Conv", self->n_spatial);
  else
    type = g_strdup (self->relu ? "torch.ao.nn.intrinsic.quantized.LinearReLU" : "torch.ao.nn.quantized.Linear");

  return lfb_module_new (type, settings, tensors, NULL);
}

static LfbTensor *
run_in_session (const Vector *self)
{
  g_autoptr (LfbGraph) graph = lfb_graph_new ();
  g_autoptr (LfbGraphModule) model = NULL;
  g_autoptr (LfbModule) module = make_module (self);
  g_autoptr (LfbSession) session = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree LfbTensor **outputs = NULL;
  LfbTensor *inputs[] = { self->x };
  LfbNode *x, *y;
  gsize n;

  x = lfb_test_node (graph, LFB_OP_PLACEHOLDER, "x", NULL);
  y = lfb_test_node (graph, LFB_OP_CALL_MODULE, "layer", x, NULL);
  lfb_test_node (graph, LFB_OP_OUTPUT, "output", y, NULL);
  model = lfb_graph_module_new (graph);
  g_assert_true (lfb_graph_module_set_module (model, "layer", module, &error));
  g_assert_no_error (error);

  session = lfb_session_new (model, NULL, &error);
  g_assert_no_error (error);
  outputs = lfb_session_run (session, inputs, 1, NULL, &n, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, 1);

  return outputs[0];
}

static LfbValue *
make_settings (const Vector *self)
{
  static const char * const names[] = { "stride", "padding", "dilation", "groups", NULL };
  g_autoptr (LfbValue) stride = lfb_value_for_ints (self->stride, self->n_spatial);
  g_autoptr (LfbValue) padding = lfb_value_for_ints (self->padding, self->n_spatial);
  g_autoptr (LfbValue) dilation = lfb_value_for_ints (self->dilation, self->n_spatial);
  g_autoptr (LfbValue) groups = lfb_value_for_int (self->groups);
  LfbValue *items[] = { stride, padding, dilation, groups };

  return lfb_value_for_dict (names, items, G_N_ELEMENTS (items));
}

/* What is allocated is what the object says that the output takes, no more. */
static LfbTensor *
run_into_buffer (const Vector *self)
{
  gsize n_dims, n, size = 1;
  const gint64 *x_shape = lfb_tensor_get_shape (self->x, &n_dims);
  g_autoptr (LfbPackedLinear) linear = NULL;
  g_autoptr (LfbPackedConv) conv = NULL;
  g_autoptr (LfbBuffer) buffer = NULL;
  g_autoptr (LfbTensor) integers = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gint64 *shape = NULL;
  LfbTensor *result;
  gboolean ok;

  if (self->is_conv)
    {
      g_autoptr (LfbValue) settings = make_settings (self);

      conv = lfb_packed_conv_new (self->weight, self->bias, settings, &error);
      g_assert_no_error (error);
      shape = lfb_packed_conv_get_output_shape (conv, x_shape, n_dims, &n, &error);
    }
  else
    {
      linear = lfb_packed_linear_new (self->weight, self->bias, &error);
      g_assert_no_error (error);
      shape = lfb_packed_linear_get_output_shape (linear, x_shape, n_dims, &n, &error);
    }
  g_assert_no_error (error);
  for (gsize i = 0; i < n; i++)
    size *= shape[i];
  buffer = lfb_buffer_new (size, &error);
  g_assert_no_error (error);

  if (self->is_conv)
    ok = (self->relu ? lfb_packed_conv_apply_relu_into
                     : lfb_packed_conv_apply_into) (conv, self->x, self->y_scale, self->y_zero_point, buffer, &error);
  else
    ok = (self->relu ? lfb_packed_linear_apply_relu_into
                     : lfb_packed_linear_apply_into) (linear, self->x, self->y_scale, self->y_zero_point, buffer, &error);
  g_assert_no_error (error);
  g_assert_true (ok);

  integers = lfb_tensor_new_for_pointer (LFB_DTYPE_UINT8, shape, n, lfb_buffer_get_address (buffer), size,
                                         G_OBJECT (buffer), &error);
  g_assert_no_error (error);
  result = lfb_tensor_new_quantized (integers, self->y_scale, self->y_zero_point, LFB_DTYPE_QUINT8, &error);
  g_assert_no_error (error);

  return result;
}

static void
test_vector (gconstpointer data)
{
  g_auto (Vector) vector = { 0 };
  g_autoptr (LfbTensor) by_name = NULL;
  g_autoptr (LfbTensor) in_session = NULL;
  g_autoptr (LfbTensor) in_buffer = NULL;

  vector_load (&vector, data);
  by_name = run_by_name (&vector);
  in_session = run_in_session (&vector);
  in_buffer = run_into_buffer (&vector);
  g_assert_cmpuint (count_differences (&vector, by_name), ==, 0);
  g_assert_cmpuint (count_differences (&vector, in_session), ==, 0);
  g_assert_cmpuint (count_differences (&vector, in_buffer), ==, 0);
  g_assert_cmpfloat (lfb_tensor_get_scale (by_name), ==, vector.y_scale);
  g_assert_cmpint (lfb_tensor_get_zero_point (by_name), ==, vector.y_zero_point);
}

int
main (int    argc,
      char **argv)
{
  g_auto (GStrv) names = NULL;

  g_test_init (&argc, &argv, NULL);
  names = lfb_test_list ("vectors", ".safetensors");
  g_assert_cmpuint (g_strv_length (names), ==, 124);
  for (gsize i = 0; names[i] != NULL; i++)
    {
      g_autofree char *path = g_strconcat ("/vectors/", names[i], NULL);

      g_test_add_data_func (path, names[i], test_vector);
    }

  return g_test_run ();
}
