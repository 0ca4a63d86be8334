/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What sessions do before they run: packing weights once for all sessions of a model,
 * planning for shapes, telling what does not fit; and what is told while they run.
 */

#include "lfb-test-both.h"

#include "../lower/lfb-test-model.h"

#include <malloc.h>
#include <string.h>

#define CHANNELS 256

/* Convolutions of 256 channels, whose weights are large, between floats. */
#define WIDE \
  "%x = placeholder\n" \
  "%q = quantize(%x, 0.05, 100)\n" \
  "%p = get_attr packed\n" \
  "%a = torch.ops.quantized.conv2d(%q, %p, 0.07, 60)\n"

static LfbTensor *
image (gint64 channels,
       gint64 size)
{
  gsize n = channels * size * size;
  g_autofree float *data = g_new (float, n);
  const gint64 shape[] = { 1, channels, size, size };
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  LfbTensor *tensor;

  for (gsize i = 0; i < n; i++)
    data[i] = ((gint64) (i * 7) % 41 - 20) * 0.125f;
  bytes = g_bytes_new (data, n * sizeof *data);
  tensor = lfb_tensor_new_for_bytes (LFB_DTYPE_FLOAT32, shape, 4, bytes, &error);
  g_assert_no_error (error);

  return tensor;
}

static LfbTensor *
weight_new (gint64 outputs,
            gint64 inputs)
{
  const gint64 shape[] = { outputs, inputs, 3, 3 };
  gsize n = outputs * inputs * 9;
  gint8 *data = g_malloc (n);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (LfbTensor) integers = NULL;
  g_autoptr (GError) error = NULL;
  LfbTensor *weight;

  for (gsize i = 0; i < n; i++)
    data[i] = i * 37 % 251 - 125;
  bytes = g_bytes_new_take (data, n);
  integers = lfb_tensor_new_for_bytes (LFB_DTYPE_INT8, shape, 4, bytes, &error);
  g_assert_no_error (error);
  weight = lfb_tensor_new_quantized (integers, 0.005, 0, LFB_DTYPE_QINT8, &error);
  g_assert_no_error (error);

  return weight;
}

static void
set_packed (LfbGraphModule *model,
            const char     *name,
            gint64          outputs,
            gint64          inputs)
{
  g_autoptr (LfbTensor) weight = weight_new (outputs, inputs);
  g_autoptr (LfbPackedConv) packed = NULL;
  g_autoptr (LfbValue) value = NULL;
  g_autoptr (GError) error = NULL;

  packed = lfb_packed_conv_new (weight, NULL, NULL, &error);
  g_assert_no_error (error);
  value = lfb_packed_conv_to_value (packed, &error);
  g_assert_no_error (error);
  lfb_graph_module_set_attribute (model, name, value);
}

static LfbGraphModule *
wide_model (const char *rest)
{
  g_autofree char *text = g_strconcat (WIDE, rest, NULL);
  LfbGraphModule *model = lfb_test_parse (text);

  set_packed (model, "packed", CHANNELS, CHANNELS);

  return model;
}

/* Bytes that malloc() has given, in blocks and in mappings. */
static gsize
memory_in_use (void)
{
#if defined (__GLIBC__) && !defined (__SANITIZE_ADDRESS__) && !defined (__SANITIZE_THREAD__)
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
#else
  return 0;
#endif
}

/* Mappings of the process, in which packed weights lie. */
static gsize
mapped_size (void)
{
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));

  return g_ascii_strtoull (text, NULL, 10) * 4096;
}

static void
assert_same_outputs (LfbSession *a,
                     LfbSession *b,
                     LfbTensor  *input)
{
  g_autoptr (GError) error = NULL;
  LfbTensor **x, **y;
  gsize n_x, n_y;

  x = lfb_session_run (a, &input, 1, NULL, &n_x, &error);
  g_assert_no_error (error);
  y = lfb_session_run (b, &input, 1, NULL, &n_y, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_x, ==, n_y);
  g_assert_cmpuint (n_x, >, 0);
  for (gsize i = 0; i < n_x; i++)
    {
      g_assert_true (lfb_tensor_equal (x[i], y[i]));
      g_object_unref (x[i]);
      g_object_unref (y[i]);
    }
  g_free (x);
  g_free (y);
}

/* The first session of a model maps a chunk for its packed weights, the second none, and
 * with the last one it goes. */
static void
test_shared_weights (void)
{
  g_autoptr (LfbGraphModule) model = wide_model ("return (%a)\n");
  g_autoptr (LfbTensor) input = image (CHANNELS, 3);
  const gsize packed_size = CHANNELS * CHANNELS * 9;
  LfbSession *first, *second;
  gsize before, one, two, gone, blocks;

  before = mapped_size ();
  first = lfb_test_session_new (model, FALSE, 1);
  one = mapped_size ();
  blocks = memory_in_use ();
  second = lfb_test_session_new (model, FALSE, 1);
  two = mapped_size ();
  g_assert_cmpuint (one, >=, before + packed_size);
  g_assert_cmpuint (two, <, one + packed_size);
  if (blocks > 0)
    g_assert_cmpuint (memory_in_use (), <, blocks + packed_size / 4);
  else
    g_test_message ("malloc() cannot be asked how much it has given");

  assert_same_outputs (first, second, input);
  g_object_unref (first);
  g_assert_cmpuint (mapped_size (), >=, before + packed_size);
  assert_same_outputs (second, second, input);
  g_object_unref (second);
  gone = mapped_size ();
  g_assert_cmpuint (gone + packed_size, <=, two);
}

typedef struct {
  LfbGraphModule *model;
  LfbTensor *input;
  LfbTensor *wanted;
} Sharing;

static gpointer
make_and_run (gpointer data)
{
  Sharing *sharing = data;

  for (guint i = 0; i < 6; i++)
    {
      g_autoptr (LfbSession) session = lfb_test_session_new (sharing->model, FALSE, 1);
      g_autoptr (GError) error = NULL;
      LfbTensor **outputs;
      gsize n;

      outputs = lfb_session_run (session, &sharing->input, 1, NULL, &n, &error);
      g_assert_no_error (error);
      g_assert_true (lfb_tensor_equal (outputs[0], sharing->wanted));
      g_object_unref (outputs[0]);
      g_free (outputs);
    }

  return NULL;
}

/* Sessions come and go in several threads, so that a packing is made, found and dropped at
 * any moment. */
static void
test_shared_by_threads (void)
{
  g_autoptr (LfbGraphModule) model = wide_model ("return (%a)\n");
  g_autoptr (LfbTensor) input = image (CHANNELS, 3);
  g_autoptr (LfbSession) session = lfb_test_session_new (model, FALSE, 1);
  g_autoptr (GError) error = NULL;
  GThread *threads[4];
  LfbTensor **outputs;
  Sharing sharing;
  gsize n;

  outputs = lfb_session_run (session, &input, 1, NULL, &n, &error);
  g_assert_no_error (error);
  sharing = (Sharing) { model, input, outputs[0] };
  g_clear_object (&session);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("sharing", make_and_run, &sharing);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_object_unref (outputs[0]);
  g_free (outputs);
}

static void
assert_described (LfbValue   *outputs,
                  gsize       index,
                  const char *shape,
                  LfbDType    dtype)
{
  LfbValue *output = lfb_value_get_item (outputs, index);
  g_autofree char *text = lfb_value_to_string (lfb_value_lookup (output, "shape"));

  g_assert_cmpstr (text, ==, shape);
  g_assert_cmpint (lfb_value_get_dtype (lfb_value_lookup (output, "dtype")), ==, dtype);
}

static void
test_prepare (void)
{
  g_autoptr (LfbGraphModule) model = wide_model ("%d = dequantize(%a)\nreturn ((%a, %d))\n");
  g_autoptr (LfbSession) session = lfb_test_session_new (model, FALSE, 1);
  g_autoptr (LfbTensor) input = image (CHANNELS, 5);
  g_autoptr (LfbValue) outputs = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (lfb_session_get_arena_size (session), ==, 0);
  outputs = lfb_session_prepare (session, &input, 1, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (lfb_value_get_n_items (outputs), ==, 2);
  assert_described (outputs, 0, "(1, 256, 3, 3)", LFB_DTYPE_QUINT8);
  assert_described (outputs, 1, "(1, 256, 3, 3)", LFB_DTYPE_FLOAT32);
  /* There is a plan, and nothing has run. */
  g_assert_cmpuint (lfb_session_get_arena_size (session), >, 0);
  g_assert_cmpuint (lfb_session_get_peak_memory (session), ==, 0);

  g_assert_null (lfb_session_prepare (session, NULL, 0, NULL, &error));
  g_assert_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "`x`"));
}

/* Where shapes depend on values, operators run. */
static void
test_prepare_by_running (void)
{
  g_autoptr (LfbGraphModule) model =
    wide_model ("%d = dequantize(%a)\n%m = torch.gt(%d, 1e9)\n%i = operator.getitem(%d, %m)\nreturn ((%i, %d))\n");
  g_autoptr (LfbSession) session = lfb_test_session_new (model, FALSE, 1);
  g_autoptr (LfbTensor) input = image (CHANNELS, 5);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (LfbValue) outputs = lfb_session_prepare (session, &input, 1, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (lfb_value_get_n_items (outputs), ==, 2);
      assert_described (outputs, 0, "(0,)", LFB_DTYPE_FLOAT32);
      assert_described (outputs, 1, "(1, 256, 3, 3)", LFB_DTYPE_FLOAT32);
    }
}

typedef struct {
  double last;
  guint n;
} Told;

static void
on_fraction (LfbProgress *progress,
             GParamSpec  *pspec,
             gpointer     user_data)
{
  Told *told = user_data;
  double fraction = lfb_progress_get_fraction (progress);

  g_assert_cmpfloat (fraction, >=, told->last);
  told->last = fraction;
  told->n++;
}

static LfbSession *
session_with_progress (LfbGraphModule *model,
                       LfbProgress    *progress)
{
  g_autoptr (LfbSessionOptions) options = lfb_session_options_new ();
  g_autoptr (GError) error = NULL;
  LfbSession *session;

  lfb_session_options_set_n_threads (options, 1);
  lfb_session_options_set_progress (options, progress);
  lfb_session_options_set_profile (options, TRUE);
  session = lfb_session_new (model, options, &error);
  g_assert_no_error (error);

  return session;
}

/* The last node takes other shapes than its input has: it is told before anything ran, of
 * which progress would tell. */
static void
test_fails_first (void)
{
  g_autoptr (LfbGraphModule) model =
    wide_model ("%b = torch.ops.quantized.conv2d(%a, %p, 0.07, 60)\n%n = get_attr narrow\n"
                "%c = torch.ops.quantized.conv2d(%b, %n, 0.07, 60)\nreturn (%c)\n");
  g_autoptr (LfbProgress) progress = lfb_progress_new ();
  g_autoptr (LfbSession) session = NULL;
  g_autoptr (LfbTensor) input = image (CHANNELS, 9);
  g_autoptr (GError) error = NULL;
  Told told = { 0 };
  gsize n;

  set_packed (model, "narrow", 8, 24);
  session = session_with_progress (model, progress);
  lfb_progress_report (progress, 0, NULL);
  g_signal_connect (progress, "notify::fraction", G_CALLBACK (on_fraction), &told);
  g_assert_null (lfb_session_run (session, &input, 1, NULL, &n, &error));
  g_assert_error (error, LFB_ERROR, LFB_ERROR_SHAPE);
  g_assert_nonnull (strstr (error->message, "node `c`"));
  g_assert_nonnull (strstr (error->message, "[1, 256, 5, 5]"));
  g_assert_nonnull (strstr (error->message, "expected 24"));
  g_assert_cmpuint (told.n, ==, 0);
  g_assert_cmpuint (lfb_session_get_peak_memory (session), ==, 0);
  g_clear_error (&error);

  g_assert_null (lfb_session_prepare (session, &input, 1, NULL, &error));
  g_assert_error (error, LFB_ERROR, LFB_ERROR_SHAPE);
  g_assert_nonnull (strstr (error->message, "node `c`"));
}

/* How many elements are above a limit differs from run to run: the second run begins again,
 * and does not tell of its first steps twice. */
static void
test_surprise_is_told_once (void)
{
  g_autoptr (LfbGraphModule) model =
    wide_model ("%d = dequantize(%a)\n%m = torch.gt(%x, 1)\n%i = operator.getitem(%x, %m)\n%r = torch.cos(%i)\n"
                "return ((%r, %d))\n");
  g_autoptr (LfbProgress) progress = lfb_progress_new ();
  g_autoptr (LfbSession) session = session_with_progress (model, progress);
  LfbTensor *inputs[2] = { image (CHANNELS, 5), NULL };
  g_autoptr (GBytes) zeros = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *table = NULL;

  zeros = g_bytes_new_take (g_malloc0 (CHANNELS * 25 * sizeof (float)), CHANNELS * 25 * sizeof (float));
  inputs[1] = lfb_tensor_new_for_bytes (LFB_DTYPE_FLOAT32, lfb_tensor_get_shape (inputs[0], NULL), 4, zeros, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++)
    {
      Told told = { 0 };
      gulong handler;
      LfbTensor **outputs;
      gsize n;

      lfb_progress_report (progress, 0, NULL);
      handler = g_signal_connect (progress, "notify::fraction", G_CALLBACK (on_fraction), &told);
      outputs = lfb_session_run (session, &inputs[i], 1, NULL, &n, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (n, ==, 2);
      g_assert_cmpfloat (told.last, ==, 1);
      g_assert_cmpuint (told.n, <=, 6);
      g_signal_handler_disconnect (progress, handler);
      for (gsize j = 0; j < n; j++)
        g_object_unref (outputs[j]);
      g_free (outputs);
    }
  g_object_unref (inputs[0]);
  g_object_unref (inputs[1]);
}

#define CHAIN \
  "%b = torch.ops.quantized.conv2d(%a, %p, 0.07, 60)\n%c = torch.ops.quantized.conv2d(%b, %p, 0.07, 60)\n" \
  "%d = dequantize(%c)\nreturn (%d)\n"

typedef struct {
  GMainLoop *loop;
  LfbTensor **outputs;
  gsize n;
} Finished;

static void
on_finished (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Finished *finished = user_data;
  g_autoptr (GError) error = NULL;

  finished->outputs = lfb_session_run_finish (LFB_SESSION (source), result, &finished->n, &error);
  g_assert_no_error (error);
  g_main_loop_quit (finished->loop);
}

/* In another thread the same comes out, and what is told of it in this one never goes back. */
static void
test_async_is_the_same (void)
{
  g_autoptr (LfbGraphModule) model = wide_model (CHAIN);
  g_autoptr (LfbProgress) progress = lfb_progress_new ();
  g_autoptr (LfbSession) session = session_with_progress (model, progress);
  g_autoptr (LfbTensor) input = image (CHANNELS, 9);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  Finished finished = { loop };
  LfbTensor **outputs;
  gsize n;

  outputs = lfb_session_run (session, &input, 1, NULL, &n, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 3; i++)
    {
      Told told = { 0 };
      gulong handler;

      lfb_progress_report (progress, 0, NULL);
      handler = g_signal_connect (progress, "notify::fraction", G_CALLBACK (on_fraction), &told);
      lfb_session_run_async (session, &input, 1, NULL, on_finished, &finished);
      g_main_loop_run (loop);
      while (g_main_context_iteration (NULL, FALSE))
        ;
      g_assert_cmpfloat (told.last, ==, 1);
      g_assert_cmpuint (finished.n, ==, n);
      g_assert_true (lfb_tensor_equal (finished.outputs[0], outputs[0]));
      g_signal_handler_disconnect (progress, handler);
      g_object_unref (finished.outputs[0]);
      g_free (finished.outputs);
    }
  g_object_unref (outputs[0]);
  g_free (outputs);
}

typedef struct {
  GCancellable *cancellable;
  double limit;
  double last;
} Cancelling;

static void
cancel_at (LfbProgress *progress,
           GParamSpec  *pspec,
           gpointer     user_data)
{
  Cancelling *cancelling = user_data;

  cancelling->last = lfb_progress_get_fraction (progress);
  if (cancelling->last >= cancelling->limit)
    g_cancellable_cancel (cancelling->cancellable);
}

/* After any node a run can be cancelled: the next does not begin. */
static void
test_cancelled_between_nodes (void)
{
  g_autoptr (LfbGraphModule) model = wide_model (CHAIN);
  g_autoptr (LfbProgress) progress = lfb_progress_new ();
  g_autoptr (LfbSession) session = session_with_progress (model, progress);
  g_autoptr (LfbTensor) input = image (CHANNELS, 9);
  const guint n_steps = 5;

  for (guint i = 1; i < n_steps; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      Cancelling cancelling = { cancellable, (double) i / n_steps, 0 };
      g_autoptr (GError) error = NULL;
      gulong handler;
      gsize n;

      lfb_progress_report (progress, 0, NULL);
      handler = g_signal_connect (progress, "notify::fraction", G_CALLBACK (cancel_at), &cancelling);
      g_assert_null (lfb_session_run (session, &input, 1, cancellable, &n, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_cmpfloat_with_epsilon (cancelling.last, (double) i / n_steps, 1e-9);
      g_signal_handler_disconnect (progress, handler);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/session-prepare/shared-weights", test_shared_weights);
  g_test_add_func ("/session-prepare/shared-by-threads", test_shared_by_threads);
  g_test_add_func ("/session-prepare/prepare", test_prepare);
  g_test_add_func ("/session-prepare/prepare-by-running", test_prepare_by_running);
  g_test_add_func ("/session-prepare/fails-first", test_fails_first);
  g_test_add_func ("/session-prepare/surprise", test_surprise_is_told_once);

  g_test_add_func ("/session-prepare/async", test_async_is_the_same);
  g_test_add_func ("/session-prepare/cancelled", test_cancelled_between_nodes);

  return g_test_run ();
}
