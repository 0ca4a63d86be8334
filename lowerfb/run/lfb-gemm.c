/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-gemm-private.h. */

#include <lowerfb/run/lfb-gemm-private.h>
#include <lowerfb/core/lfb-error.h>

#ifdef LFB_HAVE_CBLAS
#include <cblas.h>
#endif

static void
scale_rows (gsize     m,
            gsize     n,
            gboolean  add,
            float    *c,
            gsize     c_stride)
{
  for (gsize i = 0; i < m && !add; i++)
    for (gsize j = 0; j < n; j++)
      c[i * c_stride + j] = 0;
}

#ifndef LFB_HAVE_CBLAS
static void
multiply (gboolean      transpose_a,
          gboolean      transpose_b,
          gsize         m,
          gsize         n,
          gsize         k,
          const float  *a,
          gsize         a_stride,
          const float  *b,
          gsize         b_stride,
          float        *c,
          gsize         c_stride)
{
  for (gsize i = 0; i < m; i++)
    for (gsize l = 0; l < k; l++)
      {
        float x = transpose_a ? a[l * a_stride + i] : a[i * a_stride + l];

        for (gsize j = 0; j < n; j++)
          c[i * c_stride + j] += x * (transpose_b ? b[j * b_stride + l] : b[l * b_stride + j]);
      }
}
#endif

gboolean
lfb_gemm (gboolean      transpose_a,
          gboolean      transpose_b,
          gsize         m,
          gsize         n,
          gsize         k,
          const float  *a,
          gsize         a_stride,
          const float  *b,
          gsize         b_stride,
          gboolean      add,
          float        *c,
          gsize         c_stride,
          GError      **error)
{
  if (m == 0 || n == 0)
    return TRUE;
  if (k == 0)
    {
      scale_rows (m, n, add, c, c_stride);
      return TRUE;
    }
  if (MAX (MAX (m, n), MAX (k, c_stride)) > G_MAXINT || MAX (a_stride, b_stride) > G_MAXINT)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "a float product of %" G_GSIZE_FORMAT " x %" G_GSIZE_FORMAT " x %" G_GSIZE_FORMAT
                   " is too large, expected less than 2^31 each", m, n, k);
      return FALSE;
    }

#ifdef LFB_HAVE_CBLAS
  cblas_sgemm (CblasRowMajor,
               transpose_a ? CblasTrans : CblasNoTrans,
               transpose_b ? CblasTrans : CblasNoTrans,
               m, n, k, 1, a, a_stride, b, b_stride, add ? 1 : 0, c, c_stride);
#else
  scale_rows (m, n, add, c, c_stride);
  multiply (transpose_a, transpose_b, m, n, k, a, a_stride, b, b_stride, c, c_stride);
#endif

  return TRUE;
}
