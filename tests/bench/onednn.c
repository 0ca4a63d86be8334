/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See onednn.h and onednn-private.h. */

#include "onednn-private.h"

#include <stdio.h>
#include <stdlib.h>

static dnnl_engine_t engine;
static dnnl_stream_t stream;

typedef struct
{
  dnnl_primitive_t primitive;
  size_t           n_args;
  dnnl_memory_t    memories[5];
  dnnl_exec_arg_t  args[5];
  float           *bias;
  void            *weights;
  uint8_t         *y;
} Product;

static void
must (dnnl_status_t status,
      const char   *what)
{
  if (status != dnnl_success)
    {
      fprintf (stderr, "bench-kernels: oneDNN: %s: status %d\n", what, (int) status);
      exit (1);
    }
}

#define MUST(call) must (call, #call)

void
bench_onednn_init (unsigned flags)
{
  dnnl_cpu_isa_t isa = dnnl_cpu_isa_sse41;

  if (flags & LFB_CPU_AVX512VNNI)
    isa = dnnl_cpu_isa_all;
  else if (flags & LFB_CPU_AVXVNNI)
    isa = dnnl_cpu_isa_avx2_vnni;
  else if (flags & LFB_CPU_AVX2)
    isa = dnnl_cpu_isa_avx2;

  MUST (dnnl_set_max_cpu_isa (isa));
  MUST (dnnl_engine_create (&engine, dnnl_cpu, 0));
  MUST (dnnl_stream_create (&stream, engine, dnnl_stream_default_flags));
}

const char *
bench_onednn_describe (void)
{
  static char text[64];
  const dnnl_version_t *version = dnnl_version ();

  snprintf (text, sizeof text, "oneDNN %d.%d.%d", version->major, version->minor, version->patch);

  return text;
}

dnnl_engine_t
bench_onednn_engine (void)
{
  return engine;
}

dnnl_primitive_attr_t
bench_onednn_attr (const float *multiplier,
                   size_t       n,
                   int32_t      x_zero_point,
                   int32_t      y_zero_point)
{
  dnnl_primitive_attr_t attr;

  MUST (dnnl_primitive_attr_create (&attr));
  MUST (dnnl_primitive_attr_set_output_scales (attr, (dnnl_dim_t) n, 1 << 1, multiplier));
  if (x_zero_point >= 0)
    MUST (dnnl_primitive_attr_set_zero_points (attr, DNNL_ARG_SRC, 1, 0, &x_zero_point));
  if (y_zero_point >= 0)
    MUST (dnnl_primitive_attr_set_zero_points (attr, DNNL_ARG_DST, 1, 0, &y_zero_point));

  return attr;
}

static void
run (void *data)
{
  const Product *product = data;

  MUST (dnnl_primitive_execute (product->primitive, stream, (int) product->n_args, product->args));
  MUST (dnnl_stream_wait (stream));
}

static void
clear (void *data)
{
  Product *product = data;

  MUST (dnnl_primitive_destroy (product->primitive));
  for (size_t i = 0; i < product->n_args; i++)
    MUST (dnnl_memory_destroy (product->memories[i]));
  free (product->bias);
  free (product->weights);
  free (product->y);
  free (product);
}

static void
reorder (const dnnl_memory_desc_t *plain,
         const int8_t             *w,
         dnnl_memory_t             packed,
         const dnnl_memory_desc_t *packed_desc)
{
  dnnl_primitive_desc_t desc;
  dnnl_primitive_t primitive;
  dnnl_memory_t from;

  MUST (dnnl_memory_create (&from, plain, engine, (void *) w));
  MUST (dnnl_reorder_primitive_desc_create (&desc, plain, engine, packed_desc, engine, NULL));
  MUST (dnnl_primitive_create (&primitive, desc));
  MUST (dnnl_primitive_execute (primitive, stream, 2,
                                (dnnl_exec_arg_t[]) { { DNNL_ARG_FROM, from }, { DNNL_ARG_TO, packed } }));
  MUST (dnnl_stream_wait (stream));
  MUST (dnnl_primitive_destroy (primitive));
  MUST (dnnl_primitive_desc_destroy (desc));
  MUST (dnnl_memory_destroy (from));
}

void
bench_onednn_add (BenchSubject             *subjects,
                  const char               *name,
                  const_dnnl_op_desc_t      op,
                  dnnl_primitive_attr_t     attr,
                  const uint8_t            *addend,
                  const uint8_t            *x,
                  const dnnl_memory_desc_t *plain,
                  const int8_t             *w,
                  float                    *bias,
                  size_t                    n_outputs,
                  double                    work)
{
  static const int args[] = { DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST,
                              DNNL_ARG_ATTR_MULTIPLE_POST_OP (0) | DNNL_ARG_SRC_1 };
  const dnnl_memory_desc_t *descs[5];
  dnnl_primitive_desc_t desc;
  BenchSubject *subject;
  Product *product;
  void *handles[5];
  const char *kind = "";

  if (dnnl_primitive_desc_create (&desc, op, attr, engine, NULL) != dnnl_success)
    {
      dnnl_primitive_attr_destroy (attr);
      free (bias);
      return;
    }

  descs[0] = dnnl_primitive_desc_query_md (desc, dnnl_query_src_md, 0);
  descs[1] = dnnl_primitive_desc_query_md (desc, dnnl_query_weights_md, 0);
  descs[2] = dnnl_primitive_desc_query_md (desc, dnnl_query_weights_md, 1);
  descs[3] = descs[4] = dnnl_primitive_desc_query_md (desc, dnnl_query_dst_md, 0);
  MUST (dnnl_primitive_desc_query (desc, dnnl_query_impl_info_str, 0, &kind));

  product = bench_alloc (sizeof *product);
  product->n_args = addend != NULL ? 5 : 4;
  product->bias = bias;
  product->weights = bench_alloc (dnnl_memory_desc_get_size (descs[1]));
  product->y = bench_alloc (n_outputs);
  handles[0] = (void *) x;
  handles[1] = product->weights;
  handles[2] = product->bias;
  handles[3] = product->y;
  handles[4] = (void *) addend;
  for (size_t i = 0; i < product->n_args; i++)
    {
      MUST (dnnl_memory_create (&product->memories[i], descs[i], engine, handles[i]));
      product->args[i] = (dnnl_exec_arg_t) { args[i], product->memories[i] };
    }
  reorder (plain, w, product->memories[1], descs[1]);
  MUST (dnnl_primitive_create (&product->primitive, desc));

  subject = bench_add (subjects, BENCH_PEER, "%s, %s", name, kind);
  subject->run = run;
  subject->clear = clear;
  subject->data = product;
  subject->work = work;
  subject->output = product->y;
  subject->n_outputs = n_outputs;
  run (product);

  MUST (dnnl_primitive_desc_destroy (desc));
  MUST (dnnl_primitive_attr_destroy (attr));
}
