/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Graphs that programs could get wrong: results that depend on data, memory that
 * somebody still reads, views, what is written in place, sizes that no memory
 * has. Each is run both ways with inputs that follow each other in turns.
 */

#include "lfb-test-both.h"

#include "../lower/lfb-test-model.h"

#include <string.h>

/* Every graph may read a weight for torch.ops.quantized.conv2d with 4 channels. */
static LfbGraphModule *
make_model (const char *graph)
{
  LfbGraphModule *model = lfb_test_parse (graph);
  g_autoptr (LfbTensor) weight = lfb_test_ramp (4, 4, 4, 3, 3);

  lfb_test_set_tensor (model, "weight", weight);
  lfb_test_add_module (model, "relu", "torch.nn.ReLU");
  lfb_test_add_setting (model, "relu", "inplace", lfb_value_for_bool (TRUE));
  lfb_test_add_module (model, "identity", "torch.nn.Identity");

  return model;
}

static LfbTensor *
random_tensor (guint32       seed,
               const gint64 *shape,
               gsize         n_dims)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  gint64 n = 1;
  LfbTensor *tensor;
  float *data;

  for (gsize i = 0; i < n_dims; i++)
    n *= shape[i];
  data = g_new (float, n + 1);
  for (gint64 i = 0; i < n; i++)
    data[i] = g_rand_double_range (rand, -4, 4);
  bytes = g_bytes_new_take (data, n * sizeof *data);
  tensor = lfb_tensor_new_for_bytes (LFB_DTYPE_FLOAT32, shape, n_dims, bytes, &error);
  g_assert_no_error (error);

  return tensor;
}

/* Two runs of the same shape with other data, and one of another shape. */
static void
check (const char   *name,
       const char   *graph,
       const gint64 *shape,
       const gint64 *other,
       gsize         n_dims,
       gboolean      fails)
{
  g_autoptr (LfbGraphModule) model = make_model (graph);
  LfbTensor *inputs[3] = { random_tensor (1, shape, n_dims), random_tensor (2, shape, n_dims), random_tensor (3, other, n_dims) };
  guint n_compared = lfb_test_assert_tensors (name, model, inputs, 3);

  g_assert_cmpint (n_compared == 0, ==, fails);
  for (gsize i = 0; i < 3; i++)
    g_object_unref (inputs[i]);
}

#define IMAGE \
  "%x = placeholder\n" \
  "%q = quantize(%x, 0.05, 100)\n" \
  "%w = get_attr weight\n" \
  "%qw = torch.quantize_per_tensor(%w, 0.005, 0, qint8)\n" \
  "%p = torch.ops.quantized.conv2d_prepack(%qw, None, (1, 1), (1, 1), (1, 1), 1)\n"
#define CONV(name, input) "%" name " = torch.ops.quantized.conv2d(%" input ", %p, 0.07, 60)\n"

/* To images twice as large, with the same weight. */
#define UP \
  "%u = torch.ops.quantized.conv_transpose2d_prepack(%qw, None, (2, 2), (1, 1), (1, 1), (1, 1), 1)\n"
#define TRANSPOSED(name, input) "%" name " = torch.ops.quantized.conv_transpose2d(%" input ", %u, 0.07, 60)\n"

typedef struct {
  const char *name;
  gboolean vectors;      /* the input is (n, 8), else images (n, 4, h, w) */
  gboolean fails;
  const char *graph;
} Case;

static const Case cases[] = {
  /* Memory that somebody still reads. */
  { "nine-dimensions", FALSE, FALSE, IMAGE CONV ("a", "q")
    "%v = method unsqueeze(%a, 0)\n%v2 = method unsqueeze(%v, 0)\n%v3 = method unsqueeze(%v2, 0)\n"
    "%v4 = method unsqueeze(%v3, 0)\n%v5 = method unsqueeze(%v4, 0)\n"
    CONV ("b", "a") CONV ("c", "b") "%e = torch.ops.quantized.add(%c, %q, 0.1, 90)\nreturn ((%v5, %e))\n" },
  { "read-by-two", FALSE, FALSE, IMAGE CONV ("a", "q") CONV ("b", "a")
    "%c = torch.cat([%a, %b, %a], 1)\n%d = torch.ops.quantized.add(%a, %b, 0.1, 90)\n"
    "%r = torch.nn.functional.relu(%a)\nreturn ((%c, %d, %r, %a))\n" },
  { "cat-read-in-rows", FALSE, FALSE, IMAGE CONV ("a", "q") CONV ("b", "q") "%c = torch.cat([%a, %b], 1)\n"
    "%t = method permute(%a, 0, 2, 3, 1)\n%f = method reshape(%t, (1, -1))\n"
    "%g = torch.cat([%f, %f], 1)\nreturn ((%c, %g))\n" },
  { "cat-read-as-fewer-pixels", FALSE, FALSE, IMAGE CONV ("a", "q") CONV ("b", "q") "%c = torch.cat([%a, %b], 1)\n"
    "%t = method permute(%a, 0, 2, 3, 1)\n%f = method reshape(%t, (1, 1, -1, 12))\n%h = method permute(%f, 0, 3, 1, 2)\n"
    "%i = torch.nn.functional.relu(%h)\n%s = torch.nn.functional.max_pool2d(%h, 1)\nreturn ((%c, %i, %s))\n" },
  { "cat-read-in-slices", FALSE, FALSE, IMAGE CONV ("a", "q") CONV ("b", "q") "%c = torch.cat([%a, %b], 1)\n"
    "%s = torch.chunk(%a, 2, 1)\n%h = operator.getitem(%s, 1)\n%i = torch.nn.functional.relu(%h)\n"
    "%z = torch.nn.functional.channel_shuffle(%a, 2)\n%y = operator.getitem(%a, (slice(None, None, None), 2))\n"
    "%m = torch.cat([%i, %z], 1)\nreturn ((%c, %m, %y))\n" },
  { "cat-of-cat", FALSE, FALSE, IMAGE CONV ("a", "q") CONV ("b", "a") "%c = torch.cat([%a, %b], 1)\n"
    "%d = torch.cat([%c, %a, %c], 1)\n%e = torch.cat([%d, %d], 0)\n%f = torch.cat([%e, %e], 3)\nreturn ((%d, %f, %c))\n" },
  { "same-output-twice", FALSE, FALSE, IMAGE CONV ("a", "q") "%v = method view(%a, (-1,))\nreturn ((%a, %a, [%v, %a], %v))\n" },
  { "input-as-output", FALSE, FALSE, IMAGE "%i = module identity(%x)\n%v = method reshape(%x, (-1,))\n"
    "%t = method transpose(%x, 1, 2)\nreturn ((%x, %i, %v, %t, %x))\n" },
  { "constant-as-output", FALSE, FALSE, IMAGE "%t = method reshape(%qw, (-1,))\nreturn ((%w, %qw, %t, 3, 2.5))\n" },
  { "view-as-output", FALSE, FALSE, IMAGE CONV ("a", "q") "%s = operator.getitem(%a, 0)\n%t = method permute(%a, 3, 2, 1, 0)\n"
    "%e = method expand(%s, (3, -1, -1, -1))\nreturn ((%s, %t, %e))\n" },

  /* Transposed convolutions. */
  { "transposed-into-cat", FALSE, FALSE, IMAGE UP TRANSPOSED ("a", "q") TRANSPOSED ("b", "q") CONV ("c", "b")
    "%d = torch.cat([%a, %c], 1)\n%r = torch.nn.functional.relu(%d)\nreturn (%r)\n" },
  { "transposed-and-clamped", FALSE, FALSE, IMAGE UP TRANSPOSED ("a", "q") "%r = torch.nn.functional.relu6(%a)\n"
    TRANSPOSED ("b", "r") "return (%b)\n" },
  { "transposed-and-added", FALSE, FALSE, IMAGE UP TRANSPOSED ("a", "q") CONV ("b", "a")
    "%s = torch.ops.quantized.add(%a, %b, 0.1, 90)\n" TRANSPOSED ("c", "s") TRANSPOSED ("d", "s")
    "%t = torch.ops.quantized.add_relu(%c, %d, 0.1, 90)\nreturn (%t)\n" },
  { "transposed-unbatched", FALSE, FALSE, IMAGE UP "%s = operator.getitem(%q, 0)\n" TRANSPOSED ("a", "s") "return (%a)\n" },
  /* What a conv's output stage takes over. */
  { "sum-of-shifted", FALSE, FALSE, IMAGE CONV ("a", "q") "%s = torch.ops.quantized.add(%a, 0.5)\n"
    "%c = torch.ops.quantized.add(%s, %q, 0.1, 90)\nreturn (%c)\n" },
  { "sum-of-scaled", FALSE, FALSE, IMAGE CONV ("a", "q") "%s = torch.ops.quantized.mul(%a, 0.5)\n"
    "%c = torch.ops.quantized.add(%s, %q, 0.1, 90)\nreturn (%c)\n" },
  { "sum-of-negated", FALSE, FALSE, IMAGE CONV ("a", "q") "%s = torch.ops.quantized.mul(%a, -0.5)\n"
    "%c = torch.ops.quantized.add_relu(%s, %q, 0.1, 90)\nreturn (%c)\n" },
  { "clamps", FALSE, FALSE, IMAGE CONV ("a", "q") "%r = torch.nn.functional.relu6(%a)\n"
    "%s = torch.ops.quantized.add(%r, %q, 0.1, 90)\n%t = torch.clamp(%s, -1.0, 2.0)\n%u = torch.clamp(%t, 3.0, 4.0)\nreturn (%u)\n" },
  { "sum-of-two-convs", FALSE, FALSE, IMAGE CONV ("a", "q") CONV ("b", "a") "%s = torch.ops.quantized.add(%a, %b, 0.1, 90)\n"
    "%t = torch.ops.quantized.add(%s, %s, 0.2, 90)\n%u = torch.ops.quantized.mul(%t, %s, 0.2, 90)\nreturn (%u)\n" },

  /* Floats that come from integers, and become such again. */
  { "requantized", FALSE, FALSE, IMAGE CONV ("a", "q") "%d = dequantize(%a)\n%s = torch.chunk(%d, 2, 1)\n"
    "%h = operator.getitem(%s, 1)\n%i = quantize(%h, 0.11, 30)\n%j = operator.getitem(%s, 0)\n%k = quantize(%j, 0.07, 60)\n"
    "%r = torch.nn.functional.relu(%k)\n%c = torch.cat([%i, %k], 1)\n" CONV ("b", "c") "return ((%b, %i, %r))\n" },
  { "requantized-alike", FALSE, FALSE, IMAGE CONV ("a", "q") "%d = dequantize(%a)\n%i = quantize(%d, 0.07, 60)\n"
    "%s = torch.ops.quantized.add(%i, %q, 0.1, 90)\n%e = dequantize(%i)\n%t = torch.sin(%e)\nreturn ((%s, %i, %t))\n" },
  { "requantized-signed", FALSE, FALSE, IMAGE CONV ("a", "q") "%d = dequantize(%a)\n%i = torch.quantize_per_tensor(%d, 0.07, -68, qint8)\n"
    "%e = dequantize(%i)\n%t = method permute(%e, 0, 2, 3, 1)\n%j = quantize(%t, 0.2, 128)\nreturn ((%i, %j, %d))\n" },
  { "requantized-after-a-call", FALSE, FALSE, IMAGE "%s = torch.sin(%x)\n%z = quantize(%s, 0.01, 100)\n%t = torch.flip(%z, [2])\n"
    "%d = dequantize(%t)\n%u = torch.cos(%d)\n%v = torch.cos(%u)\n%i = quantize(%d, 0.02, 90)\nreturn ((%i, %v))\n" },
  { "pooled-floats", FALSE, FALSE, IMAGE CONV ("a", "q") "%d = dequantize(%a)\n%m = torch.nn.functional.max_pool2d(%d, 2)\n"
    "%i = quantize(%m, 0.09, 50)\n%n = torch.nn.functional.max_pool2d(%d, 3, 1, 1)\n%o = torch.nn.functional.avg_pool2d(%n, 2)\n"
    "%w2 = torch.nn.functional.max_pool2d(%d, 2, 1, 1, 3)\n%j = quantize(%o, 0.09, 50)\nreturn ((%i, %j, %n, %w2))\n" },
  { "unread", FALSE, FALSE, IMAGE CONV ("a", "q") CONV ("b", "a") "%d = dequantize(%b)\n%r = torch.nn.functional.relu(%d)\n"
    "%c = torch.cat([%b, %a], 1)\nreturn (%a)\n" },

  /* In place. */
  { "in-place", FALSE, FALSE, IMAGE CONV ("a", "q") "%r = method relu_(%a)\n%b = torch.ops.quantized.add(%a, %q, 0.1, 90)\n"
    "%s = module relu(%b)\nreturn ((%a, %b, %r))\n" },
  { "in-place-on-a-number", FALSE, FALSE, IMAGE "%m = method argmax(%x)\n%n = method item(%m)\n"
    "%o = operator.iadd(%n, 5)\nreturn ((%n, %o))\n" },
  { "in-place-on-a-tuple", FALSE, FALSE, IMAGE "%m = method max(%x, 1)\n%t = builtins.tuple(%m)\n"
    "%o = operator.iadd(%t, %m)\nreturn ((%t, %o))\n" },
  { "in-place-on-a-tensor", FALSE, FALSE, IMAGE "%m = torch.sin(%x)\n%o = operator.iadd(%m, 1.5)\n%s = torch.cos(%m)\nreturn ((%m, %s))\n" },
  { "in-place-on-an-attribute", FALSE, FALSE, IMAGE "%o = operator.iadd(%w, 1.5)\n%s = torch.cos(%w)\n"
    "%u = torch.mul(%s, 2.0)\nreturn ((%u, %w, %x))\n" },
  { "in-place-shape", FALSE, FALSE, IMAGE CONV ("a", "q") "%u = method unsqueeze_(%a, 0)\n%r = torch.nn.functional.relu(%a)\nreturn ((%a, %r))\n" },

  /* Results that depend on data. */
  { "boolean-index", TRUE, FALSE, "%x = placeholder\n%b = torch.gt(%x, 0.5)\n%n = operator.getitem(%x, %b)\n"
    "%s = method float(%n)\n%t = torch.sin(%s)\nreturn ((%t, %n))\n" },
  { "masked", TRUE, FALSE, "%x = placeholder\n%q = quantize(%x, 0.05, 100)\n%b = torch.gt(%x, 0.5)\n%m = operator.getitem(%x, %b)\n"
    "%r = torch.relu(%m)\n%z = quantize(%r, 0.05, 100)\n%y = torch.nn.functional.relu(%z)\nreturn ((%y, %m, %q))\n" },
  { "dynamic-scale", TRUE, FALSE, "%x = placeholder\n%q = torch.quantize_per_tensor_dynamic(%x, quint8, False)\n"
    "%r = torch.nn.functional.relu(%q)\n%d = dequantize(%r)\n%s = method q_scale(%q)\nreturn ((%d, %r, %s))\n" },
  { "size-from-data", TRUE, FALSE, "%x = placeholder\n%q = quantize(%x, 0.05, 100)\n%f = operator.getitem(%x, (0, 0))\n"
    "%g = torch.gt(%f, 0.0)\n%n = method item(%g)\n%i = operator.add(%n, 1)\n%v = method view(%q, (%i, -1, 1))\n"
    "%r = torch.nn.functional.relu(%v)\n%e = torch.sin(%x)\n%z = quantize(%e, 0.01, 100)\n%y = torch.nn.functional.relu(%z)\n"
    "%t = torch.nn.functional.relu(%y)\nreturn ((%r, %v, %t))\n" },
  { "slice-from-data", TRUE, FALSE, "%x = placeholder\n%q = quantize(%x, 0.05, 100)\n%f = operator.getitem(%x, (0, 0))\n"
    "%g = torch.gt(%f, 0.0)\n%n = method item(%g)\n%i = operator.add(%n, 3)\n%v = operator.getitem(%q, (slice(None, None, None), slice(%i, None, None)))\n"
    "%r = torch.nn.functional.relu(%v)\n%y = torch.nn.functional.relu(%q)\nreturn ((%r, %y))\n" },
  { "shape-in-arguments", FALSE, FALSE, IMAGE "%n = method size(%x, 0)\n%h = method size(%x, 2)\n%m = operator.mul(%n, %h)\n"
    "%v = method view(%q, (%m, -1))\n%s = builtins.getattr(%v, 'shape')\n%z = operator.getitem(%s, 1)\nreturn ((%v, %z, %s))\n" },
  { "per-channel-activation", TRUE, FALSE, "%x = placeholder\n%s = torch.ones(8)\n%z = torch.zeros(8)\n%i = method long(%z)\n"
    "%q = torch.quantize_per_channel(%x, %s, %i, 1, qint8)\n%r = method reshape(%q, (-1, 8))\n%d = dequantize(%q)\nreturn ((%q, %d))\n" },

  /* Shapes that are not images although they look so. */
  { "unbatched-pool", FALSE, FALSE, IMAGE "%s = operator.getitem(%q, (0, slice(0, 1, None), slice(0, 1, None)))\n"
    "%p1 = torch.nn.functional.adaptive_avg_pool2d(%s, (2, 3))\n%p2 = torch.nn.functional.max_pool2d(%s, (3, 1), 1, (1, 0))\nreturn ((%p1, %p2))\n" },
  { "unbatched-conv", FALSE, FALSE, IMAGE "%s = operator.getitem(%q, 0)\n" CONV ("a", "s")
    "%r = torch.nn.functional.relu(%a)\n%m = torch.nn.functional.max_pool2d(%r, 2)\nreturn ((%a, %r, %m))\n" },
  { "empty", FALSE, FALSE, IMAGE "%s = operator.getitem(%q, slice(0, 0, None))\n" CONV ("a", "s")
    "%r = torch.nn.functional.relu(%a)\n%b = torch.ops.quantized.add(%r, %s, 0.1, 90)\n"
    "%c = torch.cat([%b, %q], 0)\n%d = dequantize(%b)\nreturn ((%a, %b, %c, %d))\n" },
  { "one-pixel", FALSE, FALSE, IMAGE CONV ("a", "q") "%p1 = torch.nn.functional.adaptive_avg_pool2d(%a, 1)\n"
    "%s = torch.sigmoid(%p1)\n%m = torch.ops.quantized.mul(%a, %s, 0.1, 90)\n%n = torch.ops.quantized.mul(%s, %a, 0.1, 90)\n"
    "%u = method mean(%a, (2, 3))\n%v = method mean(%a, (-1, -2), True)\n%c = torch.cat([%s, %v], 1)\nreturn ((%m, %n, %u, %v, %c))\n" },

  /* Errors. */
  { "too-wide", FALSE, TRUE, IMAGE "%big = torch.ops.quantized.conv2d_prepack(%qw, None, (1, 1), (1000000000, 1000000000), (1, 1), 1)\n"
    "%a = torch.ops.quantized.conv2d(%q, %big, 0.07, 60)\n%r = torch.nn.functional.max_pool2d(%a, 2)\nreturn (%r)\n" },
  { "wide", FALSE, TRUE, IMAGE "%big = torch.ops.quantized.conv2d_prepack(%qw, None, (1, 1), (4000000, 4000000), (1, 1), 1)\n"
    "%a = torch.ops.quantized.conv2d(%q, %big, 0.07, 60)\n%r = torch.nn.functional.max_pool2d(%a, 2)\nreturn (%r)\n" },
  { "wide-at-last", FALSE, TRUE, IMAGE "%big = torch.ops.quantized.conv2d_prepack(%qw, None, (1, 1), (4000000, 4000000), (1, 1), 1)\n"
    "%a = torch.ops.quantized.conv2d(%q, %big, 0.07, 60)\nreturn (%a)\n" },
  { "wrong-channels", FALSE, TRUE, IMAGE "%c = torch.cat([%q, %q], 1)\n" CONV ("a", "c") "return (%a)\n" },
  { "wrong-shape-after-a-call", FALSE, TRUE, IMAGE "%s = torch.sin(%x)\n%z = quantize(%s, 0.01, 100)\n%t = method view(%z, (7, 11, -1))\nreturn (%t)\n" },
  { "wrong-index", FALSE, TRUE, IMAGE "%s = torch.chunk(%q, 2, 1)\n%h = operator.getitem(%s, 5)\nreturn (%h)\n" },
};

static void
test_case (gconstpointer data)
{
  const Case *self = data;

  if (self->vectors)
    check (self->name, self->graph, (const gint64[]) { 4, 8 }, (const gint64[]) { 2, 8 }, 2, self->fails);
  else
    check (self->name, self->graph, (const gint64[]) { 2, 4, 6, 6 }, (const gint64[]) { 1, 4, 3, 4 }, 4, self->fails);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *test = g_strconcat ("/program-graphs/", cases[i].name, NULL);

      g_test_add_data_func (test, &cases[i], test_case);
    }

  return g_test_run ();
}
