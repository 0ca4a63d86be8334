/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The lowerer: its passes, its properties, its signal, and its two ways to run. */

#include "lfb-test-model.h"

#include "../common/lfb-test.h"

#include <string.h>

#define GRAPH \
  "%x = placeholder\n" \
  "%q = quantize(%x, 0.5, 10)\n" \
  "%d = dequantize(%q)\n" \
  "%f = operator.add(%d, 2)\n" \
  "%p = quantize(%f, 0.5, 10)\n" \
  "%e = dequantize(%p)\n" \
  "%m = method relu(%e)\n" \
  "return (%m)\n"

#define LOWERED \
  "%x = placeholder\n" \
  "%q = quantize(%x, 0.5, 10)\n" \
  "%f = torch.ops.quantized.add(%q, 2)\n" \
  "%e = dequantize(%f)\n" \
  "%m = method relu(%e)\n" \
  "return (%m)\n"

static void
test_properties (void)
{
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  gboolean keep, strict;

  g_assert_false (lfb_lowerer_get_keep_original_weights (lowerer));
  g_assert_false (lfb_lowerer_get_strict_upstream (lowerer));
  g_assert_null (lfb_lowerer_get_report (lowerer));
  g_object_set (lowerer, "keep-original-weights", TRUE, "strict-upstream", TRUE, NULL);
  g_object_get (lowerer, "keep-original-weights", &keep, "strict-upstream", &strict, NULL);
  g_assert_true (keep);
  g_assert_true (strict);
  g_assert_true (lfb_lowerer_get_keep_original_weights (lowerer));
}

static void
assert_passes (LfbLowerer *lowerer,
               const char *first,
               const char *last,
               gsize       n_expected)
{
  g_autofree LfbPass **passes = NULL;
  gsize n_passes;

  passes = lfb_lowerer_get_passes (lowerer, &n_passes);
  g_assert_cmpuint (n_passes, ==, n_expected);
  g_assert_cmpstr (lfb_pass_get_name (passes[0]), ==, first);
  g_assert_cmpstr (lfb_pass_get_name (passes[n_passes - 1]), ==, last);
}

static void
test_passes (void)
{
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (LfbPass) pass = lfb_pass_new_builtin ("dead-code", NULL);
  g_autoptr (LfbGraphModule) model = lfb_test_parse (GRAPH);
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (GError) error = NULL;

  assert_passes (lowerer, "static-modules", "fold-weights", 11);
  lfb_lowerer_add_pass (lowerer, pass);
  assert_passes (lowerer, "static-modules", "dead-code", 12);
  g_assert_true (lfb_lowerer_insert_pass (lowerer, pass, "static-modules", &error));
  g_assert_no_error (error);
  assert_passes (lowerer, "dead-code", "dead-code", 13);
  g_assert_true (lfb_lowerer_remove_pass (lowerer, "dead-code", &error));
  g_assert_no_error (error);
  assert_passes (lowerer, "static-modules", "dead-code", 12);

  g_assert_false (lfb_lowerer_insert_pass (lowerer, pass, "nothing", &error));
  lfb_assert_error (error, LFB_ERROR_NOT_FOUND, "nothing");
  g_clear_error (&error);
  g_assert_false (lfb_lowerer_remove_pass (lowerer, "nothing", &error));
  lfb_assert_error (error, LFB_ERROR_NOT_FOUND, "nothing");
  g_clear_error (&error);

  /* without its pass, a pattern stays */
  g_assert_true (lfb_lowerer_remove_pass (lowerer, "binary-operators", &error));
  lowered = lfb_lowerer_lower (lowerer, model, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  lfb_test_assert_graph (lowered, GRAPH);
}

static void
on_rewritten (LfbLowerer *lowerer,
              const char *pass_name,
              LfbNode    *node,
              const char *text,
              GPtrArray  *events)
{
  g_assert_true (LFB_IS_NODE (node));
  g_assert_nonnull (lfb_node_get_graph (node));
  g_ptr_array_add (events, g_strdup_printf ("%s %s %s", pass_name, lfb_node_get_name (node), text));
}

static void
test_rewritten (void)
{
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (LfbGraphModule) model = lfb_test_parse (GRAPH);
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (GPtrArray) events = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;

  g_signal_connect (lowerer, "rewritten", G_CALLBACK (on_rewritten), events);
  lowered = lfb_lowerer_lower (lowerer, model, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (events->len, ==, 1);
  g_assert_cmpstr (g_ptr_array_index (events, 0), ==, "binary-operators f became torch.ops.quantized.add");
}

/* The class and the one call do the same. */
static void
test_one_call (void)
{
  g_autoptr (LfbGraphModule) model = lfb_test_parse (GRAPH);
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (GError) error = NULL;

  lowered = lfb_lower_to_fbgemm (model, NULL, NULL, FALSE, &error);
  g_assert_no_error (error);
  g_assert_true (lowered != model);
  lfb_test_assert_graph (lowered, LOWERED);
  lfb_test_assert_graph (model, GRAPH);
}

/* Nothing to lower, and nothing at all. */
static void
test_nothing (void)
{
  static const char *graphs[] = {
    "%x = placeholder\nreturn (%x)\n",
    "return (None)\n",
    "%x = placeholder\n%y = torch.sin(%x)\nreturn ([%y, %x])\n",
  };
  g_autoptr (LfbGraphModule) empty = lfb_graph_module_new (NULL);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (graphs); i++)
    {
      g_autoptr (LfbLoweringReport) report = NULL;
      g_autoptr (LfbGraphModule) model = lfb_test_parse (graphs[i]);
      g_autoptr (LfbGraphModule) lowered = lfb_test_lower (model, FALSE, &report);

      lfb_test_assert_graph (lowered, graphs[i]);
      g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (report)), ==, 0);
    }

  /* without an output it is no graph */
  g_assert_null (lfb_lower_to_fbgemm (empty, NULL, NULL, FALSE, &error));
  lfb_assert_error (error, LFB_ERROR_INVALID_GRAPH, "output");
}

static void
test_invalid (void)
{
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (LfbGraphModule) model = lfb_test_parse ("%x = placeholder\n%m = module m(%x)\nreturn (%m)\n");
  g_autoptr (GError) error = NULL;

  g_assert_null (lfb_lowerer_lower (lowerer, model, NULL, NULL, NULL, &error));
  lfb_assert_error (error, LFB_ERROR_INVALID_GRAPH, "`m`");
}

static void
test_cancelled (void)
{
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (LfbGraphModule) model = lfb_test_parse (GRAPH);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_null (lfb_lowerer_lower (lowerer, model, NULL, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* A pass that remembers on which thread it ran, and can wait for nobody. */
#define TEST_TYPE_WITNESS (test_witness_get_type ())
G_DECLARE_FINAL_TYPE (TestWitness, test_witness, TEST, WITNESS, LfbPass)

struct _TestWitness
{
  LfbPass parent_instance;

  GThread *thread;
};

G_DEFINE_FINAL_TYPE (TestWitness, test_witness, LFB_TYPE_PASS)

static gboolean
test_witness_run (LfbPass         *pass,
                  LfbGraphModule  *model,
                  GError         **error)
{
  TEST_WITNESS (pass)->thread = g_thread_self ();

  return FALSE;
}

static void
test_witness_class_init (TestWitnessClass *klass)
{
  LFB_PASS_CLASS (klass)->run = test_witness_run;
}

static void
test_witness_init (TestWitness *self)
{
}

typedef struct
{
  GMainLoop *loop;
  LfbGraphModule *lowered;
  GError *error;
  GThread *signal_thread;
  guint n_signals;
} Async;

static void
on_lowered (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Async *async = user_data;

  async->lowered = lfb_lowerer_lower_finish (LFB_LOWERER (source), result, &async->error);
  g_main_loop_quit (async->loop);
}

static void
on_rewritten_async (LfbLowerer *lowerer,
                    const char *pass_name,
                    LfbNode    *node,
                    const char *text,
                    Async      *async)
{
  async->signal_thread = g_thread_self ();
  async->n_signals++;
}

/* On another thread, but for what the application wrote; the model can be let
 * go at once.
 */
static void
test_async (void)
{
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  LfbGraphModule *model = lfb_test_parse (GRAPH);
  g_autoptr (TestWitness) witness = g_object_new (TEST_TYPE_WITNESS, NULL);
  Async async = { g_main_loop_new (NULL, FALSE) };

  lfb_lowerer_add_pass (lowerer, LFB_PASS (witness));
  g_signal_connect (lowerer, "rewritten", G_CALLBACK (on_rewritten_async), &async);
  lfb_lowerer_lower_async (lowerer, model, NULL, NULL, NULL, on_lowered, &async);
  g_object_unref (model);
  g_main_loop_run (async.loop);

  g_assert_no_error (async.error);
  lfb_test_assert_graph (async.lowered, LOWERED);
  g_assert_true (witness->thread == g_thread_self ());
  g_assert_true (async.signal_thread == g_thread_self ());
  g_assert_cmpuint (async.n_signals, ==, 1);
  g_assert_nonnull (lfb_lowerer_get_report (lowerer));
  g_object_unref (async.lowered);
  g_main_loop_unref (async.loop);
}

/* The same in a context of the caller's own. */
static gpointer
lower_in_own_context (gpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (LfbGraphModule) model = lfb_test_parse (GRAPH);
  g_autoptr (TestWitness) witness = g_object_new (TEST_TYPE_WITNESS, NULL);
  Async async = { g_main_loop_new (context, FALSE) };

  g_main_context_push_thread_default (context);
  lfb_lowerer_add_pass (lowerer, LFB_PASS (witness));
  lfb_lowerer_lower_async (lowerer, model, NULL, NULL, NULL, on_lowered, &async);
  g_main_loop_run (async.loop);
  g_main_context_pop_thread_default (context);

  g_assert_no_error (async.error);
  g_assert_true (witness->thread == g_thread_self ());
  g_object_unref (async.lowered);
  g_main_loop_unref (async.loop);

  return NULL;
}

static void
test_async_own_context (void)
{
  g_thread_join (g_thread_new ("caller", lower_in_own_context, NULL));
}

static void
test_async_cancelled (void)
{
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (LfbGraphModule) model = lfb_test_parse (GRAPH);
  g_autoptr (TestWitness) witness = g_object_new (TEST_TYPE_WITNESS, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Async async = { g_main_loop_new (NULL, FALSE) };

  lfb_lowerer_insert_pass (lowerer, LFB_PASS (witness), "static-modules", NULL);
  lfb_lowerer_lower_async (lowerer, model, NULL, NULL, cancellable, on_lowered, &async);

  /* the thread waits for this one, which does not come */
  g_usleep (100 * 1000);
  g_cancellable_cancel (cancellable);
  g_main_loop_run (async.loop);

  g_assert_error (async.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (async.lowered);
  g_error_free (async.error);
  g_main_loop_unref (async.loop);
}

static void
test_async_failure (void)
{
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (LfbGraphModule) model = lfb_test_parse ("%x = placeholder\n%m = module m(%x)\nreturn (%m)\n");
  Async async = { g_main_loop_new (NULL, FALSE) };

  lfb_lowerer_lower_async (lowerer, model, NULL, NULL, NULL, on_lowered, &async);
  g_main_loop_run (async.loop);
  lfb_assert_error (async.error, LFB_ERROR_INVALID_GRAPH, "`m`");
  g_error_free (async.error);
  g_main_loop_unref (async.loop);
}

/* A dead reader would keep a pattern float the first time, and not the second. */
static void
test_dead_reader (void)
{
  g_autoptr (LfbGraphModule) lowered =
    lfb_test_lowers_to (lfb_test_parse ("%x = placeholder\n"
                                        "%q = quantize(%x, 0.5, 10)\n"
                                        "%d = dequantize(%q)\n"
                                        "%f = operator.add(%d, 2)\n"
                                        "%s = torch.sin(%f)\n"
                                        "%p = quantize(%f, 0.5, 10)\n"
                                        "return (%p)\n"),
                        "%x = placeholder\n"
                        "%q = quantize(%x, 0.5, 10)\n"
                        "%f = torch.ops.quantized.add(%q, 2)\n"
                        "return (%f)\n");

  g_assert_nonnull (lowered);
}

/* LOWERFB_DEBUG talks on the standard error stream, and only there. */
static void
test_debug (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr (LfbGraphModule) model = lfb_test_parse (GRAPH);
      g_autoptr (LfbGraphModule) lowered = NULL;

      g_setenv ("LOWERFB_DEBUG", "print,validate,dot,time", TRUE);
      lowered = lfb_lower_to_fbgemm (model, NULL, NULL, FALSE, NULL);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*static-modules: *ms*");
  g_test_trap_assert_stderr ("*# after binary-operators, which changed it*torch.ops.quantized.add(%q, 2)*");
  g_test_trap_assert_stderr ("*digraph*");
  g_test_trap_assert_stdout_unmatched ("*binary-operators*");
}

/* Lowered models are saved and loaded, packed weights included. */
static void
test_save (void)
{
  g_autoptr (LfbGraphModule) model = lfb_test_parse ("%x = placeholder\n"
                                                     "%q = torch.quantize_per_tensor_dynamic(%x, quint8, True)\n"
                                                     "%d = dequantize(%q)\n"
                                                     "%w = get_attr w\n"
                                                     "%wq = quantize(%w, 0.0625, 0, qint8)\n"
                                                     "%wd = dequantize(%wq)\n"
                                                     "%c = torch.conv1d(%d, %wd)\n"
                                                     "%m = module m(%c)\n"
                                                     "return (%m)\n");
  g_autoptr (LfbTensor) weight = lfb_test_ramp (3, 2, 2, 3);
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (LfbGraphModule) loaded = NULL;
  g_autofree char *path = lfb_test_scratch ("lowered.safetensors");
  g_autofree char *json = NULL;
  g_autofree char *loaded_json = NULL;
  g_autoptr (GError) error = NULL;
  LfbValue *packed, *loaded_packed;

  lfb_test_set_tensor (model, "w", weight);
  lfb_test_add_reference (model, "m", "Linear", TRUE);
  lowered = lfb_lower_to_fbgemm (model, NULL, NULL, FALSE, &error);
  g_assert_no_error (error);
  lfb_graph_module_save (lowered, path, &error);
  g_assert_no_error (error);
  loaded = lfb_graph_module_load (path, &error);
  g_assert_no_error (error);

  packed = lfb_graph_module_get_attribute (lowered, "_packed_weight_0");
  loaded_packed = lfb_graph_module_get_attribute (loaded, "_packed_weight_0");
  g_assert_nonnull (packed);
  g_assert_true (lfb_value_equal (packed, loaded_packed));
  json = lfb_graph_module_to_json (lowered, NULL);
  loaded_json = lfb_graph_module_to_json (loaded, NULL);
  g_assert_cmpstr (json, ==, loaded_json);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/lowerer/properties", test_properties);
  g_test_add_func ("/lowerer/passes", test_passes);
  g_test_add_func ("/lowerer/rewritten", test_rewritten);
  g_test_add_func ("/lowerer/one-call", test_one_call);
  g_test_add_func ("/lowerer/nothing", test_nothing);
  g_test_add_func ("/lowerer/invalid", test_invalid);
  g_test_add_func ("/lowerer/cancelled", test_cancelled);
  g_test_add_func ("/lowerer/async", test_async);
  g_test_add_func ("/lowerer/async-own-context", test_async_own_context);
  g_test_add_func ("/lowerer/async-cancelled", test_async_cancelled);
  g_test_add_func ("/lowerer/async-failure", test_async_failure);
  g_test_add_func ("/lowerer/dead-reader", test_dead_reader);
  g_test_add_func ("/lowerer/debug", test_debug);
  g_test_add_func ("/lowerer/save", test_save);

  return g_test_run ();
}
