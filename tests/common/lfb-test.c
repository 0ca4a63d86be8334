/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-test.h. */

#include "lfb-test.h"

#include <glib/gstdio.h>
#include <stdarg.h>
#include <stdlib.h>

/* A path below tests/ in the source tree. */
char *
lfb_test_data_path (const char *first,
                    ...)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new ();
  const char *part;
  va_list args;

  g_ptr_array_add (parts, (gpointer) g_test_get_dir (G_TEST_DIST));
  va_start (args, first);
  for (part = first; part != NULL; part = va_arg (args, const char *))
    g_ptr_array_add (parts, (gpointer) part);
  va_end (args);
  g_ptr_array_add (parts, NULL);

  return g_build_filenamev ((char **) parts->pdata);
}

static char *scratch_folder;

static void
remove_tree (const char *path)
{
  GDir *dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  g_clear_pointer (&dir, g_dir_close);
  g_remove (path);
}

static void
remove_scratch (void)
{
  remove_tree (scratch_folder);
}

/* A path in a folder of this process's own, made when first asked for and removed
 * when the process ends.
 */
char *
lfb_test_scratch (const char *name)
{
  if (g_once_init_enter (&scratch_folder))
    {
      g_autoptr (GError) error = NULL;
      char *made = g_dir_make_tmp ("lowerfb-test-XXXXXX", &error);

      g_assert_no_error (error);
      atexit (remove_scratch);
      g_once_init_leave (&scratch_folder, made);
    }

  return g_build_filename (scratch_folder, name, NULL);
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char * const *) a, *(const char * const *) b);
}

/* The files of a folder of tests/ that end in @suffix, sorted, without it. */
char **
lfb_test_list (const char *folder,
               const char *suffix)
{
  g_autofree char *path = lfb_test_data_path (folder, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (path, 0, &error);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  const char *name;

  g_assert_no_error (error);
  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, suffix))
      g_ptr_array_add (names, g_strndup (name, strlen (name) - strlen (suffix)));
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);

  return (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

/* A tensor with a copy of @data; the dimensions follow as gint64. */
LfbTensor *
lfb_test_tensor (LfbDType    dtype,
                 const void *data,
                 gsize       size,
                 gsize       n_dims,
                 ...)
{
  gint64 shape[LFB_TENSOR_MAX_DIMS];
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
  LfbTensor *tensor;
  va_list args;

  va_start (args, n_dims);
  for (gsize i = 0; i < n_dims; i++)
    shape[i] = va_arg (args, gint64);
  va_end (args);

  tensor = lfb_tensor_new_for_bytes (dtype, shape, n_dims, bytes, &error);
  g_assert_no_error (error);

  return tensor;
}

/* A node whose arguments are the nodes that follow, up to %NULL. The node is
 * the graph's.
 */
LfbNode *
lfb_test_node (LfbGraph   *graph,
               LfbOp       op,
               const char *target,
               ...)
{
  g_autoptr (GPtrArray) values = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  g_autoptr (GError) error = NULL;
  LfbNode *input, *node;
  va_list args;

  va_start (args, target);
  while ((input = va_arg (args, LfbNode *)) != NULL)
    g_ptr_array_add (values, lfb_value_for_node (input));
  va_end (args);

  node = lfb_graph_create_node (graph, op, target, (LfbValue **) values->pdata, values->len,
                                NULL, NULL, &error);
  g_assert_no_error (error);

  return node;
}
