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
  gint64 *indices;
} MaxJob;

typedef struct {
  gsize n_spatial;
  gboolean indices;       /* always returned */
} PoolKind;

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

/* The largest element of one window of a plane, the first of them, and where in
 * the plane it is. As in torch, of several NaN the last.
 */
#define WINDOW_MAX(type) \
  static type \
  window_max_##type (const type  *x, \
                     const gsize *in, \
                     const gsize *begin, \
                     const gsize *end, \
                     gint64      *index) \
  { \
    type max = -INFINITY; \
    \
    *index = (begin[0] * in[1] + begin[1]) * in[2] + begin[2]; \
    for (gsize d = begin[0]; d < end[0]; d++) \
      for (gsize h = begin[1]; h < end[1]; h++) \
        for (gsize w = begin[2]; w < end[2]; w++) \
          { \
            gsize at = (d * in[1] + h) * in[2] + w; \
            \
            if (x[at] > max || x[at] != x[at]) \
              { \
                max = x[at]; \
                *index = at; \
              } \
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
        ((double *) job->y)[at] = window_max_double ((const double *) job->x + plane, in, begin, end, &job->indices[at]);
      else
        ((float *) job->y)[at] = window_max_float ((const float *) job->x + plane, in, begin, end, &job->indices[at]);
    }
}

static LfbValue *
adaptive_max_pool (LfbCall  *call,
                   GError  **error)
{
  const PoolKind *kind = LFB_CALL_DATA (call, PoolKind);
  LfbTensor *input = lfb_call_tensor (call, "input", error), *results[2] = { NULL, NULL };
  gboolean with_indices = kind->indices;
  g_autoptr (LfbTensor) typed = NULL;
  g_autoptr (LfbTensor) result = NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  g_auto (LfbArray) indices = LFB_ARRAY_INIT;
  gint64 shape[5];
  MaxJob job = { 0 };
  LfbImage image;
  LfbDType dtype;
  gsize n_dims;

  if (input == NULL || !lfb_call_bool (call, "return_indices", &with_indices, error) || !lfb_check_plain ("input", input, error))
    return NULL;
  dtype = lfb_tensor_get_dtype (input);
  if (!lfb_dtype_is_floating_point (dtype))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "argument `input` has the dtype %s, expected floats",
                   lfb_dtype_to_string (dtype));
      return NULL;
    }
  if (!lfb_image_init (&image, "input", input, kind->n_spatial, error) ||
      !lfb_read_output_size (call, &image, job.size, error))
    return NULL;

  job.wide = dtype == LFB_DTYPE_FLOAT64;
  typed = lfb_tensor_convert (input, job.wide ? dtype : LFB_DTYPE_FLOAT32, error);
  n_dims = lfb_image_shape (&image, image.channels, job.size, shape);
  if (typed == NULL || !lfb_array_init (&array, lfb_tensor_get_dtype (typed), shape, n_dims, error) ||
      !lfb_array_init (&indices, LFB_DTYPE_INT64, shape, n_dims, error))
    return NULL;
  job.image = &image;
  job.x = lfb_tensor_get_data (typed, NULL);
  job.y = array.data;
  job.indices = indices.data;
  if (array.n_elements > 0)
    lfb_runtime_parallel (call->runtime, image.batch * image.channels,
                          MAX (16384 / MAX (lfb_volume (image.size), lfb_volume (job.size)), 1), fill_planes, &job);
  result = lfb_array_seal (&array, error);
  results[0] = result != NULL ? lfb_tensor_convert (result, dtype, error) : NULL;
  if (results[0] == NULL || !with_indices)
    return lfb_value_take_tensor (results[0]);
  results[1] = lfb_array_seal (&indices, error);
  if (results[1] == NULL)
    {
      g_object_unref (results[0]);
      return NULL;
    }

  return lfb_value_take_tensors (results, 2, TRUE);
}

static const PoolKind one = { 1, FALSE }, two = { 2, FALSE }, three = { 3, FALSE };
static const PoolKind one_with_indices = { 1, TRUE };

#define RULE "the largest element of a window, NaN wins; "

#define ROW(n, kind) \
  { \
    .functions = "torch.nn.functional.adaptive_max_pool" n, .modules = "torch.nn.AdaptiveMaxPool" n, \
    .signature = "input, output_size, return_indices=False", .rule = RULE "if asked for with its index", \
    .run = adaptive_max_pool, .data = &(kind), \
  }

static const LfbOperator operators[] = {
  ROW ("1d", one),
  ROW ("2d", two),
  ROW ("3d", three),
  {
    .functions = "torch.adaptive_max_pool1d", .signature = "input, output_size",
    .rule = RULE "and its index", .run = adaptive_max_pool, .data = &one_with_indices,
  },
};

const LfbOperatorFamily lfb_adaptive_max_pool_operators = LFB_OPERATOR_FAMILY (operators);
