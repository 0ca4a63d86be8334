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

  return lfb_packed_taps_run (self, runtime, name, input, output.x_zero_point, &output, NULL, array, error);
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

  return lfb_packed_taps_run (self, runtime, name, quantized, output.x_zero_point, NULL, &output, array, error);
}
