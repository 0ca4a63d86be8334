/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Resampling: nearest and linear (bilinear, trilinear); numerics.md, "nearest,
 * linear interpolate". One dimension after the other, innermost first, which is
 * the order in which the rule nests its sums.
 */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>
#include <lowerfb/run/lfb-quantized-private.h>
#include <lowerfb/run/lfb-reference-private.h>

#include <math.h>
#include <string.h>

/* Elements that are quantized at a time. */
#define PART 512

typedef struct {
  gsize n_spatial;
  gint64 out[LFB_TENSOR_MAX_DIMS];      /* sizes of the spatial dimensions */
  double factor[LFB_TENSOR_MAX_DIMS];   /* given scale factor; 0: from the sizes */
  gboolean linear;
  gboolean align_corners;
} Resampling;

static gboolean
read_size (LfbCall    *call,
           LfbTensor  *input,
           Resampling *self,
           GError    **error)
{
  gint64 sizes[LFB_TENSOR_MAX_DIMS];
  gsize n = 0;

  if (!lfb_call_ints (call, "size", sizes, LFB_TENSOR_MAX_DIMS, &n, error))
    return FALSE;
  if (n != 1 && n != self->n_spatial)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "argument `size` has %" G_GSIZE_FORMAT " ints, expected 1 or %" G_GSIZE_FORMAT, n, self->n_spatial);
      return FALSE;
    }
  for (gsize i = 0; i < self->n_spatial; i++)
    self->out[i] = sizes[n == 1 ? 0 : i];

  return TRUE;
}

static gboolean
read_factor (LfbCall    *call,
             LfbTensor  *input,
             Resampling *self,
             GError    **error)
{
  LfbValue *value = lfb_call_get (call, "scale_factor");
  gboolean many = lfb_value_is_sequence (value), recompute = FALSE;
  gsize n = many ? lfb_value_get_n_items (value) : 1;

  if (!lfb_call_bool (call, "recompute_scale_factor", &recompute, error))
    return FALSE;
  if (n != 1 && n != self->n_spatial)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "argument `scale_factor` has %" G_GSIZE_FORMAT " numbers, expected 1 or %" G_GSIZE_FORMAT, n, self->n_spatial);
      return FALSE;
    }
  for (gsize i = 0; i < self->n_spatial; i++)
    {
      LfbValue *item = many ? lfb_value_get_item (value, n == 1 ? 0 : i) : value;
      double factor, size;

      if (!lfb_value_read_double (item, &factor) || !isfinite (factor) || !(factor > 0))
        {
          g_autofree char *found = lfb_value_describe (item);

          g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "argument `scale_factor` has %s, expected finite positive numbers", found);
          return FALSE;
        }
      size = floor ((double) lfb_tensor_get_dim (input, 2 + i) * factor);
      self->out[i] = size < 1e15 ? size : G_MAXINT64;
      self->factor[i] = recompute ? 0 : factor;
    }

  return TRUE;
}

static gboolean
resampling_read (LfbCall    *call,
                 LfbTensor  *input,
                 Resampling *self,
                 GError    **error)
{
  static const char * const linear_modes[] = { "linear", "bilinear", "trilinear" };
  const char *mode = "nearest";
  gboolean has_size = !lfb_value_is_none (lfb_call_get (call, "size"));
  gboolean has_factor = !lfb_value_is_none (lfb_call_get (call, "scale_factor"));
  gboolean antialias = FALSE;

  memset (self, 0, sizeof *self);
  if (!lfb_check_rank ("input", input, 3, 5, error) ||
      !lfb_call_string (call, "mode", &mode, error) ||
      !lfb_call_bool (call, "align_corners", &self->align_corners, error) ||
      !lfb_call_bool (call, "antialias", &antialias, error))
    return FALSE;
  self->n_spatial = lfb_tensor_get_n_dims (input) - 2;
  self->linear = strcmp (mode, linear_modes[self->n_spatial - 1]) == 0;
  if (!self->linear && strcmp (mode, "nearest") != 0)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
                   "argument `mode` is '%.40s', expected 'nearest' or, for %" G_GSIZE_FORMAT " dimensions, '%s'",
                   mode, self->n_spatial + 2, linear_modes[self->n_spatial - 1]);
      return FALSE;
    }
  if (antialias)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED, "argument `antialias` is True, expected False");
      return FALSE;
    }
  if (has_size == has_factor)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "expected one of the arguments `size` and `scale_factor`");
      return FALSE;
    }
  if (has_size ? !read_size (call, input, self, error) : !read_factor (call, input, self, error))
    return FALSE;
  for (gsize i = 0; i < self->n_spatial; i++)
    if (self->out[i] < 1 || lfb_tensor_get_dim (input, 2 + i) < 1)
      {
        g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                     "a size of %" G_GINT64_FORMAT " resampled to %" G_GINT64_FORMAT ", expected 1 or more of both",
                     lfb_tensor_get_dim (input, 2 + i), self->out[i]);
        return FALSE;
      }

  return TRUE;
}

/* The step in the source for one in the result. */
#define SOURCE_STEP(name, real) \
  static real \
  name (const Resampling *self, \
        gsize             i, \
        gint64            in) \
  { \
    if (self->factor[i] > 0) \
      return 1.0 / self->factor[i]; \
    \
    return (real) in / (real) self->out[i]; \
  }

SOURCE_STEP (source_step_f32, float)
SOURCE_STEP (source_step_f64, double)

/* (outer, size, inner) around spatial dimension @i. */
static void
split_around (const gint64 *shape,
              gsize         n_dims,
              gsize         dim,
              gsize        *outer,
              gsize        *inner)
{
  *outer = *inner = 1;
  for (gsize d = 0; d < dim; d++)
    *outer *= shape[d];
  for (gsize d = dim + 1; d < n_dims; d++)
    *inner *= shape[d];
}

/* Elements of @size bytes, each from where @at says. */
static void
gather (const char   *from,
        char         *to,
        const gint64 *at,
        gsize         n,
        gsize         size)
{
  /* Of the innermost dimension: no call for each element. */
  if (size == 1)
    for (gsize j = 0; j < n; j++)
      to[j] = from[at[j]];
  else if (size == sizeof (float))
    for (gsize j = 0; j < n; j++)
      memcpy (to + j * sizeof (float), from + at[j] * sizeof (float), sizeof (float));
  else
    for (gsize j = 0; j < n; j++)
      memcpy (to + j * size, from + at[j] * size, size);
}

static LfbTensor *
nearest_dimension (const Resampling  *self,
                   gsize              i,
                   LfbTensor         *input,
                   GError           **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gint64 shape[LFB_TENSOR_MAX_DIMS], in = lfb_tensor_get_dim (input, 2 + i);
  gsize n_dims, outer, inner, item_size = lfb_dtype_size (lfb_tensor_get_dtype (input));
  float step = source_step_f32 (self, i, in);
  const char *from = lfb_tensor_get_data (input, NULL);
  g_autofree gint64 *at = NULL;

  lfb_sizes_copy (shape, lfb_tensor_get_shape (input, &n_dims), lfb_tensor_get_n_dims (input));
  split_around (shape, n_dims, 2 + i, &outer, &inner);
  shape[2 + i] = self->out[i];
  if (!lfb_array_init (&array, lfb_tensor_get_dtype (input), shape, n_dims, error))
    return NULL;
  at = lfb_try_alloc (self->out[i], sizeof *at, error);
  if (at == NULL)
    return NULL;
  for (gint64 j = 0; j < self->out[i]; j++)
    at[j] = MIN ((gint64) floorf ((float) j * step), in - 1);
  item_size *= inner;
  for (gsize o = 0; o < outer && array.n_elements > 0; o++)
    gather (from + o * in * item_size, (char *) array.data + o * self->out[i] * item_size, at, self->out[i], item_size);

  return lfb_array_seal_like (&array, input, error);
}

/* Where a result lies in the source: between @at and @next, with the weight of
 * @next.
 */
typedef struct {
  gint64 at;
  gint64 next;
  double weight;     /* one of float32 is exact */
} LinearSource;

#define LINEAR_SOURCE(name, real, source_step) \
  static LinearSource \
  name (const Resampling *self, \
        gsize             i, \
        gint64            in, \
        gint64            j) \
  { \
    const real half = 0.5; \
    LinearSource result; \
    real source; \
    \
    if (self->align_corners) \
      source = (real) j * (self->out[i] > 1 ? (real) (in - 1) / (real) (self->out[i] - 1) : 0); \
    else \
      source = MAX (((real) j + half) * source_step (self, i, in) - half, 0); \
    result.at = MIN ((gint64) source, in - 1); \
    result.next = result.at + (result.at < in - 1); \
    result.weight = MIN (MAX (source - (real) result.at, 0), 1); \
    \
    return result; \
  }

LINEAR_SOURCE (linear_source_f32, float, source_step_f32)
LINEAR_SOURCE (linear_source_f64, double, source_step_f64)

/* Rows of @inner elements between rows of @from. */
#define BLEND(name, real) \
  static void \
  name (const real         *from, \
        real               *to, \
        const LinearSource *sources, \
        gsize               n, \
        gsize               inner) \
  { \
    for (gsize j = 0; j < n; j++) \
      { \
        const real *low = from + sources[j].at * inner, *high = from + sources[j].next * inner; \
        real weight = sources[j].weight, rest = 1 - weight; \
        \
        for (gsize k = 0; k < inner; k++) \
          to[j * inner + k] = rest * low[k] + weight * high[k]; \
      } \
  }

BLEND (blend_f32, float)
BLEND (blend_f64, double)

static LfbTensor *
linear_dimension (const Resampling  *self,
                  gsize              i,
                  LfbTensor         *input,
                  GError           **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gint64 shape[LFB_TENSOR_MAX_DIMS], in = lfb_tensor_get_dim (input, 2 + i), out = self->out[i];
  gboolean wide = lfb_tensor_get_dtype (input) == LFB_DTYPE_FLOAT64;
  gconstpointer from = lfb_tensor_get_data (input, NULL);
  g_autofree LinearSource *sources = NULL;
  gsize n_dims, outer, inner;

  /* A dimension that keeps its size is copied. */
  if (in == out)
    return g_object_ref (input);

  lfb_sizes_copy (shape, lfb_tensor_get_shape (input, &n_dims), lfb_tensor_get_n_dims (input));
  split_around (shape, n_dims, 2 + i, &outer, &inner);
  shape[2 + i] = out;
  if (!lfb_array_init (&array, lfb_tensor_get_dtype (input), shape, n_dims, error))
    return NULL;
  sources = lfb_try_alloc (out, sizeof *sources, error);
  if (sources == NULL)
    return NULL;
  for (gint64 j = 0; j < out; j++)
    sources[j] = wide ? linear_source_f64 (self, i, in, j) : linear_source_f32 (self, i, in, j);
  for (gsize o = 0; o < outer && array.n_elements > 0; o++)
    if (wide)
      blend_f64 ((const double *) from + o * in * inner, (double *) array.data + o * out * inner, sources, out, inner);
    else
      blend_f32 ((const float *) from + o * in * inner, (float *) array.data + o * out * inner, sources, out, inner);

  return lfb_array_seal (&array, error);
}

static LfbTensor *
resample (const Resampling  *self,
          LfbTensor         *input,
          GError           **error)
{
  g_autoptr (LfbTensor) result = g_object_ref (input);

  for (gsize i = self->n_spatial; i-- > 0;)
    {
      LfbTensor *next = self->linear ? linear_dimension (self, i, result, error) : nearest_dimension (self, i, result, error);

      if (next == NULL)
        return NULL;
      g_object_unref (result);
      result = next;
    }

  return g_steal_pointer (&result);
}

/* Integers as floats; the result is round (value - z) + z, which a scale of 1
 * makes of value - z.
 */
static LfbTensor *
resample_integers (const LfbRuntime  *runtime,
                   const Resampling  *self,
                   LfbTensor         *input,
                   GError           **error)
{
  LfbDType dtype = lfb_tensor_get_dtype (input);
  gint32 zero_point = lfb_tensor_get_zero_point (input);
  gsize n = lfb_tensor_get_n_elements (input);
  g_auto (LfbArray) integers = LFB_ARRAY_INIT;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  g_autoptr (LfbTensor) floats = NULL;
  g_autoptr (LfbTensor) resampled = NULL;
  float part[PART];

  if (!lfb_array_init_like (&integers, LFB_DTYPE_FLOAT32, input, error))
    return NULL;
  if (dtype == LFB_DTYPE_QUINT8)
    runtime->kernels.dequantize_u8.run (lfb_tensor_get_data (input, NULL), integers.data, n, 1, 0);
  else
    runtime->kernels.dequantize_s8.run (lfb_tensor_get_data (input, NULL), integers.data, n, 1, 0);
  floats = lfb_array_seal (&integers, error);
  resampled = floats != NULL ? resample (self, floats, error) : NULL;
  if (resampled == NULL || !lfb_array_init_like (&array, dtype, resampled, error))
    return NULL;

  for (gsize at = 0; at < array.n_elements; at += PART)
    {
      const float *x = lfb_tensor_floats (resampled) + at;

      n = MIN (PART, array.n_elements - at);
      for (gsize i = 0; i < n; i++)
        part[i] = x[i] - (float) zero_point;
      if (dtype == LFB_DTYPE_QUINT8)
        runtime->kernels.quantize_u8.run (part, (guint8 *) array.data + at, n, 1, zero_point);
      else
        runtime->kernels.quantize_s8.run (part, (gint8 *) array.data + at, n, 1, zero_point);
    }

  return lfb_array_seal_like (&array, input, error);
}

static LfbValue *
interpolate (LfbCall  *call,
             GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  g_autoptr (LfbTensor) floats = NULL;
  g_autoptr (LfbTensor) result = NULL;
  Resampling resampling;
  LfbDType real;

  if (input == NULL || !resampling_read (call, input, &resampling, error))
    return NULL;
  if (lfb_tensor_is_quantized (input))
    {
      if (!lfb_check_quantized ("input", input, error))
        return NULL;
      return lfb_value_take_tensor (resampling.linear ? resample_integers (call->runtime, &resampling, input, error)
                                                      : resample (&resampling, input, error));
    }
  if (!resampling.linear)
    return lfb_value_take_tensor (resample (&resampling, input, error));

  if (!lfb_read_real_type ("input", input, &real, error))
    return NULL;
  floats = lfb_tensor_as_real ("input", input, real, error);
  result = floats != NULL ? resample (&resampling, floats, error) : NULL;

  return result != NULL ? lfb_value_take_tensor (lfb_tensor_convert (result, lfb_tensor_get_dtype (input), error)) : NULL;
}

#define RULE "nearest: index min(floor(i * f), I - 1); linear: between two neighbours, f the step in the source; " \
             "same scale and zero point"

static const LfbOperator operators[] = {
  {
    .functions = "torch.nn.functional.interpolate",
    .modules = "torch.nn.Upsample",
    .signature = "input, size=None, scale_factor=None, mode='nearest', align_corners=None, recompute_scale_factor=None, antialias=False",
    .rule = RULE, .run = interpolate,
  },
  {
    .functions = "torch.nn.functional.upsample",
    .signature = "input, size=None, scale_factor=None, mode='nearest', align_corners=None", .rule = RULE, .run = interpolate,
  },
  {
    .functions = "torch.nn.functional.upsample_nearest", .modules = "torch.nn.UpsamplingNearest2d",
    .signature = "input, size=None, scale_factor=None", .rule = RULE, .run = interpolate,
  },
  {
    .functions = "torch.nn.functional.upsample_bilinear", .modules = "torch.nn.UpsamplingBilinear2d",
    .signature = "input, size=None, scale_factor=None, mode='bilinear', align_corners=True", .rule = RULE, .run = interpolate,
  },
};

const LfbOperatorFamily lfb_interpolate_operators = LFB_OPERATOR_FAMILY (operators);
