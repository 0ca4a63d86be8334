/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Programs beside running node by node: every recorded network, before and after
 * lowering. The first run makes the program, the others run it; all have the
 * same bits.
 */

#include "common/lfb-test-agreement.h"

#include <string.h>

#define N_RUNS 3

static LfbTensor **
run (LfbSession *session,
     GPtrArray  *inputs,
     gsize      *n_outputs)
{
  g_autoptr (GError) error = NULL;
  LfbTensor **outputs = lfb_session_run (session, (LfbTensor **) inputs->pdata, inputs->len, NULL, n_outputs, &error);

  g_assert_no_error (error);

  return outputs;
}

static void
free_outputs (LfbTensor **outputs,
              gsize       n_outputs)
{
  for (gsize i = 0; i < n_outputs; i++)
    g_object_unref (outputs[i]);
  g_free (outputs);
}

static LfbSession *
new_session (LfbGraphModule *model,
             gboolean        node_by_node,
             guint           n_threads)
{
  g_autoptr (LfbSessionOptions) options = lfb_session_options_new ();
  g_autoptr (GError) error = NULL;
  LfbSession *session;

  lfb_session_options_set_n_threads (options, n_threads);
  /* Else such small work would never be shared between threads. */
  g_setenv ("LOWERFB_DEBUG", node_by_node ? "nodes" : "split", TRUE);
  session = lfb_session_new (model, options, &error);
  g_unsetenv ("LOWERFB_DEBUG");
  g_assert_no_error (error);

  return session;
}

static void
check_model (const char     *name,
             LfbGraphModule *model,
             GPtrArray      *inputs)
{
  g_autoptr (LfbSession) plain = new_session (model, TRUE, 1);
  gsize n_wanted;
  LfbTensor **wanted = run (plain, inputs, &n_wanted);

  for (guint n_threads = 1; n_threads <= 2; n_threads++)
    {
      g_autoptr (LfbSession) session = new_session (model, FALSE, n_threads);

      for (guint i = 0; i < N_RUNS; i++)
        {
          gsize n_found;
          LfbTensor **found = run (session, inputs, &n_found);

          g_assert_cmpuint (n_found, ==, n_wanted);
          for (gsize j = 0; j < n_found; j++)
            if (!lfb_tensor_equal (found[j], wanted[j]))
              g_error ("%s: output %" G_GSIZE_FORMAT " of run %u with %u threads differs from running node by node",
                       name, j, i, n_threads);
          free_outputs (found, n_found);
        }
    }
  free_outputs (wanted, n_wanted);
}

static void
test_case (gconstpointer data)
{
  const char *name = data;
  g_autofree char *file_name = g_strconcat (name, ".reference.safetensors", NULL);
  g_autofree char *io_name = g_strconcat (name, ".io.safetensors", NULL);
  g_autofree char *path = lfb_test_data_path ("cases", file_name, NULL);
  g_autofree char *io_path = lfb_test_data_path ("cases", io_name, NULL);
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (LfbGraphModule) model = NULL;
  g_autoptr (LfbTensorFile) file = NULL;
  g_autoptr (GPtrArray) inputs = NULL;
  g_autoptr (GError) error = NULL;

  model = lfb_graph_module_load (path, &error);
  g_assert_no_error (error);
  file = lfb_tensor_file_load (io_path, &error);
  g_assert_no_error (error);
  inputs = lfb_test_read_tensors (file, "input");
  check_model (name, model, inputs);

  lowered = lfb_lowerer_lower (lowerer, model, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  check_model (name, lowered, inputs);
}

int
main (int   argc,
      char *argv[])
{
  g_auto (GStrv) names = NULL;

  g_test_init (&argc, &argv, NULL);
  names = lfb_test_list ("cases", ".reference.safetensors");
  g_assert_cmpuint (g_strv_length (names), ==, 147);
  for (gsize i = 0; names[i] != NULL; i++)
    {
      g_autofree char *test = g_strconcat ("/programs/", names[i], NULL);

      g_test_add_data_func (test, names[i], test_case);
    }

  return g_test_run ();
}
