/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Feeds the reader of tensor files with whole files. What loads is saved, loads
 * again with equal tensors, and saves to the very same bytes.
 */

#include "fuzz.h"

#include <lowerfb/lowerfb.h>

static void
compare (LfbTensorFile *file,
         LfbTensorFile *other)
{
  g_auto (GStrv) names = lfb_tensor_file_list_names (file);
  g_auto (GStrv) keys = lfb_tensor_file_list_metadata (file);

  for (gsize i = 0; names[i] != NULL; i++)
    {
      LfbTensor *tensor = lfb_tensor_file_get (file, names[i]);
      g_autoptr (LfbTensor) real = NULL;
      g_autofree char *text = lfb_tensor_to_string (tensor);

      g_assert_nonnull (lfb_tensor_file_get (other, names[i]));
      g_assert_true (lfb_tensor_equal (tensor, lfb_tensor_file_get (other, names[i])));
      g_assert_nonnull (text);
      if (!lfb_tensor_is_quantized (tensor))
        continue;
      real = lfb_tensor_dequantize (tensor, NULL);
      g_assert_nonnull (real);
    }
  for (gsize i = 0; keys[i] != NULL; i++)
    g_assert_cmpstr (lfb_tensor_file_get_metadata (file, keys[i]), ==,
                     lfb_tensor_file_get_metadata (other, keys[i]));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbTensorFile) file = lfb_tensor_file_load_bytes (bytes, &error);
  g_autoptr (LfbTensorFile) again = NULL;
  g_autoptr (GBytes) first = NULL;
  g_autoptr (GBytes) second = NULL;

  if (file == NULL)
    {
      g_assert_nonnull (error);
      g_assert_true (error->domain == LFB_ERROR);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return 0;
    }
  g_assert_no_error (error);

  first = lfb_tensor_file_to_bytes (file, &error);
  g_assert_no_error (error);
  again = lfb_tensor_file_load_bytes (first, &error);
  g_assert_no_error (error);
  compare (file, again);
  second = lfb_tensor_file_to_bytes (again, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (first, second));

  return 0;
}
