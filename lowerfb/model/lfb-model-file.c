/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Models in and out of files: the calls that applications make. */

#include <lowerfb/model/lfb-model-file.h>

#include <lowerfb/model/lfb-model-reader-private.h>
#include <lowerfb/model/lfb-model-writer-private.h>

/**
 * lfb_graph_module_load:
 * @path: (type filename): the path of a model file
 * @error: where to put an error
 *
 * Reads a model. Tensors are mapped, not read: they are fetched from the file
 * when they are used, and opening takes milliseconds however large they are.
 *
 * Fails with %LFB_ERROR_IO if the file cannot be opened, %LFB_ERROR_UNSUPPORTED
 * if it is of a later version of the format, and with %LFB_ERROR_FORMAT,
 * %LFB_ERROR_RANGE, %LFB_ERROR_SHAPE, %LFB_ERROR_DTYPE, %LFB_ERROR_NOT_FOUND or
 * %LFB_ERROR_INVALID_GRAPH if it is not what the format asks for. The message
 * names the file, and the tensor, node or module at fault.
 *
 * Returns: (transfer full): a model that has been checked
 *
 * Since: 1.0
 */
LfbGraphModule *
lfb_graph_module_load (const char  *path,
                       GError     **error)
{
  g_autoptr (LfbTensorFile) file = NULL;
  g_autoptr (LfbGraphModule) model = NULL;

  g_return_val_if_fail (path != NULL, NULL);

  file = _lfb_tensor_file_read (path, LFB_TENSOR_FILE_PLAIN, error);
  if (file == NULL)
    return NULL;

  model = _lfb_model_read (file, error);
  if (model == NULL)
    {
      g_autofree char *name = g_filename_display_name (path);

      g_prefix_error (error, "%s: ", name);
      return NULL;
    }

  return g_steal_pointer (&model);
}

/**
 * lfb_graph_module_load_bytes:
 * @bytes: the contents of a model file
 * @error: where to put an error
 *
 * As [func@Lfb.GraphModule.load], from memory. The tensors share @bytes.
 *
 * Returns: (transfer full): a model that has been checked
 *
 * Since: 1.0
 */
LfbGraphModule *
lfb_graph_module_load_bytes (GBytes  *bytes,
                             GError **error)
{
  g_autoptr (LfbTensorFile) file = NULL;

  g_return_val_if_fail (bytes != NULL, NULL);

  file = _lfb_tensor_file_parse (bytes, LFB_TENSOR_FILE_PLAIN, error);

  return file != NULL ? _lfb_model_read (file, error) : NULL;
}

static void
load_in_thread (GTask        *task,
                gpointer      source,
                gpointer      path,
                GCancellable *cancellable)
{
  GError *error = NULL;
  LfbGraphModule *model = lfb_graph_module_load (path, &error);

  if (model != NULL)
    g_task_return_pointer (task, model, g_object_unref);
  else
    g_task_return_error (task, error);
}

/**
 * lfb_graph_module_load_async:
 * @path: (type filename): the path of a model file
 * @cancellable: (nullable): to give up; the error is %G_IO_ERROR_CANCELLED then
 * @callback: (scope async): called in the caller's main context when done
 * @user_data: data for @callback
 *
 * As [func@Lfb.GraphModule.load], on another thread.
 *
 * Since: 1.0
 */
void
lfb_graph_module_load_async (const char          *path,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (path != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, lfb_graph_module_load_async);
  g_task_set_task_data (task, g_strdup (path), g_free);
  g_task_run_in_thread (task, load_in_thread);
}

/**
 * lfb_graph_module_load_finish:
 * @result: what the callback was given
 * @error: where to put an error
 *
 * The end of [func@Lfb.GraphModule.load_async].
 *
 * Returns: (transfer full): a model that has been checked
 *
 * Since: 1.0
 */
LfbGraphModule *
lfb_graph_module_load_finish (GAsyncResult  *result,
                              GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, lfb_graph_module_load_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* The model as a tensor file, which carries its document. */
static LfbTensorFile *
make_file (LfbGraphModule  *self,
           GError         **error)
{
  g_auto (LfbValueWriter) writer = { 0 };
  g_autofree char *document = NULL;

  if (!lfb_graph_module_check (self, error))
    return NULL;

  _lfb_value_writer_init (&writer, FALSE);
  if (!_lfb_model_write_document (&writer, self, error))
    return NULL;
  document = _lfb_json_writer_finish (&writer.json, NULL);
  _lfb_model_write_rest (&writer, self, document);

  return g_steal_pointer (&writer.file);
}

static gboolean
save (LfbGraphModule  *self,
      const char      *path,
      GCancellable    *cancellable,
      GError         **error)
{
  g_autoptr (LfbTensorFile) file = make_file (self, error);

  if (file == NULL)
    {
      g_autofree char *name = g_filename_display_name (path);

      g_prefix_error (error, "%s: ", name);
      return FALSE;
    }

  return _lfb_tensor_file_write (file, path, cancellable, error);
}

/**
 * lfb_graph_module_save:
 * @self: a model
 * @path: (type filename): the path of the file to write
 * @error: where to put an error
 *
 * Writes the model beside @path and renames it: a failure leaves what was there
 * before. The model itself may come from the file that is replaced.
 *
 * Fails with %LFB_ERROR_INVALID_GRAPH if the model does not pass
 * [method@Lfb.GraphModule.check], with %LFB_ERROR_FORMAT if it holds something
 * that a file cannot (a text that is not UTF-8, values nested too deep), and
 * with %LFB_ERROR_IO if the file cannot be written.
 *
 * Returns: whether the file was written
 *
 * Since: 1.0
 */
gboolean
lfb_graph_module_save (LfbGraphModule  *self,
                       const char      *path,
                       GError         **error)
{
  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);

  return save (self, path, NULL, error);
}

typedef struct
{
  LfbGraphModule *model;
  char *path;
} SaveData;

static void
save_data_free (gpointer data)
{
  SaveData *save_data = data;

  g_object_unref (save_data->model);
  g_free (save_data->path);
  g_free (save_data);
}

static void
save_in_thread (GTask        *task,
                gpointer      source,
                gpointer      data,
                GCancellable *cancellable)
{
  SaveData *save_data = data;
  GError *error = NULL;

  if (save (save_data->model, save_data->path, cancellable, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/**
 * lfb_graph_module_save_async:
 * @self: a model
 * @path: (type filename): the path of the file to write
 * @cancellable: (nullable): to give up; the error is %G_IO_ERROR_CANCELLED then,
 *   and what was at @path is left
 * @callback: (scope async): called in the caller's main context when done
 * @user_data: data for @callback
 *
 * As [method@Lfb.GraphModule.save], on another thread. What is written is the
 * model as it is now; it may be changed meanwhile.
 *
 * Since: 1.0
 */
void
lfb_graph_module_save_async (LfbGraphModule      *self,
                             const char          *path,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  SaveData *save_data;

  g_return_if_fail (LFB_IS_GRAPH_MODULE (self));
  g_return_if_fail (path != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  save_data = g_new0 (SaveData, 1);
  save_data->model = lfb_graph_module_copy (self);
  save_data->path = g_strdup (path);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, lfb_graph_module_save_async);
  g_task_set_task_data (task, save_data, save_data_free);
  g_task_run_in_thread (task, save_in_thread);
}

/**
 * lfb_graph_module_save_finish:
 * @self: a model
 * @result: what the callback was given
 * @error: where to put an error
 *
 * The end of [method@Lfb.GraphModule.save_async].
 *
 * Returns: whether the file was written
 *
 * Since: 1.0
 */
gboolean
lfb_graph_module_save_finish (LfbGraphModule  *self,
                              GAsyncResult    *result,
                              GError         **error)
{
  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, lfb_graph_module_save_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * lfb_graph_module_to_bytes:
 * @self: a model
 * @error: where to put an error
 *
 * Makes what [method@Lfb.GraphModule.save] writes, in memory.
 *
 * Returns: (transfer full): the contents of the file
 *
 * Since: 1.0
 */
GBytes *
lfb_graph_module_to_bytes (LfbGraphModule  *self,
                           GError         **error)
{
  g_autoptr (LfbTensorFile) file = NULL;

  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), NULL);

  file = make_file (self, error);

  return file != NULL ? lfb_tensor_file_to_bytes (file, error) : NULL;
}

/**
 * lfb_graph_module_to_json:
 * @self: a model
 * @error: where to put an error
 *
 * The document that a file of the model has, indented for people: nodes,
 * attributes, modules and what lowering needs to know. Tensors are told by the
 * names that they have in the file. The model need not pass
 * [method@Lfb.GraphModule.check].
 *
 * Fails with %LFB_ERROR_FORMAT if the model holds something that a file cannot.
 *
 * Returns: (transfer full): the text of the document
 *
 * Since: 1.0
 */
char *
lfb_graph_module_to_json (LfbGraphModule  *self,
                          GError         **error)
{
  g_auto (LfbValueWriter) writer = { 0 };

  g_return_val_if_fail (LFB_IS_GRAPH_MODULE (self), NULL);

  _lfb_value_writer_init (&writer, TRUE);
  if (!_lfb_model_write_document (&writer, self, error))
    return NULL;

  return _lfb_json_writer_finish (&writer.json, NULL);
}
