/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What operators make tensors with: an output that is allocated, filled and
 * sealed; shapes, strides and broadcasting; checks of quantization parameters;
 * elements as numbers whatever their type.
 */

#pragma once

#include <lowerfb/core/lfb-buffer.h>
#include <lowerfb/core/lfb-error.h>
#include <lowerfb/core/lfb-tensor.h>
#include <lowerfb/core/lfb-value.h>

G_BEGIN_DECLS

/* An output that is being filled: row-major, without gaps. Of a quantized type
 * it holds the integers.
 */
typedef struct {
  LfbDType dtype;
  gsize n_dims;
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  gsize n_elements;
  gsize size;
  gpointer data;

  /* Memory that is not the array's own, to be filled instead of memory that is
   * allocated; see lfb_array_place().
   */
  gboolean placed;
  gpointer place;
  gsize place_size;
} LfbArray;

#define LFB_ARRAY_INIT { .data = NULL }

gboolean    lfb_array_init               (LfbArray      *self,
                                          LfbDType       dtype,
                                          const gint64  *shape,
                                          gsize          n_dims,
                                          GError       **error);
gboolean    lfb_array_init_like          (LfbArray      *self,
                                          LfbDType       dtype,
                                          LfbTensor     *like,
                                          GError       **error);
/* Makes the array stand on @buffer when it is initialized; there may be no
 * tensor of it then. @input must not lie there too. */
gboolean    lfb_array_place              (LfbArray      *self,
                                          LfbBuffer     *buffer,
                                          LfbTensor     *input,
                                          GError       **error);
void        lfb_array_clear              (LfbArray      *self);
/* All of @from, which has as many bytes. */
void        lfb_array_copy               (LfbArray      *self,
                                          LfbTensor     *from);
LfbTensor  *lfb_array_seal               (LfbArray      *self,
                                          GError       **error);
LfbTensor  *lfb_array_seal_quantized     (LfbArray      *self,
                                          LfbDType       dtype,
                                          double         scale,
                                          gint64         zero_point,
                                          GError       **error);
LfbTensor  *lfb_array_seal_like          (LfbArray      *self,
                                          LfbTensor     *like,
                                          GError       **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LfbArray, lfb_array_clear)

/* Memory that may be refused: %NULL with LFB_ERROR_RANGE. */
gpointer    lfb_try_alloc                (gsize          n_items,
                                          gsize          item_size,
                                          GError       **error);
/* The same, 64-byte aligned; freed with free(). */
gpointer    lfb_try_alloc_aligned        (gsize          n_items,
                                          gsize          item_size,
                                          GError       **error);

typedef void LfbAligned;
void        lfb_aligned_free             (LfbAligned    *memory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LfbAligned, lfb_aligned_free)

/* The same tensor on memory of its own; it has parameters for the whole. */
LfbTensor  *lfb_tensor_copy_memory       (LfbTensor     *tensor,
                                          GError       **error);

LfbValue   *lfb_value_take_tensor        (LfbTensor     *tensor);
LfbValue   *lfb_value_take_tensors       (LfbTensor    **tensors,
                                          gsize          n_tensors,
                                          gboolean       tuple);

/* Sizes of dimensions, of which there may be none: then the pointers may be NULL. */
void        lfb_sizes_copy               (gint64        *to,
                                          const gint64  *from,
                                          gsize          n_dims);
gboolean    lfb_sizes_equal              (const gint64  *a,
                                          const gint64  *b,
                                          gsize          n_dims);
char       *lfb_shape_to_string          (const gint64  *shape,
                                          gsize          n_dims);
char       *lfb_tensor_describe_shape    (LfbTensor     *tensor);
gboolean    lfb_shape_count              (const gint64  *shape,
                                          gsize          n_dims,
                                          gsize         *n_elements,
                                          GError       **error);
gboolean    lfb_shape_equal              (LfbTensor     *a,
                                          LfbTensor     *b);
gboolean    lfb_check_dim                (const char    *name,
                                          gint64         dim,
                                          gsize          n_dims,
                                          gsize         *result,
                                          GError       **error);
gboolean    lfb_check_rank               (const char    *name,
                                          LfbTensor     *tensor,
                                          gsize          min,
                                          gsize          max,
                                          GError       **error);
gboolean    lfb_check_dtype              (const char    *name,
                                          LfbTensor     *tensor,
                                          LfbDType       dtype,
                                          GError       **error);
gboolean    lfb_check_qparams            (const char    *scale_name,
                                          const char    *zero_point_name,
                                          LfbDType       dtype,
                                          double         scale,
                                          gint64         zero_point,
                                          GError       **error);
/* Per tensor, in one byte an element. */
gboolean    lfb_check_quantized          (const char    *name,
                                          LfbTensor     *tensor,
                                          GError       **error);
/* Whole bytes an element, and no parameters tied to an axis. */
gboolean    lfb_check_movable            (const char    *name,
                                          LfbTensor     *tensor,
                                          GError       **error);

void        lfb_shape_strides            (const gint64  *shape,
                                          gsize          n_dims,
                                          gint64        *strides);
/* dst[i, j, ...] = src[i * strides[0] + j * strides[1] + ...], strides in
 * elements of @item_size bytes.
 */
void        lfb_strided_copy             (gpointer       dst,
                                          gconstpointer  src,
                                          gsize          item_size,
                                          const gint64  *shape,
                                          const gint64  *strides,
                                          gsize          n_dims);
/* A tensor of @shape whose elements lie in @tensor at @offset and @strides. */
LfbTensor  *lfb_tensor_restride          (LfbTensor     *tensor,
                                          gint64         offset,
                                          const gint64  *shape,
                                          const gint64  *strides,
                                          gsize          n_dims,
                                          GError       **error);
LfbTensor  *lfb_tensor_permute           (LfbTensor     *tensor,
                                          const gsize   *order,
                                          GError       **error);

gboolean    lfb_broadcast_shape          (const gint64  *a,
                                          gsize          n_a,
                                          const gint64  *b,
                                          gsize          n_b,
                                          gint64        *shape,
                                          gsize         *n_dims,
                                          GError       **error);
/* @tensor itself if it has @shape, else its elements repeated. */
LfbTensor  *lfb_tensor_broadcast         (LfbTensor     *tensor,
                                          const gint64  *shape,
                                          gsize          n_dims,
                                          GError       **error);

gsize       lfb_dtype_size               (LfbDType       dtype);
double      lfb_tensor_read_double       (LfbTensor     *tensor,
                                          gsize          index);
gint64      lfb_tensor_read_int          (LfbTensor     *tensor,
                                          gsize          index);
/* Elements as numbers of another type, rounded and wrapped as torch's
 * conversions do; quantized ones dequantized.
 */
LfbTensor  *lfb_tensor_convert           (LfbTensor     *tensor,
                                          LfbDType       dtype,
                                          GError       **error);
/* Floats of any width, or integers, as float32; @name is for the message. */
LfbTensor  *lfb_tensor_as_float          (const char    *name,
                                          LfbTensor     *tensor,
                                          GError       **error);
const float *lfb_tensor_floats           (LfbTensor     *tensor);

G_END_DECLS
