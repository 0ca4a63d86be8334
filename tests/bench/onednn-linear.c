/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Linear by oneDNN: its matrix product, which knows zero points, and its inner
 * product, whose bias takes them in.
 */

#include "onednn-private.h"

#include <stdlib.h>

static dnnl_memory_desc_t
matrix (size_t            rows,
        size_t            columns,
        dnnl_data_type_t  type,
        dnnl_format_tag_t layout)
{
  dnnl_memory_desc_t desc;
  dnnl_dims_t dims = { (dnnl_dim_t) rows, (dnnl_dim_t) columns };

  if (dnnl_memory_desc_init_by_tag (&desc, 2, dims, type, layout) != dnnl_success)
    abort ();

  return desc;
}

static void
add_matmul (BenchSubject      *subjects,
            const BenchLinear *l)
{
  dnnl_memory_desc_t x = matrix (l->m, l->k, dnnl_u8, dnnl_ab);
  dnnl_memory_desc_t w = matrix (l->k, l->n, dnnl_s8, dnnl_format_tag_any);
  dnnl_memory_desc_t b = matrix (1, l->n, dnnl_f32, dnnl_ab);
  dnnl_memory_desc_t y = matrix (l->m, l->n, dnnl_u8, dnnl_ab);
  dnnl_memory_desc_t plain = matrix (l->k, l->n, dnnl_s8, dnnl_ba);
  float *bias = bench_alloc (l->n * sizeof *bias);
  dnnl_matmul_desc_t op;

  for (size_t i = 0; i < l->n; i++)
    bias[i] = l->bias[i];

  if (dnnl_matmul_desc_init (&op, &x, &w, &b, &y) != dnnl_success)
    abort ();
  bench_onednn_add (subjects, "oneDNN matmul", &op,
                    bench_onednn_attr (l->multiplier, l->n, l->x_zero_point, l->y_zero_point), NULL, l->x, &plain, l->w,
                    bias, l->m * l->n, 2.0 * (double) l->m * (double) l->n * (double) l->k);
}

static void
add_inner_product (BenchSubject      *subjects,
                   const BenchLinear *l)
{
  dnnl_memory_desc_t x = matrix (l->m, l->k, dnnl_u8, dnnl_ab);
  dnnl_memory_desc_t w = matrix (l->n, l->k, dnnl_s8, dnnl_format_tag_any);
  dnnl_memory_desc_t b;
  dnnl_memory_desc_t y = matrix (l->m, l->n, dnnl_u8, dnnl_ab);
  dnnl_memory_desc_t plain = matrix (l->n, l->k, dnnl_s8, dnnl_ab);
  dnnl_dims_t length = { (dnnl_dim_t) l->n };
  float *bias = bench_alloc (l->n * sizeof *bias);
  dnnl_inner_product_desc_t op;

  for (size_t i = 0; i < l->n; i++)
    {
      int64_t sum = 0;

      for (size_t k = 0; k < l->k; k++)
        sum += l->w[i * l->k + k];
      bias[i] = l->bias[i] - (float) (sum * l->x_zero_point) + (float) l->y_zero_point / l->multiplier[i];
    }

  if (dnnl_memory_desc_init_by_tag (&b, 1, length, dnnl_f32, dnnl_a) != dnnl_success ||
      dnnl_inner_product_forward_desc_init (&op, dnnl_forward_inference, &x, &w, &b, &y) != dnnl_success)
    abort ();
  bench_onednn_add (subjects, "oneDNN inner product", &op, bench_onednn_attr (l->multiplier, l->n, -1, -1), NULL, l->x,
                    &plain, l->w, bias, l->m * l->n, 2.0 * (double) l->m * (double) l->n * (double) l->k);
}

void
bench_onednn_linear (BenchSubject      *subjects,
                     const BenchLinear *linear)
{
  add_matmul (subjects, linear);
  add_inner_product (subjects, linear);
}
