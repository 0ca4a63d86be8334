/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* All models of tests/cases run, as they are and lowered, and what they give is
 * compared with what torch recorded. The rules are those of numerics.md,
 * "Agreement with recorded results"; the exceptions are those of
 * tests/cases/README.md. What was measured is printed, a line for each case as it
 * is and one for it lowered.
 */

#include "common/lfb-test-agreement.h"

/* Of one run of a case, or of all: a step is one of the output's scale, a float
 * has none and differs by a part of the output's range.
 */
typedef struct {
  gsize n_elements;
  gsize n_stepped;
  gsize n_steps_off;
  gsize n_floats_off;    /* by more than 1e-4 of the range */
  gsize n_allowed;
  double largest_steps;
  double largest_part;
} Measured;

static Measured all_measured[2];
static guint n_agreeing[2];

static void
add_agreement (Measured               *self,
               const LfbTestAgreement *agreement)
{
  self->n_elements += agreement->n_elements;
  self->n_allowed += lfb_test_allowed (agreement);
  if (agreement->stepped)
    {
      self->n_stepped += agreement->n_elements;
      self->n_steps_off += agreement->n_differing;
      self->largest_steps = MAX (self->largest_steps, agreement->largest);
    }
  else
    {
      self->n_floats_off += agreement->n_differing;
      self->largest_part = MAX (self->largest_part, agreement->largest);
    }
}

static void
print_header (void)
{
  g_test_message ("%-32s %-9s %8s %8s | %8s %7s | %10s %11s | %7s", "case", "model", "elements", "equal",
                  "one step", "largest", "floats off", "of range", "allowed");
}

static void
print_measured (const char     *name,
                const char     *model,
                const Measured *self,
                const char     *remark)
{
  g_test_message ("%-32s %-9s %8" G_GSIZE_FORMAT " %8" G_GSIZE_FORMAT " | %8" G_GSIZE_FORMAT " %7.3g | %10"
                  G_GSIZE_FORMAT " %11.2g | %7" G_GSIZE_FORMAT "%s",
                  name, model, self->n_elements, self->n_elements - self->n_steps_off - self->n_floats_off,
                  self->n_steps_off, self->largest_steps, self->n_floats_off, self->largest_part,
                  self->n_allowed, remark);
}

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
  const char *kind = lowered ? "lowered" : "reference";
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) found = lfb_test_run (model, inputs, &error);
  g_autoptr (GPtrArray) recorded = NULL;
  g_autofree double *steps = NULL;
  Measured measured = { 0 };
  gboolean ok = TRUE;

  g_assert_no_error (error);
  if (prefix == NULL)
    {
      g_test_message ("%-32s %-9s not compared: the recording is wrong", name, kind);
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

      add_agreement (&measured, &agreement);
      add_agreement (&all_measured[lowered], &agreement);
      ok &= lfb_test_agrees (&agreement);
    }
  print_measured (name, kind, &measured, ok ? "" : "   <-- too much");

  return ok;
}

static void
test_case (gconstpointer data)
{
  static gboolean begun;
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

  if (!begun)
    print_header ();
  begun = TRUE;
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
  gsize n_stepped = all_measured[0].n_stepped + all_measured[1].n_stepped;
  gsize n_off = all_measured[0].n_steps_off + all_measured[1].n_steps_off;

  all_measured[0].n_allowed = all_measured[0].n_stepped / 10000;
  all_measured[1].n_allowed = all_measured[1].n_stepped / 10000;
  print_header ();
  print_measured ("all", "reference", &all_measured[0], "");
  print_measured ("all", "lowered", &all_measured[1], "");
  g_test_message ("%u reference and %u lowered models agree; %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT
                  " elements with a step are one off, expected at most 1 in 10000",
                  n_agreeing[0], n_agreeing[1], n_off, n_stepped);
  g_assert_cmpuint (n_stepped, >, 0);
  g_assert_cmpuint (n_off * 10000, <=, n_stepped);
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
