/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Layer, group and instance normalization; numerics.md, "layer, group,
 * instance norm". All three normalize groups of neighbouring elements; what
 * differs is how long a group is and which gamma and beta an element has.
 *
 * Integers: over the N elements of a group, exact sums S of q - zx and S2 of
 * its square; in double mean = S / N, var = max(S2 / N - mean^2, 0), r = sx /
 * sqrt(var * sx^2 + eps); in float32 ((q - zx) - mean) * r, * gamma, + beta,
 * then quantized. Floats: mean and variance in double, the rest in their type or
 * float32.
 */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>
#include <lowerfb/run/lfb-emit-private.h>
#include <lowerfb/run/lfb-quantized-private.h>
#include <lowerfb/run/lfb-reference-private.h>

#include <math.h>
#include <string.h>

/* Elements that one thread takes at least. */
#define GRAIN 16384

typedef enum {
  LAYER,
  GROUP,
  INSTANCE,
} NormType;

typedef struct {
  NormType type;
  gsize n_spatial;     /* of a module that takes single images too; 0: any number */
  gboolean refuses_one;   /* what PyTorch's Python functions refuse to normalize: one element */
} NormKind;

static const NormKind layer = { LAYER, 0 }, group = { GROUP, 0 }, instance = { INSTANCE, 0 };
static const NormKind group_function = { GROUP, 0, TRUE }, instance_function = { INSTANCE, 0, TRUE };
static const NormKind instance1d_function = { INSTANCE, 1, TRUE }, instance2d_function = { INSTANCE, 2, TRUE };
static const NormKind instance3d_function = { INSTANCE, 3, TRUE };
static const NormKind instance1d = { INSTANCE, 1 }, instance2d = { INSTANCE, 2 }, instance3d = { INSTANCE, 3 };

typedef struct {
  gsize length;        /* of a group */
  gsize n_groups;
  gsize n_affine;      /* gammas and betas */
  gsize affine_inner;  /* neighbouring elements that share one */
  gpointer gamma;      /* floats, or doubles for those; %NULL: 1 */
  gpointer beta;       /* the same; %NULL: 0 */
  double eps;
} NormPlan;

static void
norm_plan_clear (NormPlan *self)
{
  g_free (self->gamma);
  g_free (self->beta);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (NormPlan, norm_plan_clear)

/* layer: the last dimensions, as normalized_shape lists them. */
static gboolean
plan_layer (LfbCall    *call,
            LfbTensor  *input,
            NormPlan   *self,
            GError    **error)
{
  gint64 sizes[LFB_TENSOR_MAX_DIMS];
  gsize n = 0, n_dims;
  const gint64 *shape = lfb_tensor_get_shape (input, &n_dims);

  if (!lfb_call_ints (call, "normalized_shape", sizes, LFB_TENSOR_MAX_DIMS, &n, error))
    return FALSE;
  if (n == 0 || n > n_dims || !lfb_sizes_equal (shape + n_dims - n, sizes, n))
    {
      g_autofree char *found = lfb_tensor_describe_shape (input);
      g_autofree char *wanted = lfb_shape_to_string (sizes, n);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "argument `input` has the shape %s, expected one that ends in `normalized_shape`, %s", found, wanted);
      return FALSE;
    }
  self->length = 1;
  for (gsize i = 0; i < n; i++)
    self->length *= sizes[i];
  self->n_affine = self->length;
  self->affine_inner = 1;

  return TRUE;
}

static gboolean
check_channels_rank (const NormKind  *kind,
                     LfbTensor       *input,
                     GError         **error)
{
  if (kind->n_spatial > 0)
    return lfb_check_rank ("input", input, kind->n_spatial + 1, kind->n_spatial + 2, error);

  return lfb_check_rank ("input", input, kind->type == INSTANCE ? 3 : 2, LFB_TENSOR_MAX_DIMS, error);
}

/* group and instance: channels of dimension 1, or of 0 in a single image, with
 * all that is inside.
 */
static gboolean
plan_channels (LfbCall         *call,
               LfbTensor       *input,
               const NormKind  *kind,
               NormPlan        *self,
               GError         **error)
{
  gsize n_dims, inner = 1, dim;
  const gint64 *shape = lfb_tensor_get_shape (input, &n_dims);
  gint64 channels, groups;

  if (!check_channels_rank (kind, input, error))
    return FALSE;
  dim = kind->n_spatial > 0 && n_dims == kind->n_spatial + 1 ? 0 : 1;
  groups = channels = shape[dim];
  if (kind->type == GROUP && !lfb_call_int (call, "num_groups", &groups, error))
    return FALSE;
  if (kind->type == GROUP && (groups < 1 || channels % groups != 0))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "argument `num_groups` is %" G_GINT64_FORMAT ", which does not divide %" G_GINT64_FORMAT " channels",
                   groups, channels);
      return FALSE;
    }
  for (gsize i = dim + 1; i < n_dims; i++)
    inner *= shape[i];
  self->length = groups > 0 ? channels / groups * inner : 0;
  self->n_affine = channels;
  self->affine_inner = inner;

  return TRUE;
}

static gboolean
read_affine (LfbCall     *call,
             const char  *name,
             LfbDType     real,
             gsize        n,
             gpointer    *values,
             GError     **error)
{
  g_autoptr (LfbTensor) vector = NULL;
  LfbTensor *tensor;

  if (!lfb_call_optional_tensor (call, name, &tensor, error))
    return FALSE;
  if (tensor == NULL)
    return TRUE;
  if ((gsize) lfb_tensor_get_n_elements (tensor) != n)
    {
      g_autofree char *shape = lfb_tensor_describe_shape (tensor);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "argument `%s` has the shape %s, expected %" G_GSIZE_FORMAT " elements", name, shape, n);
      return FALSE;
    }
  vector = lfb_tensor_as_real (name, tensor, real, error);
  *values = vector != NULL ? lfb_try_alloc (n, lfb_dtype_size (real), error) : NULL;
  if (*values != NULL && n > 0)
    memcpy (*values, lfb_tensor_get_data (vector, NULL), n * lfb_dtype_size (real));

  return *values != NULL;
}

static gboolean
norm_plan_init (NormPlan   *self,
                LfbCall    *call,
                LfbTensor  *input,
                LfbDType    real,
                GError    **error)
{
  const NormKind *kind = LFB_CALL_DATA (call, NormKind);
  gsize n = lfb_tensor_get_n_elements (input);

  memset (self, 0, sizeof *self);
  self->eps = 1e-5;
  if (!(kind->type == LAYER ? plan_layer (call, input, self, error) : plan_channels (call, input, kind, self, error)) ||
      !lfb_call_double (call, "eps", &self->eps, error) ||
      !read_affine (call, "weight", real, self->n_affine, &self->gamma, error) ||
      !read_affine (call, "bias", real, self->n_affine, &self->beta, error))
    return FALSE;
  self->n_groups = self->length > 0 ? n / self->length : 0;

  return TRUE;
}

/* The last steps, on what is left of an element. */
#define APPLY_AFFINE(name, real) \
  static real \
  name (const NormPlan *self, \
        real            value, \
        gsize           index) \
  { \
    gsize a = index / self->affine_inner % self->n_affine; \
    \
    if (self->gamma != NULL) \
      value *= ((const real *) self->gamma)[a]; \
    if (self->beta != NULL) \
      value += ((const real *) self->beta)[a]; \
    \
    return value; \
  }

APPLY_AFFINE (apply_affine_f32, float)
APPLY_AFFINE (apply_affine_f64, double)

typedef struct {
  const LfbRuntime *runtime;
  const NormPlan *plan;
  const float *x;
  float *y;
} FloatsJob;

/* By the kernel, but for gammas and betas that several elements share. */
static void
normalize_f32 (gsize    first,
               gsize    last,
               gpointer user_data)
{
  const FloatsJob *job = user_data;
  const NormPlan *plan = job->plan;
  gboolean alike = plan->affine_inner == 1 && plan->n_affine == plan->length;

  for (gsize g = first; g < last; g++)
    {
      gsize begin = g * plan->length, end = begin + plan->length;

      job->runtime->kernels.layer_norm.run (job->x + begin, job->y + begin, plan->length, alike ? plan->gamma : NULL,
                                            alike ? plan->beta : NULL, plan->eps);
      for (gsize i = begin; i < end && !alike; i++)
        job->y[i] = apply_affine_f32 (plan, job->y[i], i);
    }
}

static void
normalize_f64 (const NormPlan *self,
               const double   *x,
               double         *y)
{
  for (gsize g = 0; g < self->n_groups; g++)
    {
      gsize begin = g * self->length, end = begin + self->length;
      double sum = 0, squares = 0, mean, r;

      for (gsize i = begin; i < end; i++)
        sum += x[i];
      mean = sum / self->length;
      for (gsize i = begin; i < end; i++)
        squares += (x[i] - mean) * (x[i] - mean);
      r = 1 / sqrt (squares / self->length + self->eps);
      for (gsize i = begin; i < end; i++)
        y[i] = apply_affine_f64 (self, (x[i] - mean) * r, i);
    }
}

typedef struct {
  const LfbKernels *kernels;
  const NormPlan *plan;
  gboolean is_signed;
  double x_scale;
  const guint8 *x;
  guint8 *y;
  LfbNormalize norm;     /* but for what differs between the groups */
} GroupsJob;

static void
group_moments (const GroupsJob *job,
               gsize            begin,
               int64_t         *sum,
               int64_t         *squares)
{
  gint32 zero_point = job->norm.x_zero_point;

  if (job->is_signed)
    job->kernels->moments_s8.run ((const int8_t *) job->x + begin, job->plan->length, zero_point, sum, squares);
  else
    job->kernels->moments_u8.run (job->x + begin, job->plan->length, zero_point, sum, squares);
}

/* Elements with neighbouring gammas, or with the same one. */
static void
normalize_run (const GroupsJob *job,
               LfbNormalize    *norm,
               gsize            begin,
               gsize            n)
{
  gsize a = begin / job->plan->affine_inner % job->plan->n_affine;

  norm->gamma = (const float *) job->plan->gamma + a;
  norm->beta = (const float *) job->plan->beta + a;
  if (job->is_signed)
    job->kernels->normalize_s8.run ((const int8_t *) job->x + begin, (int8_t *) job->y + begin, n, norm);
  else
    job->kernels->normalize_u8.run (job->x + begin, job->y + begin, n, norm);
}

static void
normalize_groups (gsize    first,
                  gsize    last,
                  gpointer user_data)
{
  const GroupsJob *job = user_data;
  const NormPlan *plan = job->plan;
  gsize n_run = plan->affine_inner == 1 ? plan->length : plan->affine_inner;
  LfbNormalize norm = job->norm;

  for (gsize g = first; g < last; g++)
    {
      gsize begin = g * plan->length;
      int64_t sum, squares;
      double mean, variance;

      group_moments (job, begin, &sum, &squares);
      mean = (double) sum / plan->length;
      variance = MAX ((double) squares / plan->length - mean * mean, 0.0);
      norm.mean = mean;
      norm.r = job->x_scale / sqrt (variance * (job->x_scale * job->x_scale) + plan->eps);
      for (gsize i = begin; i < begin + plan->length; i += n_run)
        normalize_run (job, &norm, i, n_run);
    }
}

/* What is not given is 1 or 0 for all. */
static gboolean
fill_affine (gpointer  *values,
             gsize      n,
             float      value,
             GError   **error)
{
  float *filled;

  if (*values != NULL)
    return TRUE;
  *values = filled = lfb_try_alloc (n, sizeof (float), error);
  for (gsize i = 0; i < n && filled != NULL; i++)
    filled[i] = value;

  return filled != NULL;
}

/* instance_norm with running statistics is a batch norm. */
static gboolean
uses_running_statistics (LfbCall   *call,
                         gboolean  *result,
                         GError   **error)
{
  gboolean use_input_stats = TRUE, track = FALSE;
  LfbTensor *mean;

  *result = FALSE;
  if (!lfb_call_has (call, "running_mean"))
    return TRUE;
  if (!lfb_call_bool (call, "use_input_stats", &use_input_stats, error) ||
      !lfb_call_bool (call, "track_running_stats", &track, error) ||
      !lfb_call_optional_tensor (call, "running_mean", &mean, error))
    return FALSE;
  *result = mean != NULL && (!use_input_stats || track);

  return TRUE;
}

#define USE_RUNNING(name, real, square_root, apply_affine) \
  static void \
  name (const NormPlan *plan, \
        const real     *x, \
        gsize           n, \
        const real     *mean, \
        const real     *variance, \
        real           *y) \
  { \
    for (gsize i = 0; i < n; i++) \
      { \
        gsize c = i / plan->affine_inner % plan->n_affine; \
        real r = 1 / square_root (variance[c] + (real) plan->eps); \
        \
        y[i] = apply_affine (plan, (x[i] - mean[c]) * r, i); \
      } \
  }

USE_RUNNING (use_running_f32, float, sqrtf, apply_affine_f32)
USE_RUNNING (use_running_f64, double, sqrt, apply_affine_f64)

static LfbTensor *
normalize_with_running (LfbCall          *call,
                        const NormPlan   *plan,
                        LfbTensor        *x,
                        GError          **error)
{
  LfbDType real = lfb_tensor_get_dtype (x);
  gconstpointer data = lfb_tensor_get_data (x, NULL);
  g_autofree gpointer mean = NULL;
  g_autofree gpointer variance = NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;

  if (!read_affine (call, "running_mean", real, plan->n_affine, &mean, error) ||
      !read_affine (call, "running_var", real, plan->n_affine, &variance, error))
    return NULL;
  if (mean == NULL || variance == NULL)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "the running mean or variance is missing");
      return NULL;
    }
  if (!lfb_array_init_like (&array, real, x, error))
    return NULL;
  if (real == LFB_DTYPE_FLOAT64)
    use_running_f64 (plan, data, array.n_elements, mean, variance, array.data);
  else
    use_running_f32 (plan, data, array.n_elements, mean, variance, array.data);

  return lfb_array_seal (&array, error);
}

/* A single element less its mean is 0, whatever it was. */
static gboolean
check_several (LfbCall         *call,
               LfbTensor       *input,
               const NormPlan  *plan,
               GError         **error)
{
  const NormKind *kind = LFB_CALL_DATA (call, NormKind);

  if (!kind->refuses_one || plan->length != 1 || (kind->type == GROUP && lfb_tensor_get_dim (input, 0) != 1))
    return TRUE;

  g_set_error_literal (error, LFB_ERROR, LFB_ERROR_SHAPE, "argument `input` has one element to normalize, expected several");

  return FALSE;
}

static LfbValue *
norm (LfbCall  *call,
      GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  g_auto (NormPlan) plan = { 0 };
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  g_autoptr (LfbTensor) x = NULL;
  g_autoptr (LfbTensor) y = NULL;
  gboolean running;
  LfbDType real;

  if (input == NULL || !lfb_read_real_type ("input", input, &real, error) ||
      !norm_plan_init (&plan, call, input, real, error) ||
      !uses_running_statistics (call, &running, error) ||
      (!running && !check_several (call, input, &plan, error)))
    return NULL;
  x = lfb_tensor_as_real ("input", input, real, error);
  if (x == NULL)
    return NULL;
  if (running)
    {
      y = normalize_with_running (call, &plan, x, error);
    }
  else
    {
      if (!lfb_array_init_like (&array, real, x, error))
        return NULL;
      if (real == LFB_DTYPE_FLOAT64)
        normalize_f64 (&plan, lfb_tensor_get_data (x, NULL), array.data);
      else
        lfb_runtime_parallel (call->runtime, plan.n_groups, MAX (GRAIN / MAX (plan.length, 1), 1), normalize_f32,
                              &(FloatsJob) { call->runtime, &plan, lfb_tensor_get_data (x, NULL), array.data });
      y = lfb_array_seal (&array, error);
    }

  return y != NULL ? lfb_value_take_tensor (lfb_tensor_convert (y, lfb_tensor_get_dtype (input), error)) : NULL;
}

/* A float32 layer norm. */
static LfbEmitted
emit_norm (LfbEmit  *emit,
           GError  **error)
{
  const NormKind *kind = LFB_CALL_DATA (&emit->call, NormKind);
  g_auto (NormPlan) plan = { 0 };
  LfbTensor *stand_in;
  LfbOperand x;

  if (kind->type != LAYER || !lfb_emit_operand (emit, "input", &x) || x.dtype != LFB_DTYPE_FLOAT32)
    return LFB_EMITTED_NOTHING;
  stand_in = lfb_emit_stand_in (emit, "input", &x);
  if (stand_in == NULL)
    return LFB_EMITTED_NOTHING;
  if (!norm_plan_init (&plan, &emit->call, stand_in, x.dtype, error))
    return LFB_EMITTED_ERROR;
  if (plan.n_groups == 0)
    return LFB_EMITTED_NOTHING;

  return lfb_emit_layer_norm (emit, &x, plan.length, g_steal_pointer (&plan.gamma), g_steal_pointer (&plan.beta), plan.eps);
}

static LfbValue *
quantized_norm (LfbCall  *call,
                GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gboolean function = lfb_call_has (call, "output_scale");
  g_auto (NormPlan) plan = { 0 };
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  double scale = 1;
  gint64 zero_point = 0;
  GroupsJob job;

  if (input == NULL || !lfb_check_quantized ("input", input, error) ||
      !norm_plan_init (&plan, call, input, LFB_DTYPE_FLOAT32, error) ||
      !lfb_call_qparams (call, function ? "output_scale" : "scale", function ? "output_zero_point" : "zero_point",
                         lfb_tensor_get_dtype (input), &scale, &zero_point, error) ||
      !fill_affine (&plan.gamma, plan.n_affine, 1, error) ||
      !fill_affine (&plan.beta, plan.n_affine, 0, error) ||
      !lfb_array_init_like (&array, lfb_tensor_get_dtype (input), input, error))
    return NULL;

  job = (GroupsJob) {
    .kernels = &call->runtime->kernels,
    .plan = &plan,
    .is_signed = lfb_tensor_get_dtype (input) == LFB_DTYPE_QINT8,
    .x_scale = lfb_tensor_get_scale (input),
    .x = lfb_tensor_get_data (input, NULL),
    .y = array.data,
    .norm = {
      .x_zero_point = lfb_tensor_get_zero_point (input), .per_element = plan.affine_inner == 1,
      .y_scale = scale, .y_zero_point = zero_point,
    },
  };
  if (plan.n_groups > 0)
    lfb_runtime_parallel (call->runtime, plan.n_groups, GRAIN / plan.length + 1, normalize_groups, &job);

  return lfb_value_take_tensor (lfb_array_seal_quantized (&array, lfb_tensor_get_dtype (input), scale, zero_point, error));
}

#define FLOAT_RULE "(x - mean) / sqrt(var + eps) * gamma + beta, mean and variance in double"
#define RULE "((q - zx) - mean) * r * gamma + beta, quantized; sums exact, mean and variance in double"
#define GIVEN ", output_scale, output_zero_point"
#define MODULE_GIVEN ", scale=1.0, zero_point=0"
#define OPS "torch.ops.quantized."
#define MODULES "torch.ao.nn.quantized."

#define FLOAT_INSTANCE(module, kind) \
  { \
    .modules = (module), \
    .signature = "input, running_mean=None, running_var=None, weight=None, bias=None, track_running_stats=False, eps=1e-5", \
    .rule = FLOAT_RULE, .run = norm, .data = &(kind), \
  }

#define INSTANCE_MODULE(module, kind) \
  { \
    .modules = (module), .signature = "input, weight=None, bias=None, eps=1e-5" MODULE_GIVEN, \
    .rule = RULE, .run = quantized_norm, .data = &(kind), \
  }

static const LfbOperator operators[] = {
  {
    .functions = "torch.nn.functional.layer_norm", .modules = "torch.nn.LayerNorm",
    .signature = "input, normalized_shape, weight=None, bias=None, eps=1e-5", .rule = FLOAT_RULE, .run = norm, .emit = emit_norm,
    .data = &layer,
  },
  {
    .functions = "torch.layer_norm", .signature = "input, normalized_shape, weight=None, bias=None, eps=1e-5, cudnn_enable=True",
    .rule = FLOAT_RULE, .run = norm, .emit = emit_norm,
    .data = &layer,
  },
  {
    .functions = "torch.nn.functional.group_norm", .modules = "torch.nn.GroupNorm",
    .signature = "input, num_groups, weight=None, bias=None, eps=1e-5", .rule = FLOAT_RULE, .run = norm, .data = &group_function,
  },
  {
    .functions = "torch.group_norm", .signature = "input, num_groups, weight=None, bias=None, eps=1e-5, cudnn_enabled=True",
    .rule = FLOAT_RULE, .run = norm, .data = &group,
  },
  {
    .functions = "torch.nn.functional.instance_norm",
    .signature = "input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-5",
    .rule = FLOAT_RULE, .run = norm, .data = &instance_function,
  },
  {
    .functions = "torch.instance_norm",
    .signature = "input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, cudnn_enabled",
    .rule = FLOAT_RULE, .run = norm, .data = &instance,
  },
  FLOAT_INSTANCE ("torch.nn.InstanceNorm1d", instance1d_function),
  FLOAT_INSTANCE ("torch.nn.InstanceNorm2d", instance2d_function),
  FLOAT_INSTANCE ("torch.nn.InstanceNorm3d", instance3d_function),
  {
    .functions = OPS "layer_norm", .signature = "input, normalized_shape, weight=None, bias=None, eps=1e-5" GIVEN,
    .rule = RULE, .run = quantized_norm, .data = &layer,
  },
  {
    .functions = OPS "group_norm", .signature = "input, num_groups, weight=None, bias=None, eps=1e-5" GIVEN,
    .rule = RULE, .run = quantized_norm, .data = &group,
  },
  {
    .functions = OPS "instance_norm", .signature = "input, weight=None, bias=None, eps=1e-5" GIVEN,
    .rule = RULE, .run = quantized_norm, .data = &instance,
  },
  {
    .modules = MODULES "LayerNorm", .signature = "input, normalized_shape, weight=None, bias=None, eps=1e-5" MODULE_GIVEN,
    .rule = RULE, .run = quantized_norm, .data = &layer,
  },
  {
    .modules = MODULES "GroupNorm", .signature = "input, num_groups, weight=None, bias=None, eps=1e-5" MODULE_GIVEN,
    .rule = RULE, .run = quantized_norm, .data = &group,
  },
  INSTANCE_MODULE (MODULES "InstanceNorm1d", instance1d),
  INSTANCE_MODULE (MODULES "InstanceNorm2d", instance2d),
  INSTANCE_MODULE (MODULES "InstanceNorm3d", instance3d),
};

const LfbOperatorFamily lfb_group_norm_operators = LFB_OPERATOR_FAMILY (operators);
