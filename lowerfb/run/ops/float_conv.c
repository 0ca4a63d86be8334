/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Float convolution, plain and transposed, also of reference modules: the
 * taps of each output pixel are gathered into columns, block by block, and
 * multiplied with the weight as a matrix. In float32, or in float64 if the input
 * has that type.
 */

#include <lowerfb/run/lfb-call-private.h>
#include <lowerfb/run/lfb-gemm-private.h>
#include <lowerfb/run/lfb-packed-taps-private.h>
#include <lowerfb/run/lfb-reference-private.h>

#include <string.h>

/* Elements that one block of columns may have, unless a row has more. */
#define BLOCK_FLOATS (1 << 20)

typedef struct {
  gsize n_spatial;
  gboolean transposed;
} FloatConvKind;

/* Of either type. */
static const double zero = 0;

static const FloatConvKind conv1d = { 1, FALSE }, conv2d = { 2, FALSE }, conv3d = { 3, FALSE };
static const FloatConvKind conv_transpose1d = { 1, TRUE }, conv_transpose2d = { 2, TRUE }, conv_transpose3d = { 3, TRUE };

/* One tap of one output row: the pixels that it reads, 0 outside. */
#define GATHER_ROW(name, real) \
  static void \
  name (const real *row, \
        gint64      size, \
        gint64      at, \
        gint64      stride, \
        gsize       n, \
        real       *to) \
  { \
    for (gsize i = 0; i < n; i++, at += stride) \
      to[i] = row != NULL && at >= 0 && at < size ? row[at] : 0; \
  }

GATHER_ROW (gather_row_f32, float)
GATHER_ROW (gather_row_f64, double)

/* Columns for output rows @begin to @end - 1 (a row is one depth and height)
 * of one image: [channel, tap][pixel].
 */
static void
gather_columns (LfbDType         real,
                const char      *x,
                gsize            channels,
                const LfbWindow *window,
                gsize            begin,
                gsize            end,
                char            *columns)
{
  gsize width = window->out_size[2], size = lfb_dtype_size (real);
  gsize plane = window->in_size[1] * window->in_size[2];

  for (gsize c = 0; c < channels; c++, x += window->in_size[0] * plane * size)
    for (gsize kd = 0; kd < window->kernel[0]; kd++)
      for (gsize kh = 0; kh < window->kernel[1]; kh++)
        for (gsize kw = 0; kw < window->kernel[2]; kw++)
          for (gsize row = begin; row < end; row++)
            {
              gint64 d = (gint64) (row / window->out_size[1] * window->stride[0] + kd * window->dilation[0]) -
                         (gint64) window->padding[0];
              gint64 h = (gint64) (row % window->out_size[1] * window->stride[1] + kh * window->dilation[1]) -
                         (gint64) window->padding[1];
              gint64 w = (gint64) (kw * window->dilation[2]) - (gint64) window->padding[2];
              gboolean inside = d >= 0 && d < (gint64) window->in_size[0] && h >= 0 && h < (gint64) window->in_size[1];
              gconstpointer from = inside ? x + (d * plane + h * window->in_size[2]) * size : NULL;

              if (real == LFB_DTYPE_FLOAT64)
                gather_row_f64 (from, window->in_size[2], w, window->stride[2], width, (double *) columns);
              else
                gather_row_f32 (from, window->in_size[2], w, window->stride[2], width, (float *) columns);
              columns += width * size;
            }
}

/* A window that reads each pixel once, in order: the image is its columns. */
static gboolean
is_pointwise (const LfbWindow *window)
{
  for (gsize i = 0; i < 3; i++)
    if (window->kernel[i] != 1 || window->stride[i] != 1 || window->padding[i] != 0 ||
        window->in_size[i] != window->out_size[i])
      return FALSE;

  return TRUE;
}

/* @y holds the bias already. */
static gboolean
convolve_group (const LfbRuntime  *runtime,
                LfbDType           real,
                const char        *x,
                gsize              in,
                const LfbWindow   *window,
                const char        *w,
                gsize              out,
                char              *columns,
                gsize              rows_at_once,
                char              *y,
                GError           **error)
{
  gsize k = in * lfb_volume (window->kernel);
  gsize pixels = lfb_volume (window->out_size);
  gsize rows = window->out_size[0] * window->out_size[1];

  if (is_pointwise (window))
    return lfb_gemm (runtime, real, FALSE, out, pixels, k, w, k, x, pixels, TRUE, y, pixels, error);

  for (gsize begin = 0; begin < rows; begin += rows_at_once)
    {
      gsize end = MIN (begin + rows_at_once, rows);
      gsize n = (end - begin) * window->out_size[2];

      gather_columns (real, x, in, window, begin, end, columns);
      if (!lfb_gemm (runtime, real, FALSE, out, n, k, w, k, columns, n, TRUE,
                     y + begin * window->out_size[2] * lfb_dtype_size (real), pixels, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
convolve (const LfbRuntime  *runtime,
          LfbDType           real,
          const LfbImage    *image,
          const LfbWindow   *window,
          gsize              groups,
          gsize              out_channels,
          const char        *x,
          const char        *w,
          char              *y,
          GError           **error)
{
  gsize in = image->channels / groups, out = out_channels / groups;
  gsize pixels = lfb_volume (window->out_size), in_pixels = lfb_volume (window->in_size);
  gsize k = in * lfb_volume (window->kernel);
  gsize rows_at_once = MAX (BLOCK_FLOATS / MAX (k, 1) / window->out_size[2], 1);
  gsize n, size = lfb_dtype_size (real);
  g_autofree char *columns = NULL;

  rows_at_once = MIN (rows_at_once, window->out_size[0] * window->out_size[1]);
  if (!g_size_checked_mul (&n, k, rows_at_once * window->out_size[2]))
    n = G_MAXSIZE;
  columns = lfb_try_alloc (is_pointwise (window) ? 1 : n, size, error);
  if (columns == NULL)
    return FALSE;

  for (gsize b = 0; b < image->batch; b++)
    for (gsize g = 0; g < groups; g++)
      if (!convolve_group (runtime, real, x + (b * groups + g) * in * in_pixels * size, in, window, w + g * out * k * size, out,
                           columns, rows_at_once, y + (b * groups + g) * out * pixels * size, error))
        return FALSE;

  return TRUE;
}

#define REPEAT(name, real) \
  static void \
  name (const real *values, \
        gsize       batch, \
        gsize       channels, \
        gsize       pixels, \
        real       *y) \
  { \
    for (gsize i = 0; i < batch * channels; i++) \
      for (gsize p = 0; p < pixels; p++) \
        *y++ = values[i % channels]; \
  }

REPEAT (repeat_f32, float)
REPEAT (repeat_f64, double)

static gboolean
fill_channels (LfbTensor  *bias,
               LfbDType    real,
               gsize       batch,
               gsize       channels,
               gsize       pixels,
               gpointer    y,
               GError    **error)
{
  g_autofree gpointer values = lfb_try_alloc (channels, lfb_dtype_size (real), error);

  if (values == NULL || !lfb_fill_bias (bias, real, 1, channels, values, error))
    return FALSE;
  if (real == LFB_DTYPE_FLOAT64)
    repeat_f64 (values, batch, channels, pixels, y);
  else
    repeat_f32 (values, batch, channels, pixels, y);

  return TRUE;
}

/* The image with gaps of a transposed convolution, channels first. */
static gpointer
spread_first (const LfbConvSettings  *settings,
              const LfbImage         *image,
              gconstpointer           x,
              gsize                   size,
              LfbWindow              *window,
              GError                **error)
{
  g_autofree gpointer last = lfb_conv_spread (settings, image, x, size, &zero, window, error);
  gsize pixels = lfb_volume (window->in_size);
  gpointer first;

  if (last == NULL)
    return NULL;
  first = lfb_try_alloc (image->batch * image->channels * pixels, size, error);
  if (first != NULL)
    lfb_to_channels_first (last, first, size, image->batch, image->channels, pixels);

  return first;
}

static LfbTensor *
run_real (const LfbRuntime       *runtime,
          const LfbConvSettings  *settings,
          LfbTensor              *input,
          LfbTensor              *weight,
          LfbTensor              *bias,
          GError                **error)
{
  LfbDType real = lfb_tensor_get_dtype (input);
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  g_autofree gpointer rows = NULL;
  g_autofree gpointer spread = NULL;
  gsize in_channels, out_channels, n_dims;
  gconstpointer x = lfb_tensor_get_data (input, NULL);
  gint64 shape[5];
  LfbImage image;
  LfbWindow window;

  if (!lfb_image_init (&image, "input", input, settings->n_spatial, error) ||
      !lfb_conv_settings_channels (settings, weight, &in_channels, &out_channels, error))
    return NULL;
  if (image.channels != in_channels)
    {
      g_autofree char *text = lfb_tensor_describe_shape (input);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "argument `input` has the shape %s with %" G_GSIZE_FORMAT " channels, expected %" G_GSIZE_FORMAT,
                   text, image.channels, in_channels);
      return NULL;
    }
  if (!lfb_conv_settings_window (settings, &image, &window, error))
    return NULL;
  n_dims = lfb_image_shape (&image, out_channels, window.out_size, shape);
  if (!lfb_array_init (&array, real, shape, n_dims, error) ||
      !fill_channels (bias, real, image.batch, out_channels, lfb_volume (window.out_size), array.data, error))
    return NULL;
  if (array.n_elements == 0)
    return lfb_array_seal (&array, error);

  if (settings->transposed)
    {
      rows = lfb_conv_spread_weight (settings, weight, error);
      x = spread = rows != NULL ? spread_first (settings, &image, x, lfb_dtype_size (real), &window, error) : NULL;
      if (spread == NULL)
        return NULL;
    }
  if (!convolve (runtime, real, &image, &window, settings->groups, out_channels, x,
                 rows != NULL ? rows : lfb_tensor_get_data (weight, NULL), array.data, error))
    return NULL;

  return lfb_array_seal (&array, error);
}

static LfbValue *
float_conv (LfbCall  *call,
            GError  **error)
{
  const FloatConvKind *kind = LFB_CALL_DATA (call, FloatConvKind);
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  g_autoptr (LfbTensor) x = NULL;
  g_autoptr (LfbTensor) w = NULL;
  g_autoptr (LfbTensor) padded = NULL;
  g_autoptr (LfbTensor) result = NULL;
  LfbConvSettings settings;
  LfbTensor *weight, *bias;
  LfbDType real;

  if (input == NULL || !lfb_read_real_type ("input", input, &real, error))
    return NULL;
  weight = call->info->row->prepare != NULL ? lfb_call_state (call, error) : lfb_call_tensor (call, "weight", error);
  if (weight == NULL || !lfb_call_optional_tensor (call, "bias", &bias, error) ||
      !lfb_conv_settings_read (&settings, call, weight, kind->n_spatial, kind->transposed, error))
    return NULL;
  x = lfb_tensor_as_real ("input", input, real, error);
  w = x != NULL ? lfb_tensor_as_real ("weight", weight, real, error) : NULL;
  if (w == NULL)
    return NULL;

  if (settings.pad_mode != LFB_PAD_CONSTANT)
    {
      gsize first = 3 - settings.n_spatial;

      if (settings.transposed)
        {
          g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                               "argument `padding_mode` of a transposed convolution must be 'zeros'");
          return NULL;
        }
      if (!lfb_check_rank ("input", x, settings.n_spatial + 1, settings.n_spatial + 2, error))
        return NULL;
      padded = lfb_tensor_pad (x, settings.n_spatial, settings.before + first, settings.after + first,
                               settings.pad_mode, &zero, error);
      if (padded == NULL)
        return NULL;
      memset (settings.before, 0, sizeof settings.before);
      memset (settings.after, 0, sizeof settings.after);
    }
  result = run_real (call->runtime, &settings, padded != NULL ? padded : x, w, bias, error);

  return result != NULL ? lfb_value_take_tensor (lfb_tensor_convert (result, lfb_tensor_get_dtype (input), error)) : NULL;
}

static gpointer
prepare_reference (LfbCall  *call,
                   GError  **error)
{
  return lfb_reference_weight (call, "weight", error);
}

static void
free_tensor (gpointer tensor)
{
  g_object_unref (tensor);
}

#define SETTINGS "stride=1, padding=0, dilation=1, groups=1"
#define TRANSPOSED_SETTINGS "stride=1, padding=0, output_padding=0, groups=1, dilation=1"

#define FUNCTION(name, kind_, settings) \
  { \
    .functions = "torch." name " torch.nn.functional." name, \
    .signature = "input, weight, bias=None, " settings, \
    .rule = "the convolution in float32, or float64 if the input has it", .run = float_conv, .data = &(kind_), \
  }

#define MODULE(name, kind_, settings) \
  { \
    .modules = "torch.nn." name, \
    .signature = "input, weight, bias=None, " settings ", padding_mode='zeros'", \
    .rule = "the convolution in float32, or float64 if the input has it", .run = float_conv, .data = &(kind_), \
  }, \
  { \
    .modules = "torch.ao.nn.quantized.reference." name, \
    .signature = "input, weight, bias=None, " settings ", padding_mode='zeros', " LFB_REFERENCE_SIGNATURE, \
    .rule = "the convolution in float32, the weight quantized and dequantized first", .run = float_conv, \
    .data = &(kind_), .prepare = prepare_reference, .free_state = free_tensor, \
    .prepared = "weight " LFB_REFERENCE_PREPARED, \
  }

static const LfbOperator operators[] = {
  FUNCTION ("conv1d", conv1d, SETTINGS),
  FUNCTION ("conv2d", conv2d, SETTINGS),
  FUNCTION ("conv3d", conv3d, SETTINGS),
  FUNCTION ("conv_transpose1d", conv_transpose1d, TRANSPOSED_SETTINGS),
  FUNCTION ("conv_transpose2d", conv_transpose2d, TRANSPOSED_SETTINGS),
  FUNCTION ("conv_transpose3d", conv_transpose3d, TRANSPOSED_SETTINGS),
  MODULE ("Conv1d", conv1d, SETTINGS),
  MODULE ("Conv2d", conv2d, SETTINGS),
  MODULE ("Conv3d", conv3d, SETTINGS),
  MODULE ("ConvTranspose1d", conv_transpose1d, TRANSPOSED_SETTINGS),
  MODULE ("ConvTranspose2d", conv_transpose2d, TRANSPOSED_SETTINGS),
  MODULE ("ConvTranspose3d", conv_transpose3d, TRANSPOSED_SETTINGS),
};

const LfbOperatorFamily lfb_float_conv_operators = LFB_OPERATOR_FAMILY (operators);
