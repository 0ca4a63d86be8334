/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What products need to know about a quantized weight: scales, zero points and
 * bias by output, and the parameter arrays of the kernels' output stages.
 */

#include <lowerfb/run/lfb-quantized-private.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static gboolean
read_per_channel (LfbWeightParams  *self,
                  LfbTensor        *weight,
                  gint64            axis,
                  GError          **error)
{
  g_autofree float *scales = NULL;
  g_autofree gint32 *zero_points = NULL;
  gsize n_own;

  if (lfb_tensor_get_axis (weight) != axis)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "argument `weight` is quantized along dimension %" G_GINT64_FORMAT ", expected its outputs, %"
                   G_GINT64_FORMAT, lfb_tensor_get_axis (weight), axis);
      return FALSE;
    }
  if (lfb_tensor_get_qscheme (weight) == LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_DTYPE,
                           "argument `weight` has float zero points, expected integers");
      return FALSE;
    }

  scales = lfb_vector_floats (lfb_tensor_get_scales (weight));
  zero_points = lfb_vector_ints (lfb_tensor_get_zero_points (weight));
  n_own = lfb_tensor_get_n_elements (lfb_tensor_get_scales (weight));
  for (gsize i = 0; i < self->n; i++)
    {
      self->scales[i] = scales[i % n_own];
      self->zero_points[i] = zero_points[i % n_own];
    }
  self->n_scales = self->n;

  return TRUE;
}

/* A float vector of @n finite numbers. */
gboolean
lfb_check_bias (LfbTensor  *bias,
                gsize       n,
                GError    **error)
{
  if (lfb_tensor_get_n_dims (bias) != 1 || (gsize) lfb_tensor_get_n_elements (bias) != n)
    {
      g_autofree char *shape = lfb_tensor_describe_shape (bias);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "argument `bias` has the shape %s, expected [%" G_GSIZE_FORMAT "]", shape, n);
      return FALSE;
    }
  if (!lfb_check_dtype ("bias", bias, LFB_DTYPE_FLOAT32, error))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    if (!isfinite (lfb_tensor_floats (bias)[i]))
      {
        g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                     "argument `bias` is %f at element %" G_GSIZE_FORMAT ", expected a finite number",
                     lfb_tensor_floats (bias)[i], i);
        return FALSE;
      }

  return TRUE;
}

gboolean
lfb_weight_params_init (LfbWeightParams  *self,
                        LfbTensor        *weight,
                        gint64            axis,
                        LfbTensor        *bias,
                        gsize             n,
                        GError          **error)
{
  gboolean any = FALSE;

  g_assert (n > 0);
  if (!lfb_check_dtype ("weight", weight, LFB_DTYPE_QINT8, error))
    return FALSE;
  if (bias != NULL && !lfb_check_bias (bias, n, error))
    return FALSE;

  memset (self, 0, sizeof *self);
  self->n = n;
  self->scales = lfb_try_alloc (n, sizeof (float), error);
  self->zero_points = self->scales != NULL ? lfb_try_alloc (n, sizeof (gint32), error) : NULL;
  if (self->zero_points == NULL)
    goto fail;

  if (lfb_tensor_is_per_channel (weight))
    {
      if (!read_per_channel (self, weight, axis, error))
        goto fail;
    }
  else
    {
      self->n_scales = 1;
      self->scales[0] = lfb_tensor_get_scale (weight);
      for (gsize i = 0; i < n; i++)
        self->zero_points[i] = lfb_tensor_get_zero_point (weight);
    }
  for (gsize i = 0; i < n; i++)
    any |= self->zero_points[i] != 0;
  if (!any)
    g_clear_pointer (&self->zero_points, g_free);
  if (bias != NULL)
    self->bias = lfb_vector_floats (bias);

  return TRUE;

fail:
  lfb_weight_params_clear (self);

  return FALSE;
}

void
lfb_weight_params_clear (LfbWeightParams *self)
{
  g_clear_pointer (&self->scales, g_free);
  g_clear_pointer (&self->zero_points, g_free);
  g_clear_pointer (&self->bias, g_free);
}

gboolean
lfb_output_stage_alloc (LfbOutputStage  *self,
                        gsize            n,
                        GError         **error)
{
  self->bias = NULL;
  self->multiplier = lfb_try_alloc_aligned (lfb_output_length (n), sizeof (float), error);
  if (self->multiplier == NULL)
    return FALSE;
  self->bias = lfb_try_alloc_aligned (lfb_output_length (n), sizeof (float), error);

  return self->bias != NULL;
}

gboolean
lfb_output_stage_init (LfbOutputStage         *self,
                       const LfbWeightParams  *weight,
                       double                  x_scale,
                       double                  y_scale,
                       GError                **error)
{
  if (!lfb_output_stage_alloc (self, weight->n, error))
    return FALSE;

  if (y_scale != 0)
    lfb_requantize_compute (self->multiplier, self->bias, weight->n, weight->bias, x_scale,
                            weight->scales, weight->n_scales, y_scale);
  else
    lfb_rescale_compute (self->multiplier, self->bias, weight->n, weight->bias, x_scale,
                         weight->scales, weight->n_scales);

  return TRUE;
}

gboolean
lfb_output_stage_init_sum (LfbOutputStage  *self,
                           gsize            n,
                           GError         **error)
{
  if (!lfb_output_stage_alloc (self, n, error))
    return FALSE;

  memset (self->multiplier, 0, lfb_output_length (n) * sizeof (float));
  memset (self->bias, 0, lfb_output_length (n) * sizeof (float));
  for (gsize i = 0; i < n; i++)
    self->multiplier[i] = 1;

  return TRUE;
}

void
lfb_output_stage_clear (LfbOutputStage *self)
{
  g_clear_pointer (&self->multiplier, free);
  g_clear_pointer (&self->bias, free);
}
