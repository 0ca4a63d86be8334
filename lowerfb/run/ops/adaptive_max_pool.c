/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Adaptive max pools of floats: window i of a dimension that becomes n is
 * floor (i * size / n) to ceil ((i + 1) * size / n). NaN wins. Of integers with
 * a scale torch has none.
 */

#include <lowerfb/run/lfb-reduction-private.h>
#include <lowerfb/run/lfb-spatial-private.h>

#include <math.h>

typedef struct {
  const LfbImage *image;
  gsize size[3];          /* of the output */
  gboolean wide;          /* float64, else float32 */
  gconstpointer x;
  gpointer y;
} MaxJob;

static inline gsize
window_begin (gsize i,
              gsize size,
              gsize n)
{
  return (guint64) i * size / n;
}

static inline gsize
window_end (gsize i,
            gsize size,
            gsize n)
{
  return ((guint64) (i + 1) * size + n - 1) / n;
}

/* The largest element of one window of a plane. */
#define WINDOW_MAX(type) \
  static type \
  window_max_##type (const type  *x, \
                     const gsize *in, \
                     const gsize *begin, \
                     const gsize *end) \
  { \
    type max = -INFINITY; \
    \
    for (gsize d = begin[0]; d < end[0]; d++) \
      for (gsize h = begin[1]; h < end[1]; h++) \
        for (gsize w = begin[2]; w < end[2]; w++) \
          { \
            type element = x[(d * in[1] + h) * in[2] + w]; \
            \
            if (element != element) \
              return element; \
            if (element > max) \
              max = element; \
          } \
    \
    return max; \
  }

WINDOW_MAX (float)
WINDOW_MAX (double)

static void
fill_planes (gsize    first,
             gsize    last,
             gpointer user_data)
{
  const MaxJob *job = user_data;
  const gsize *in = job->image->size, *out = job->size;
  gsize volume = lfb_volume (out);

  for (gsize at = first * volume; at < last * volume; at++)
    {
      const gsize place[3] = { at / (out[1] * out[2]) % out[0], at / out[2] % out[1], at % out[2] };
      gsize plane = at / volume * lfb_volume (in), begin[3], end[3];

      for (gsize i = 0; i < 3; i++)
        {
          begin[i] = window_begin (place[i], in[i], out[i]);
          end[i] = window_end (place[i], in[i], out[i]);
        }
      if (job->wide)
        ((double *) job->y)[at] = window_max_double ((const double *) job->x + plane, in, begin, end);
      else
        ((float *) job->y)[at] = window_max_float ((const float *) job->x + plane, in, begin, end);
    }
}

static LfbValue *
adaptive_max_pool (LfbCall  *call,
                   GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  g_autoptr (LfbTensor) typed = NULL;
  g_autoptr (LfbTensor) result = NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gint64 shape[5];
  MaxJob job = { 0 };
  LfbImage image;
  LfbDType dtype;
  gsize n_dims;

  if (input == NULL || !lfb_refuse_indices (call, error) || !lfb_check_plain ("input", input, error))
    return NULL;
  dtype = lfb_tensor_get_dtype (input);
  if (!lfb_dtype_is_floating_point (dtype))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "argument `input` has the dtype %s, expected floats",
                   lfb_dtype_to_string (dtype));
      return NULL;
    }
  if (!lfb_image_init (&image, "input", input, *LFB_CALL_DATA (call, gsize), error) ||
      !lfb_read_output_size (call, &image, job.size, error))
    return NULL;

  job.wide = dtype == LFB_DTYPE_FLOAT64;
  typed = lfb_tensor_convert (input, job.wide ? dtype : LFB_DTYPE_FLOAT32, error);
  n_dims = lfb_image_shape (&image, image.channels, job.size, shape);
  if (typed == NULL || !lfb_array_init (&array, lfb_tensor_get_dtype (typed), shape, n_dims, error))
    return NULL;
  job.image = &image;
  job.x = lfb_tensor_get_data (typed, NULL);
  job.y = array.data;
  if (array.n_elements > 0)
    lfb_runtime_parallel (call->runtime, image.batch * image.channels,
                          MAX (16384 / MAX (lfb_volume (image.size), lfb_volume (job.size)), 1), fill_planes, &job);
  result = lfb_array_seal (&array, error);

  return result != NULL ? lfb_value_take_tensor (lfb_tensor_convert (result, dtype, error)) : NULL;
}

static const gsize one = 1, two = 2, three = 3;

#define ROW(n, n_spatial) \
  { \
    .functions = "torch.nn.functional.adaptive_max_pool" n, .modules = "torch.nn.AdaptiveMaxPool" n, \
    .signature = "input, output_size, return_indices=False", .rule = "the largest element of a window; NaN wins", \
    .run = adaptive_max_pool, .data = &(n_spatial), \
  }

static const LfbOperator operators[] = {
  ROW ("1d", one),
  ROW ("2d", two),
  ROW ("3d", three),
};

const LfbOperatorFamily lfb_adaptive_max_pool_operators = LFB_OPERATOR_FAMILY (operators);
