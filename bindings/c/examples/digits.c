/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads handwritten digits: digits digits.reference.safetensors digits.test.safetensors */

#include <lowerfb/lowerfb.h>

static int
read_digits (const char  *model_path,
             const char  *images_path,
             GError     **error)
{
  g_autoptr (LfbGraphModule) reference = lfb_graph_module_load (model_path, error);
  g_autoptr (LfbTensorFile) data = reference != NULL ? lfb_tensor_file_load (images_path, error) : NULL;
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  g_autoptr (LfbGraphModule) model = NULL;
  g_autoptr (LfbSession) session = NULL;
  g_autofree LfbTensor **outputs = NULL;
  g_autoptr (LfbTensor) scores = NULL;
  g_autofree char *report = NULL;
  LfbTensor *images;
  gsize n_outputs;

  model = data != NULL ? lfb_lowerer_lower (lowerer, reference, NULL, NULL, NULL, error) : NULL;
  session = model != NULL ? lfb_session_new (model, NULL, error) : NULL;
  if (session == NULL)
    return -1;
  report = lfb_lowering_report_to_text (lfb_lowerer_get_report (lowerer));
  g_print ("%s\n", report);

  images = lfb_tensor_file_get (data, "input.0");
  outputs = lfb_session_run (session, &images, 1, NULL, &n_outputs, error);
  if (outputs == NULL)
    return -1;
  scores = outputs[0];

  {
    const gint64 *shape = lfb_tensor_get_shape (scores, NULL);
    const float *score = lfb_tensor_get_data (scores, NULL);
    const gint64 *labels = lfb_tensor_get_data (lfb_tensor_file_get (data, "labels"), NULL);
    int right = 0;

    for (gint64 i = 0; i < shape[0]; i++)
      {
        gint64 digit = 0;

        for (gint64 k = 1; k < shape[1]; k++)
          if (score[i * shape[1] + k] > score[i * shape[1] + digit])
            digit = k;
        right += digit == labels[i];
      }
    g_print ("%d of %d digits read correctly: %.2f%%\n", right, (int) shape[0], 100.0 * right / shape[0]);
  }

  return 0;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GError) error = NULL;

  if (argc != 3)
    {
      g_printerr ("Usage: digits MODEL IMAGES\n");
      return 2;
    }
  if (read_digits (argv[1], argv[2], &error) < 0)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  return 0;
}
