/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Progress: notified in the main context of the thread that made it, whoever
 * reports; and what reports it, lowering and sessions.
 */

#include "common/lfb-test.h"

typedef struct {
  GThread *thread;
  guint n_fractions;
  guint n_messages;
  double last;
  gboolean fell;
} Watched;

static void
on_fraction (LfbProgress *progress,
             GParamSpec  *pspec,
             Watched     *watched)
{
  double fraction = lfb_progress_get_fraction (progress);

  g_assert_true (g_thread_self () == watched->thread);
  watched->n_fractions++;
  watched->fell |= fraction < watched->last;
  watched->last = fraction;
}

static void
on_message (LfbProgress *progress,
            GParamSpec  *pspec,
            Watched     *watched)
{
  g_assert_true (g_thread_self () == watched->thread);
  g_assert_nonnull (lfb_progress_get_message (progress));
  watched->n_messages++;
}

static LfbProgress *
watch (Watched *watched)
{
  LfbProgress *progress = lfb_progress_new ();

  *watched = (Watched) { .thread = g_thread_self () };
  g_signal_connect (progress, "notify::fraction", G_CALLBACK (on_fraction), watched);
  g_signal_connect (progress, "notify::message", G_CALLBACK (on_message), watched);

  return progress;
}

static void
test_here (void)
{
  Watched watched;
  g_autoptr (LfbProgress) progress = watch (&watched);
  g_autofree char *message = NULL;
  double fraction;

  g_assert_cmpfloat (lfb_progress_get_fraction (progress), ==, 0);
  g_assert_null (lfb_progress_get_message (progress));
  lfb_progress_report (progress, 0.25, "one");
  g_assert_cmpuint (watched.n_fractions, ==, 1);
  g_assert_cmpuint (watched.n_messages, ==, 1);
  lfb_progress_report (progress, 0.5, NULL);
  g_object_get (progress, "fraction", &fraction, "message", &message, NULL);
  g_assert_cmpfloat (fraction, ==, 0.5);
  g_assert_cmpstr (message, ==, "one");
  g_assert_cmpuint (watched.n_messages, ==, 1);
  /* Nothing changes, nobody is told. */
  lfb_progress_report (progress, 0.5, "one");
  g_assert_cmpuint (watched.n_fractions, ==, 2);
  lfb_progress_report (progress, 7, "two");
  g_assert_cmpfloat (lfb_progress_get_fraction (progress), ==, 1);
  lfb_progress_report (progress, -7, NULL);
  g_assert_cmpfloat (lfb_progress_get_fraction (progress), ==, 0);
  lfb_progress_report (progress, 0.0 / 0.0, NULL);
  g_assert_cmpfloat (lfb_progress_get_fraction (progress), ==, 0);
}

static gpointer
report_much (gpointer data)
{
  for (guint i = 1; i <= 1000; i++)
    lfb_progress_report (data, i / 1000.0, i % 2 == 0 ? "even" : "odd");

  return NULL;
}

/* Reports of another thread wait for the main context, and come as few. */
static void
test_elsewhere (void)
{
  Watched watched;
  g_autoptr (LfbProgress) progress = watch (&watched);
  GThread *thread = g_thread_new ("reporting", report_much, progress);

  g_thread_join (thread);
  g_assert_cmpuint (watched.n_fractions, ==, 0);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (watched.n_fractions, ==, 1);
  g_assert_cmpfloat (watched.last, ==, 1);
  g_assert_cmpstr (lfb_progress_get_message (progress), ==, "even");

  /* What is reported here is newer than what still waits. */
  thread = g_thread_new ("reporting", report_much, progress);
  g_thread_join (thread);
  lfb_progress_report (progress, 0.125, "here");
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpfloat (lfb_progress_get_fraction (progress), ==, 0.125);
  g_assert_cmpstr (lfb_progress_get_message (progress), ==, "here");
}

/* A reporter may be the last who holds it. */
static void
test_let_go (void)
{
  LfbProgress *progress = lfb_progress_new ();
  GThread *thread = g_thread_new ("reporting", report_much, g_object_ref (progress));
  LfbProgress *watched = progress;

  g_object_add_weak_pointer (G_OBJECT (progress), (gpointer *) &watched);
  g_thread_join (thread);
  g_object_unref (progress);
  g_object_unref (progress);
  g_assert_nonnull (watched);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (watched);
}

static LfbGraphModule *
load_model (void)
{
  g_autofree char *path = lfb_test_data_path ("cases", "conv2d_relu.reference.safetensors", NULL);
  g_autoptr (GError) error = NULL;
  LfbGraphModule *model = lfb_graph_module_load (path, &error);

  g_assert_no_error (error);

  return model;
}

static void
lowered (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr (GError) error = NULL;
  LfbGraphModule **model = user_data;

  *model = lfb_lowerer_lower_finish (LFB_LOWERER (source), result, &error);
  g_assert_no_error (error);
}

static void
test_lowering (void)
{
  Watched watched, background;
  g_autoptr (LfbProgress) progress = watch (&watched);
  g_autoptr (LfbProgress) other = watch (&background);
  g_autoptr (LfbProgress) found = NULL;
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (LfbGraphModule) model = load_model ();
  g_autoptr (LfbGraphModule) first = NULL;
  g_autoptr (LfbGraphModule) second = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) passes = lfb_pass_list_builtin ();

  g_assert_null (lfb_lowerer_get_progress (lowerer));
  lfb_lowerer_set_progress (lowerer, progress);
  g_object_get (lowerer, "progress", &found, NULL);
  g_assert_true (found == progress);
  first = lfb_lowerer_lower (lowerer, model, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  /* At once: no main context ran. Each pass, and that it is done. */
  g_assert_cmpuint (watched.n_messages, ==, g_strv_length (passes) + 1);
  g_assert_false (watched.fell);
  g_assert_cmpfloat (watched.last, ==, 1);

  g_object_set (lowerer, "progress", other, NULL);
  lfb_lowerer_lower_async (lowerer, model, NULL, NULL, NULL, lowered, &second);
  /* The lowering keeps the one it began with. */
  lfb_lowerer_set_progress (lowerer, NULL);
  while (second == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpfloat (background.last, ==, 1);
  g_assert_cmpuint (background.n_fractions, >, 0);
  g_assert_false (background.fell);
}

static void
has_run (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr (GError) error = NULL;
  g_autofree LfbTensor **outputs = NULL;
  gsize n;

  outputs = lfb_session_run_finish (LFB_SESSION (source), result, &n, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, 1);
  *(LfbTensor **) user_data = outputs[0];
}

static void
test_session (void)
{
  Watched watched;
  g_autoptr (LfbProgress) progress = watch (&watched);
  g_autoptr (LfbProgress) found = NULL;
  g_autoptr (LfbSessionOptions) options = lfb_session_options_new ();
  g_autoptr (LfbGraphModule) model = load_model ();
  g_autoptr (LfbSession) session = NULL;
  g_autoptr (LfbTensorFile) file = NULL;
  g_autoptr (LfbTensor) y = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = lfb_test_data_path ("cases", "conv2d_relu.io.safetensors", NULL);
  LfbTensor *inputs[1];
  guint n_nodes = lfb_graph_get_n_nodes (lfb_graph_module_get_graph (model));

  g_object_set (options, "progress", progress, NULL);
  g_object_get (options, "progress", &found, NULL);
  g_assert_true (found == progress);
  session = lfb_session_new (model, options, &error);
  g_assert_no_error (error);
  /* One for each node, which the first begins at 0, and the end. */
  g_assert_cmpuint (watched.n_fractions, ==, n_nodes);
  g_assert_false (watched.fell);
  g_assert_cmpfloat (watched.last, ==, 1);

  file = lfb_tensor_file_load (path, &error);
  g_assert_no_error (error);
  inputs[0] = lfb_tensor_file_get (file, "input.0");
  /* What comes as one report and is what was shown before is no change. */
  lfb_progress_report (progress, 0, "waiting");
  watched = (Watched) { .thread = g_thread_self () };
  lfb_session_run_async (session, inputs, 1, NULL, has_run, &y);
  while (y == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpfloat (watched.last, ==, 1);
  g_assert_cmpuint (watched.n_messages, >, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/progress/here", test_here);
  g_test_add_func ("/progress/elsewhere", test_elsewhere);
  g_test_add_func ("/progress/let-go", test_let_go);
  g_test_add_func ("/progress/lowering", test_lowering);
  g_test_add_func ("/progress/session", test_session);

  return g_test_run ();
}
