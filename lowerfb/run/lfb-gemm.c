/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-gemm-private.h. */

#include <lowerfb/run/lfb-gemm-private.h>
#include <lowerfb/core/lfb-error.h>

#ifdef LFB_HAVE_CBLAS
#include <cblas.h>
#endif

/* Without @add, first the zeros that sums begin with. */
#define CLEAR(name, real) \
  static void \
  name (gsize  m, \
        gsize  n, \
        real  *c, \
        gsize  c_stride) \
  { \
    for (gsize i = 0; i < m; i++) \
      for (gsize j = 0; j < n; j++) \
        c[i * c_stride + j] = 0; \
  }

CLEAR (clear_f32, float)
CLEAR (clear_f64, double)

static void
clear (LfbDType  dtype,
       gsize     m,
       gsize     n,
       gpointer  c,
       gsize     c_stride)
{
  if (dtype == LFB_DTYPE_FLOAT64)
    clear_f64 (m, n, c, c_stride);
  else
    clear_f32 (m, n, c, c_stride);
}

#ifndef LFB_HAVE_CBLAS
#define MULTIPLY(name, real) \
  static void \
  name (gboolean    transpose_a, \
        gboolean    transpose_b, \
        gsize       m, \
        gsize       n, \
        gsize       k, \
        const real *a, \
        gsize       a_stride, \
        const real *b, \
        gsize       b_stride, \
        real       *c, \
        gsize       c_stride) \
  { \
    for (gsize i = 0; i < m; i++) \
      for (gsize l = 0; l < k; l++) \
        { \
          real x = transpose_a ? a[l * a_stride + i] : a[i * a_stride + l]; \
          \
          for (gsize j = 0; j < n; j++) \
            c[i * c_stride + j] += x * (transpose_b ? b[j * b_stride + l] : b[l * b_stride + j]); \
        } \
  }

MULTIPLY (multiply_f32, float)
MULTIPLY (multiply_f64, double)
#endif

gboolean
lfb_gemm (LfbDType       dtype,
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
          GError       **error)
{
#ifdef LFB_HAVE_CBLAS
  CBLAS_TRANSPOSE turn_a = transpose_a ? CblasTrans : CblasNoTrans;
  CBLAS_TRANSPOSE turn_b = transpose_b ? CblasTrans : CblasNoTrans;
#endif

  g_assert (dtype == LFB_DTYPE_FLOAT32 || dtype == LFB_DTYPE_FLOAT64);

  if (m == 0 || n == 0)
    return TRUE;
  if (k == 0)
    {
      if (!add)
        clear (dtype, m, n, c, c_stride);
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
  if (dtype == LFB_DTYPE_FLOAT64)
    cblas_dgemm (CblasRowMajor, turn_a, turn_b, m, n, k, 1, a, a_stride, b, b_stride, add ? 1 : 0, c, c_stride);
  else
    cblas_sgemm (CblasRowMajor, turn_a, turn_b, m, n, k, 1, a, a_stride, b, b_stride, add ? 1 : 0, c, c_stride);
#else
  if (!add)
    clear (dtype, m, n, c, c_stride);
  if (dtype == LFB_DTYPE_FLOAT64)
    multiply_f64 (transpose_a, transpose_b, m, n, k, a, a_stride, b, b_stride, c, c_stride);
  else
    multiply_f32 (transpose_a, transpose_b, m, n, k, a, a_stride, b, b_stride, c, c_stride);
#endif

  return TRUE;
}
