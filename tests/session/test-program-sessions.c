/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sessions whose programs come and go: more shapes than are kept, many threads
 * at once, runs that are cancelled or fail, and what a run allocates.
 */

#include "lfb-test-both.h"

#include "../lower/lfb-test-model.h"

#include <stdlib.h>
#include <string.h>

#define N_SHAPES 12
#define N_THREADS 6
#define N_RUNS 60

/* Allocations of this thread while it counts; the test's own functions stand
 * before those of libc. */
static __thread gboolean counting;
static __thread guint n_allocations;

extern void *__libc_malloc (size_t size);
extern void *__libc_calloc (size_t n, size_t size);
extern void *__libc_realloc (void *memory, size_t size);
extern void *__libc_memalign (size_t alignment, size_t size);

#if defined (__GLIBC__) && !defined (__SANITIZE_ADDRESS__) && !defined (__SANITIZE_THREAD__)
#define CAN_COUNT 1

void *
malloc (size_t size)
{
  n_allocations += counting;

  return __libc_malloc (size);
}

void *
calloc (size_t n,
        size_t size)
{
  n_allocations += counting;

  return __libc_calloc (n, size);
}

void *
realloc (void   *memory,
         size_t  size)
{
  n_allocations += counting;

  return __libc_realloc (memory, size);
}

void *
aligned_alloc (size_t alignment,
               size_t size)
{
  n_allocations += counting;

  return __libc_memalign (alignment, size);
}
#else
#define CAN_COUNT 0
#endif

static LfbGraphModule *
parse (const char *graph)
{
  LfbGraphModule *model = lfb_test_parse (graph);
  g_autoptr (LfbTensor) weight = lfb_test_ramp (4, 4, 4, 3, 3);

  lfb_test_set_tensor (model, "weight", weight);

  return model;
}

#define IMAGE \
  "%x = placeholder\n" \
  "%q = quantize(%x, 0.05, 100)\n" \
  "%w = get_attr weight\n" \
  "%qw = torch.quantize_per_tensor(%w, 0.005, 0, qint8)\n" \
  "%p = torch.ops.quantized.conv2d_prepack(%qw, None, (1, 1), (1, 1), (1, 1), 1)\n"
#define CONV(name, input) "%" name " = torch.ops.quantized.conv2d(%" input ", %p, 0.07, 60)\n"

/* Operators with and without instructions of their own, and a size that depends
 * on data. */
#define MIXED \
  IMAGE CONV ("a", "q") CONV ("b", "a") "%c = torch.cat([%a, %b], 1)\n%d = dequantize(%c)\n%s = torch.sin(%d)\n" \
  "%z = quantize(%s, 0.01, 100)\n%m = torch.gt(%s, 0.5)\n%i = operator.getitem(%s, %m)\n" \
  "%r = torch.cos(%i)\nreturn ((%z, %r, %c))\n"

static LfbTensor *
image (gint64 height,
       gint64 shift)
{
  g_autofree float *data = g_new (float, 4 * height * 5);
  const gint64 shape[] = { 1, 4, height, 5 };
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  LfbTensor *tensor;

  for (gint64 i = 0; i < 4 * height * 5; i++)
    data[i] = ((i * 7 + shift * 13) % 41 - 20) * 0.125f;
  bytes = g_bytes_new (data, 4 * height * 5 * sizeof *data);
  tensor = lfb_tensor_new_for_bytes (LFB_DTYPE_FLOAT32, shape, 4, bytes, &error);
  g_assert_no_error (error);

  return tensor;
}

static void
test_many_shapes (void)
{
  g_autoptr (LfbGraphModule) model = parse (MIXED);
  LfbTensor *inputs[N_SHAPES];

  for (gsize i = 0; i < N_SHAPES; i++)
    inputs[i] = image (i + 1, i);
  g_assert_cmpuint (lfb_test_assert_tensors ("many shapes", model, inputs, N_SHAPES), ==, 2 * 4 * N_SHAPES * 3);
  for (gsize i = 0; i < N_SHAPES; i++)
    g_object_unref (inputs[i]);
}

typedef struct {
  LfbSession *session;
  GPtrArray **sets;
  GPtrArray **wanted;
  guint first;
} Job;

static gpointer
run_many (gpointer data)
{
  const Job *job = data;

  for (guint i = 0; i < N_RUNS; i++)
    {
      gsize at = (job->first + i * (job->first + 1)) % N_SHAPES;
      g_autoptr (GError) error = NULL;
      g_autoptr (GPtrArray) found = lfb_test_session_run (job->session, job->sets[at], &error);

      g_assert_no_error (error);
      g_assert_cmpuint (found->len, ==, job->wanted[at]->len);
      for (guint j = 0; j < found->len; j++)
        g_assert_true (lfb_tensor_equal (g_ptr_array_index (found, j), g_ptr_array_index (job->wanted[at], j)));
    }

  return NULL;
}

static void
test_many_threads (void)
{
  g_autoptr (LfbGraphModule) model = parse (MIXED);
  g_autoptr (LfbSession) plain = lfb_test_session_new (model, TRUE, 1);
  g_autoptr (LfbSession) session = lfb_test_session_new (model, FALSE, 2);
  GPtrArray *sets[N_SHAPES], *wanted[N_SHAPES];
  GThread *threads[N_THREADS];
  Job jobs[N_THREADS];

  for (gsize i = 0; i < N_SHAPES; i++)
    {
      g_autoptr (GError) error = NULL;

      sets[i] = g_ptr_array_new_with_free_func (g_object_unref);
      /* Half of them have the shape of another one. */
      g_ptr_array_add (sets[i], image (i / 2 + 1, i));
      wanted[i] = lfb_test_session_run (plain, sets[i], &error);
      g_assert_no_error (error);
    }
  for (guint i = 0; i < N_THREADS; i++)
    {
      jobs[i] = (Job) { session, sets, wanted, i };
      threads[i] = g_thread_new ("run", run_many, &jobs[i]);
    }
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  for (gsize i = 0; i < N_SHAPES; i++)
    {
      g_ptr_array_unref (sets[i]);
      g_ptr_array_unref (wanted[i]);
    }
}

/* A first and a later run that are cancelled or fail leave a session that runs. */
static void
test_after_errors (void)
{
  g_autoptr (LfbGraphModule) model = parse (MIXED);
  g_autoptr (LfbSession) plain = lfb_test_session_new (model, TRUE, 1);
  g_autoptr (LfbSession) session = lfb_test_session_new (model, FALSE, 1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (LfbTensor) wrong = lfb_test_ramp (4, 1, 3, 4, 5);
  g_autoptr (LfbTensor) right = image (4, 1);
  g_autoptr (GPtrArray) set = g_ptr_array_new ();
  g_autoptr (GPtrArray) wanted = NULL;
  g_autoptr (GError) error = NULL;
  gsize n;

  g_ptr_array_add (set, right);
  wanted = lfb_test_session_run (plain, set, &error);
  g_assert_no_error (error);
  g_cancellable_cancel (cancellable);

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GPtrArray) found = NULL;

      g_assert_null (lfb_session_run (session, &right, 1, cancellable, &n, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_error (&error);
      g_assert_null (lfb_session_run (session, &wrong, 1, NULL, &n, &error));
      lfb_assert_error (error, LFB_ERROR_SHAPE, "node `a`");
      g_clear_error (&error);

      found = lfb_test_session_run (session, set, &error);
      g_assert_no_error (error);
      for (guint j = 0; j < found->len; j++)
        g_assert_true (lfb_tensor_equal (g_ptr_array_index (found, j), g_ptr_array_index (wanted, j)));
    }
}

/* Convolutions one after the other. */
static LfbGraphModule *
convolutions (guint n)
{
  g_autoptr (GString) graph = g_string_new (IMAGE "%a0 = torch.nn.functional.relu(%q)\n");

  for (guint i = 0; i < n; i++)
    g_string_append_printf (graph, "%%a%u = torch.ops.quantized.conv2d(%%a%u, %%p, 0.07, 60)\n", i + 1, i);
  g_string_append_printf (graph, "return (%%a%u)\n", n);

  return parse (graph->str);
}

static LfbTensor *
rows_of_integers (int n)
{
  const LfbQParams qparams = { .dtype = LFB_DTYPE_QINT8, .qscheme = LFB_QSCHEME_PER_TENSOR_AFFINE, .scale = 0.01 };
  g_autoptr (LfbTensor) floats = lfb_test_ramp (2, n, 5);
  g_autoptr (GError) error = NULL;
  LfbTensor *tensor = lfb_tensor_quantize (floats, &qparams, &error);

  g_assert_no_error (error);

  return tensor;
}

/* Dynamic layers, products and what stays float. */
static LfbGraphModule *
float_layers (guint n)
{
  g_autoptr (GString) graph = g_string_new ("%x = placeholder\n%a0 = operator.getitem(%x, 0)\n");
  LfbGraphModule *model;

  for (guint i = 0; i < n; i++)
    g_string_append_printf (graph,
                            "%%b%u = module linear(%%a%u)\n%%c%u = method transpose(%%b%u, 1, 2)\n"
                            "%%d%u = torch.matmul(%%b%u, %%c%u)\n%%e%u = torch.softmax(%%d%u, -1)\n"
                            "%%f%u = torch.matmul(%%e%u, %%a%u)\n%%g%u = torch.nn.functional.layer_norm(%%f%u, (5,))\n"
                            "%%h%u = module gru(%%g%u)\n%%i%u = operator.getitem(%%h%u, 0)\n"
                            "%%a%u = operator.add(%%i%u, %%a%u)\n",
                            i, i, i, i, i, i, i, i, i, i, i, i, i, i, i, i, i, i, i + 1, i, i);
  g_string_append_printf (graph, "return (%%a%u)\n", n);
  model = lfb_test_parse (graph->str);
  lfb_test_add_module (model, "linear", "torch.ao.nn.quantized.dynamic.Linear");
  lfb_test_add_tensor (model, "linear", "weight", rows_of_integers (5));
  lfb_test_add_module (model, "gru", "torch.ao.nn.quantized.dynamic.GRU");
  lfb_test_add_tensor (model, "gru", "weight_ih_l0", rows_of_integers (15));
  lfb_test_add_tensor (model, "gru", "weight_hh_l0", rows_of_integers (15));

  return model;
}

/* How often a run allocates, once there is a program. */
static guint
count_allocations (LfbGraphModule *(*make) (guint n),
                   guint            n_nodes)
{
  g_autoptr (LfbGraphModule) model = make (n_nodes);
  g_autoptr (LfbSession) session = lfb_test_session_new (model, FALSE, 1);
  g_autoptr (LfbTensor) input = image (4, 1);
  guint n_counted = 0;

  for (guint i = 0; i < 5; i++)
    {
      g_autoptr (GError) error = NULL;
      LfbTensor **outputs;
      gsize n;

      n_allocations = 0;
      counting = TRUE;
      outputs = lfb_session_run (session, &input, 1, NULL, &n, &error);
      counting = FALSE;
      n_counted = n_allocations;
      g_assert_no_error (error);
      g_assert_cmpuint (n, ==, 1);
      g_object_unref (outputs[0]);
      g_free (outputs);
    }

  return n_counted;
}

static void
test_allocations (void)
{
  guint few, many;

  /* Else GLib keeps small memory for itself, and not all are counted. */
  if (!CAN_COUNT || g_strcmp0 (g_getenv ("G_SLICE"), "always-malloc") != 0)
    {
      g_test_skip ("needs glibc without sanitizers, and G_SLICE=always-malloc");
      return;
    }
  few = count_allocations (float_layers, 1);
  many = count_allocations (float_layers, 20);
  g_test_message ("%u allocations a run with 1 layer of floats, %u with 20", few, many);
  g_assert_cmpuint (many, ==, few);
  g_assert_cmpuint (few, <=, 19);

  few = count_allocations (convolutions, 1);
  many = count_allocations (convolutions, 20);
  g_test_message ("%u allocations a run with 1 convolution, %u with 20", few, many);
  g_assert_cmpuint (many, ==, few);
  /* Of the output: memory, bytes, the integers and the tensor, its value, and the
   * array returned. Of the run: the inputs as values and tensors in their arrays,
   * outputs in theirs, and what counts memory. */
  g_assert_cmpuint (few, >, 0);
  g_assert_cmpuint (few, <=, 19);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/program-sessions/many-shapes", test_many_shapes);
  g_test_add_func ("/program-sessions/many-threads", test_many_threads);
  g_test_add_func ("/program-sessions/after-errors", test_after_errors);
  g_test_add_func ("/program-sessions/allocations", test_allocations);

  return g_test_run ();
}
