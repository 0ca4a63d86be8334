/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The contents of a tensor file; lfb-tensor-file-reader.c and -writer.c know
 * what it looks like outside.
 */

#include <lowerfb/model/lfb-tensor-file-private.h>

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/core/lfb-hash-private.h>

/**
 * LfbTensorFile:
 *
 * Named tensors and a few texts in a [safetensors](https://github.com/huggingface/safetensors)
 * file: the inputs and outputs of a model, or a model itself, whose tensors can
 * be looked at this way without its graph.
 *
 * A file is mapped into memory, and its tensors share the map: opening it costs
 * the same whether it holds a kilobyte or a gigabyte. Do not shorten a file that
 * is in use; replace it, as [method@Lfb.TensorFile.save] does, which leaves the
 * map of the old one alone.
 *
 * Quantized tensors are stored as their integers. Which they are, and their
 * scales and zero points, is kept in the metadata under the key `qparams`, as a
 * JSON object from tensor names to `{"dtype", "qscheme", "scale", "zero_point"}`;
 * per channel, `scale` and `zero_point` are `{"tensor": name}`, and `axis` is
 * added; types of less than a byte add `shape`. The class reads and writes that
 * entry by itself and keeps it out of the metadata that it shows.
 *
 * Since: 1.0
 */

G_DEFINE_FINAL_TYPE (LfbTensorFile, lfb_tensor_file, G_TYPE_OBJECT)

static void
lfb_tensor_file_finalize (GObject *object)
{
  LfbTensorFile *self = LFB_TENSOR_FILE (object);

  g_clear_pointer (&self->positions, g_hash_table_unref);
  g_clear_pointer (&self->tensors, g_ptr_array_unref);
  g_clear_pointer (&self->metadata, g_hash_table_unref);
  g_clear_pointer (&self->keys, g_ptr_array_unref);

  G_OBJECT_CLASS (lfb_tensor_file_parent_class)->finalize (object);
}

static void
lfb_tensor_file_class_init (LfbTensorFileClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = lfb_tensor_file_finalize;
}

static void
lfb_tensor_file_init (LfbTensorFile *self)
{
  self->tensors = g_ptr_array_new_with_free_func (g_object_unref);
  self->positions = g_hash_table_new_full (_lfb_str_hash, g_str_equal, g_free, NULL);
  self->keys = g_ptr_array_new ();
  self->metadata = g_hash_table_new_full (_lfb_str_hash, g_str_equal, g_free, g_free);
}

/**
 * lfb_tensor_file_new:
 *
 * Makes a file without tensors, to add some and save it.
 *
 * Returns: (transfer full): a new tensor file
 *
 * Since: 1.0
 */
LfbTensorFile *
lfb_tensor_file_new (void)
{
  return g_object_new (LFB_TYPE_TENSOR_FILE, NULL);
}

/* Appends a tensor under its own name, which is free. */
void
_lfb_tensor_file_put (LfbTensorFile *self,
                      LfbTensor     *tensor)
{
  g_ptr_array_add (self->tensors, g_object_ref (tensor));
  g_hash_table_insert (self->positions, g_strdup (lfb_tensor_get_name (tensor)),
                       GUINT_TO_POINTER (self->tensors->len));
}

/* Puts a tensor in the place of the one that has its name. */
void
_lfb_tensor_file_replace (LfbTensorFile *self,
                          LfbTensor     *tensor)
{
  guint position = GPOINTER_TO_UINT (g_hash_table_lookup (self->positions, lfb_tensor_get_name (tensor)));

  g_assert (position > 0);

  g_set_object ((LfbTensor **) &self->tensors->pdata[position - 1], tensor);
}

/**
 * lfb_tensor_file_list_names:
 * @self: a tensor file
 *
 * The names of all tensors, in the order of the file.
 *
 * The scales and zero points of tensors quantized per channel are tensors of
 * their own once a file has been written and read back.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names
 *
 * Since: 1.0
 */
char **
lfb_tensor_file_list_names (LfbTensorFile *self)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  g_return_val_if_fail (LFB_IS_TENSOR_FILE (self), NULL);

  for (guint i = 0; i < self->tensors->len; i++)
    g_strv_builder_add (names, lfb_tensor_get_name (g_ptr_array_index (self->tensors, i)));

  return g_strv_builder_end (names);
}

/**
 * lfb_tensor_file_get:
 * @self: a tensor file
 * @name: the name of a tensor
 *
 * Finds a tensor by its name. It shares the bytes of the file.
 *
 * Returns: (transfer none) (nullable): the tensor, or %NULL if there is none
 *
 * Since: 1.0
 */
LfbTensor *
lfb_tensor_file_get (LfbTensorFile *self,
                     const char    *name)
{
  guint position;

  g_return_val_if_fail (LFB_IS_TENSOR_FILE (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  position = GPOINTER_TO_UINT (g_hash_table_lookup (self->positions, name));

  return position > 0 ? g_ptr_array_index (self->tensors, position - 1) : NULL;
}

/**
 * lfb_tensor_file_add:
 * @self: a tensor file
 * @name: a name that no tensor of the file has
 * @tensor: a tensor, plain or quantized
 * @error: where to put an error
 *
 * Appends a tensor. Nothing is copied before the file is saved.
 *
 * Fails with %LFB_ERROR_ARGUMENT if @name is empty, taken, reserved
 * (`__metadata__`) or not UTF-8.
 *
 * Returns: whether the tensor was added
 *
 * Since: 1.0
 */
gboolean
lfb_tensor_file_add (LfbTensorFile  *self,
                     const char     *name,
                     LfbTensor      *tensor,
                     GError        **error)
{
  g_autoptr (LfbTensor) named = NULL;

  g_return_val_if_fail (LFB_IS_TENSOR_FILE (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (LFB_IS_TENSOR (tensor), FALSE);

  if (*name == '\0')
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "A tensor of a file needs a name");
      return FALSE;
    }
  if (!g_utf8_validate (name, -1, NULL))
    {
      g_autofree char *text = g_utf8_make_valid (name, -1);

      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "The tensor name `%s` is not UTF-8", text);
      return FALSE;
    }
  if (g_str_equal (name, LFB_TENSOR_FILE_METADATA))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "No tensor can be named `%s`: the file keeps its metadata there", name);
      return FALSE;
    }
  if (g_hash_table_contains (self->positions, name))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "There is a tensor `%s` already", name);
      return FALSE;
    }

  named = lfb_tensor_new_named (tensor, name);
  _lfb_tensor_file_put (self, named);

  return TRUE;
}

/**
 * lfb_tensor_file_list_metadata:
 * @self: a tensor file
 *
 * The keys of the texts that the file carries beside its tensors, in the order
 * of the file.
 *
 * Returns: (transfer full) (array zero-terminated=1): the keys
 *
 * Since: 1.0
 */
char **
lfb_tensor_file_list_metadata (LfbTensorFile *self)
{
  g_autoptr (GStrvBuilder) keys = g_strv_builder_new ();

  g_return_val_if_fail (LFB_IS_TENSOR_FILE (self), NULL);

  for (guint i = 0; i < self->keys->len; i++)
    g_strv_builder_add (keys, g_ptr_array_index (self->keys, i));

  return g_strv_builder_end (keys);
}

/**
 * lfb_tensor_file_get_metadata:
 * @self: a tensor file
 * @key: the key of a text
 *
 * Finds one of the texts that the file carries.
 *
 * Returns: (transfer none) (nullable): the text, or %NULL if there is none
 *
 * Since: 1.0
 */
const char *
lfb_tensor_file_get_metadata (LfbTensorFile *self,
                              const char    *key)
{
  g_return_val_if_fail (LFB_IS_TENSOR_FILE (self), NULL);
  g_return_val_if_fail (key != NULL, NULL);

  return g_hash_table_lookup (self->metadata, key);
}

/**
 * lfb_tensor_file_set_metadata:
 * @self: a tensor file
 * @key: the key of the text
 * @text: (nullable): the text, in UTF-8; %NULL takes the key away
 *
 * Makes the file carry a text. One under the key `qparams` is replaced when a
 * file with quantized tensors is written.
 *
 * Since: 1.0
 */
void
lfb_tensor_file_set_metadata (LfbTensorFile *self,
                              const char    *key,
                              const char    *text)
{
  g_autofree char *copy = g_strdup (text);
  gpointer known;

  g_return_if_fail (LFB_IS_TENSOR_FILE (self));
  g_return_if_fail (key != NULL && g_utf8_validate (key, -1, NULL));
  g_return_if_fail (text == NULL || g_utf8_validate (text, -1, NULL));

  if (copy == NULL)
    {
      if (g_hash_table_lookup_extended (self->metadata, key, &known, NULL))
        {
          g_ptr_array_remove (self->keys, known);
          g_hash_table_remove (self->metadata, known);
        }
      return;
    }

  /* The table keeps a key that it has, so that the array's stays valid. */
  if (!g_hash_table_lookup_extended (self->metadata, key, &known, NULL))
    {
      known = g_strdup (key);
      g_ptr_array_add (self->keys, known);
      g_hash_table_insert (self->metadata, known, g_steal_pointer (&copy));
      return;
    }
  g_hash_table_insert (self->metadata, g_strdup (key), g_steal_pointer (&copy));
}
