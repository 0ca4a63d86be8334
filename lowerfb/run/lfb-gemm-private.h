/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Matrix products of what stays float. Each element adds in ascending order, so
 * that threads and instruction sets do not change bits: float32 by the kernel
 * (kernels/matmul.h), float64 in a loop.
 */

#pragma once

#include <lowerfb/core/lfb-types.h>
#include <lowerfb/run/lfb-runtime-private.h>

G_BEGIN_DECLS

/* Of @dtype, float32 or float64: c[m, n] = sum over k of a[m, k] * b[k, n], added to c if @add; row-major.
 * With @transpose_b, b is [n, k]. The strides are those between rows. Fails with
 * LFB_ERROR_RANGE where there is too little memory to work on.
 */
gboolean lfb_gemm         (const LfbRuntime  *runtime,
                           LfbDType           dtype,
                           gboolean           transpose_b,
                           gsize              m,
                           gsize              n,
                           gsize              k,
                           gconstpointer      a,
                           gsize              a_stride,
                           gconstpointer      b,
                           gsize              b_stride,
                           gboolean           add,
                           gpointer           c,
                           gsize              c_stride,
                           GError           **error);

/* Elements from the beginnings of the matrices of @first to those of a batch. */
typedef struct {
  gint64 a, b, c;
} LfbMatmulOffsets;

/* Products of float32 that differ only in where they lie; scratch is given here. */
gboolean lfb_gemm_batches (const LfbRuntime        *runtime,
                           const LfbMatmul         *first,
                           const LfbMatmulOffsets  *offsets,
                           gsize                    n_batches,
                           GError                 **error);

G_END_DECLS
