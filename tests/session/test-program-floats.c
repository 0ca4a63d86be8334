/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What stays float or is quantized dynamically, in programs: models put together at
 * random from it give the same bits as running node by node; what has instructions is
 * not called; errors that depend on data are the same.
 *
 * LFB_TEST_SEED and LFB_TEST_GRAPHS say where to begin and how many to make.
 */

#include "lfb-test-both.h"

#include "../common/lfb-test.h"
#include "../lower/lfb-test-model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N_GRAPHS 60
#define FIRST_SEED 1
#define N_STEPS 14
#define WIDTH 8
#define ROWS 6

/* --- modules --- */

static LfbTensor *
quantized (LfbTensor *floats)
{
  g_autoptr (LfbTensor) own = floats;
  g_autoptr (GError) error = NULL;
  const LfbQParams qparams = { .dtype = LFB_DTYPE_QINT8, .qscheme = LFB_QSCHEME_PER_TENSOR_AFFINE, .scale = 0.01 };
  LfbTensor *tensor = lfb_tensor_quantize (own, &qparams, &error);

  g_assert_no_error (error);

  return tensor;
}

static void
add_linear (LfbGraphModule *model,
            const char     *path,
            const char     *type)
{
  lfb_test_add_module (model, path, type);
  lfb_test_add_tensor (model, path, "weight", quantized (lfb_test_ramp (2, WIDTH, WIDTH)));
  lfb_test_add_tensor (model, path, "bias", lfb_test_ramp (1, WIDTH));
}

static void
add_recurrent (LfbGraphModule *model,
               const char     *path,
               const char     *type,
               int             n_gates,
               int             n_layers,
               gboolean        bidirectional,
               gboolean        batch_first)
{
  int hidden = bidirectional ? WIDTH / 2 : WIDTH;

  lfb_test_add_module (model, path, type);
  lfb_test_add_setting (model, path, "num_layers", lfb_value_for_int (n_layers));
  lfb_test_add_setting (model, path, "bidirectional", lfb_value_for_bool (bidirectional));
  lfb_test_add_setting (model, path, "batch_first", lfb_value_for_bool (batch_first));
  for (int layer = 0; layer < n_layers; layer++)
    for (int direction = 0; direction <= bidirectional; direction++)
      {
        g_autofree char *suffix = g_strdup_printf ("_l%d%s", layer, direction == 1 ? "_reverse" : "");
        g_autofree char *input = g_strconcat ("weight_ih", suffix, NULL);
        g_autofree char *state = g_strconcat ("weight_hh", suffix, NULL);
        g_autofree char *bias = g_strconcat ("bias_ih", suffix, NULL);

        lfb_test_add_tensor (model, path, input, quantized (lfb_test_ramp (2, n_gates * hidden, WIDTH)));
        /* Floats beside integers are multiplied as they are. */
        lfb_test_add_tensor (model, path, state, layer == 1 ? lfb_test_ramp (2, n_gates * hidden, hidden)
                                                            : quantized (lfb_test_ramp (2, n_gates * hidden, hidden)));
        lfb_test_add_tensor (model, path, bias, lfb_test_ramp (1, n_gates * hidden));
      }
}

#define DYNAMIC "torch.ao.nn.quantized.dynamic."

static LfbGraphModule *
make_model (const char *graph)
{
  LfbGraphModule *model = lfb_test_parse (graph);

  add_linear (model, "linear", DYNAMIC "Linear");
  add_linear (model, "linear_relu", "torch.ao.nn.intrinsic.quantized.dynamic.LinearReLU");
  add_recurrent (model, "lstm", DYNAMIC "LSTM", 4, 2, FALSE, TRUE);
  add_recurrent (model, "gru", DYNAMIC "GRU", 3, 3, TRUE, TRUE);
  add_recurrent (model, "by_steps", DYNAMIC "LSTM", 4, 1, TRUE, FALSE);
  lfb_test_add_module (model, "norm", "torch.nn.LayerNorm");
  lfb_test_add_setting (model, "norm", "normalized_shape", lfb_value_for_int (WIDTH));
  lfb_test_add_tensor (model, "norm", "weight", lfb_test_ramp (1, WIDTH));
  lfb_test_add_tensor (model, "norm", "bias", lfb_test_ramp (1, WIDTH));
  lfb_test_add_module (model, "embedding", "torch.nn.Embedding");
  lfb_test_add_tensor (model, "embedding", "weight", lfb_test_ramp (2, 3 * WIDTH, WIDTH));
  lfb_test_add_module (model, "cell", DYNAMIC "LSTMCell");
  lfb_test_add_tensor (model, "cell", "weight_ih", quantized (lfb_test_ramp (2, 4 * WIDTH, WIDTH)));
  lfb_test_add_tensor (model, "cell", "weight_hh", quantized (lfb_test_ramp (2, 4 * WIDTH, WIDTH)));

  return model;
}

static LfbTensor *
random_input (guint32 seed,
              gint64  batch,
              float   odd)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  const gint64 shape[] = { batch, ROWS, WIDTH };
  gint64 n = batch * ROWS * WIDTH;
  g_autofree float *data = g_new (float, n);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  LfbTensor *tensor;

  for (gint64 i = 0; i < n; i++)
    data[i] = g_rand_double_range (rand, -3, 3);
  data[n / 2] = odd;
  bytes = g_bytes_new (data, n * sizeof *data);
  tensor = lfb_tensor_new_for_bytes (LFB_DTYPE_FLOAT32, shape, 3, bytes, &error);
  g_assert_no_error (error);

  return tensor;
}

/* Two runs of one shape, two of another. */
static guint
check_graph (const char *name,
             const char *graph,
             float       odd)
{
  g_autoptr (LfbGraphModule) model = make_model (graph);
  LfbTensor *inputs[] = { random_input (1, 3, 0.5f), random_input (2, 3, odd), random_input (3, 1, 0.5f), random_input (4, 1, odd) };
  guint n_compared = lfb_test_assert_tensors (name, model, inputs, G_N_ELEMENTS (inputs));

  for (gsize i = 0; i < G_N_ELEMENTS (inputs); i++)
    g_object_unref (inputs[i]);

  return n_compared;
}

/* --- random graphs --- */

/* (batch, ...): all dimensions but the batch are known. */
typedef struct {
  guint number;
  gsize n_dims;
  int dims[5];
} Value;

typedef struct {
  GRand *rand;
  GString *text;
  GArray *values;        /* Value */
  guint counter;
} Writer;

static int
pick (Writer *self,
      int     n)
{
  return g_rand_int_range (self->rand, 0, n);
}

static Value
some_value (Writer *self)
{
  return g_array_index (self->values, Value, pick (self, self->values->len));
}

/* Begins the line of a new value like @like. */
static Value
begin (Writer      *self,
       const Value *like)
{
  Value value = *like;

  value.number = ++self->counter;
  g_string_append_printf (self->text, "%%v%u = ", value.number);

  return value;
}

static void
keep (Writer *self,
      Value   value)
{
  g_string_append_c (self->text, '\n');
  g_array_append_val (self->values, value);
}

static gboolean
same_shape (const Value *a,
            const Value *b)
{
  return a->n_dims == b->n_dims && memcmp (a->dims, b->dims, a->n_dims * sizeof *a->dims) == 0;
}

static void
write_function (Writer *self,
                Value   x)
{
  static const char * const functions[] = {
    "torch.sigmoid", "torch.tanh", "torch.nn.functional.gelu", "torch.relu", "torch.neg", "torch.abs", "torch.nn.functional.silu",
    "torch.nn.functional.elu", "torch.nn.functional.relu6", "torch.nn.functional.hardswish", "torch.floor",
  };
  Value y = begin (self, &x);

  g_string_append_printf (self->text, "%s(%%v%u)", functions[pick (self, G_N_ELEMENTS (functions))], x.number);
  keep (self, y);
}

static void
write_arithmetic (Writer *self,
                  Value   x)
{
  static const char * const operators[] = { "operator.add", "operator.sub", "torch.mul", "torch.add", "torch.maximum", "torch.sub" };
  const char *name = operators[pick (self, G_N_ELEMENTS (operators))];
  Value other = some_value (self), y;

  if (pick (self, 3) == 0)
    {
      y = begin (self, &x);
      g_string_append_printf (self->text, pick (self, 2) == 0 ? "torch.mul(%%v%u, 0.375)" : "torch.rsub(%%v%u, 2)", x.number);
    }
  else if (same_shape (&x, &other))
    {
      y = begin (self, &x);
      g_string_append_printf (self->text, "%s(%%v%u, %%v%u)", name, x.number, other.number);
    }
  else
    {
      /* A slice of itself, spread out. */
      int dim = 1 + pick (self, x.n_dims - 1);
      Value narrow = begin (self, &x);

      g_string_append_printf (self->text, "method narrow(%%v%u, %d, %d, 1)\n", x.number, dim, pick (self, x.dims[dim]));
      y = begin (self, &x);
      if (pick (self, 2) == 0)
        g_string_append_printf (self->text, "%s(%%v%u, %%v%u)", name, narrow.number, x.number);
      else
        g_string_append_printf (self->text, "%s(%%v%u, %%v%u)", name, x.number, narrow.number);
    }
  keep (self, y);
}

static void
write_rows (Writer *self,
            Value   x)
{
  gboolean wide = x.dims[x.n_dims - 1] == WIDTH;
  Value y = begin (self, &x);

  switch (pick (self, wide ? 5 : 2))
    {
    case 0:
      g_string_append_printf (self->text, "torch.softmax(%%v%u, %d)", x.number, pick (self, 2) == 0 ? -1 : 1);
      break;
    case 1:
      g_string_append_printf (self->text, "torch.nn.functional.layer_norm(%%v%u, (%d,))", x.number, x.dims[x.n_dims - 1]);
      break;
    case 2:
      g_string_append_printf (self->text, "module norm(%%v%u)", x.number);
      break;
    case 3:
      g_string_append_printf (self->text, "module linear(%%v%u)", x.number);
      break;
    default:
      g_string_append_printf (self->text, "module linear_relu(%%v%u)", x.number);
      break;
    }
  keep (self, y);
}

static void
write_layout (Writer *self,
              Value   x)
{
  gsize last = x.n_dims - 1;
  Value y = begin (self, &x);

  switch (pick (self, 5))
    {
    case 0:
      g_string_append_printf (self->text, "method transpose(%%v%u, %d, %d)", x.number, 1, (int) last);
      y.dims[1] = x.dims[last];
      y.dims[last] = x.dims[1];
      break;
    case 1:
      g_string_append_printf (self->text, "method flip(%%v%u, 1)", x.number);
      break;
    case 2:
      g_string_append_printf (self->text, "operator.getitem(%%v%u, (", x.number);
      for (gsize i = 0; i < last; i++)
        g_string_append (self->text, "slice(None, None, None), ");
      g_string_append (self->text, "slice(1, None, 2)))");
      y.dims[last] = x.dims[last] / 2;
      break;
    case 3:
      g_string_append_printf (self->text, "torch.cat([%%v%u, %%v%u], %d)", x.number, x.number, (int) last);
      y.dims[last] = 2 * x.dims[last];
      break;
    default:
      g_string_append_printf (self->text, "torch.nn.functional.dropout(%%v%u, 0.5, False)", x.number);
      break;
    }
  if (y.dims[last] == 0 || y.dims[last] > 40)
    {
      g_string_append_c (self->text, '\n');
      return;
    }
  keep (self, y);
}

/* x times another one turned, then back between -1 and 1. */
static void
write_product (Writer *self,
               Value   x)
{
  Value other = some_value (self), turned, product, y;
  gsize last = x.n_dims - 1;

  if (x.n_dims != 3)
    return;
  if (other.n_dims != 3 || other.dims[2] != x.dims[2])
    other = x;
  turned = begin (self, &other);
  g_string_append_printf (self->text, "method transpose(%%v%u, -2, -1)\n", other.number);
  product = begin (self, &x);
  product.dims[last] = other.dims[1];
  g_string_append_printf (self->text, "%s(%%v%u, %%v%u)\n", pick (self, 2) == 0 ? "torch.bmm" : "torch.matmul", x.number, turned.number);
  y = begin (self, &product);
  g_string_append_printf (self->text, "torch.tanh(%%v%u)", product.number);
  keep (self, y);
}

static void
write_recurrent (Writer *self,
                 Value   x)
{
  static const char * const modules[] = { "lstm", "gru", "by_steps" };
  Value both, y;

  if (x.n_dims != 3 || x.dims[2] != WIDTH)
    return;
  both = begin (self, &x);
  g_string_append_printf (self->text, "module %s(%%v%u)\n", modules[pick (self, G_N_ELEMENTS (modules))], x.number);
  y = begin (self, &x);
  g_string_append_printf (self->text, "operator.getitem(%%v%u, 0)", both.number);
  keep (self, y);
}

static void
write_embedding (Writer *self,
                 Value   x)
{
  Value indices, y;

  if (x.n_dims > 4)
    return;
  indices = begin (self, &x);
  g_string_append_printf (self->text, "method argmax(%%v%u, -1)\n", x.number);
  y = begin (self, &x);
  g_string_append_printf (self->text, "module embedding(%%v%u)", indices.number);
  y.dims[x.n_dims - 1] = WIDTH;
  if (x.dims[x.n_dims - 1] <= 3 * WIDTH)
    keep (self, y);
  else
    g_string_append_c (self->text, '\n');
}

static void
write_stack (Writer *self,
             Value   x)
{
  Value y;

  if (x.n_dims != 3)
    return;
  y = begin (self, &x);
  g_string_append_printf (self->text, "torch.stack([%%v%u, %%v%u, %%v%u], 1)", x.number, x.number, x.number);
  memmove (y.dims + 2, y.dims + 1, 2 * sizeof *y.dims);
  y.dims[1] = 3;
  y.n_dims = 4;
  keep (self, y);
}

static void
write_integers (Writer *self,
                Value   x)
{
  Value q = begin (self, &x), y;

  g_string_append_printf (self->text, "quantize(%%v%u, 0.05, 100)\n", x.number);
  y = begin (self, &x);
  g_string_append_printf (self->text, "dequantize(%%v%u)", q.number);
  keep (self, y);
}

static char *
write_graph (guint32 seed)
{
  static void (* const steps[]) (Writer *, Value) = {
    write_function, write_function, write_arithmetic, write_arithmetic, write_rows, write_rows, write_rows, write_layout,
    write_layout, write_product, write_product, write_recurrent, write_embedding, write_stack, write_integers,
  };
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  g_autoptr (GArray) values = g_array_new (FALSE, FALSE, sizeof (Value));
  Writer writer = { rand, g_string_new ("%v0 = placeholder\n"), values, 0 };
  Value input = { 0, 3, { 0, ROWS, WIDTH } };

  g_array_append_val (values, input);
  for (guint i = 0; i < N_STEPS; i++)
    steps[pick (&writer, G_N_ELEMENTS (steps))] (&writer, some_value (&writer));
  g_string_append (writer.text, "return ((");
  for (guint i = values->len > 4 ? values->len - 4 : 0; i < values->len; i++)
    g_string_append_printf (writer.text, "%%v%u, ", g_array_index (values, Value, i).number);
  g_string_truncate (writer.text, writer.text->len - 2);
  g_string_append (writer.text, values->len > 1 ? "))\n" : ",))\n");

  return g_string_free (writer.text, FALSE);
}

static guint
get_number (const char *variable,
            guint       fallback)
{
  const char *text = g_getenv (variable);

  return text != NULL ? (guint) strtoul (text, NULL, 10) : fallback;
}

static void
test_random (void)
{
  guint32 seed = get_number ("LFB_TEST_SEED", FIRST_SEED);
  guint n_graphs = get_number ("LFB_TEST_GRAPHS", N_GRAPHS), n_compared = 0;

  for (guint i = 0; i < n_graphs; i++)
    {
      g_autofree char *name = g_strdup_printf ("seed %u", seed + i);
      g_autofree char *graph = write_graph (seed + i);

      n_compared += check_graph (name, graph, -0.5f);
    }
  g_test_message ("%u graphs, %u outputs compared", n_graphs, n_compared);
  g_assert_cmpuint (n_compared, >=, n_graphs * 32);
}

/* --- given graphs --- */

typedef struct {
  const char *name;
  float odd;             /* an element of every second input */
  gboolean called;       /* an operator may be called as it is */
  const char *graph;
} Case;

static const Case cases[] = {
  { "encoder", 0, FALSE,
    "%x = placeholder\n%q = module linear(%x)\n%k = module linear_relu(%x)\n%r = method reshape(%q, (-1, 6, 2, 4))\n"
    "%s = method reshape(%k, (-1, 6, 2, 4))\n%t = method transpose(%r, 1, 2)\n%u = method transpose(%s, 1, 2)\n"
    "%v = method transpose(%u, -2, -1)\n%m = torch.matmul(%t, %v)\n%n = operator.mul(%m, 0.5)\n%o = torch.softmax(%n, -1)\n"
    "%p = torch.matmul(%o, %u)\n%w = method transpose(%p, 1, 2)\n%y = method reshape(%w, (-1, 6, 8))\n%z = module linear(%y)\n"
    "%a = operator.add(%x, %z)\n%b = module norm(%a)\n%c = torch.nn.functional.gelu(%b)\nreturn ((%c, %a))\n" },
  { "recurrent", 0, FALSE,
    "%x = placeholder\n%a = module lstm(%x)\n%b = operator.getitem(%a, 0)\n%c = module gru(%b)\n%d = operator.getitem(%c, 1)\n"
    "%e = operator.getitem(%a, 1)\n%f = module lstm(%b, %e)\n%g = operator.getitem(%c, 0)\n%h = module gru(%g, %d)\n"
    "%i = module by_steps(%x)\n%j = operator.getitem(%x, 0)\n%k = module by_steps(%j)\nreturn ((%f, %h, %d, %i, %k, %e))\n" },
  { "cells", 0, FALSE,
    "%x = placeholder\n%s = method unbind(%x, 1)\n%i = operator.getitem(%s, 0)\n%j = operator.getitem(%s, 1)\n"
    "%a = module cell(%i)\n%b = module cell(%j, %a)\n%c = operator.getitem(%x, (0, 0))\n%d = module cell(%c)\nreturn ((%b, %a, %d))\n" },
  { "vectors", 0, FALSE,
    "%x = placeholder\n%v = operator.getitem(%x, (0, 0))\n%m = torch.matmul(%x, %v)\n%n = torch.matmul(%v, %v)\n"
    "%o = operator.getitem(%x, 0)\n%p = method transpose(%o, 0, 1)\n%q = torch.matmul(%v, %p)\n%r = torch.matmul(%x, %p)\n"
    "%s = torch.mm(%o, %p)\n%t = operator.mul(%x, %v)\n%u = operator.truediv(%t, 3)\n%w = operator.sub(1.5, %n)\nreturn ((%m, %n, %q, %r, %s, %u, %w))\n" },
  { "turned-and-added", 0, FALSE,
    "%x = placeholder\n%a = torch.tanh(%x)\n%b = operator.getitem(%a, (slice(None, None, None), slice(None, None, None), slice(0, 6, None)))\n"
    "%c = torch.sigmoid(%b)\n%t = method transpose(%c, 1, 2)\n%d = operator.add(%c, %t)\n%n = method narrow(%d, 1, 0, 1)\n"
    "%e = operator.mul(%d, %n)\n%f = operator.add(%e, %e)\nreturn (%f)\n" },
  { "read-later", 0, FALSE,
    "%x = placeholder\n%a = torch.tanh(%x)\n%b = torch.sigmoid(%a)\n%c = torch.neg(%b)\n%d = operator.add(%c, %a)\n"
    "%e = torch.softmax(%d, 1)\n%f = module norm(%e)\n%g = operator.mul(%f, %e)\nreturn ((%g, %b))\n" },
  { "in-place", 0, TRUE,
    "%x = placeholder\n%a = torch.sin(%x)\n%b = method relu_(%a)\n%c = method sigmoid_(%b)\n%d = operator.add(%a, %c)\nreturn (%d)\n" },
  { "called-between", 0, TRUE,
    "%x = placeholder\n%a = torch.tanh(%x)\n%s = torch.cumsum(%a, 1)\n%b = torch.sigmoid(%a)\n%c = torch.cumsum(%b, 1)\n"
    "%d = torch.neg(%b)\n%e = torch.softmax(%d, -1)\nreturn ((%s, %c, %e))\n" },
  { "not-finite", INFINITY, FALSE, "%x = placeholder\n%a = torch.abs(%x)\n%b = module linear(%a)\n%c = torch.tanh(%b)\nreturn (%c)\n" },
  { "not-finite-in-a-layer", NAN, FALSE, "%x = placeholder\n%a = module gru(%x)\nreturn (%a)\n" },
  { "not-a-number", NAN, FALSE, "%x = placeholder\n%a = torch.relu(%x)\n%b = torch.softmax(%a, 1)\n%c = module norm(%a)\n"
    "%d = torch.maximum(%a, %c)\n%e = torch.isnan(%d)\nreturn ((%b, %e))\n" },
  { "wrong-rows", 0, TRUE, "%x = placeholder\n%t = method transpose(%x, 1, 2)\n%a = module linear(%t)\nreturn (%a)\n" },
  { "wrong-product", 0, TRUE, "%x = placeholder\n%a = torch.tanh(%x)\n%b = torch.matmul(%a, %a)\nreturn (%b)\n" },
  { "wrong-sum", 0, TRUE, "%x = placeholder\n%t = method transpose(%x, 1, 2)\n%a = operator.add(%x, %t)\nreturn (%a)\n" },
  { "wrong-row", 100, TRUE, "%x = placeholder\n%m = method max(%x)\n%i = method long(%x)\n%a = torch.abs(%i)\n%e = module embedding(%a)\nreturn (%e)\n" },
};

static void
test_case (gconstpointer data)
{
  const Case *self = data;
  g_autoptr (LfbGraphModule) model = make_model (self->graph);
  g_autoptr (LfbSession) session = lfb_test_session_new (model, FALSE, 1);
  g_autoptr (LfbTensor) input = random_input (1, 3, 0.5f);
  g_autoptr (GPtrArray) inputs = g_ptr_array_new ();
  g_autoptr (GPtrArray) outputs = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  check_graph (self->name, self->graph, self->odd);
  if (self->called)
    return;

  g_ptr_array_add (inputs, input);
  outputs = lfb_test_session_run (session, inputs, &error);
  g_assert_no_error (error);
  text = lfb_session_plan_to_text (session);
  g_assert_nonnull (text);
  if (strstr (text, " call ") != NULL && strstr (self->graph, "isnan") == NULL)
    g_error ("%s: a call in\n%s", self->name, text);
}

/* Indices and where bags begin, from the caller. */
static void
test_bags (void)
{
  static const gint64 indices[][5] = { { 0, 3, 3, 1, 2 }, { 4, 4, 4, 4, 4 }, { 0, 1, 5, 0, 1 }, { 0, 1, -1, 0, 1 } };
  static const gint64 starts[][3] = { { 0, 2, 5 }, { 0, 0, 4 }, { 0, 3, 2 }, { 1, 2, 3 }, { 0, 2, 9 } };
  const float scales[] = { 0.01f, 0.02f, 0.03f, 0.04f, 0.05f }, points[] = { 1, 2, 3, 4, 5 };
  g_autoptr (LfbGraphModule) model =
    lfb_test_parse ("%i = placeholder\n%o = placeholder\n%a = module bag(%i, %o)\n%b = module all(%i, %o)\n%e = module rows(%i)\n"
                    "%s = torch.stack([%a, %a], 1)\nreturn ((%a, %b, %e, %s))\n");
  g_autoptr (GPtrArray) sets = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  guint8 bytes[5 * WIDTH];
  g_autoptr (LfbTensor) scale = lfb_test_tensor (LFB_DTYPE_FLOAT32, scales, sizeof scales, 1, (gint64) 5);
  g_autoptr (LfbTensor) point = lfb_test_tensor (LFB_DTYPE_FLOAT32, points, sizeof points, 1, (gint64) 5);
  g_autoptr (LfbTensor) integers = NULL;
  g_autoptr (GError) error = NULL;
  static const char * const paths[] = { "bag", "all", "rows" };
  guint n_compared;

  for (gsize i = 0; i < sizeof bytes; i++)
    bytes[i] = i * 37;
  integers = lfb_test_tensor (LFB_DTYPE_UINT8, bytes, sizeof bytes, 2, (gint64) 5, (gint64) WIDTH);
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      LfbTensor *weight = lfb_tensor_new_quantized_per_channel (integers, scale, point, 0, LFB_DTYPE_QUINT8, &error);

      g_assert_no_error (error);
      lfb_test_add_module (model, paths[i], i == 2 ? "torch.ao.nn.quantized.Embedding" : "torch.ao.nn.quantized.EmbeddingBag");
      lfb_test_add_tensor (model, paths[i], "weight", weight);
      if (i < 2)
        {
          lfb_test_add_setting (model, paths[i], "mode", lfb_value_for_string (i == 0 ? "sum" : "mean"));
          lfb_test_add_setting (model, paths[i], "include_last_offset", lfb_value_for_bool (i == 0));
        }
    }
  for (gsize i = 0; i < G_N_ELEMENTS (indices); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (starts); j++)
      {
        GPtrArray *set = g_ptr_array_new_with_free_func (g_object_unref);

        g_ptr_array_add (set, lfb_test_tensor (LFB_DTYPE_INT64, indices[i], sizeof indices[i], 1, (gint64) 5));
        g_ptr_array_add (set, lfb_test_tensor (LFB_DTYPE_INT64, starts[j], sizeof starts[j], 1, (gint64) 3));
        g_ptr_array_add (sets, set);
      }
  n_compared = lfb_test_assert_both ("bags", model, (GPtrArray **) sets->pdata, sets->len);
  /* Two sets of indices and two of beginnings are right, four outputs each, 4 rounds, 1 and 2 threads. */
  g_assert_cmpuint (n_compared, ==, 2 * 2 * 4 * 4 * 2);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/program-floats/random", test_random);
  g_test_add_func ("/program-floats/bags", test_bags);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *test = g_strconcat ("/program-floats/", cases[i].name, NULL);

      g_test_add_data_func (test, &cases[i], test_case);
    }

  return g_test_run ();
}
