/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* All models of tests/cases run, as they are and lowered, and what they give is
 * compared with what torch recorded. The rules are those of numerics.md,
 * "Agreement with recorded results"; the exceptions are those of
 * tests/cases/README.md. The table is printed.
 */

#include "common/lfb-test-agreement.h"

typedef struct {
  gsize n_elements;
  gsize n_differing;
} Totals;

static Totals stepped_totals;
static guint n_agreeing[2];

/* Recordings that are not to be taken as truth, and what to compare with. */
typedef struct {
  const char *name;
  gboolean lowered;
  const char *instead;   /* %NULL: nothing */
} Exception;

static const Exception exceptions[] = {
  { "conv2d_reflect_padding", FALSE, NULL },
  { "linear_called_twice", TRUE, "reference" },
  { "batch_norm3d", TRUE, "reference" },
  { "getattr_shape", TRUE, "reference" },
};

static const char *
recording_of (const char *name,
              gboolean    lowered)
{
  for (gsize i = 0; i < G_N_ELEMENTS (exceptions); i++)
    if (strcmp (exceptions[i].name, name) == 0 && exceptions[i].lowered == lowered)
      return exceptions[i].instead;

  return lowered ? "lowered" : "reference";
}

static gboolean
check_model (const char     *name,
             LfbGraphModule *model,
             LfbTensorFile  *file,
             GPtrArray      *inputs,
             gboolean        lowered)
{
  const char *prefix = recording_of (name, lowered);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) found = lfb_test_run (model, inputs, &error);
  g_autoptr (GPtrArray) recorded = NULL;
  g_autofree double *steps = NULL;
  gboolean ok = TRUE;

  g_assert_no_error (error);
  if (prefix == NULL)
    {
      g_test_message ("%-32s %-9s the recording is wrong: not compared", name, lowered ? "lowered" : "reference");
      return TRUE;
    }

  steps = lfb_test_find_steps (model, inputs, found->len);
  recorded = lfb_test_read_tensors (file, prefix);
  g_assert_cmpuint (found->len, ==, recorded->len);
  g_assert_cmpuint (found->len, >, 0);
  for (guint i = 0; i < found->len; i++)
    {
      LfbTestAgreement agreement = lfb_test_compare_tensors (g_ptr_array_index (found, i),
                                                             g_ptr_array_index (recorded, i), steps[i]);
      gboolean fine = lfb_test_agrees (&agreement);

      g_test_message ("%-32s %-9s output %u: %5" G_GSIZE_FORMAT " of %6" G_GSIZE_FORMAT " differ, at most %.3g %s%s",
                      name, lowered ? "lowered" : "reference", i, agreement.n_differing, agreement.n_elements,
                      agreement.largest, agreement.stepped ? "steps" : "of the range", fine ? "" : "   <-- too much");
      if (agreement.stepped)
        {
          stepped_totals.n_elements += agreement.n_elements;
          stepped_totals.n_differing += agreement.n_differing;
        }
      ok &= fine;
    }

  return ok;
}

static void
test_case (gconstpointer data)
{
  const char *name = data;
  g_autofree char *model_name = g_strconcat (name, ".reference.safetensors", NULL);
  g_autofree char *io_name = g_strconcat (name, ".io.safetensors", NULL);
  g_autofree char *model_path = lfb_test_data_path ("cases", model_name, NULL);
  g_autofree char *io_path = lfb_test_data_path ("cases", io_name, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbGraphModule) model = lfb_graph_module_load (model_path, &error);
  g_autoptr (LfbGraphModule) lowered = NULL;
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (LfbTensorFile) file = NULL;
  g_autoptr (GPtrArray) inputs = NULL;
  gboolean reference_ok, lowered_ok;

  g_assert_no_error (error);
  file = lfb_tensor_file_load (io_path, &error);
  g_assert_no_error (error);
  inputs = lfb_test_read_tensors (file, "input");
  lowered = lfb_lowerer_lower (lowerer, model, NULL, NULL, NULL, &error);
  g_assert_no_error (error);

  reference_ok = check_model (name, model, file, inputs, FALSE);
  lowered_ok = check_model (name, lowered, file, inputs, TRUE);
  n_agreeing[0] += reference_ok;
  n_agreeing[1] += lowered_ok;
  g_assert_true (reference_ok);
  g_assert_true (lowered_ok);
}

/* Runs last: one in ten thousand over the whole set. */
static void
test_totals (void)
{
  g_test_message ("%u reference and %u lowered models agree; %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " stepped elements differ",
                  n_agreeing[0], n_agreeing[1], stepped_totals.n_differing, stepped_totals.n_elements);
  g_assert_cmpuint (stepped_totals.n_elements, >, 0);
  g_assert_cmpuint (stepped_totals.n_differing * 10000, <=, stepped_totals.n_elements);
}

int
main (int    argc,
      char **argv)
{
  g_auto (GStrv) names = NULL;

  g_test_init (&argc, &argv, NULL);
  names = lfb_test_list ("cases", ".reference.safetensors");
  g_assert_cmpuint (g_strv_length (names), ==, 147);
  for (gsize i = 0; names[i] != NULL; i++)
    {
      g_autofree char *path = g_strconcat ("/run-cases/", names[i], NULL);

      g_test_add_data_func (path, names[i], test_case);
    }
  g_test_add_func ("/run-cases/zz-totals", test_totals);

  return g_test_run ();
}
