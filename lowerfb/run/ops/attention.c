/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Attention and other float operators that are put together from those of the
 * table: softmax (q k^T * scale + mask) v, and unit vectors.
 */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>
#include <lowerfb/run/lfb-reference-private.h>

#include <math.h>
#include <string.h>

static LfbValue *
call_two (LfbCall     *call,
          const char  *name,
          LfbValue    *a,
          LfbValue    *b,
          GError     **error)
{
  LfbValue *args[2] = { a, b };

  return lfb_call_other (call, name, args, 2, error);
}

/* What is added before softmax: 0 where a bool mask is true, else -infinity. */
static LfbValue *
additive_mask (LfbCall   *call,
               LfbValue  *mask,
               GError   **error)
{
  g_autoptr (LfbValue) zero = lfb_value_for_double (0);
  g_autoptr (LfbValue) infinity = lfb_value_for_double (-INFINITY);
  LfbValue *args[3] = { mask, zero, infinity };

  if (lfb_tensor_get_dtype (lfb_value_get_tensor (mask)) != LFB_DTYPE_BOOL)
    return lfb_value_ref (mask);

  return lfb_call_other (call, "torch.where", args, 3, error);
}

/* A query sees keys up to its own place. */
static LfbValue *
causal_mask (gint64    n_queries,
             gint64    n_keys,
             GError  **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gint64 shape[2] = { n_queries, n_keys };

  if (!lfb_array_init (&array, LFB_DTYPE_FLOAT32, shape, 2, error))
    return NULL;
  for (gint64 i = 0; i < n_queries; i++)
    for (gint64 j = 0; j < n_keys; j++)
      ((float *) array.data)[i * n_keys + j] = j <= i ? 0 : -INFINITY;

  return lfb_value_take_tensor (lfb_array_seal (&array, error));
}

static LfbValue *
find_mask (LfbCall    *call,
           LfbTensor  *query,
           LfbTensor  *key,
           LfbValue  **mask,
           GError    **error)
{
  gboolean causal = FALSE;
  LfbTensor *given;

  *mask = NULL;
  if (!lfb_call_optional_tensor (call, "attn_mask", &given, error) || !lfb_call_bool (call, "is_causal", &causal, error))
    return NULL;
  if (given != NULL && causal)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "arguments `attn_mask` and `is_causal` exclude each other");
      return NULL;
    }
  if (given != NULL)
    *mask = additive_mask (call, lfb_call_get (call, "attn_mask"), error);
  else if (causal)
    *mask = causal_mask (lfb_tensor_get_dim (query, lfb_tensor_get_n_dims (query) - 2),
                         lfb_tensor_get_dim (key, lfb_tensor_get_n_dims (key) - 2), error);
  else
    *mask = lfb_value_for_none ();

  return *mask;
}

static LfbValue *
attention (LfbCall  *call,
           GError  **error)
{
  LfbTensor *query = lfb_call_tensor (call, "query", error);
  LfbTensor *key = query != NULL ? lfb_call_tensor (call, "key", error) : NULL;
  g_autoptr (LfbTensor) turned = NULL;
  g_autoptr (LfbValue) keys = NULL;
  g_autoptr (LfbValue) products = NULL;
  g_autoptr (LfbValue) factor = NULL;
  g_autoptr (LfbValue) scores = NULL;
  g_autoptr (LfbValue) mask = NULL;
  g_autoptr (LfbValue) last = lfb_value_for_int (-1);
  g_autoptr (LfbValue) weights = NULL;
  gsize order[LFB_TENSOR_MAX_DIMS], n;
  double scale;

  if (key == NULL || lfb_call_state (call, error) == NULL || !lfb_check_rank ("query", query, 2, LFB_TENSOR_MAX_DIMS, error) ||
      !lfb_check_rank ("key", key, 2, LFB_TENSOR_MAX_DIMS, error))
    return NULL;
  n = lfb_tensor_get_n_dims (key);
  for (gsize i = 0; i < n; i++)
    order[i] = i < n - 2 ? i : 2 * n - 3 - i;
  turned = lfb_tensor_permute (key, order, error);
  if (turned == NULL)
    return NULL;
  scale = 1 / sqrt ((double) MAX (lfb_tensor_get_dim (query, lfb_tensor_get_n_dims (query) - 1), 1));
  if (!lfb_call_double (call, "scale", &scale, error))
    return NULL;

  keys = lfb_value_for_tensor (turned);
  factor = lfb_value_for_double (scale);
  products = call_two (call, "torch.matmul", lfb_call_get (call, "query"), keys, error);
  scores = products != NULL ? call_two (call, "torch.mul", products, factor, error) : NULL;
  if (scores == NULL || find_mask (call, query, key, &mask, error) == NULL)
    return NULL;
  if (!lfb_value_is_none (mask))
    {
      LfbValue *masked = call_two (call, "torch.add", scores, mask, error);

      if (masked == NULL)
        return NULL;
      lfb_value_unref (scores);
      scores = masked;
    }
  weights = call_two (call, "torch.softmax", scores, last, error);

  return weights != NULL ? call_two (call, "torch.matmul", weights, lfb_call_get (call, "value"), error) : NULL;
}

/* Known before the first run, where the argument is: what drops at random is
 * refused.
 */
static gpointer
prepare_attention (LfbCall  *call,
                   GError  **error)
{
  static gboolean done;
  double p = 0;

  if (!lfb_call_double (call, "dropout_p", &p, error))
    return NULL;
  if (p == 0)
    return &done;

  g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
               "argument `dropout_p` is %g, so that it drops at random, which nobody could repeat; expected 0", p);

  return NULL;
}

static void
free_attention (gpointer state)
{
}

/* x / max (|x|, eps) along a dimension, |x| the square root of the squares. */
#define NORMALIZE(name, real) \
  static void \
  name (const real *x, \
        gsize       n, \
        gsize       stride, \
        double      eps, \
        real       *y) \
  { \
    double sum = 0; \
    real norm; \
    \
    for (gsize j = 0; j < n; j++) \
      sum += (double) x[j * stride] * x[j * stride]; \
    norm = sqrt (sum) < eps ? eps : sqrt (sum); \
    for (gsize j = 0; j < n; j++) \
      y[j * stride] = x[j * stride] / norm; \
  }

NORMALIZE (normalize_f32, float)
NORMALIZE (normalize_f64, double)

static LfbValue *
normalize (LfbCall  *call,
           GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  g_autoptr (LfbTensor) x = NULL;
  g_autoptr (LfbTensor) y = NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gsize n_dims, dim, outer = 1, inner = 1, n = 1;
  double p = 2, eps = 1e-12;
  const gint64 *shape;
  gconstpointer data;
  LfbDType real;

  if (input == NULL || !lfb_read_real_type ("input", input, &real, error) ||
      !lfb_call_double (call, "p", &p, error) || !lfb_call_double (call, "eps", &eps, error) ||
      !lfb_call_dim (call, "dim", lfb_tensor_get_n_dims (input), &dim, error))
    return NULL;
  if (p != 2)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED, "argument `p` is %g, expected 2", p);
      return NULL;
    }
  x = lfb_tensor_as_real ("input", input, real, error);
  if (x == NULL || !lfb_array_init_like (&array, real, x, error))
    return NULL;
  data = lfb_tensor_get_data (x, NULL);
  shape = lfb_tensor_get_shape (x, &n_dims);
  for (gsize i = 0; i < n_dims; i++)
    *(i < dim ? &outer : i == dim ? &n : &inner) *= shape[i];
  for (gsize o = 0; o < outer && array.n_elements > 0; o++)
    for (gsize i = 0; i < inner; i++)
      {
        gsize at = o * n * inner + i;

        if (real == LFB_DTYPE_FLOAT64)
          normalize_f64 ((const double *) data + at, n, inner, eps, (double *) array.data + at);
        else
          normalize_f32 ((const float *) data + at, n, inner, eps, (float *) array.data + at);
      }
  y = lfb_array_seal (&array, error);

  return y != NULL ? lfb_value_take_tensor (lfb_tensor_convert (y, lfb_tensor_get_dtype (input), error)) : NULL;
}

static const LfbOperator operators[] = {
  {
    .functions = "torch.nn.functional.scaled_dot_product_attention torch._C._nn.scaled_dot_product_attention",
    .signature = "query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None",
    .rule = "softmax(query @ key^T * scale + mask) @ value, scale 1 / sqrt(size) by default; dropout_p must be 0",
    .run = attention, .prepare = prepare_attention, .free_state = free_attention, .prepared = "dropout_p",
  },
  {
    .functions = "torch.nn.functional.normalize", .signature = "input, p=2.0, dim=1, eps=1e-12",
    .rule = "x / max(|x|, eps) along a dimension", .run = normalize,
  },
};

const LfbOperatorFamily lfb_attention_operators = LFB_OPERATOR_FAMILY (operators);
