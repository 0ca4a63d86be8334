/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Max, average and adaptive average pools of one to three dimensions, on
 * integers and floats; numerics.md, "max pool" and "avg pool, adaptive avg
 * pool, mean". How many windows ceil_mode gives is torch's rule: the last one
 * must begin inside the tensor or its padding before.
 */

#include <lowerfb/run/lfb-emit-private.h>
#include <lowerfb/run/lfb-reference-private.h>
#include <lowerfb/run/lfb-spatial-private.h>

#include <string.h>

typedef struct {
  LfbPoolType type;
  gsize n_spatial;
} PoolKind;

static const PoolKind max1 = { LFB_POOL_MAX, 1 }, max2 = { LFB_POOL_MAX, 2 }, max3 = { LFB_POOL_MAX, 3 };
static const PoolKind avg1 = { LFB_POOL_AVG, 1 }, avg2 = { LFB_POOL_AVG, 2 }, avg3 = { LFB_POOL_AVG, 3 };
static const PoolKind adaptive1 = { LFB_POOL_ADAPTIVE_AVG, 1 }, adaptive2 = { LFB_POOL_ADAPTIVE_AVG, 2 };
static const PoolKind adaptive3 = { LFB_POOL_ADAPTIVE_AVG, 3 };

/* How many windows a dimension has; less than 1 if there is none. With ceil_mode
 * one that is larger than the tensor counts as far as it reaches.
 */
static gint64
count_windows (gint64   size,
               gint64   kernel,
               gint64   stride,
               gint64   dilation,
               gint64   padding,
               gboolean ceil_mode)
{
  gint64 free_space = size + 2 * padding - dilation * (kernel - 1) - 1 + (ceil_mode ? stride - 1 : 0);
  gint64 n;

  if (free_space < 0)
    return 0;
  n = free_space / stride + 1;
  if (ceil_mode && (n - 1) * stride >= size + padding)
    n--;

  return n;
}

static gboolean
read_window (LfbCall         *call,
             const LfbImage  *image,
             LfbWindow       *window,
             GError         **error)
{
  gsize n = image->n_spatial;
  LfbValue *stride = lfb_call_get (call, "stride");
  gboolean ceil_mode = FALSE, quantized = lfb_tensor_is_quantized (lfb_value_get_tensor (lfb_call_get (call, "input")));

  for (gsize i = 0; i < 3; i++)
    {
      window->in_size[i] = image->size[i];
      window->kernel[i] = window->dilation[i] = 1;
      window->padding[i] = 0;
    }
  if (!lfb_read_sizes (call, "kernel_size", n, 1, window->kernel, error))
    return FALSE;
  memcpy (window->stride, window->kernel, sizeof window->stride);
  if ((stride == NULL || !lfb_value_is_sequence (stride) || lfb_value_get_n_items (stride) > 0) &&
      !lfb_read_sizes (call, "stride", n, 1, window->stride, error))
    return FALSE;
  if (!lfb_read_sizes (call, "padding", n, 0, window->padding, error) ||
      !lfb_read_sizes (call, "dilation", n, 1, window->dilation, error) ||
      !lfb_call_bool (call, "ceil_mode", &ceil_mode, error))
    return FALSE;

  for (gsize i = 0; i < 3; i++)
    {
      gint64 count;

      if (window->padding[i] > window->kernel[i] / 2)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                       "argument `padding` is %" G_GSIZE_FORMAT ", expected at most half of the kernel size %"
                       G_GSIZE_FORMAT, window->padding[i], window->kernel[i]);
          return FALSE;
        }
      /* Of floats in 3 dimensions torch wants one that holds no padding. */
      count = count_windows (window->in_size[i], window->kernel[i], window->stride[i], window->dilation[i],
                             window->padding[i], ceil_mode);
      if (count < 1 || (LFB_CALL_DATA (call, PoolKind) == &avg3 && !quantized && window->in_size[i] < window->kernel[i]))
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                       "a size of %" G_GSIZE_FORMAT " with padding %" G_GSIZE_FORMAT " has no window of %"
                       G_GSIZE_FORMAT, window->in_size[i], window->padding[i], window->kernel[i]);
          return FALSE;
        }
      window->out_size[i] = count;
    }

  return TRUE;
}

static gboolean
read_adaptive_window (LfbCall         *call,
                      const LfbImage  *image,
                      LfbWindow       *window,
                      GError         **error)
{
  for (gsize i = 0; i < 3; i++)
    {
      window->in_size[i] = image->size[i];
      window->kernel[i] = window->stride[i] = window->dilation[i] = 1;
      window->padding[i] = 0;
    }

  return lfb_read_output_size (call, image, window->out_size, error);
}

static gboolean
read_average (LfbCall          *call,
              const LfbWindow  *window,
              LfbTensor        *input,
              LfbAverage       *average,
              GError          **error)
{
  gboolean count_include_pad = TRUE;
  gint64 divisor = 0;
  gsize volume = 1;

  if (!lfb_call_bool (call, "count_include_pad", &count_include_pad, error) ||
      !lfb_call_int (call, "divisor_override", &divisor, error))
    return FALSE;
  if (divisor == 0 && lfb_call_has (call, "divisor_override") &&
      !lfb_value_is_none (lfb_call_get (call, "divisor_override")))
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_RANGE, "argument `divisor_override` is 0");
      return FALSE;
    }
  average->count_include_pad = count_include_pad;
  average->divisor = divisor;
  average->zero_point = lfb_tensor_is_quantized (input) ? lfb_tensor_get_zero_point (input) : 0;

  for (gsize i = 0; i < 3; i++)
    {
      gsize reach = LFB_CALL_DATA (call, PoolKind)->type == LFB_POOL_ADAPTIVE_AVG
                      ? window->in_size[i] / MAX (window->out_size[i], 1) + 2 : window->kernel[i];

      if (!g_size_checked_mul (&volume, volume, MIN (reach, window->in_size[i])))
        volume = G_MAXSIZE;
    }
  if (lfb_tensor_is_quantized (input) && volume > lfb_avg_pool_limit ())
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "a window has up to %" G_GSIZE_FORMAT " elements, expected at most %" G_GSIZE_FORMAT
                   ": more could leave the 32 bits of the sum", volume, lfb_avg_pool_limit ());
      return FALSE;
    }

  return TRUE;
}

/* The input as the kernels take it: bytes, float32 or float64. */
static LfbTensor *
kernel_input (LfbCall  *call,
              GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  LfbDType real;

  if (input == NULL)
    return NULL;
  if (lfb_tensor_is_quantized (input))
    return lfb_check_quantized ("input", input, error) ? g_object_ref (input) : NULL;

  return lfb_read_real_type ("input", input, &real, error) ? lfb_tensor_as_real ("input", input, real, error) : NULL;
}

static gboolean
run_window (const LfbRuntime *runtime,
            const LfbPool    *self,
            LfbTensor        *input,
            LfbArray         *array,
            GError          **error)
{
  gsize item_size = lfb_dtype_size (lfb_tensor_get_dtype (input));
  g_autofree char *x = lfb_try_alloc (lfb_tensor_get_n_elements (input), item_size, error);
  g_autofree char *y = x != NULL ? lfb_try_alloc (array->n_elements, item_size, error) : NULL;

  if (y == NULL)
    return FALSE;
  lfb_to_channels_last (lfb_tensor_get_data (input, NULL), x, item_size, self->batch, self->channels,
                        lfb_volume (self->window.in_size));
  lfb_pool_run (self, runtime, x, self->channels, y, self->channels);
  lfb_to_channels_first (y, array->data, item_size, self->batch, self->channels, lfb_volume (self->window.out_size));

  return TRUE;
}

/* What the arguments say, for an @input as the kernels take it. */
static gboolean
read_pool (LfbCall    *call,
           LfbTensor  *input,
           LfbImage   *image,
           LfbPool    *self,
           GError    **error)
{
  const PoolKind *kind = LFB_CALL_DATA (call, PoolKind);

  if (!lfb_refuse_indices (call, error) ||
      !lfb_image_init (image, "input", input, kind->n_spatial, error))
    return FALSE;
  if (kind->type == LFB_POOL_ADAPTIVE_AVG ? !read_adaptive_window (call, image, &self->window, error)
                                          : !read_window (call, image, &self->window, error))
    return FALSE;
  self->type = kind->type;
  self->dtype = lfb_tensor_get_dtype (input);
  self->batch = image->batch;
  self->channels = image->channels;

  return kind->type == LFB_POOL_MAX || read_average (call, &self->window, input, &self->average, error);
}

static LfbValue *
pool (LfbCall  *call,
      GError  **error)
{
  g_autoptr (LfbTensor) input = kernel_input (call, error);
  g_autoptr (LfbTensor) result = NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  LfbPool self = { 0 };
  gint64 shape[5];
  LfbImage image;
  gsize n_dims;

  if (input == NULL || !read_pool (call, input, &image, &self, error))
    return NULL;

  n_dims = lfb_image_shape (&image, image.channels, self.window.out_size, shape);
  if (!lfb_array_init (&array, self.dtype, shape, n_dims, error) ||
      (array.n_elements > 0 && !run_window (call->runtime, &self, input, &array, error)))
    return NULL;
  result = lfb_array_seal_like (&array, input, error);

  return result != NULL && !lfb_tensor_is_quantized (result)
           ? lfb_value_take_tensor (lfb_tensor_convert (result, lfb_tensor_get_dtype (lfb_call_tensor (call, "input", NULL)), error))
           : lfb_value_take_tensor (g_steal_pointer (&result));
}

static LfbEmitted
emit_pool (LfbEmit  *emit,
           GError  **error)
{
  LfbTensor *input;
  LfbPool self = { 0 };
  LfbOperand x, y;
  LfbImage image;

  input = lfb_emit_stand_in (emit, "input", &x);
  if (input == NULL ||
      (x.dtype != LFB_DTYPE_QUINT8 && x.dtype != LFB_DTYPE_QINT8 && x.dtype != LFB_DTYPE_FLOAT32 &&
       x.dtype != LFB_DTYPE_FLOAT64))
    return LFB_EMITTED_NOTHING;
  if (!read_pool (&emit->call, input, &image, &self, error))
    return LFB_EMITTED_ERROR;
  if (!image.batched)
    return LFB_EMITTED_NOTHING;

  y = x;
  y.n_dims = lfb_image_shape (&image, image.channels, self.window.out_size, y.shape);

  return lfb_emit_pool (emit, &self, &x, &y);
}

#define MAX_RULE "the largest element of a window; padding never wins; same scale and zero point"
#define AVG_RULE "clamp(round(float(sum of q - z) * (1 / n)) + z); floats: sum / n; same scale and zero point"
#define MAX_SIGNATURE \
  "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False"
#define AVG_SIGNATURE \
  "input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True"

static const LfbOperator operators[] = {
  {
    .functions = "torch.nn.functional.max_pool1d torch.max_pool1d torch.ops.quantized.max_pool1d",
    .modules = "torch.nn.MaxPool1d",
    .signature = MAX_SIGNATURE, .rule = MAX_RULE, .run = pool, .emit = emit_pool, .data = &max1,
  },
  {
    .functions = "torch.nn.functional.max_pool2d torch.max_pool2d torch.ops.quantized.max_pool2d",
    .modules = "torch.nn.MaxPool2d torch.ao.nn.quantized.MaxPool2d",
    .signature = MAX_SIGNATURE, .rule = MAX_RULE, .run = pool, .emit = emit_pool, .data = &max2,
  },
  {
    .functions = "torch.nn.functional.max_pool3d torch.max_pool3d",
    .modules = "torch.nn.MaxPool3d",
    .signature = MAX_SIGNATURE, .rule = MAX_RULE, .run = pool, .emit = emit_pool, .data = &max3,
  },
  {
    .functions = "torch.nn.functional.avg_pool1d torch.avg_pool1d",
    .modules = "torch.nn.AvgPool1d",
    .signature = AVG_SIGNATURE, .rule = AVG_RULE, .run = pool, .emit = emit_pool, .data = &avg1,
  },
  {
    .functions = "torch.nn.functional.avg_pool2d torch._C._nn.avg_pool2d",
    .modules = "torch.nn.AvgPool2d",
    .signature = AVG_SIGNATURE ", divisor_override=None", .rule = AVG_RULE, .run = pool, .emit = emit_pool, .data = &avg2,
  },
  {
    .functions = "torch.nn.functional.avg_pool3d torch._C._nn.avg_pool3d",
    .modules = "torch.nn.AvgPool3d",
    .signature = AVG_SIGNATURE ", divisor_override=None", .rule = AVG_RULE, .run = pool, .emit = emit_pool, .data = &avg3,
  },
  {
    .functions = "torch.nn.functional.adaptive_avg_pool1d torch.adaptive_avg_pool1d",
    .modules = "torch.nn.AdaptiveAvgPool1d",
    .signature = "input, output_size", .rule = AVG_RULE, .run = pool, .emit = emit_pool, .data = &adaptive1,
  },
  {
    .functions = "torch.nn.functional.adaptive_avg_pool2d torch._C._nn.adaptive_avg_pool2d",
    .modules = "torch.nn.AdaptiveAvgPool2d",
    .signature = "input, output_size", .rule = AVG_RULE, .run = pool, .emit = emit_pool, .data = &adaptive2,
  },
  {
    .functions = "torch.nn.functional.adaptive_avg_pool3d torch._C._nn.adaptive_avg_pool3d",
    .modules = "torch.nn.AdaptiveAvgPool3d",
    .signature = "input, output_size", .rule = AVG_RULE, .run = pool, .emit = emit_pool, .data = &adaptive3,
  },
};

const LfbOperatorFamily lfb_pool_operators = LFB_OPERATOR_FAMILY (operators);
