/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a fuzz target over the files of the folders given, which makes a regular
 * test of the inputs that a fuzzer has found, with any compiler.
 */

#include "fuzz.h"

#include <glib.h>

#include <stdlib.h>

static guint
run_folder (const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  const char *name;
  guint n_files = 0;

  if (dir == NULL)
    g_error ("%s", error->message);

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *contents = NULL;
      gsize size;

      if (!g_file_get_contents (path, &contents, &size, &error))
        g_error ("%s", error->message);
      LLVMFuzzerTestOneInput ((const uint8_t *) contents, size);
      n_files++;
    }

  return n_files;
}

int
main (int   argc,
      char *argv[])
{
  guint n_files = 0;

  for (int i = 1; i < argc; i++)
    n_files += run_folder (argv[i]);
  g_printerr ("%u inputs\n", n_files);

  /* Having tried nothing is no success. */
  return n_files > 0 ? EXIT_SUCCESS : 77;
}
