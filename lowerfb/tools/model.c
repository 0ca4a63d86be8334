/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a model from a file on tensors from another. Each input is found there
 * under its own name, or under input.0, input.1, ... by its place. The file may
 * hold more than that, such as labels or outputs that someone recorded.
 */

#include "command-private.h"

#include <string.h>

/* `a`, `b` and so on, for messages; the first few of them. */
static char *
list_names (char **names)
{
  const guint most = 8;
  guint n_names = g_strv_length (names);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < MIN (n_names, most); i++)
    g_string_append_printf (text, "%s`%s`", i > 0 ? ", " : "", names[i]);
  if (n_names > most)
    g_string_append_printf (text, " and %u more", n_names - most);

  if (n_names == 0)
    g_string_append (text, "nothing");

  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* An input.N that the model does not have means that the file is for another. */
static gboolean
check_surplus (char       **names,
               guint        n_inputs,
               const char  *shown,
               GError     **error)
{
  for (guint i = 0; names[i] != NULL; i++)
    {
      guint64 place;

      if (g_str_has_prefix (names[i], "input.") &&
          g_ascii_string_to_unsigned (names[i] + strlen ("input."), 10, 0, G_MAXUINT64, &place, NULL) &&
          place >= n_inputs)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                       "%s: there is a tensor `%s`, but the model takes %u input%s", shown, names[i],
                       n_inputs, n_inputs == 1 ? "" : "s");
          return FALSE;
        }
    }

  return TRUE;
}

static GPtrArray *
find_inputs (LfbTensorFile  *file,
             const char     *path,
             LfbSession     *session,
             GError        **error)
{
  g_autofree char *shown = g_filename_display_name (path);
  g_auto (GStrv) wanted = lfb_session_list_inputs (session);
  g_auto (GStrv) names = lfb_tensor_file_list_names (file);
  g_autoptr (GPtrArray) inputs = g_ptr_array_new_with_free_func (g_object_unref);

  if (!check_surplus (names, g_strv_length (wanted), shown, error))
    return NULL;

  for (guint i = 0; wanted[i] != NULL; i++)
    {
      g_autofree char *place = g_strdup_printf ("input.%u", i);
      LfbTensor *tensor = lfb_tensor_file_get (file, wanted[i]);

      if (tensor == NULL)
        tensor = lfb_tensor_file_get (file, place);
      if (tensor == NULL)
        {
          g_autofree char *found = list_names (names);

          g_set_error (error, LFB_ERROR, LFB_ERROR_NOT_FOUND,
                       "%s: there is no tensor `%s` or `%s` for the model's input %u; there is %s",
                       shown, wanted[i], place, i, found);
          return NULL;
        }
      g_ptr_array_add (inputs, g_object_ref (tensor));
    }

  return g_steal_pointer (&inputs);
}

/* What someone who comes from PyTorch is likely to try: a pickled or scripted model is a zip
 * archive.
 */
static gboolean
is_archive (const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInputStream) stream = g_file_read (file, NULL, NULL);
  char start[4];
  gsize n_read = 0;

  return stream != NULL &&
         g_input_stream_read_all (G_INPUT_STREAM (stream), start, sizeof start, &n_read, NULL, NULL) &&
         n_read == sizeof start && memcmp (start, "PK\x03\x04", sizeof start) == 0;
}

LfbGraphModule *
command_load_model (CommandWork  *work,
                    const char   *path,
                    GError      **error)
{
  LfbGraphModule *model;
  g_autoptr (GError) problem = NULL;

  command_work_stage (work, "reading", path);
  model = lfb_graph_module_load (path, &problem);
  if (model != NULL)
    return model;

  if (g_error_matches (problem, LFB_ERROR, LFB_ERROR_FORMAT) && is_archive (path))
    {
      g_autofree char *shown = g_filename_display_name (path);

      g_set_error (error, LFB_ERROR, LFB_ERROR_FORMAT,
                   "%s: this is a zip archive, as torch.save and torch.jit.save write; lowerfb reads what "
                   "lowerfb_torch.save or lowerfb_torch.convert_and_save wrote", shown);
    }
  else
    g_propagate_error (error, g_steal_pointer (&problem));

  return NULL;
}

/* Adds the file's name to what went wrong with its model. */
static void
name_file (const char  *path,
           GError     **error)
{
  g_autofree char *shown = g_filename_display_name (path);

  g_prefix_error (error, "%s: ", shown);
}

static LfbGraphModule *
lower_model (CommandWork     *work,
             const char      *path,
             LfbGraphModule  *model,
             GError         **error)
{
  g_autoptr (LfbLowerer) lowerer = lfb_lowerer_new ();
  GCancellable *cancellable = command_work_stage (work, "lowering", path);
  LfbGraphModule *lowered;

  lfb_lowerer_set_progress (lowerer, command_work_progress (work));
  lowered = lfb_lowerer_lower (lowerer, model, NULL, NULL, cancellable, error);
  if (lowered == NULL)
    name_file (path, error);

  return lowered;
}

LfbSession *
command_open_session (CommandWork        *work,
                      const char         *path,
                      gboolean            lower,
                      LfbSessionOptions  *options,
                      GError            **error)
{
  g_autoptr (LfbGraphModule) model = NULL;
  LfbSession *session;

  model = command_load_model (work, path, error);
  if (model != NULL && lower)
    {
      LfbGraphModule *lowered = lower_model (work, path, model, error);

      g_object_unref (model);
      model = lowered;
    }
  if (model == NULL)
    return NULL;

  command_work_stage (work, "preparing", path);
  session = lfb_session_new (model, options, error);
  if (session == NULL)
    name_file (path, error);

  return session;
}

GPtrArray *
command_read_inputs (CommandWork  *work,
                     LfbSession   *session,
                     const char   *path,
                     GError      **error)
{
  g_autoptr (LfbTensorFile) file = NULL;

  command_work_stage (work, "reading", path);
  file = lfb_tensor_file_load (path, error);

  return file != NULL ? find_inputs (file, path, session, error) : NULL;
}

GPtrArray *
command_run_model (CommandWork  *work,
                   const char   *model_path,
                   gboolean      lower,
                   const char   *inputs_path,
                   GError      **error)
{
  g_autoptr (LfbSessionOptions) options = lfb_session_options_new ();
  g_autoptr (LfbSession) session = NULL;
  g_autoptr (GPtrArray) inputs = NULL;
  GPtrArray *outputs;
  LfbTensor **tensors;
  gsize n_tensors;

  lfb_session_options_set_progress (options, command_work_progress (work));
  session = command_open_session (work, model_path, lower, options, error);
  inputs = session != NULL ? command_read_inputs (work, session, inputs_path, error) : NULL;
  if (inputs == NULL)
    return NULL;

  tensors = lfb_session_run (session, (LfbTensor **) inputs->pdata, inputs->len,
                             command_work_stage (work, "running", model_path), &n_tensors, error);
  if (tensors == NULL)
    {
      name_file (model_path, error);
      return NULL;
    }

  outputs = g_ptr_array_new_full (n_tensors, g_object_unref);
  for (gsize i = 0; i < n_tensors; i++)
    g_ptr_array_add (outputs, tensors[i]);
  g_free (tensors);

  return outputs;
}
