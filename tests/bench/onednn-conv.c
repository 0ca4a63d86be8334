/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution by oneDNN: with the zero points as it knows them, and, where there is
 * no padding, with that of x folded into the bias, for which it has faster code.
 */

#include "onednn-private.h"

#include <stdlib.h>

static dnnl_memory_desc_t
tensor (int                n_dims,
        const dnnl_dim_t  *dims,
        dnnl_data_type_t   type,
        dnnl_format_tag_t  layout)
{
  dnnl_memory_desc_t desc;

  if (dnnl_memory_desc_init_by_tag (&desc, n_dims, dims, type, layout) != dnnl_success)
    abort ();

  return desc;
}

typedef enum
{
  PLAIN,
  FOLDED,
  IN_PLACE  /* adds what y holds: the results of one run are what the next one adds, and cannot be compared */
} Form;

static dnnl_primitive_attr_t
attr_of (const BenchConv          *c,
         const dnnl_memory_desc_t *y,
         Form                      form)
{
  bool fold = form == FOLDED;
  dnnl_primitive_attr_t attr = bench_onednn_attr (c->multiplier, c->weights->out_channels, fold ? -1 : c->x_zero_point,
                                                  fold ? -1 : c->y_zero_point);
  dnnl_post_ops_t ops;

  if (c->addend == NULL)
    return attr;

  if (dnnl_post_ops_create (&ops) != dnnl_success ||
      (form == IN_PLACE ? dnnl_post_ops_append_sum (ops, 1.0f)
                        : dnnl_post_ops_append_binary (ops, dnnl_binary_add, y)) != dnnl_success ||
      dnnl_primitive_attr_set_post_ops (attr, ops) != dnnl_success ||
      dnnl_post_ops_destroy (ops) != dnnl_success)
    abort ();

  return attr;
}

static void
add_conv (BenchSubject    *subjects,
          const BenchConv *c,
          Form             form)
{
  const LfbWindow *w = c->window;
  static const char * const names[] = { "oneDNN", "oneDNN, folded", "oneDNN, in place" };
  dnnl_dim_t in = (dnnl_dim_t) c->weights->in_channels, out = (dnnl_dim_t) c->weights->out_channels;
  dnnl_dim_t groups = (dnnl_dim_t) c->weights->groups;
  dnnl_dim_t height = (dnnl_dim_t) w->kernel[1], width = (dnnl_dim_t) w->kernel[2];
  dnnl_dims_t x_dims = { 1, in, (dnnl_dim_t) w->in_size[1], (dnnl_dim_t) w->in_size[2] };
  dnnl_dims_t y_dims = { 1, out, (dnnl_dim_t) w->out_size[1], (dnnl_dim_t) w->out_size[2] };
  dnnl_dims_t b_dims = { out };
  dnnl_dims_t w_dims = { out, in, height, width };
  dnnl_dims_t grouped_dims = { groups, out / groups, in / groups, height, width };
  dnnl_dims_t strides = { (dnnl_dim_t) w->stride[1], (dnnl_dim_t) w->stride[2] };
  dnnl_dims_t padding = { (dnnl_dim_t) w->padding[1], (dnnl_dim_t) w->padding[2] };
  dnnl_memory_desc_t x = tensor (4, x_dims, dnnl_u8, dnnl_nhwc), y = tensor (4, y_dims, dnnl_u8, dnnl_nhwc);
  dnnl_memory_desc_t b = tensor (1, b_dims, dnnl_f32, dnnl_a), packed, plain;
  size_t k = w->kernel[1] * w->kernel[2] * c->weights->in_channels / c->weights->groups;
  size_t n_outputs = c->weights->out_channels * w->out_size[1] * w->out_size[2];
  float *bias = bench_alloc (c->weights->out_channels * sizeof *bias);
  dnnl_convolution_desc_t op;

  if (groups == 1)
    {
      packed = tensor (4, w_dims, dnnl_s8, dnnl_format_tag_any);
      plain = tensor (4, w_dims, dnnl_s8, dnnl_ohwi);
    }
  else
    {
      packed = tensor (5, grouped_dims, dnnl_s8, dnnl_format_tag_any);
      plain = tensor (5, grouped_dims, dnnl_s8, dnnl_gohwi);
    }

  for (size_t i = 0; i < c->weights->out_channels; i++)
    {
      int64_t sum = 0;

      for (size_t j = 0; j < k; j++)
        sum += c->weights->w[i * k + j];
      bias[i] = c->bias[i];
      if (form == FOLDED)
        bias[i] += (float) c->y_zero_point / c->multiplier[i] - (float) (sum * c->x_zero_point);
    }

  if (dnnl_convolution_forward_desc_init (&op, dnnl_forward_inference, dnnl_convolution_direct, &x, &packed, &b, &y,
                                          strides, padding, padding) != dnnl_success)
    abort ();
  bench_onednn_add (subjects, names[form], &op, attr_of (c, &y, form), form != IN_PLACE ? c->addend : NULL, c->x,
                    &plain, c->weights->w, bias, n_outputs, 2.0 * (double) k * (double) n_outputs);
}

static void
forget_output (BenchSubject *subjects,
               size_t        first)
{
  for (size_t i = first; subjects[i].role != BENCH_DONE; i++)
    subjects[i].output = NULL;
}

static size_t
count (const BenchSubject *subjects)
{
  size_t n = 0;

  while (subjects[n].role != BENCH_DONE)
    n++;

  return n;
}

void
bench_onednn_conv (BenchSubject    *subjects,
                   const BenchConv *conv)
{
  size_t first;

  add_conv (subjects, conv, PLAIN);
  if (conv->window->padding[1] == 0 && conv->window->padding[2] == 0)
    add_conv (subjects, conv, FOLDED);
  if (conv->addend == NULL)
    return;

  first = count (subjects);
  add_conv (subjects, conv, IN_PLACE);
  forget_output (subjects, first);
}
