/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-test-both.h. */

#include "lfb-test-both.h"

#define N_ROUNDS 4
#define MAX_THREADS 2

LfbSession *
lfb_test_session_new (LfbGraphModule *model,
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

GPtrArray *
lfb_test_session_run (LfbSession  *session,
                      GPtrArray   *inputs,
                      GError     **error)
{
  gsize n_outputs;
  g_autofree LfbTensor **outputs = lfb_session_run (session, (LfbTensor **) inputs->pdata, inputs->len, NULL, &n_outputs, error);
  GPtrArray *result;

  if (outputs == NULL)
    return NULL;
  result = g_ptr_array_new_with_free_func (g_object_unref);
  for (gsize i = 0; i < n_outputs; i++)
    g_ptr_array_add (result, outputs[i]);

  return result;
}

typedef struct {
  GPtrArray *outputs;    /* or else */
  GError *error;
} Outcome;

static void
outcome_free (gpointer data)
{
  Outcome *self = data;

  g_clear_pointer (&self->outputs, g_ptr_array_unref);
  g_clear_error (&self->error);
  g_free (self);
}

static Outcome *
run (LfbSession *session,
     GPtrArray  *inputs)
{
  Outcome *self = g_new0 (Outcome, 1);

  self->outputs = lfb_test_session_run (session, inputs, &self->error);
  g_assert_true ((self->outputs == NULL) == (self->error != NULL));

  return self;
}

static guint
compare (const char    *name,
         gsize          set,
         const Outcome *found,
         const Outcome *wanted)
{
  if (wanted->error != NULL || found->error != NULL)
    {
      const char *found_text = found->error != NULL ? found->error->message : "no error";
      const char *wanted_text = wanted->error != NULL ? wanted->error->message : "no error";

      if (!g_str_equal (found_text, wanted_text) || found->error->domain != wanted->error->domain ||
          found->error->code != wanted->error->code)
        g_error ("%s, inputs %" G_GSIZE_FORMAT ": “%s”, expected “%s”", name, set, found_text, wanted_text);
      return 0;
    }

  g_assert_cmpuint (found->outputs->len, ==, wanted->outputs->len);
  for (guint i = 0; i < found->outputs->len; i++)
    if (!lfb_tensor_equal (g_ptr_array_index (found->outputs, i), g_ptr_array_index (wanted->outputs, i)))
      g_error ("%s, inputs %" G_GSIZE_FORMAT ": output %u differs from running node by node", name, set, i);

  return found->outputs->len;
}

guint
lfb_test_assert_both (const char      *name,
                      LfbGraphModule  *model,
                      GPtrArray      **sets,
                      gsize            n_sets)
{
  g_autoptr (LfbSession) plain = lfb_test_session_new (model, TRUE, 1);
  g_autoptr (GPtrArray) wanted = g_ptr_array_new_with_free_func (outcome_free);
  guint n_compared = 0;

  for (gsize i = 0; i < n_sets; i++)
    g_ptr_array_add (wanted, run (plain, sets[i]));

  for (guint n_threads = 1; n_threads <= MAX_THREADS; n_threads++)
    {
      g_autoptr (LfbSession) session = lfb_test_session_new (model, FALSE, n_threads);
      g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func (outcome_free);

      for (guint i = 0; i < N_ROUNDS * n_sets; i++)
        {
          Outcome *found = run (session, sets[i % n_sets]);

          g_ptr_array_add (kept, found);
          n_compared += compare (name, i % n_sets, found, g_ptr_array_index (wanted, i % n_sets));
        }
      /* Neither later runs nor the session's end touch what earlier ones gave. */
      g_clear_object (&session);
      for (guint i = 0; i < kept->len; i++)
        compare (name, i % n_sets, g_ptr_array_index (kept, i), g_ptr_array_index (wanted, i % n_sets));
    }

  return n_compared;
}

guint
lfb_test_assert_tensors (const char      *name,
                         LfbGraphModule  *model,
                         LfbTensor      **inputs,
                         gsize            n_inputs)
{
  g_autoptr (GPtrArray) sets = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);

  for (gsize i = 0; i < n_inputs; i++)
    {
      GPtrArray *set = g_ptr_array_new ();

      g_ptr_array_add (set, inputs[i]);
      g_ptr_array_add (sets, set);
    }

  return lfb_test_assert_both (name, model, (GPtrArray **) sets->pdata, n_inputs);
}
