/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-recurrent-private.h; numerics.md, "LSTM, GRU, cells": the input of a
 * layer and direction is quantized once, over the whole sequence and batch, the
 * hidden state at every step over the batch, always with a reduced range.
 */

#include <lowerfb/run/lfb-recurrent-private.h>
#include <lowerfb/run/lfb-gemm-private.h>
#include <lowerfb/run/lfb-packed-values-private.h>
#include <lowerfb/run/lfb-reference-private.h>

#include <stdlib.h>
#include <string.h>

static LfbTensor *
find_tensor (LfbCall    *call,
             const char *name,
             const char *suffix,
             const char *part)
{
  g_autofree char *key = g_strconcat (name, suffix, part, NULL);
  LfbValue *tensors = lfb_call_get (call, "tensors");
  LfbValue *value = NULL;

  if (lfb_value_get_kind (tensors) == LFB_VALUE_KIND_DICT)
    value = lfb_value_lookup (tensors, key);

  return value != NULL && lfb_value_get_kind (value) == LFB_VALUE_KIND_TENSOR ? lfb_value_get_tensor (value) : NULL;
}

/* A setting of one weight, or of all. */
static LfbValue *
find_setting (LfbCall    *call,
              const char *name,
              const char *suffix,
              const char *part)
{
  g_autofree char *key = g_strconcat (name, suffix, part, NULL);
  g_autofree char *common = g_strconcat ("weight", part, NULL);
  LfbValue *settings = lfb_call_get (call, "settings");
  LfbValue *value;

  if (lfb_value_get_kind (settings) != LFB_VALUE_KIND_DICT)
    return NULL;
  value = lfb_value_lookup (settings, key);

  return value != NULL ? value : lfb_value_lookup (settings, common);
}

/* The weight of a reference module as its integers give it; another one as
 * it is.
 */
static LfbTensor *
round_weight (LfbCall     *call,
              LfbTensor   *weight,
              const char  *name,
              const char  *suffix,
              GError     **error)
{
  LfbTensor *scale = find_tensor (call, name, suffix, "_scale");
  LfbTensor *zero_point = find_tensor (call, name, suffix, "_zero_point");
  LfbTensor *axis = find_tensor (call, name, suffix, "_axis");
  LfbValue *dtype_value = find_setting (call, name, suffix, "_dtype");
  LfbValue *scheme_value = find_setting (call, name, suffix, "_qscheme");
  LfbDType dtype = LFB_DTYPE_QINT8;
  LfbQScheme scheme = LFB_QSCHEME_NONE;

  if (lfb_tensor_get_dtype (weight) != LFB_DTYPE_FLOAT32)
    return g_object_ref (weight);
  if (dtype_value != NULL && lfb_value_get_kind (dtype_value) == LFB_VALUE_KIND_DTYPE)
    dtype = lfb_value_get_dtype (dtype_value);
  if (scheme_value != NULL && lfb_value_get_kind (scheme_value) == LFB_VALUE_KIND_QSCHEME)
    scheme = lfb_value_get_qscheme (scheme_value);
  else if (scale != NULL)
    scheme = lfb_tensor_get_n_elements (scale) == 1 ? LFB_QSCHEME_PER_TENSOR_AFFINE : LFB_QSCHEME_PER_CHANNEL_AFFINE;
  if (scale == NULL)
    scheme = LFB_QSCHEME_NONE;

  return lfb_reference_round (call->runtime, weight, scale, zero_point,
                              axis != NULL && lfb_tensor_get_n_elements (axis) == 1 ? lfb_tensor_read_int (axis, 0) : 0,
                              scheme, dtype, error);
}

static void
gate_product_clear (LfbGateProduct *self)
{
  g_clear_pointer (&self->rows, lfb_packed_rows_free);
  g_clear_object (&self->weight);
  g_clear_object (&self->bias);
}

/* Of an argument that is a packed weight and has its own bias. */
static gboolean
gate_product_init_packed (LfbGateProduct  *self,
                          LfbCall         *call,
                          const char      *name,
                          GError         **error)
{
  LfbTensor *weight, *bias;

  if (!lfb_packed_linear_parts (name, lfb_call_get (call, name), &weight, &bias, error))
    return FALSE;
  self->rows = lfb_packed_rows_new (call->runtime, weight, bias, error);
  if (self->rows == NULL)
    {
      g_prefix_error (error, "`%s`: ", name);
      return FALSE;
    }
  self->n = lfb_tensor_get_dim (weight, 0);
  self->k = lfb_tensor_get_dim (weight, 1);

  return TRUE;
}

static gboolean
gate_product_init (LfbGateProduct  *self,
                   LfbCall         *call,
                   const char      *weight_name,
                   const char      *bias_name,
                   const char      *suffix,
                   GError         **error)
{
  LfbTensor *weight = find_tensor (call, weight_name, suffix, "");
  LfbTensor *bias = bias_name != NULL ? find_tensor (call, bias_name, suffix, "") : NULL;

  if (weight == NULL)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "the tensor `%s%s` is missing", weight_name, suffix);
      return FALSE;
    }
  if (!lfb_check_rank (weight_name, weight, 2, 2, error))
    return FALSE;
  self->n = lfb_tensor_get_dim (weight, 0);
  self->k = lfb_tensor_get_dim (weight, 1);
  if (bias != NULL && ((gsize) lfb_tensor_get_n_elements (bias) != self->n || lfb_tensor_is_quantized (bias)))
    {
      g_autofree char *shape = lfb_tensor_describe_shape (bias);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "the tensor `%s%s` has the shape %s, expected %" G_GSIZE_FORMAT " floats", bias_name, suffix, shape, self->n);
      return FALSE;
    }

  if (lfb_tensor_is_quantized (weight) || lfb_tensor_get_dtype (weight) == LFB_DTYPE_FLOAT16)
    {
      self->rows = lfb_packed_rows_new (call->runtime, weight, bias, error);
      if (self->rows == NULL)
        g_prefix_error (error, "`%s%s`: ", weight_name, suffix);
      return self->rows != NULL;
    }
  self->weight = round_weight (call, weight, weight_name, suffix, error);
  if (self->weight == NULL || !lfb_check_dtype (weight_name, self->weight, LFB_DTYPE_FLOAT32, error))
    return FALSE;
  if (bias != NULL)
    self->bias = lfb_tensor_as_float (bias_name, bias, error);

  return bias == NULL || self->bias != NULL;
}

static gboolean
gate_product_run (const LfbGateProduct  *self,
                  const LfbRuntime      *runtime,
                  const float           *x,
                  gsize                  m,
                  float                 *y,
                  gpointer               memory,
                  GError               **error)
{
  if (self->rows != NULL)
    {
      const LfbDynamicWork work = lfb_dynamic_work_place (self->rows, memory);

      return lfb_packed_rows_work_dynamic (self->rows, runtime, x, m, TRUE, FALSE, &work, y, error);
    }

  return lfb_fill_bias (self->bias, LFB_DTYPE_FLOAT32, m, self->n, y, error) &&
         lfb_gemm (runtime, LFB_DTYPE_FLOAT32, TRUE, m, self->n, self->k, x, self->k, lfb_tensor_floats (self->weight),
                   self->k, TRUE, y, self->n, error);
}

void
lfb_recurrent_layer_free (LfbRecurrentLayer *self)
{
  if (self == NULL)
    return;

  gate_product_clear (&self->input);
  gate_product_clear (&self->state);
  gate_product_clear (&self->projection);
  g_free (self);
}

static gboolean
check_sizes (const LfbRecurrentLayer  *self,
             gsize                     n_gates,
             const char               *suffix,
             GError                  **error)
{
  if (self->hidden > 0 && self->input.n == self->hidden * n_gates && self->state.n == self->input.n &&
      self->state.k == self->output && (self->projection.n == 0 || self->projection.k == self->hidden))
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
               "the weights `..%s` do not fit together: %" G_GSIZE_FORMAT " rows from the input, %" G_GSIZE_FORMAT " x %"
               G_GSIZE_FORMAT " from the state, %" G_GSIZE_FORMAT " gates", suffix,
               self->input.n, self->state.n, self->state.k, n_gates);

  return FALSE;
}

LfbRecurrentLayer *
lfb_recurrent_layer_new (LfbCall     *call,
                         gsize        n_gates,
                         const char  *suffix,
                         GError     **error)
{
  LfbRecurrentLayer *self = g_new0 (LfbRecurrentLayer, 1);
  gboolean ok;

  ok = gate_product_init (&self->input, call, "weight_ih", "bias_ih", suffix, error) &&
       gate_product_init (&self->state, call, "weight_hh", "bias_hh", suffix, error);
  if (ok && find_tensor (call, "weight_hr", suffix, "") != NULL)
    ok = gate_product_init (&self->projection, call, "weight_hr", NULL, suffix, error);
  if (ok)
    {
      self->hidden = self->input.n / n_gates;
      self->output = self->projection.n > 0 ? self->projection.n : self->hidden;
      ok = check_sizes (self, n_gates, suffix, error);
    }
  if (!ok)
    g_clear_pointer (&self, lfb_recurrent_layer_free);

  return self;
}

LfbRecurrentLayer *
lfb_recurrent_layer_new_packed (LfbCall  *call,
                                gsize     n_gates,
                                GError  **error)
{
  LfbRecurrentLayer *self = g_new0 (LfbRecurrentLayer, 1);

  if (gate_product_init_packed (&self->input, call, "w_ih", error) &&
      gate_product_init_packed (&self->state, call, "w_hh", error))
    {
      self->hidden = self->output = self->input.n / n_gates;
      if (check_sizes (self, n_gates, "", error))
        return self;
    }
  lfb_recurrent_layer_free (self);

  return NULL;
}

gboolean
lfb_recurrent_check_input (const LfbRecurrentLayer  *self,
                           LfbTensor                *input,
                           GError                  **error)
{
  gsize n_dims = lfb_tensor_get_n_dims (input);
  g_autofree char *shape = NULL;

  if ((gsize) lfb_tensor_get_dim (input, n_dims - 1) == self->input.k)
    return TRUE;

  shape = lfb_tensor_describe_shape (input);
  g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
               "argument `input` has the shape %s, expected a last dimension of %" G_GSIZE_FORMAT, shape, self->input.k);

  return FALSE;
}

static void
step_plain (const LfbKernels *kernels,
            LfbCellType       type,
            gsize             n,
            const float      *a,
            const float      *b,
            float            *h)
{
  for (gsize j = 0; j < n; j++)
    {
      float sum = a[j] + b[j];

      h[j] = type == LFB_CELL_RELU && sum < 0 ? 0 : sum;
    }
  if (type == LFB_CELL_TANH)
    kernels->functions.tanh (h, h, n);
}

/* One step: from the products @a (input) and @b (state) to @h and @c. */
static void
step_rows (const LfbRecurrentLayer *self,
           const LfbCellKind       *kind,
           const LfbKernels        *kernels,
           gsize                    batch,
           const float             *a,
           const float             *b,
           float                   *h,
           float                   *c)
{
  gsize n = self->hidden, gates = self->input.n;

  for (gsize i = 0; i < batch; i++)
    if (kind->type == LFB_CELL_LSTM)
      kernels->cell.lstm (a + i * gates, b + i * gates, h + i * n, c + i * n, n);
    else if (kind->type == LFB_CELL_GRU)
      kernels->cell.gru (a + i * gates, b + i * gates, h + i * n, n);
    else
      step_plain (kernels, kind->type, n, a + i * gates, b + i * gates, h + i * n);
}

static gsize
dynamic_size (const LfbGateProduct *product,
              gsize                 m)
{
  return product->rows != NULL ? lfb_dynamic_work_size (product->rows, m) : 0;
}

/* Bytes of @n x @m floats, up to where another array may begin. */
static gboolean
add_floats (gsize *total,
            gsize  n,
            gsize  m)
{
  gsize size;

  return g_size_checked_mul (&size, n, m) && g_size_checked_mul (&size, size, sizeof (float)) &&
         g_size_checked_add (&size, size, 63) && g_size_checked_add (total, *total, size / 64 * 64);
}

gsize
lfb_recurrent_work_size (const LfbRecurrentLayer *self,
                         gsize                    steps,
                         gsize                    batch)
{
  gsize total = 0, rows;

  if (!g_size_checked_mul (&rows, steps, batch) || !add_floats (&total, rows, self->input.n) ||
      !add_floats (&total, batch, self->input.n) || !add_floats (&total, batch, self->hidden) ||
      !g_size_checked_add (&total, total, MAX (dynamic_size (&self->input, rows),
                                               MAX (dynamic_size (&self->state, batch), dynamic_size (&self->projection, batch)))))
    return G_MAXSIZE;

  return total;
}

LfbRecurrentWork
lfb_recurrent_work_place (const LfbRecurrentLayer *self,
                          gsize                    steps,
                          gsize                    batch,
                          gpointer                 memory)
{
  gsize a = 0, b = 0, wide = 0;

  add_floats (&a, steps * batch, self->input.n);
  add_floats (&b, batch, self->input.n);
  add_floats (&wide, batch, self->hidden);

  return (LfbRecurrentWork) {
    memory, (float *) ((guint8 *) memory + a), (float *) ((guint8 *) memory + a + b), (guint8 *) memory + a + b + wide,
  };
}

gboolean
lfb_recurrent_layer_work (const LfbRecurrentLayer  *self,
                          const LfbCellKind        *kind,
                          const LfbRuntime         *runtime,
                          const float              *x,
                          gsize                     steps,
                          gsize                     batch,
                          gboolean                  backwards,
                          float                    *h,
                          float                    *c,
                          float                    *y,
                          gsize                     y_stride,
                          const LfbRecurrentWork   *work,
                          GError                  **error)
{
  gsize gates = self->input.n;

  if (!gate_product_run (&self->input, runtime, x, steps * batch, work->a, work->dynamic, error))
    return FALSE;

  for (gsize step = 0; step < steps; step++)
    {
      gsize at = backwards ? steps - 1 - step : step;
      float *next = self->projection.n > 0 ? work->wide : h;

      if (g_cancellable_set_error_if_cancelled (runtime->cancellable, error) ||
          !gate_product_run (&self->state, runtime, h, batch, work->b, work->dynamic, error))
        return FALSE;
      step_rows (self, kind, &runtime->kernels, batch, work->a + at * batch * gates, work->b, next, c);
      if (self->projection.n > 0 &&
          !gate_product_run (&self->projection, runtime, work->wide, batch, h, work->dynamic, error))
        return FALSE;
      for (gsize i = 0; i < batch && y != NULL; i++)
        memcpy (y + (at * batch + i) * y_stride, h + i * self->output, self->output * sizeof *h);
    }

  return TRUE;
}

gboolean
lfb_recurrent_layer_run (const LfbRecurrentLayer  *self,
                         const LfbCellKind        *kind,
                         const LfbRuntime         *runtime,
                         const float              *x,
                         gsize                     steps,
                         gsize                     batch,
                         gboolean                  backwards,
                         float                    *h,
                         float                    *c,
                         float                    *y,
                         gsize                     y_stride,
                         GError                  **error)
{
  gpointer memory = lfb_try_alloc_aligned (lfb_recurrent_work_size (self, steps, batch), 1, error);
  LfbRecurrentWork work;
  gboolean ok;

  if (memory == NULL)
    return FALSE;
  work = lfb_recurrent_work_place (self, steps, batch, memory);
  ok = lfb_recurrent_layer_work (self, kind, runtime, x, steps, batch, backwards, h, c, y, y_stride, &work, error);
  free (memory);

  return ok;
}
