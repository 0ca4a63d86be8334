/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-embedding-rows-private.h; numerics.md, "embedding, embedding_bag": with
 * scale s and bias b = -(z * s), both rounded to half for 4 and 2 bits, a value
 * is fma (s, q, b), and a bag adds out = fma (w s, q, out + w b). This is the one
 * place where a fused multiply-add belongs (FBGEMM's rows are made so).
 */

#include <lowerfb/run/lfb-embedding-rows-private.h>
#include <lowerfb/run/lfb-half-private.h>
#include <lowerfb/run/lfb-math-private.h>
#include <lowerfb/run/lfb-quantized-private.h>

#include <math.h>
#include <string.h>

/* Floats of the result that one thread takes at least. */
#define GRAIN 4096

void
lfb_rows_clear (LfbRows *self)
{
  g_clear_object (&self->floats);
  g_free (self->made_scales);
  g_free (self->made_zero_points);
}

gboolean
lfb_rows_check_indices (const char    *name,
                        const gint64  *indices,
                        gsize          n,
                        gsize          n_rows,
                        GError       **error)
{
  for (gsize i = 0; i < n; i++)
    if (indices[i] < 0 || indices[i] >= (gint64) n_rows)
      {
        g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                     "argument `%s` has the index %" G_GINT64_FORMAT " at %" G_GSIZE_FORMAT ", expected 0 to %" G_GINT64_FORMAT,
                     name, indices[i], i, (gint64) n_rows - 1);
        return FALSE;
      }

  return TRUE;
}

gboolean
lfb_rows_fill_bags (const gint64  *starts,
                    gsize          n_starts,
                    gsize          n,
                    gboolean       last_offset,
                    gint64        *bags,
                    GError       **error)
{
  if (!lfb_rows_check_indices ("offsets", starts, n_starts, n + 1, error))
    return FALSE;

  memcpy (bags, starts, n_starts * sizeof *bags);
  bags[n_starts] = n;
  for (gsize i = 0; i < n_starts - (last_offset ? 1 : 0); i++)
    if (bags[i + 1] < bags[i] || (i == 0 && bags[0] != 0))
      {
        g_set_error_literal (error, LFB_ERROR, LFB_ERROR_RANGE, "argument `offsets` must begin with 0 and not decrease");
        return FALSE;
      }

  return TRUE;
}

/* The tensor's own where they are float32, as torch makes them. */
static const float *
vector_floats (LfbTensor  *vector,
               float     **made)
{
  if (lfb_tensor_get_dtype (vector) == LFB_DTYPE_FLOAT32)
    return lfb_tensor_floats (vector);

  return *made = lfb_vector_floats (vector);
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
  self->scales = vector_floats (lfb_tensor_get_scales (weight), &self->made_scales);
  self->zero_points = vector_floats (lfb_tensor_get_zero_points (weight), &self->made_zero_points);

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

gboolean
lfb_rows_have_kernel (const LfbRows *self)
{
  return self->floats == NULL && !self->has_max_norm;
}

typedef struct {
  const LfbEmbeddingKernel *kernel;
  const LfbEmbedding *bags;
  float *y;
} BagsJob;

static void
run_bags (gsize    begin,
          gsize    end,
          gpointer user_data)
{
  const BagsJob *job = user_data;

  job->kernel->run (job->bags, begin, end, job->y + begin * job->bags->width);
}

void
lfb_rows_run_kernel (const LfbRows      *self,
                     const LfbRuntime   *runtime,
                     const LfbEmbedding *bags,
                     gsize               n_bags,
                     float              *y)
{
  const LfbKernels *kernels = &runtime->kernels;
  LfbEmbedding all = *bags;
  BagsJob job = { NULL, &all, y };

  all.rows = self->bytes;
  all.width = self->width;
  all.scales = self->scales;
  all.zero_points = self->zero_points;
  job.kernel = self->bits == 8 ? &kernels->embedding_u8 : self->bits == 4 ? &kernels->embedding_u4 : &kernels->embedding_u2;
  lfb_runtime_parallel (runtime, n_bags, GRAIN / MAX (self->width, 1) + 1, run_bags, &job);
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

static void
row_parameters (const LfbRows *self,
                gsize          row,
                float         *scale,
                float         *bias)
{
  *scale = self->scales[row];
  *bias = -(self->zero_points[row] * *scale);
  if (self->bits < 8)
    {
      *scale = lfb_half_to_float (lfb_float_to_half (*scale));
      *bias = lfb_half_to_float (lfb_float_to_half (*bias));
    }
}

static float
read_value (const LfbRows *self,
            gsize       row,
            gsize       column)
{
  float scale, bias;

  if (self->floats != NULL)
    return lfb_tensor_floats (self->floats)[row * self->width + column];
  row_parameters (self, row, &scale, &bias);

  return fmaf (scale, read_integer (self, row, column), bias);
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

  if (self->floats != NULL && factor == 1)
    {
      memcpy (y, lfb_tensor_floats (self->floats) + row * self->width, self->width * sizeof *y);
      return;
    }
  for (gsize j = 0; j < self->width; j++)
    y[j] = factor == 1 ? read_value (self, row, j) : read_value (self, row, j) * factor;
}

void
lfb_rows_add (const LfbRows *self,
              gsize       row,
              float       weight,
              float      *y)
{
  float scale, bias;

  if (self->has_max_norm)
    weight *= row_factor (self, row);
  if (self->floats != NULL)
    {
      for (gsize j = 0; j < self->width; j++)
        y[j] += weight * read_value (self, row, j);
      return;
    }
  row_parameters (self, row, &scale, &bias);
  scale *= weight;
  bias *= weight;
  for (gsize j = 0; j < self->width; j++)
    y[j] = fmaf (scale, read_integer (self, row, j), y[j] + bias);
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
