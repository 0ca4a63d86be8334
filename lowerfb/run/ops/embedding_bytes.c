/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Rows of an embedding as bytes: integers of 8, 4 or 2 bits, the first of a byte
 * in its lowest bits, and behind them the row's scale and least value, two
 * float32 for 8 bits, else two halves. As torch.ops.quantized.embedding_bag_*_prepack
 * makes them (FBGEMM's format of fused rows):
 *
 *   8 bits    scale = (max - min) / 255, q = round ((x - min) * (255 / (max - min + 1e-8)))
 *   4, 2      min to half, scale = half ((max - min) / (2^bits - 1)), 1 where that is 0 or its
 *             reciprocal overflows; q = clamp (round ((x - min) * (1 / scale)), 0, 2^bits - 1)
 *
 * and back x = fma (scale, q, min), the value that embeddings have (numerics.md).
 */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>
#include <lowerfb/run/lfb-half-private.h>

#include <math.h>
#include <string.h>

static const guint eight = 8, four = 4, two = 2;

static gsize
tail_size (guint bits)
{
  return bits == 8 ? 2 * sizeof (float) : 2 * sizeof (guint16);
}

static void
find_range (const float *x,
            gsize        n,
            float       *min,
            float       *max)
{
  *min = *max = n > 0 ? x[0] : 0;
  for (gsize i = 1; i < n; i++)
    {
      *min = x[i] < *min ? x[i] : *min;
      *max = x[i] > *max ? x[i] : *max;
    }
}

static void
pack_row_8 (const float *x,
            gsize        n,
            guint8      *y)
{
  float min, max, tail[2], factor;

  find_range (x, n, &min, &max);
  tail[0] = (max - min) / 255.0f;
  tail[1] = min;
  factor = 255.0f / (max - min + 1e-8f);
  for (gsize i = 0; i < n; i++)
    y[i] = rintf ((x[i] - min) * factor);
  memcpy (y + n, tail, sizeof tail);
}

static void
pack_row_few (const float *x,
              gsize        n,
              guint        bits,
              guint8      *y)
{
  guint per_byte = 8 / bits, most = (1u << bits) - 1;
  float min, max, range, scale, factor;
  guint16 tail[2];

  find_range (x, n, &min, &max);
  min = lfb_half_to_float (tail[1] = lfb_float_to_half (min));
  range = max - min;
  scale = lfb_half_to_float (lfb_float_to_half (range == 0 ? 1.0f : range / most));
  factor = scale == 0 ? 1.0f : 1.0f / scale;
  if (scale == 0 || isinf (factor))
    scale = factor = 1;
  tail[0] = lfb_float_to_half (scale);
  memset (y, 0, n / per_byte);
  for (gsize i = 0; i < n; i++)
    {
      float q = rintf ((x[i] - min) * factor);

      y[i / per_byte] |= (guint) (q < 0 ? 0 : q > most ? most : q) << (i % per_byte * bits);
    }
  memcpy (y + n / per_byte, tail, sizeof tail);
}

/* Every value of a row, and how far they are apart, has to be one that its scale and least value hold. */
static gboolean
check_row (const float  *x,
           gsize         n,
           guint         bits,
           gsize         row,
           GError      **error)
{
  double largest = bits == 8 ? G_MAXFLOAT : 65504, min = 0, max = 0;

  for (gsize i = 0; i < n; i++)
    {
      min = i == 0 ? x[i] : MIN (min, x[i]);
      max = i == 0 ? x[i] : MAX (max, x[i]);
      if (!isfinite (x[i]))
        break;
      if (i + 1 == n && fabs (min) <= largest && (max - min) / (bits == 8 ? 1 : (1 << bits) - 1) <= largest)
        return TRUE;
    }
  if (n == 0)
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
               "argument `weight` has in row %" G_GSIZE_FORMAT " what is not finite, or is too far apart for %u bits", row, bits);

  return FALSE;
}

static gboolean
read_table (LfbTensor    *weight,
            guint         bits,
            gint64       *shape,
            gsize        *n_dims,
            GError      **error)
{
  gint64 per_byte = 8 / bits, *width;
  LfbDType dtype = lfb_tensor_get_dtype (weight);

  if (dtype != LFB_DTYPE_FLOAT32 && dtype != LFB_DTYPE_FLOAT16)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_DTYPE, "argument `weight` has the dtype %s, expected float32 or float16",
                   lfb_dtype_to_string (dtype));
      return FALSE;
    }
  if (!lfb_check_rank ("weight", weight, bits == 8 ? 1 : 2, bits == 8 ? LFB_TENSOR_MAX_DIMS : 2, error))
    return FALSE;
  lfb_sizes_copy (shape, lfb_tensor_get_shape (weight, n_dims), lfb_tensor_get_n_dims (weight));
  width = &shape[*n_dims - 1];
  if (*width % per_byte != 0)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "argument `weight` has rows of %" G_GINT64_FORMAT ", expected a multiple of %" G_GINT64_FORMAT, *width, per_byte);
      return FALSE;
    }
  if (__builtin_add_overflow (*width / per_byte, (gint64) tail_size (bits), width))
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_RANGE, "argument `weight` has rows that are too long");
      return FALSE;
    }

  return TRUE;
}

static LfbValue *
prepack (LfbCall  *call,
         GError  **error)
{
  guint bits = *LFB_CALL_DATA (call, guint);
  LfbTensor *weight = lfb_call_tensor (call, "weight", error);
  gboolean optimized = FALSE;
  g_autoptr (LfbTensor) floats = NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  gsize n_dims, n, size;

  if (weight == NULL || !lfb_call_bool (call, "optimized_qparams", &optimized, error) ||
      !read_table (weight, bits, shape, &n_dims, error))
    return NULL;
  if (optimized)
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
                           "argument `optimized_qparams` is True, a search for narrower ranges, which is not done; expected False");
      return NULL;
    }
  floats = lfb_tensor_as_float ("weight", weight, error);
  if (floats == NULL || !lfb_array_init (&array, LFB_DTYPE_UINT8, shape, n_dims, error))
    return NULL;

  n = lfb_tensor_get_dim (weight, n_dims - 1);
  size = shape[n_dims - 1];
  for (gsize row = 0; row < array.n_elements / size; row++)
    {
      const float *x = lfb_tensor_floats (floats) + row * n;
      guint8 *y = (guint8 *) array.data + row * size;

      if (!check_row (x, n, bits, row, error))
        return NULL;
      if (bits == 8)
        pack_row_8 (x, n, y);
      else
        pack_row_few (x, n, bits, y);
    }

  return lfb_value_take_tensor (lfb_array_seal (&array, error));
}

static void
unpack_row (const guint8 *x,
            gsize         n,
            guint         bits,
            float        *y)
{
  guint per_byte = 8 / bits;
  float scale, min;

  if (bits == 8)
    {
      memcpy (&scale, x + n, sizeof scale);
      memcpy (&min, x + n + sizeof scale, sizeof min);
    }
  else
    {
      guint16 tail[2];

      memcpy (tail, x + n / per_byte, sizeof tail);
      scale = lfb_half_to_float (tail[0]);
      min = lfb_half_to_float (tail[1]);
    }
  for (gsize i = 0; i < n; i++)
    y[i] = fmaf (scale, x[i / per_byte] >> (i % per_byte * bits) & ((1u << bits) - 1), min);
}

static LfbValue *
unpack (LfbCall  *call,
        GError  **error)
{
  guint bits = *LFB_CALL_DATA (call, guint);
  LfbTensor *weight = lfb_call_tensor (call, "weight", error);
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  gsize n_dims, n, size;

  if (weight == NULL || !lfb_check_dtype ("weight", weight, LFB_DTYPE_UINT8, error) ||
      !lfb_check_rank ("weight", weight, bits == 8 ? 1 : 2, bits == 8 ? LFB_TENSOR_MAX_DIMS : 2, error))
    return NULL;
  lfb_sizes_copy (shape, lfb_tensor_get_shape (weight, &n_dims), lfb_tensor_get_n_dims (weight));
  size = shape[n_dims - 1];
  if (size < tail_size (bits))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "argument `weight` has rows of %" G_GSIZE_FORMAT " bytes, expected the %" G_GSIZE_FORMAT
                   " of a scale and a least value, and more", size, tail_size (bits));
      return NULL;
    }
  if (__builtin_mul_overflow (shape[n_dims - 1] - (gint64) tail_size (bits), 8 / bits, &shape[n_dims - 1]))
    {
      g_set_error_literal (error, LFB_ERROR, LFB_ERROR_RANGE, "argument `weight` has rows that are too long");
      return NULL;
    }
  if (!lfb_array_init (&array, LFB_DTYPE_FLOAT32, shape, n_dims, error))
    return NULL;
  n = shape[n_dims - 1];
  for (gsize row = 0; row < (n > 0 ? array.n_elements / n : 0); row++)
    unpack_row ((const guint8 *) lfb_tensor_get_data (weight, NULL) + row * size, n, bits, (float *) array.data + row * n);

  return lfb_value_take_tensor (lfb_array_seal (&array, error));
}

#define OPS "torch.ops.quantized.embedding_bag_"
#define PACK_RULE "rows of a float weight as integers between the least and the largest, then scale and least value"
#define UNPACK_RULE "fma(scale, q, least value) of each integer of a row"

#define FEW(name, bits_) \
  { \
    .functions = OPS name "_prepack", .signature = "weight, optimized_qparams=False, nbins=200, ratio=0.16", \
    .rule = PACK_RULE " as halves", .run = prepack, .data = &(bits_), \
  }, \
  { .functions = OPS name "_unpack", .signature = "weight", .rule = UNPACK_RULE, .run = unpack, .data = &(bits_) }

static const LfbOperator operators[] = {
  { .functions = OPS "byte_prepack", .signature = "weight", .rule = PACK_RULE, .run = prepack, .data = &eight },
  { .functions = OPS "byte_unpack", .signature = "weight", .rule = UNPACK_RULE, .run = unpack, .data = &eight },
  FEW ("4bit", four),
  FEW ("2bit", two),
};

const LfbOperatorFamily lfb_embedding_bytes_operators = LFB_OPERATOR_FAMILY (operators);
