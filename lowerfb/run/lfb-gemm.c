/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-gemm-private.h. */

#include <lowerfb/run/lfb-gemm-private.h>
#include <lowerfb/core/lfb-error.h>
#include <lowerfb/run/lfb-scratch-private.h>

/* Products that one thread takes at least. */
#define GRAIN 200000
/* Rows that one part has where work is split by rows. */
#define ROWS 24

/* Batches are cut into parts of some rows or columns. */
typedef struct {
  const LfbRuntime *runtime;
  const LfbMatmul *first;
  const LfbMatmulOffsets *offsets;
  gsize n_parts;
  gboolean by_rows;
  gsize size;            /* of a part */
  gint failed;
} MatmulJob;

static void
run_part (const MatmulJob *job,
          gsize            batch,
          gsize            begin,
          gsize            end,
          float           *scratch)
{
  LfbMatmul args = *job->first;
  const LfbMatmulOffsets *offsets = &job->offsets[batch];

  args.a += offsets->a;
  args.b += offsets->b;
  args.c += offsets->c;
  args.scratch = scratch;
  begin *= job->size;
  end *= job->size;
  if (job->by_rows)
    {
      args.a += (gint64) begin * args.a_row;
      args.c += begin * args.c_stride;
      args.m = MIN (end, args.m) - begin;
    }
  else
    {
      args.b += (gint64) begin * args.b_column;
      args.c += begin;
      args.n = MIN (end, args.n) - begin;
    }
  job->runtime->kernels.matmul.run (&args);
}

static void
run_parts (gsize    begin,
           gsize    end,
           gpointer user_data)
{
  MatmulJob *job = user_data;
  float *scratch = lfb_thread_scratch (LFB_MATMUL_SCRATCH * sizeof (float));

  if (scratch == NULL)
    {
      g_atomic_int_set (&job->failed, TRUE);
      return;
    }
  while (begin < end)
    {
      gsize part = begin % job->n_parts, n = MIN (job->n_parts - part, end - begin);

      run_part (job, begin / job->n_parts, part, part + n, scratch);
      begin += n;
    }
}

gboolean
lfb_gemm_batches (const LfbRuntime        *runtime,
                  const LfbMatmul         *first,
                  const LfbMatmulOffsets  *offsets,
                  gsize                    n_batches,
                  GError                 **error)
{
  MatmulJob job = { runtime, first, offsets };
  gsize rows = (first->m + ROWS - 1) / ROWS, columns = (first->n + LFB_MATMUL_COLUMNS - 1) / LFB_MATMUL_COLUMNS;

  if (first->m == 0 || first->n == 0 || n_batches == 0)
    return TRUE;

  job.by_rows = rows > columns;
  job.size = job.by_rows ? ROWS : LFB_MATMUL_COLUMNS;
  job.n_parts = MAX (rows, columns);
  lfb_runtime_parallel (runtime, n_batches * job.n_parts,
                        MAX (GRAIN / MAX (first->m * first->n / job.n_parts * first->k, 1), 1), run_parts, &job);
  if (job.failed)
    g_set_error_literal (error, LFB_ERROR, LFB_ERROR_RANGE, "there is not enough memory for the product");

  return !job.failed;
}

typedef struct {
  gsize m, n, k;
  const double *a, *b;
  gsize a_stride, b_row, b_column;
  double *c;
  gsize c_stride;
  gboolean add;
} DoubleJob;

static void
multiply_rows (gsize    begin,
               gsize    end,
               gpointer user_data)
{
  const DoubleJob *job = user_data;

  for (gsize i = begin; i < end; i++)
    {
      double *c = job->c + i * job->c_stride;

      for (gsize j = 0; j < job->n && !job->add; j++)
        c[j] = 0;
      for (gsize l = 0; l < job->k; l++)
        {
          double x = job->a[i * job->a_stride + l];

          for (gsize j = 0; j < job->n; j++)
            c[j] += x * job->b[l * job->b_row + j * job->b_column];
        }
    }
}

gboolean
lfb_gemm (const LfbRuntime  *runtime,
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
          GError           **error)
{
  static const LfbMatmulOffsets nowhere_else = { 0 };
  gsize b_row = transpose_b ? 1 : b_stride, b_column = transpose_b ? b_stride : 1;

  g_assert (dtype == LFB_DTYPE_FLOAT32 || dtype == LFB_DTYPE_FLOAT64);

  if (dtype == LFB_DTYPE_FLOAT64)
    {
      DoubleJob job = { m, n, k, a, b, a_stride, b_row, b_column, c, c_stride, add };

      lfb_runtime_parallel (runtime, m, MAX (GRAIN / MAX (n * k, 1), 1), multiply_rows, &job);
      return TRUE;
    }

  return lfb_gemm_batches (runtime, &(const LfbMatmul) { m, n, k, a, a_stride, 1, b, b_row, b_column, c, c_stride, add, NULL },
                           &nowhere_else, 1, error);
}
