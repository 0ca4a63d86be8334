/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-packed-apply-private.h; numerics.md, "Linear and convolution". */

#include <lowerfb/run/lfb-packed-apply-private.h>

gboolean
lfb_check_activation (const char  *name,
                      LfbTensor   *input,
                      GError     **error)
{
  return lfb_check_quantized (name, input, error) && lfb_check_dtype (name, input, LFB_DTYPE_QUINT8, error);
}

gboolean
lfb_packed_rows_check_static (const LfbPackedRows  *self,
                              const char           *name,
                              LfbTensor            *input,
                              GError              **error)
{
  if (self->packed == NULL)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_DTYPE, "the weight is not quantized, expected qint8");
      return FALSE;
    }

  return lfb_check_activation (name, input, error);
}

static void
fill_requantize (LfbRequantize        *output,
                 const LfbOutputStage *stage,
                 LfbTensor            *input,
                 gint64                zero_point,
                 gboolean              relu)
{
  output->multiplier = stage->multiplier;
  output->bias = stage->bias;
  output->x_zero_point = lfb_tensor_get_zero_point (input);
  output->y_zero_point = zero_point;
  output->y_min = relu ? zero_point : 0;
  output->y_max = 255;
}

gboolean
lfb_linear_shape (const char    *name,
                  const gint64  *shape,
                  gsize          n_dims,
                  gsize          n,
                  gsize          k,
                  gint64        *result,
                  gsize         *m,
                  GError       **error)
{
  if (n_dims == 0 || n_dims > LFB_TENSOR_MAX_DIMS || shape[n_dims - 1] < 0 || (gsize) shape[n_dims - 1] != k)
    {
      g_autofree char *text = lfb_shape_to_string (shape, n_dims);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "argument `%s` has the shape %s, expected a last dimension of %" G_GSIZE_FORMAT,
                   name, text, k);
      return FALSE;
    }
  lfb_sizes_copy (result, shape, n_dims);
  result[n_dims - 1] = n;

  return lfb_shape_count (shape, n_dims - 1, m, error);
}

gboolean
lfb_packed_rows_init_output (const LfbPackedRows  *self,
                             const char           *name,
                             LfbTensor            *input,
                             LfbDType              dtype,
                             LfbArray             *array,
                             gsize                *m,
                             GError              **error)
{
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  gsize n_dims;
  const gint64 *own = lfb_tensor_get_shape (input, &n_dims);

  return lfb_linear_shape (name, own, n_dims, self->n, self->k, shape, m, error) &&
         lfb_array_init (array, dtype, shape, n_dims, error);
}

gboolean
lfb_packed_rows_apply (const LfbPackedRows  *self,
                       const LfbRuntime     *runtime,
                       const char           *name,
                       LfbTensor            *input,
                       double                scale,
                       gint64                zero_point,
                       gboolean              relu,
                       LfbArray             *array,
                       GError              **error)
{
  g_auto (LfbOutputStage) stage = { NULL, NULL };
  LfbRequantize output = { 0 };
  gsize m;

  if (!lfb_packed_rows_check_static (self, name, input, error) ||
      !lfb_packed_rows_init_output (self, name, input, LFB_DTYPE_QUINT8, array, &m, error) ||
      !lfb_output_stage_init (&stage, &self->params, lfb_tensor_get_scale (input), scale, error))
    return FALSE;

  fill_requantize (&output, &stage, input, zero_point, relu);

  return lfb_packed_rows_run_u8 (self, runtime, lfb_tensor_get_data (input, NULL), m, &output, array->data, error);
}

gboolean
lfb_packed_rows_apply_dynamic (const LfbPackedRows  *self,
                               const LfbRuntime     *runtime,
                               const char           *name,
                               LfbTensor            *input,
                               gboolean              reduce_range,
                               gboolean              relu,
                               LfbArray             *array,
                               GError              **error)
{
  gsize m;

  return lfb_check_dtype (name, input, LFB_DTYPE_FLOAT32, error) &&
         lfb_packed_rows_init_output (self, name, input, LFB_DTYPE_FLOAT32, array, &m, error) &&
         lfb_packed_rows_run_dynamic (self, runtime, lfb_tensor_floats (input), m, reduce_range, relu,
                                      array->data, error);
}

gboolean
lfb_packed_taps_apply (const LfbPackedTaps  *self,
                       const LfbRuntime     *runtime,
                       const char           *name,
                       LfbTensor            *input,
                       double                scale,
                       gint64                zero_point,
                       gboolean              relu,
                       LfbArray             *array,
                       GError              **error)
{
  g_auto (LfbOutputStage) stage = { NULL, NULL };
  LfbRequantize output = { 0 };

  if (!lfb_check_activation (name, input, error) ||
      !lfb_output_stage_init (&stage, &self->params, lfb_tensor_get_scale (input), scale, error))
    return FALSE;

  fill_requantize (&output, &stage, input, zero_point, relu);

  return lfb_packed_taps_run (self, runtime, name, input, &output, NULL, NULL, array, error);
}

/* y = clamp (round ((float (acc) + b / (sx sw)) * m + (q2 - z2) * (s2 / sy)) + zy) */
gboolean
lfb_packed_taps_apply_add (const LfbPackedTaps  *self,
                           const LfbRuntime     *runtime,
                           const char           *name,
                           LfbTensor            *input,
                           const char           *extra_name,
                           LfbTensor            *extra,
                           double                scale,
                           gint64                zero_point,
                           gboolean              relu,
                           LfbArray             *array,
                           GError              **error)
{
  g_auto (LfbOutputStage) stage = { NULL, NULL };
  g_autofree guint8 *last = NULL;
  LfbRequantize output = { 0 };
  LfbAddend addend = { 0 };
  gsize n_dims, n_spatial = self->settings.n_spatial, pixels = 1;
  const gint64 *own = lfb_tensor_get_shape (input, &n_dims);
  gint64 shape[5];

  if (!lfb_check_activation (name, input, error) ||
      !lfb_check_activation (extra_name, extra, error) ||
      !lfb_packed_taps_shape (self, name, own, n_dims, shape, error) ||
      !lfb_output_stage_init (&stage, &self->params, lfb_tensor_get_scale (input), scale, error))
    return FALSE;
  if (lfb_tensor_get_n_dims (extra) != n_dims ||
      !lfb_sizes_equal (lfb_tensor_get_shape (extra, NULL), shape, n_dims))
    {
      g_autofree char *found = lfb_tensor_describe_shape (extra);
      g_autofree char *wanted = lfb_shape_to_string (shape, n_dims);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "argument `%s` has the shape %s, expected that of the convolution, %s", extra_name, found, wanted);
      return FALSE;
    }

  for (gsize i = n_dims - n_spatial; i < n_dims; i++)
    pixels *= shape[i];
  last = lfb_try_alloc (lfb_tensor_get_n_elements (extra), 1, error);
  if (last == NULL)
    return FALSE;
  lfb_to_channels_last (lfb_tensor_get_data (extra, NULL), last, 1, n_dims > n_spatial + 1 ? shape[0] : 1,
                        self->out_channels, pixels);

  fill_requantize (&output, &stage, input, zero_point, relu);
  addend.q = last;
  addend.stride = self->out_channels;
  addend.scale = (float) lfb_tensor_get_scale (extra) / (float) scale;
  addend.zero_point = lfb_tensor_get_zero_point (extra);

  return lfb_packed_taps_run (self, runtime, name, input, &output, NULL, &addend, array, error);
}

gboolean
lfb_packed_taps_apply_dynamic (const LfbPackedTaps  *self,
                               const LfbRuntime     *runtime,
                               const char           *name,
                               LfbTensor            *input,
                               gboolean              reduce_range,
                               gboolean              relu,
                               LfbArray             *array,
                               GError              **error)
{
  g_autoptr (LfbTensor) quantized = lfb_quantize_dynamic (runtime, input, LFB_DTYPE_QUINT8, reduce_range, error);
  g_auto (LfbOutputStage) stage = { NULL, NULL };
  LfbRescale output = { 0 };

  if (quantized == NULL ||
      !lfb_output_stage_init (&stage, &self->params, lfb_tensor_get_scale (quantized), 0, error))
    return FALSE;

  output.multiplier = stage.multiplier;
  output.bias = stage.bias;
  output.x_zero_point = lfb_tensor_get_zero_point (quantized);
  output.relu = relu;

  return lfb_packed_taps_run (self, runtime, name, quantized, NULL, &output, NULL, array, error);
}
