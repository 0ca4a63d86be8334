/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* lowerfb compare: how far two models are apart on the same inputs. */

#include "command-private.h"

#include <lowerfb/run/lfb-half-private.h>

#include <math.h>
#include <string.h>

typedef struct
{
  const char *models[2];
  const char *inputs;

  GPtrArray *rows;
} Compare;

typedef struct
{
  gint64 n_elements;
  gint64 n_different;
  double largest;
  double mean;
  double signal_to_noise;       /* dB */
} Difference;

/* Of one output. */
typedef struct
{
  char *name;
  LfbTensor *tensor;
  Difference difference;
} Row;

static void
row_free (gpointer data)
{
  Row *self = data;

  g_free (self->name);
  g_object_unref (self->tensor);
  g_free (self);
}

static double
get_number (LfbDType       dtype,
            gconstpointer  data,
            gint64         i)
{
  switch (dtype)
    {
    case LFB_DTYPE_FLOAT32:
      return ((const float *) data)[i];
    case LFB_DTYPE_FLOAT64:
      return ((const double *) data)[i];
    case LFB_DTYPE_FLOAT16:
      return lfb_half_to_float (((const guint16 *) data)[i]);
    case LFB_DTYPE_BFLOAT16:
      return lfb_bfloat_to_float (((const guint16 *) data)[i]);
    case LFB_DTYPE_UINT8:
    case LFB_DTYPE_BOOL:
      return ((const guint8 *) data)[i];
    case LFB_DTYPE_INT8:
      return ((const gint8 *) data)[i];
    case LFB_DTYPE_INT16:
      return ((const gint16 *) data)[i];
    case LFB_DTYPE_INT32:
      return ((const gint32 *) data)[i];
    case LFB_DTYPE_INT64:
      return ((const gint64 *) data)[i];
    case LFB_DTYPE_QUINT8:
    case LFB_DTYPE_QINT8:
    case LFB_DTYPE_QINT32:
    case LFB_DTYPE_QUINT4X2:
    case LFB_DTYPE_QUINT2X4:
      break;
    }

  g_assert_not_reached ();
}

/* Quantized tensors by the numbers that they stand for. */
static LfbTensor *
get_plain (LfbTensor  *tensor,
           GError    **error)
{
  return lfb_tensor_is_quantized (tensor) ? lfb_tensor_dequantize (tensor, error) : g_object_ref (tensor);
}

/* Equal infinities are no distance apart, and neither are two NaNs. */
static double
get_distance (double a,
              double b)
{
  if (a == b || (isnan (a) && isnan (b)))
    return 0;

  return fabs (a - b);
}

static Difference
measure (LfbTensor *a,
         LfbTensor *b)
{
  Difference result = { .n_elements = lfb_tensor_get_n_elements (a) };
  LfbDType dtype_a = lfb_tensor_get_dtype (a), dtype_b = lfb_tensor_get_dtype (b);
  gconstpointer data_a = lfb_tensor_get_data (a, NULL), data_b = lfb_tensor_get_data (b, NULL);
  double sum = 0, signal = 0, noise = 0;

  for (gint64 i = 0; i < result.n_elements; i++)
    {
      double value = get_number (dtype_a, data_a, i);
      double distance = get_distance (value, get_number (dtype_b, data_b, i));

      result.n_different += distance != 0;
      /* A NaN on one side only must show. */
      if (!(distance <= result.largest))
        result.largest = isnan (result.largest) ? result.largest : distance;
      sum += distance;
      signal += value * value;
      noise += distance * distance;
    }

  result.mean = result.n_elements > 0 ? sum / result.n_elements : 0;
  result.signal_to_noise = noise == 0 ? INFINITY : 10 * log10 (signal / noise);
  return result;
}

static char *
shape_to_text (LfbTensor *tensor)
{
  g_autoptr (GString) text = g_string_new ("[");
  gsize n_dims;
  const gint64 *shape = lfb_tensor_get_shape (tensor, &n_dims);

  for (gsize i = 0; i < n_dims; i++)
    g_string_append_printf (text, "%s%" G_GINT64_FORMAT, i > 0 ? ", " : "", shape[i]);
  g_string_append_c (text, ']');

  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gboolean
compare_output (Compare    *self,
                guint       position,
                LfbTensor  *a,
                LfbTensor  *b,
                GError    **error)
{
  g_autofree char *name = g_strdup_printf ("output.%u", position);
  g_autofree char *shape_a = shape_to_text (a), *shape_b = shape_to_text (b);
  g_autoptr (LfbTensor) plain_a = NULL, plain_b = NULL;
  Row *row;

  if (!g_str_equal (shape_a, shape_b))
    {
      g_autofree char *model_a = g_filename_display_name (self->models[0]);
      g_autofree char *model_b = g_filename_display_name (self->models[1]);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE, "%s has the shape %s from %s, but %s from %s",
                   name, shape_a, model_a, shape_b, model_b);
      return FALSE;
    }

  plain_a = get_plain (a, error);
  if (plain_a == NULL)
    return FALSE;
  plain_b = get_plain (b, error);
  if (plain_b == NULL)
    return FALSE;

  row = g_new0 (Row, 1);
  row->name = g_steal_pointer (&name);
  row->tensor = g_object_ref (a);
  row->difference = measure (plain_a, plain_b);
  g_ptr_array_add (self->rows, row);

  return TRUE;
}

/* Outputs that are equal, and such that are far apart, stand out. */
static void
paint (GString    *string,
       const char *line,
       const char *heading)
{
  gsize length = strlen (line);
  const char *ratio = length > 12 ? line + length - 12 : line;
  double decibels = g_ascii_strtod (ratio, NULL);

  if (g_str_has_prefix (line, "output "))
    command_paint (string, COMMAND_BOLD, line, -1);
  else if (g_str_has_suffix (line, "inf dB"))
    command_paint (string, COMMAND_GREEN, line, -1);
  else if (g_str_has_suffix (line, " dB") && !(decibels >= 20))
    command_paint (string, COMMAND_YELLOW, line, -1);
  else
    g_string_append (string, line);
}

static gboolean
compare_work (CommandWork  *work,
              gpointer      data,
              GError      **error)
{
  Compare *self = data;
  g_autoptr (GPtrArray) a = NULL, b = NULL;

  a = command_run_model (work, self->models[0], FALSE, self->inputs, error);
  if (a == NULL)
    return FALSE;
  b = command_run_model (work, self->models[1], FALSE, self->inputs, error);
  if (b == NULL)
    return FALSE;

  if (a->len != b->len)
    {
      g_autofree char *model_a = g_filename_display_name (self->models[0]);
      g_autofree char *model_b = g_filename_display_name (self->models[1]);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE, "%s has %u outputs, but %s has %u",
                   model_a, a->len, model_b, b->len);
      return FALSE;
    }

  command_work_stage (work, "comparing with", self->models[1]);
  for (guint i = 0; i < a->len; i++)
    if (!compare_output (self, i, g_ptr_array_index (a, i), g_ptr_array_index (b, i), error))
      return FALSE;

  return TRUE;
}

static int
print_table (GPtrArray *rows)
{
  g_autoptr (GString) table = g_string_new (NULL);

  g_string_printf (table, "%-12s %-20s %10s %10s %12s %12s %12s\n", "output", "shape", "elements",
                   "different", "largest", "mean", "signal/noise");
  for (guint i = 0; i < rows->len; i++)
    {
      const Row *row = g_ptr_array_index (rows, i);
      g_autofree char *shape = shape_to_text (row->tensor);

      g_string_append_printf (table,
                              "%-12s %-20s %10" G_GINT64_FORMAT " %10" G_GINT64_FORMAT " %12.6g %12.6g %9.2f dB\n",
                              row->name, shape, row->difference.n_elements, row->difference.n_different,
                              row->difference.largest, row->difference.mean, row->difference.signal_to_noise);
    }

  return command_print_painted (table->str, paint);
}

/* JSON has neither infinities nor NaN. */
static void
add_number (JsonBuilder *builder,
            const char  *name,
            double       value)
{
  json_builder_set_member_name (builder, name);
  if (isfinite (value))
    json_builder_add_double_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

static int
print_json (GPtrArray *rows)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "outputs");
  json_builder_begin_array (builder);
  for (guint i = 0; i < rows->len; i++)
    {
      const Row *row = g_ptr_array_index (rows, i);
      gsize n_dims;
      const gint64 *shape = lfb_tensor_get_shape (row->tensor, &n_dims);

      json_builder_begin_object (builder);
      json_builder_set_member_name (builder, "name");
      json_builder_add_string_value (builder, row->name);
      json_builder_set_member_name (builder, "shape");
      json_builder_begin_array (builder);
      for (gsize d = 0; d < n_dims; d++)
        json_builder_add_int_value (builder, shape[d]);
      json_builder_end_array (builder);
      json_builder_set_member_name (builder, "elements");
      json_builder_add_int_value (builder, row->difference.n_elements);
      json_builder_set_member_name (builder, "different");
      json_builder_add_int_value (builder, row->difference.n_different);
      add_number (builder, "largest", row->difference.largest);
      add_number (builder, "mean", row->difference.mean);
      add_number (builder, "signal_to_noise_db", row->difference.signal_to_noise);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);

  return command_print_json (builder);
}

static int
compare_main (const Command  *command,
              int             argc,
              char          **argv)
{
  Compare self = { { NULL } };
  g_auto (GStrv) files = NULL;
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (row_free);
  g_autoptr (GError) error = NULL;
  gboolean json = FALSE;
  int status = COMMAND_DONE;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "Print one JSON object", NULL },
    { NULL },
  };

  if (!command_parse (command, argc, argv, entries, 3, &files, &status))
    return status;

  self = (Compare) { { files[0], files[1] }, files[2], rows };
  if (!command_work (compare_work, &self, &error))
    return command_fail (error);

  return json ? print_json (rows) : print_table (rows);
}

const Command command_compare = {
  .name = "compare",
  .arguments = "MODEL MODEL INPUTS",
  .summary = "Run two models on the same inputs and measure the differences",
  .help =
    "One line an output: how many elements there are and how many differ, the largest and the mean\n"
    "difference, and the signal to noise ratio in decibels, where the signal is what the first model\n"
    "computes and the noise is the difference: 20 dB more is ten times closer, inf dB is equal.\n"
    "Quantized outputs are compared by the real numbers that they stand for. Outputs that differ in\n"
    "number or shape are an error; values that differ are not.\n"
    "\n"
    "INPUTS is a file as `lowerfb run` takes it. In JSON, numbers that are not finite are null.\n",
  .examples =
    "  # How far lowering moved the results\n"
    "  lowerfb compare digits.reference.safetensors digits.safetensors images.safetensors\n"
    "  # For a script: whether they are the same to the bit\n"
    "  lowerfb compare a.safetensors b.safetensors images.safetensors --json |\n"
    "    jq -e 'all(.outputs[]; .different == 0)'\n",
  .main = compare_main,
};
