/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Matrix products of two tensors, in float and in 8-bit integers, with
 * batches that broadcast; numerics.md, "mul, matmul (two tensors)".
 */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>
#include <lowerfb/run/lfb-elementwise-private.h>
#include <lowerfb/run/lfb-emit-private.h>
#include <lowerfb/run/lfb-gemm-private.h>
#include <lowerfb/run/lfb-quantized-private.h>
#include <lowerfb/run/lfb-reduction-private.h>
#include <lowerfb/kernels/round.h>

#include <string.h>

/* (batch..., m, k) times (batch..., k, n); a vector on the left is a row, on
 * the right a column, and its dimension is missing in the result.
 */
typedef struct {
  gsize m, n, k, n_batches;
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  gsize n_dims;
  LfbTensor *a;    /* with all batches; owned */
  LfbTensor *b;
} Product;

static void
product_clear (Product *self)
{
  g_clear_object (&self->a);
  g_clear_object (&self->b);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Product, product_clear)

static gboolean
product_init (Product    *self,
              LfbTensor  *a,
              LfbTensor  *b,
              GError    **error)
{
  gint64 batch[LFB_TENSOR_MAX_DIMS], full[LFB_TENSOR_MAX_DIMS];
  gsize n_a, n_b, n_batch, batch_a, batch_b;
  const gint64 *shape_a = lfb_tensor_get_shape (a, &n_a), *shape_b = lfb_tensor_get_shape (b, &n_b);
  g_autoptr (LfbTensor) right = NULL;

  if (!lfb_check_rank ("input", a, 1, LFB_TENSOR_MAX_DIMS, error) ||
      !lfb_check_rank ("other", b, 1, LFB_TENSOR_MAX_DIMS, error))
    return FALSE;
  self->k = shape_a[n_a - 1];
  self->m = n_a > 1 ? shape_a[n_a - 2] : 1;
  self->n = n_b > 1 ? shape_b[n_b - 1] : 1;
  if ((gsize) (n_b > 1 ? shape_b[n_b - 2] : shape_b[0]) != self->k)
    {
      g_autofree char *text_a = lfb_tensor_describe_shape (a);
      g_autofree char *text_b = lfb_tensor_describe_shape (b);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE, "the shapes %s and %s do not multiply: %" G_GSIZE_FORMAT
                   " columns on the left need as many rows on the right", text_a, text_b, self->k);
      return FALSE;
    }
  batch_a = n_a > 2 ? n_a - 2 : 0;
  batch_b = n_b > 2 ? n_b - 2 : 0;
  if (!lfb_broadcast_shape (shape_a, batch_a, shape_b, batch_b, batch, &n_batch, error) ||
      !lfb_shape_count (batch, n_batch, &self->n_batches, error))
    return FALSE;

  lfb_sizes_copy (full, batch, n_batch);
  full[n_batch] = self->m;
  full[n_batch + 1] = self->k;
  self->a = n_a > 1 ? lfb_tensor_broadcast (a, full, n_batch + 2, error) : g_object_ref (a);
  if (self->a == NULL)
    return FALSE;
  /* A vector is used by every batch. */
  if (n_a == 1 && n_batch > 0)
    {
      g_object_unref (self->a);
      self->a = lfb_tensor_broadcast (a, full, n_batch + 2, error);
    }
  full[n_batch] = self->k;
  full[n_batch + 1] = self->n;
  if (n_b == 1)
    {
      gint64 column[2] = { self->k, 1 };

      right = lfb_tensor_reshape (b, column, 2, error);
    }
  self->b = self->a != NULL ? lfb_tensor_broadcast (right != NULL ? right : b, full, n_batch + 2, error) : NULL;
  if (self->b == NULL)
    return FALSE;

  self->n_dims = n_batch;
  lfb_sizes_copy (self->shape, batch, n_batch);
  if (n_a > 1)
    self->shape[self->n_dims++] = self->m;
  if (n_b > 1)
    self->shape[self->n_dims++] = self->n;

  return TRUE;
}

/* Sums of integers wrap. */
static void
multiply_integers (gsize          m,
                   gsize          n,
                   gsize          k,
                   const guint64 *a,
                   const guint64 *b,
                   guint64       *c)
{
  memset (c, 0, m * n * sizeof *c);
  for (gsize i = 0; i < m; i++)
    for (gsize l = 0; l < k; l++)
      for (gsize j = 0; j < n; j++)
        c[i * n + j] += a[i * k + l] * b[l * n + j];
}

static gboolean
multiply (const LfbRuntime  *runtime,
          const Product     *product,
          LfbDType           dtype,
          LfbArray          *array,
          GError           **error)
{
  gsize m = product->m, n = product->n, k = product->k, size = lfb_dtype_size (dtype);
  const char *x = lfb_tensor_get_data (product->a, NULL), *y = lfb_tensor_get_data (product->b, NULL);

  for (gsize i = 0; i < product->n_batches && array->n_elements > 0; i++)
    {
      gconstpointer a = x + i * m * k * size, b = y + i * k * n * size;
      gpointer c = (char *) array->data + i * m * n * size;

      if (dtype == LFB_DTYPE_INT64)
        multiply_integers (m, n, k, a, b, c);
      else if (!lfb_gemm (runtime, dtype, FALSE, m, n, k, a, k, b, n, FALSE, c, n, error))
        return FALSE;
    }

  return TRUE;
}

/* Both of one type, which is that of the result; 16 bits are computed in float32. */
static LfbTensor *
plain_product (const LfbRuntime  *runtime,
               LfbTensor         *a,
               LfbTensor         *b,
               GError           **error)
{
  LfbDType dtype = lfb_tensor_get_dtype (a), compute = LFB_DTYPE_FLOAT32;
  g_auto (Product) product = { 0 };
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  g_autoptr (LfbTensor) x = NULL;
  g_autoptr (LfbTensor) y = NULL;
  g_autoptr (LfbTensor) result = NULL;

  if (!lfb_check_plain ("input", a, error) || !lfb_check_dtype ("other", b, dtype, error))
    return NULL;
  if (dtype == LFB_DTYPE_FLOAT64)
    compute = LFB_DTYPE_FLOAT64;
  else if (!lfb_dtype_is_floating_point (dtype))
    compute = LFB_DTYPE_INT64;
  x = lfb_tensor_convert (a, compute, error);
  y = x != NULL ? lfb_tensor_convert (b, compute, error) : NULL;
  if (y == NULL || !product_init (&product, x, y, error) ||
      !lfb_array_init (&array, compute, product.shape, product.n_dims, error) ||
      !multiply (runtime, &product, compute, &array, error))
    return NULL;
  result = lfb_array_seal (&array, error);

  return result != NULL ? lfb_tensor_convert (result, dtype, error) : NULL;
}

static LfbValue *
matmul (LfbCall  *call,
        GError  **error)
{
  LfbTensor *a = lfb_call_tensor (call, "input", error);
  LfbTensor *b = a != NULL ? lfb_call_tensor (call, "other", error) : NULL;

  return b != NULL ? lfb_value_take_tensor (plain_product (call->runtime, a, b, error)) : NULL;
}

static LfbValue *
strict_product (LfbCall   *call,
                gsize      n_dims,
                GError   **error)
{
  LfbTensor *a = lfb_call_tensor (call, "input", error);
  LfbTensor *b = a != NULL ? lfb_call_tensor (call, "mat2", error) : NULL;

  if (b == NULL || !lfb_check_rank ("input", a, n_dims, n_dims, error) || !lfb_check_rank ("mat2", b, n_dims, n_dims, error))
    return NULL;
  if (n_dims == 3 && lfb_tensor_get_dim (a, 0) != lfb_tensor_get_dim (b, 0))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "argument `mat2` has %" G_GINT64_FORMAT " matrices, expected %" G_GINT64_FORMAT " as `input`",
                   lfb_tensor_get_dim (b, 0), lfb_tensor_get_dim (a, 0));
      return NULL;
    }

  return lfb_value_take_tensor (plain_product (call->runtime, a, b, error));
}

static LfbValue *
mm (LfbCall  *call,
    GError  **error)
{
  return strict_product (call, 2, error);
}

static LfbValue *
bmm (LfbCall  *call,
     GError  **error)
{
  return strict_product (call, 3, error);
}

static LfbEmitted
emit_product (LfbEmit    *emit,
              const char *other,
              gsize       n_dims)
{
  LfbOperand a, b;

  if (!lfb_emit_operand (emit, "input", &a) || !lfb_emit_operand (emit, other, &b))
    return LFB_EMITTED_NOTHING;
  if (n_dims != 0 && (a.n_dims != n_dims || b.n_dims != n_dims || (n_dims == 3 && a.shape[0] != b.shape[0])))
    return LFB_EMITTED_NOTHING;

  return lfb_emit_matmul (emit, &a, &b);
}

static LfbEmitted
emit_matmul (LfbEmit  *emit,
             GError  **error)
{
  return emit_product (emit, "other", 0);
}

static LfbEmitted
emit_mm (LfbEmit  *emit,
         GError  **error)
{
  return emit_product (emit, "mat2", 2);
}

static LfbEmitted
emit_bmm (LfbEmit  *emit,
          GError  **error)
{
  return emit_product (emit, "mat2", 3);
}

LFB_BINARY_FUNCTIONS (add, a + b)
LFB_BINARY_FUNCTIONS (mul, a * b)

static gint64
add_i64 (gint64 a,
         gint64 b)
{
  return (guint64) a + (guint64) b;
}

static gint64
mul_i64 (gint64 a,
         gint64 b)
{
  return (guint64) a * (guint64) b;
}

/* beta * input + alpha * (mat1 @ mat2); what beta is 0 for is not looked at. */
static LfbValue *
add_product (LfbCall  *call,
             GError  **error)
{
  static const LfbBinary sum = { add_f32, add_f64, add_i64, LFB_RESULT_SAME };
  static const LfbBinary times = { mul_f32, mul_f64, mul_i64, LFB_RESULT_SAME };
  gboolean batched = lfb_call_has (call, "batch1");
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  LfbTensor *a = input != NULL ? lfb_call_tensor (call, batched ? "batch1" : "mat1", error) : NULL;
  LfbTensor *b = a != NULL ? lfb_call_tensor (call, batched ? "batch2" : "mat2", error) : NULL;
  gsize n_dims = batched ? 3 : 2, n_own, n_result;
  g_autoptr (LfbTensor) multiplied = NULL;
  g_autoptr (LfbTensor) spread = NULL;
  g_autoptr (LfbValue) product = NULL;
  g_autoptr (LfbValue) scaled = NULL;
  g_autoptr (LfbValue) whole = NULL;
  g_autoptr (LfbValue) added = NULL;
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  const gint64 *own, *result;
  double beta = 1;

  if (b == NULL || !lfb_check_rank (batched ? "batch1" : "mat1", a, n_dims, n_dims, error) ||
      !lfb_check_rank (batched ? "batch2" : "mat2", b, n_dims, n_dims, error) ||
      !lfb_check_dtype ("input", input, lfb_tensor_get_dtype (a), error) ||
      !lfb_call_double (call, "beta", &beta, error))
    return NULL;
  multiplied = plain_product (call->runtime, a, b, error);
  if (multiplied == NULL)
    return NULL;
  own = lfb_tensor_get_shape (input, &n_own);
  result = lfb_tensor_get_shape (multiplied, &n_result);
  if (!lfb_broadcast_shape (own, n_own, result, n_result, shape, &n_dims, error))
    return NULL;
  if (n_dims != n_result || !lfb_sizes_equal (shape, result, n_dims))
    {
      g_autofree char *found = lfb_tensor_describe_shape (input);
      g_autofree char *wanted = lfb_tensor_describe_shape (multiplied);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE, "argument `input` has the shape %s, which does not spread to %s", found, wanted);
      return NULL;
    }

  product = lfb_value_for_tensor (multiplied);
  scaled = lfb_binary_apply (call->runtime, &times, "alpha", lfb_call_get (call, "alpha"), "product", product, error);
  if (scaled == NULL || beta == 0)
    return g_steal_pointer (&scaled);
  spread = lfb_tensor_broadcast (input, result, n_result, error);
  whole = spread != NULL ? lfb_value_for_tensor (spread) : NULL;
  added = whole != NULL ? lfb_binary_apply (call->runtime, &times, "beta", lfb_call_get (call, "beta"), "input", whole, error) : NULL;

  return added != NULL ? lfb_binary_apply (call->runtime, &sum, "input", added, "product", scaled, error) : NULL;
}

typedef struct {
  const Product *product;
  LfbDType dtype;
  const guint8 *a, *b;
  gint32 za, zb;
  float multiplier;
  gint32 zy, qmin, qmax;
  guint8 *y;
  gint failed;
} IntegerJob;

static gint32
read_integer (LfbDType      dtype,
              const guint8 *bytes,
              gsize         i)
{
  return dtype == LFB_DTYPE_QUINT8 ? bytes[i] : ((const gint8 *) bytes)[i];
}

/* Rows of all batches. Sums are kept in 64 bits: exact for every k. */
static void
multiply_rows (gsize    begin,
               gsize    end,
               gpointer user_data)
{
  IntegerJob *job = user_data;
  gsize m = job->product->m, n = job->product->n, k = job->product->k;
  g_autofree gint64 *sums = lfb_try_alloc (n, sizeof (gint64), NULL);

  if (sums == NULL)
    {
      g_atomic_int_set (&job->failed, TRUE);
      return;
    }
  for (gsize row = begin; row < end; row++)
    {
      const guint8 *a = job->a + row * k, *b = job->b + row / m * k * n;

      memset (sums, 0, n * sizeof *sums);
      for (gsize l = 0; l < k; l++, b += n)
        {
          gint32 x = read_integer (job->dtype, a, l) - job->za;

          for (gsize j = 0; j < n; j++)
            sums[j] += x * (read_integer (job->dtype, b, j) - job->zb);
        }
      for (gsize j = 0; j < n; j++)
        job->y[row * n + j] = lfb_round_even (lfb_clamp_float ((float) sums[j] * job->multiplier, job->qmin - job->zy,
                                                               job->qmax - job->zy)) + job->zy;
    }
}

static LfbValue *
quantized_matmul (LfbCall  *call,
                  GError  **error)
{
  LfbTensor *a = lfb_call_tensor (call, "qa", error);
  LfbTensor *b = a != NULL ? lfb_call_tensor (call, "qb", error) : NULL;
  g_auto (Product) product = { 0 };
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  IntegerJob job = { .product = &product };
  double scale = 1;
  gint64 zero_point = 0;

  if (b == NULL || !lfb_check_quantized ("qa", a, error) || !lfb_check_quantized ("qb", b, error) ||
      !lfb_check_dtype ("qb", b, lfb_tensor_get_dtype (a), error) ||
      !lfb_call_qparams (call, "scale", "zero_point", lfb_tensor_get_dtype (a), &scale, &zero_point, error) ||
      !product_init (&product, a, b, error) ||
      !lfb_array_init (&array, lfb_tensor_get_dtype (a), product.shape, product.n_dims, error))
    return NULL;

  job.dtype = lfb_tensor_get_dtype (a);
  job.a = lfb_tensor_get_data (product.a, NULL);
  job.b = lfb_tensor_get_data (product.b, NULL);
  job.za = lfb_tensor_get_zero_point (a);
  job.zb = lfb_tensor_get_zero_point (b);
  job.multiplier = ((float) lfb_tensor_get_scale (a) * (float) lfb_tensor_get_scale (b)) * (1.0f / (float) scale);
  job.zy = zero_point;
  job.qmin = lfb_dtype_get_min (job.dtype);
  job.qmax = lfb_dtype_get_max (job.dtype);
  job.y = array.data;
  if (array.n_elements > 0)
    lfb_runtime_parallel (call->runtime, product.n_batches * product.m,
                          MAX (100000 / MAX (product.n * product.k, 1), 1), multiply_rows, &job);
  if (job.failed)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_RANGE, "there is not enough memory for the product");
      return NULL;
    }

  return lfb_value_take_tensor (lfb_array_seal_quantized (&array, job.dtype, scale, zero_point, error));
}

static const LfbOperator operators[] = {
  {
    .functions = "torch.matmul operator.matmul operator.imatmul torch.ops.aten.matmul",
    .methods = "matmul __matmul__", .signature = "input, other",
    .rule = "the matrix product; batches broadcast", .run = matmul, .emit = emit_matmul,
  },
  { .functions = "torch.mm", .methods = "mm", .signature = "input, mat2", .rule = "the product of two matrices", .run = mm, .emit = emit_mm },
  {
    .functions = "torch.bmm", .methods = "bmm", .signature = "input, mat2", .rule = "the products of a batch of matrices",
    .run = bmm, .emit = emit_bmm,
  },
  {
    .functions = "torch.addmm", .methods = "addmm", .signature = "input, mat1, mat2, beta=1, alpha=1",
    .rule = "beta * input + alpha * (mat1 @ mat2)", .run = add_product,
  },
  {
    .functions = "torch.baddbmm", .methods = "baddbmm", .signature = "input, batch1, batch2, beta=1, alpha=1",
    .rule = "beta * input + alpha * (batch1 @ batch2)", .run = add_product,
  },
  {
    .functions = "torch.ops.quantized.matmul", .signature = "qa, qb, scale, zero_point",
    .rule = "clamp(round(float(sum of (qa - za) * (qb - zb)) * (sa * sb) * (1 / sy)) + zy), the sum exact", .run = quantized_matmul,
  },
};

const LfbOperatorFamily lfb_matmul_operators = LFB_OPERATOR_FAMILY (operators);
