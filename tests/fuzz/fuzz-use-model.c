/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See fuzz-use-model.h. What is asserted: either a model or an error of ours
 * comes out; a model that loads can be printed, copied, cleaned and saved; what
 * is saved loads and saves to the very same bytes.
 */

#include "fuzz-use-model.h"

static GBytes *
save (LfbGraphModule *model)
{
  g_autoptr (GError) error = NULL;
  GBytes *bytes = lfb_graph_module_to_bytes (model, &error);

  /* Nothing but a header that gets too long can keep it from being saved. */
  if (bytes == NULL)
    g_assert_error (error, LFB_ERROR, LFB_ERROR_RANGE);

  return bytes;
}

static void
use_text (LfbGraphModule *model)
{
  g_autofree char *text = lfb_graph_module_to_text (model);
  g_autofree char *dot = lfb_graph_module_to_dot (model);
  g_autofree char *json = lfb_graph_module_to_json (model, NULL);

  g_assert_nonnull (text);
  g_assert_nonnull (dot);
  g_assert_nonnull (json);
}

void
fuzz_use_model (GBytes *bytes)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LfbGraphModule) model = lfb_graph_module_load_bytes (bytes, &error);
  g_autoptr (LfbGraphModule) copy = NULL;
  g_autoptr (LfbGraphModule) again = NULL;
  g_autoptr (GBytes) first = NULL;
  g_autoptr (GBytes) second = NULL;
  g_autoptr (GBytes) third = NULL;
  g_auto (GStrv) faults = NULL;

  if (model == NULL)
    {
      g_assert_nonnull (error);
      g_assert_true (error->domain == LFB_ERROR);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return;
    }
  g_assert_no_error (error);

  faults = lfb_graph_module_lint (model);
  g_assert_null (faults[0]);
  use_text (model);
  first = save (model);
  if (first == NULL)
    return;

  again = lfb_graph_module_load_bytes (first, &error);
  g_assert_no_error (error);
  second = save (again);
  g_assert_true (g_bytes_equal (first, second));

  copy = lfb_graph_module_copy (model);
  third = save (copy);
  g_assert_true (g_bytes_equal (first, third));
  lfb_graph_eliminate_dead_code (lfb_graph_module_get_graph (copy));
  lfb_graph_module_delete_unused (copy);
  g_assert_true (lfb_graph_module_check (copy, &error));
  use_text (copy);
}
