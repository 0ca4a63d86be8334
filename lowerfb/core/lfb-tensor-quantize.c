/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From floats to a quantized tensor, by the rules of numerics.md, "Quantize and
 * dequantize":
 *
 *   q = clamp(round(w * (1.0f / s)) + z, qmin, qmax)
 *   q = clamp(round(w * (1.0f / s) + z), 0, qmax)     where z is a float
 *
 * All in float32 and clamped there, so that nothing overflows on its way to an
 * integer; round is to nearest, ties to even.
 *
 * The integers are computed when they are first read. Lowering a model makes a
 * quantized weight of each float one and looks at none: whoever packs or saves
 * them goes from the mapped file to integers in one step, on the processor that
 * needs them next. All that can go wrong goes wrong at once: scales, zero points
 * and shape are checked, and memory of a size that may be refused is reserved,
 * though not touched.
 */

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/core/lfb-tensor-numbers-private.h>
#include <lowerfb/core/lfb-tensor-private.h>

/* Two loops are worth vector code, however the rest is built. Which comparisons
 * trap changes no result.
 */
#if defined (__GNUC__) && !defined (__clang__)
#pragma GCC optimize ("O3", "no-trapping-math")
#endif

/* The tensors that share the integers share this. Nothing but it changes: the
 * bytes are set once, by whichever thread comes first, and are never unset.
 */
struct _LfbQuantizing
{
  gatomicrefcount ref_count;
  gsize size; /* of the bytes */
  GBytes *bytes;

  GMutex mutex; /* around what is here until there are bytes */
  guint8 *memory; /* NULL: not reserved */
  LfbTensor *floats;
  LfbQParams qparams; /* with references */
};

/* The scale and zero point of one channel, and the range of the type. */
typedef struct
{
  float inverse; /* 1.0f / scale */
  float zero_point;
  float low;
  float high;
} Channel;

/* From this size on, memory is asked for in time to fail. */
#define MAY_BE_REFUSED (16 * 1024 * 1024)

/* Adding 1.5 * 2^23 rounds a smaller number to nearest, ties to even, with an
 * addition that compilers make vector code of.
 */
#define ROUNDER 12582912.0f
#define BEYOND 1048576.0f

static inline float
round_even (float value)
{
  return (value + ROUNDER) - ROUNDER;
}

static inline float
between (float value,
         float low,
         float high)
{
  value = value > low ? value : low;

  return value < high ? value : high;
}

/* NaN becomes 0, which the zero point stands for. */
static inline float
number (float value)
{
  return value == value ? value : 0.0f;
}

/* Clamping comes first: then rounding and adding the zero point are exact. */
static void
quantize_run (const float   *restrict values,
              guint8        *restrict integers,
              gsize          n_values,
              const Channel  *channel)
{
  const float inverse = channel->inverse;
  const float low = channel->low - channel->zero_point;
  const float high = channel->high - channel->zero_point;
  const gint32 zero_point = channel->zero_point;

  for (gsize i = 0; i < n_values; i++)
    integers[i] = (guint8) ((gint32) round_even (between (number (values[i] * inverse), low, high)) + zero_point);
}

/* The zero points of embedding rows are floats: they are added before rounding. */
static void
quantize_run_float_point (const float   *restrict values,
                          guint8        *restrict integers,
                          gsize          n_values,
                          const Channel  *channel)
{
  const Channel c = *channel;

  for (gsize i = 0; i < n_values; i++)
    integers[i] = (guint8) (gint32) round_even (between (between (number (values[i] * c.inverse), -BEYOND, BEYOND)
                                                         + c.zero_point, c.low, c.high));
}

/* How many elements in a row share scale and zero point. */
static gint64
run_length (LfbTensor        *floats,
            const LfbQParams *qparams)
{
  gint64 run = 1;

  if (qparams->scales == NULL)
    return floats->n_elements;
  for (gsize i = qparams->axis + 1; i < floats->n_dims; i++)
    run *= floats->shape[i];

  return run;
}

/* The elements from @begin to @end, one byte each. */
static void
quantize_range (LfbTensor        *floats,
                const LfbQParams *qparams,
                gint64            begin,
                gint64            end,
                guint8           *integers)
{
  const float *values = lfb_tensor_get_data (floats, NULL);
  gboolean per_channel = qparams->scales != NULL;
  gboolean float_point = qparams->qscheme == LFB_QSCHEME_PER_CHANNEL_AFFINE_FLOAT_QPARAMS;
  gint64 n_channels = per_channel ? floats->shape[qparams->axis] : 1;
  gint64 run = run_length (floats, qparams);
  Channel channel = {
    .low = lfb_dtype_get_min (qparams->dtype),
    .high = lfb_dtype_get_max (qparams->dtype),
  };

  while (begin < end)
    {
      gint64 index = begin / run % n_channels;
      gint64 stop = MIN (begin - begin % run + run, end);
      double scale = qparams->scale, zero_point = qparams->zero_point;

      if (per_channel)
        {
          scale = _lfb_tensor_number_at (qparams->scales, index);
          zero_point = _lfb_tensor_number_at (qparams->zero_points, index);
        }
      channel.inverse = 1.0f / (float) scale;
      channel.zero_point = zero_point;
      if (float_point)
        quantize_run_float_point (values + begin, integers, stop - begin, &channel);
      else
        quantize_run (values + begin, integers, stop - begin, &channel);
      integers += stop - begin;
      begin = stop;
    }
}

/* Several elements to a byte, low bits first, over the whole tensor; a block of
 * them at a time.
 */
static void
quantize_packed (LfbTensor        *floats,
                 const LfbQParams *qparams,
                 guint8           *packed)
{
  guint bits = lfb_dtype_get_bits (qparams->dtype);
  guint8 block[4096];

  for (gint64 begin = 0; begin < floats->n_elements; begin += sizeof block)
    {
      gint64 end = MIN (begin + (gint64) sizeof block, floats->n_elements);

      quantize_range (floats, qparams, begin, end, block);
      for (gint64 i = 0; i < end - begin; i++)
        {
          guint shift = i * bits % 8;
          guint8 *byte = packed + (begin + i) * bits / 8;

          *byte = shift == 0 ? block[i] : (guint8) (*byte | block[i] << shift);
        }
    }
}

LfbQuantizing *
_lfb_quantizing_ref (LfbQuantizing *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

static void
let_sources_go (LfbQuantizing *self)
{
  g_clear_object (&self->floats);
  g_clear_object (&self->qparams.scales);
  g_clear_object (&self->qparams.zero_points);
}

void
_lfb_quantizing_unref (LfbQuantizing *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  let_sources_go (self);
  g_free (self->memory);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

gsize
_lfb_quantizing_get_size (LfbQuantizing *self)
{
  return self->size;
}

static void
compute (LfbTensor        *floats,
         const LfbQParams *qparams,
         guint8           *memory)
{
  if (lfb_dtype_get_bits (qparams->dtype) < 8)
    quantize_packed (floats, qparams, memory);
  else
    quantize_range (floats, qparams, 0, floats->n_elements, memory);
}

/* The integers; computed by the first who asks, while others wait. The floats
 * are let go: nobody reads them for these integers again.
 */
GBytes *
_lfb_quantizing_get_bytes (LfbQuantizing *self)
{
  GBytes *bytes = g_atomic_pointer_get (&self->bytes);

  if (bytes != NULL)
    return bytes;

  g_mutex_lock (&self->mutex);
  bytes = g_atomic_pointer_get (&self->bytes);
  if (bytes == NULL)
    {
      if (self->memory == NULL)
        self->memory = g_malloc (MAX (self->size, 1));
      compute (self->floats, &self->qparams, self->memory);
      let_sources_go (self);
      bytes = g_bytes_new_take (g_steal_pointer (&self->memory), self->size);
      g_atomic_pointer_set (&self->bytes, bytes);
    }
  g_mutex_unlock (&self->mutex);

  return bytes;
}

gboolean
_lfb_quantizing_read (LfbQuantizing  *self,
                      gconstpointer  *data,
                      gpointer       *own,
                      LfbTensor     **source,
                      GError        **error)
{
  g_autoptr (LfbTensor) floats = NULL;
  g_autoptr (LfbTensor) scales = NULL;
  g_autoptr (LfbTensor) zero_points = NULL;
  LfbQParams qparams;
  GBytes *bytes;

  g_mutex_lock (&self->mutex);
  bytes = g_atomic_pointer_get (&self->bytes);
  g_set_object (&floats, self->floats);
  g_set_object (&scales, self->qparams.scales);
  g_set_object (&zero_points, self->qparams.zero_points);
  qparams = self->qparams;
  g_mutex_unlock (&self->mutex);

  if (bytes != NULL)
    {
      *data = g_bytes_get_data (bytes, NULL);
      return TRUE;
    }

  *own = g_try_malloc (MAX (self->size, 1));
  if (*own == NULL)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "There is no memory for %" G_GSIZE_FORMAT " bytes", self->size);
      return FALSE;
    }
  compute (floats, &qparams, *own);
  *data = *own;
  *source = g_steal_pointer (&floats);

  return TRUE;
}

static LfbQuantizing *
quantizing_new (LfbTensor        *floats,
                const LfbQParams *qparams,
                guint8           *memory,
                gsize             size)
{
  LfbQuantizing *self = g_new0 (LfbQuantizing, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->size = size;
  self->memory = memory;
  self->floats = g_object_ref (floats);
  self->qparams = *qparams;
  if (qparams->qscheme >= LFB_QSCHEME_PER_CHANNEL_AFFINE)
    {
      g_object_ref (qparams->scales);
      g_object_ref (qparams->zero_points);
    }
  else
    {
      self->qparams.scales = NULL;
      self->qparams.zero_points = NULL;
    }

  return self;
}

/**
 * lfb_tensor_quantize: (skip)
 * @self: a `float32` tensor
 * @qparams: the type of at most 8 bits, scales and zero points
 * @error: where to put an error
 *
 * Quantizes, the other way round than [method@Lfb.Tensor.dequantize].
 *
 * The integers may be computed only when they are first read; until then @self
 * is kept. Memory that an owner lends, see [ctor@Lfb.Tensor.new_for_pointer], is
 * read at once.
 *
 * Fails with %LFB_ERROR_DTYPE for other types, and as
 * [ctor@Lfb.Tensor.new_quantized] and its siblings do for scales and zero points.
 *
 * Returns: (transfer full): a quantized tensor of the same shape
 *
 * Since: 1.0
 */
LfbTensor *
lfb_tensor_quantize (LfbTensor         *self,
                     const LfbQParams  *qparams,
                     GError           **error)
{
  g_autoptr (LfbTensor) integers = NULL;
  LfbTensor *result;
  LfbDType storage;
  guint8 *memory = NULL;
  gint64 size;
  guint bits;

  g_return_val_if_fail (LFB_IS_TENSOR (self), NULL);
  g_return_val_if_fail (qparams != NULL, NULL);
  g_return_val_if_fail (qparams->qscheme < LFB_QSCHEME_PER_CHANNEL_AFFINE ||
                        (LFB_IS_TENSOR (qparams->scales) && LFB_IS_TENSOR (qparams->zero_points)), NULL);

  bits = lfb_dtype_get_bits (qparams->dtype);
  if (self->dtype != LFB_DTYPE_FLOAT32 || !lfb_dtype_is_quantized (qparams->dtype) || bits > 8)
    {
      g_autofree char *text = lfb_tensor_to_string (self);

      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "%s cannot be quantized to %s", text,
                   lfb_dtype_to_string (qparams->dtype));
      return NULL;
    }

  size = (self->n_elements * bits + 7) / 8;
  if (size >= MAY_BE_REFUSED)
    memory = g_try_malloc (size);
  if (size >= MAY_BE_REFUSED && memory == NULL)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "There is no memory for %" G_GINT64_FORMAT " bytes", size);
      return NULL;
    }

  storage = lfb_dtype_get_storage (qparams->dtype);
  integers = bits < 8 ? _lfb_tensor_alloc (storage, &size, 1, size)
                      : _lfb_tensor_alloc (storage, self->shape, self->n_dims, self->n_elements);
  integers->quantizing = quantizing_new (self, qparams, memory, size);
  result = lfb_tensor_new_with_qparams (integers, self->shape, self->n_dims, qparams, error);
  if (result != NULL && self->is_lent)
    _lfb_tensor_get_bytes (result);

  return result;
}
