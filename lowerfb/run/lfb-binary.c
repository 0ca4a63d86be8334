/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Binary elementwise operators; see lfb-elementwise-private.h. */

#include <lowerfb/run/lfb-elementwise-private.h>
#include <lowerfb/run/lfb-quantized-private.h>

#include <string.h>

#define GRAIN 8192

typedef struct {
  const LfbRuntime *runtime;
  const LfbBinary *binary;
  LfbDType dtype;
  gconstpointer a;
  gconstpointer b;
  gsize a_step;      /* 0 for one element, 1 */
  gsize b_step;
  gpointer y;
} BinaryJob;

void
lfb_binary_floats (const LfbRuntime *runtime,
                   const LfbBinary  *binary,
                   const float      *a,
                   gsize             a_step,
                   const float      *b,
                   gsize             b_step,
                   float            *y,
                   gsize             n)
{
  const LfbArithmeticKernel *kernel = &runtime->kernels.arithmetic;

  if (binary->vector == 0)
    for (gsize i = 0; i < n; i++)
      y[i] = binary->f32 (a[i * a_step], b[i * b_step]);
  else if (binary->swapped)
    G_STRUCT_MEMBER (LfbArithmetic, kernel, binary->vector) (b, b_step, a, a_step, y, n);
  else
    G_STRUCT_MEMBER (LfbArithmetic, kernel, binary->vector) (a, a_step, b, b_step, y, n);
}

static void
binary_range (gsize    begin,
              gsize    end,
              gpointer user_data)
{
  const BinaryJob *job = user_data;

  switch (job->dtype)
    {
    case LFB_DTYPE_FLOAT32:
      lfb_binary_floats (job->runtime, job->binary, (const float *) job->a + begin * job->a_step, job->a_step,
                         (const float *) job->b + begin * job->b_step, job->b_step, (float *) job->y + begin, end - begin);
      break;
    case LFB_DTYPE_FLOAT64:
      for (gsize i = begin; i < end; i++)
        ((double *) job->y)[i] = job->binary->f64 (((const double *) job->a)[i * job->a_step],
                                                   ((const double *) job->b)[i * job->b_step]);
      break;
    default:
      for (gsize i = begin; i < end; i++)
        ((gint64 *) job->y)[i] = job->binary->i64 (((const gint64 *) job->a)[i * job->a_step],
                                                   ((const gint64 *) job->b)[i * job->b_step]);
      break;
    }
}

/* An operand in the type of the computation; repeated unless it is one number.
 * It becomes @type first: a number beside a tensor of int8 is an int8, beside one
 * of float16 it is rounded to that.
 */
static LfbTensor *
operand (const char    *name,
         LfbValue      *value,
         LfbDType       type,
         LfbDType       dtype,
         const gint64  *shape,
         gsize          n_dims,
         gsize         *step,
         GError       **error)
{
  g_autoptr (LfbTensor) own = lfb_value_as_tensor (name, value, error);
  g_autoptr (LfbTensor) wrapped = own != NULL ? lfb_tensor_convert (own, type, error) : NULL;
  g_autoptr (LfbTensor) converted = wrapped != NULL ? lfb_tensor_convert (wrapped, dtype, error) : NULL;

  if (converted == NULL)
    return NULL;
  *step = lfb_tensor_get_n_elements (converted) == 1 ? 0 : 1;

  return *step == 0 ? g_steal_pointer (&converted) : lfb_tensor_broadcast (converted, shape, n_dims, error);
}

static gboolean
is_number (LfbValue *value)
{
  LfbValueKind kind = lfb_value_get_kind (value);

  return kind == LFB_VALUE_KIND_BOOL || kind == LFB_VALUE_KIND_INT || kind == LFB_VALUE_KIND_DOUBLE;
}

/* Python's own arithmetic, on sizes for instance. */
static LfbValue *
apply_to_numbers (const LfbBinary *binary,
                  LfbValue        *a,
                  LfbValue        *b)
{
  gint64 integer_a, integer_b;
  double x, y;

  if (binary->i64 != NULL && binary->result != LFB_RESULT_FLOAT &&
      lfb_value_read_int (a, &integer_a) && lfb_value_read_int (b, &integer_b))
    {
      gint64 result = binary->i64 (integer_a, integer_b);

      return binary->result == LFB_RESULT_BOOL ? lfb_value_for_bool (result != 0) : lfb_value_for_int (result);
    }
  lfb_value_read_double (a, &x);
  lfb_value_read_double (b, &y);
  x = binary->f64 (x, y);

  return binary->result == LFB_RESULT_BOOL ? lfb_value_for_bool (x != 0) : lfb_value_for_double (x);
}

static gboolean
shape_of (LfbValue      *value,
          const gint64 **shape,
          gsize         *n_dims)
{
  *n_dims = 0;
  if (lfb_value_get_kind (value) != LFB_VALUE_KIND_TENSOR)
    return FALSE;
  *shape = lfb_tensor_get_shape (lfb_value_get_tensor (value), n_dims);

  return TRUE;
}

LfbValue *
lfb_binary_apply (const LfbRuntime  *runtime,
                  const LfbBinary   *binary,
                  const char        *a_name,
                  LfbValue          *a,
                  const char        *b_name,
                  LfbValue          *b,
                  GError           **error)
{
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  const gint64 *a_shape = NULL, *b_shape = NULL;
  LfbDType a_type, b_type, type, compute, result_type;
  g_autoptr (LfbTensor) x = NULL;
  g_autoptr (LfbTensor) y = NULL;
  g_autoptr (LfbTensor) z = NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  int a_priority, b_priority;
  gsize n_a, n_b, n_dims;
  BinaryJob job = { runtime, binary };

  if (is_number (a) && is_number (b))
    return apply_to_numbers (binary, a, b);
  if (!lfb_promote (a_name, a, &a_type, &a_priority, error) ||
      !lfb_promote (b_name, b, &b_type, &b_priority, error))
    return NULL;
  shape_of (a, &a_shape, &n_a);
  shape_of (b, &b_shape, &n_b);
  if (!lfb_broadcast_shape (a_shape, n_a, b_shape, n_b, shape, &n_dims, error))
    return NULL;

  type = lfb_promote_types (a_type, a_priority, b_type, b_priority);
  if (!lfb_dtype_is_floating_point (type) && (binary->i64 == NULL || binary->result == LFB_RESULT_FLOAT))
    type = LFB_DTYPE_FLOAT32;
  if (!lfb_dtype_is_floating_point (type))
    compute = LFB_DTYPE_INT64;
  else
    compute = type == LFB_DTYPE_FLOAT64 ? LFB_DTYPE_FLOAT64 : LFB_DTYPE_FLOAT32;
  result_type = binary->result == LFB_RESULT_BOOL ? LFB_DTYPE_BOOL : type;

  x = operand (a_name, a, type, compute, shape, n_dims, &job.a_step, error);
  y = x != NULL ? operand (b_name, b, type, compute, shape, n_dims, &job.b_step, error) : NULL;
  if (y == NULL || !lfb_array_init (&array, compute, shape, n_dims, error))
    return NULL;
  job.dtype = compute;
  job.a = lfb_tensor_get_data (x, NULL);
  job.b = lfb_tensor_get_data (y, NULL);
  job.y = array.data;
  lfb_runtime_parallel (runtime, array.n_elements, GRAIN, binary_range, &job);
  z = lfb_array_seal (&array, error);

  return z != NULL ? lfb_value_take_tensor (lfb_tensor_convert (z, result_type, error)) : NULL;
}

LfbValue *
lfb_binary_run (LfbCall  *call,
                GError  **error)
{
  return lfb_binary_apply (call->runtime, LFB_CALL_DATA (call, LfbBinary), "input", lfb_call_get (call, "input"),
                           "other", lfb_call_get (call, "other"), error);
}
