/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-embedding-rows-private.h; numerics.md, "embedding, embedding_bag": with
 * scale s and bias b = -(z * s), both rounded to half for 4 and 2 bits, a value
 * is fma (s, q, b), and a bag adds out = fma (w s, q, out + w b). This is the one
 * place where a fused multiply-add belongs (FBGEMM's rows are made so).
 */

#include <lowerfb/run/lfb-embedding-rows-private.h>
#include <lowerfb/run/lfb-half-private.h>
#include <lowerfb/run/lfb-math-private.h>

#include <math.h>
#include <string.h>

void
lfb_rows_clear (LfbRows *self)
{
  g_clear_object (&self->floats);
  g_free (self->scales);
  g_free (self->biases);
}

gboolean
lfb_rows_read_quantized (LfbRows    *self,
                         LfbTensor  *weight,
                         GError    **error)
{
  LfbDType dtype = lfb_tensor_get_dtype (weight);
  gboolean per_channel = lfb_tensor_is_per_channel (weight);

  if (dtype != LFB_DTYPE_QUINT8 && dtype != LFB_DTYPE_QUINT4X2 && dtype != LFB_DTYPE_QUINT2X4)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE,
                   "argument `weight` has the dtype %s, expected quint8, quint4x2 or quint2x4", lfb_dtype_to_string (dtype));
      return FALSE;
    }
  if (!per_channel || lfb_tensor_get_axis (weight) != 0)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_DTYPE, "argument `weight` must have a scale and zero point for each row");
      return FALSE;
    }
  self->bits = lfb_dtype_get_bits (dtype);
  self->bytes = lfb_tensor_get_data (weight, NULL);
  self->scales = lfb_try_alloc (self->n_rows, sizeof (float), error);
  self->biases = self->scales != NULL ? lfb_try_alloc (self->n_rows, sizeof (float), error) : NULL;
  if (self->biases == NULL)
    return FALSE;
  for (gsize i = 0; i < self->n_rows; i++)
    {
      float scale = lfb_tensor_read_double (lfb_tensor_get_scales (weight), i);
      float zero_point = lfb_tensor_read_double (lfb_tensor_get_zero_points (weight), i);

      self->scales[i] = scale;
      self->biases[i] = -(zero_point * scale);
      if (self->bits < 8)
        {
          self->scales[i] = lfb_half_to_float (lfb_float_to_half (self->scales[i]));
          self->biases[i] = lfb_half_to_float (lfb_float_to_half (self->biases[i]));
        }
    }

  return TRUE;
}

gboolean
lfb_rows_init (LfbRows    *self,
               LfbCall    *call,
               LfbTensor  *weight,
               GError    **error)
{
  LfbValue *max_norm = lfb_call_get (call, "max_norm");

  memset (self, 0, sizeof *self);
  if (!lfb_check_rank ("weight", weight, 2, 2, error))
    return FALSE;
  self->n_rows = lfb_tensor_get_dim (weight, 0);
  self->width = lfb_tensor_get_dim (weight, 1);
  self->norm_type = 2;
  self->has_max_norm = max_norm != NULL && !lfb_value_is_none (max_norm);
  if (!lfb_call_double (call, "max_norm", &self->max_norm, error) ||
      !lfb_call_double (call, "norm_type", &self->norm_type, error))
    return FALSE;
  if (lfb_tensor_is_quantized (weight))
    return lfb_rows_read_quantized (self, weight, error);

  self->floats = lfb_tensor_as_float ("weight", weight, error);

  return self->floats != NULL;
}

static guint
read_integer (const LfbRows *self,
              gsize       row,
              gsize       column)
{
  gsize i = row * self->width + column;
  guint per_byte = 8 / self->bits;

  return self->bytes[i / per_byte] >> i % per_byte * self->bits & ((1u << self->bits) - 1);
}

static float
read_value (const LfbRows *self,
            gsize       row,
            gsize       column)
{
  if (self->floats != NULL)
    return lfb_tensor_floats (self->floats)[row * self->width + column];

  return fmaf (self->scales[row], read_integer (self, row, column), self->biases[row]);
}

/* What a row is multiplied by so that its norm is at most max_norm. */
static float
row_factor (const LfbRows *self,
            gsize       row)
{
  double norm = 0;

  if (!self->has_max_norm)
    return 1;
  for (gsize j = 0; j < self->width; j++)
    {
      double value = fabs (read_value (self, row, j));

      if (isinf (self->norm_type))
        norm = MAX (norm, value);
      else if (self->norm_type == 2)
        norm += value * value;
      else
        norm += lfb_pow (value, self->norm_type);
    }
  if (self->norm_type == 2)
    norm = sqrt (norm);
  else if (!isinf (self->norm_type))
    norm = lfb_pow (norm, 1 / self->norm_type);

  return norm > self->max_norm ? self->max_norm / (norm + 1e-7) : 1;
}

void
lfb_rows_copy (const LfbRows *self,
               gsize       row,
               float      *y)
{
  float factor = row_factor (self, row);

  for (gsize j = 0; j < self->width; j++)
    y[j] = factor == 1 ? read_value (self, row, j) : read_value (self, row, j) * factor;
}

void
lfb_rows_add (const LfbRows *self,
              gsize       row,
              float       weight,
              float      *y)
{
  if (self->has_max_norm)
    weight *= row_factor (self, row);
  if (self->floats != NULL)
    {
      for (gsize j = 0; j < self->width; j++)
        y[j] += weight * read_value (self, row, j);
      return;
    }
  {
    float scale = weight * self->scales[row], bias = weight * self->biases[row];

    for (gsize j = 0; j < self->width; j++)
      y[j] = fmaf (scale, read_integer (self, row, j), y[j] + bias);
  }
}

void
lfb_rows_max (const LfbRows *self,
              gsize       row,
              gboolean    first,
              float      *y)
{
  float factor = row_factor (self, row);

  for (gsize j = 0; j < self->width; j++)
    {
      float value = read_value (self, row, j);

      if (factor != 1)
        value *= factor;
      y[j] = first || value > y[j] ? value : y[j];
    }
}
