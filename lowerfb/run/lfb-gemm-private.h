/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Matrix products of what stays float, in float32 or float64: OpenBLAS where it
 * is there, else a loop that adds in ascending order.
 */

#pragma once

#include <lowerfb/core/lfb-types.h>

G_BEGIN_DECLS

/* Of @dtype, float32 or float64: c[m, n] = sum over k of a[m, k] * b[k, n], added to c if @add; row-major.
 * With @transpose_a, a is [k, m]; with @transpose_b, b is [n, k]. The strides
 * are those between rows. Fails with LFB_ERROR_RANGE on sizes that the library
 * cannot take.
 */
gboolean lfb_gemm (LfbDType       dtype,
                   gboolean       transpose_a,
                   gboolean       transpose_b,
                   gsize          m,
                   gsize          n,
                   gsize          k,
                   gconstpointer  a,
                   gsize          a_stride,
                   gconstpointer  b,
                   gsize          b_stride,
                   gboolean       add,
                   gpointer       c,
                   gsize          c_stride,
                   GError       **error);

G_END_DECLS
