/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Writes tensor files. Nothing but the header is put together in memory. A file
 * is written beside its target and renamed when it is complete: a failure
 * leaves what was there, and whoever has the old file mapped keeps it.
 */

#include <lowerfb/model/lfb-tensor-layout-private.h>

#include <lowerfb/core/lfb-error.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How much is written between two looks at the cancellable. */
#define CHUNK_SIZE (4 * 1024 * 1024)

typedef gboolean (*WriteFunc) (gpointer      data,
                               const guint8 *bytes,
                               gsize         size,
                               GError      **error);

typedef struct
{
  int fd;
  GCancellable *cancellable;
} Target;

static gboolean
write_layout (LfbTensorLayout  *layout,
              WriteFunc         write,
              gpointer          data,
              GError          **error)
{
  guint64 length = layout->header_size;

  if (!write (data, (const guint8 *) &length, sizeof length, error) ||
      !write (data, (const guint8 *) layout->header, layout->header_size, error))
    return FALSE;

  for (guint i = 0; i < layout->order->len; i++)
    {
      const LfbTensorPiece *piece = g_ptr_array_index (layout->order, i);
      gsize size;
      const guint8 *bytes = lfb_tensor_get_data (piece->tensor, &size);

      if (!write (data, bytes, size, error))
        {
          g_prefix_error (error, "tensor `%s`: ", piece->name);
          return FALSE;
        }
    }

  return TRUE;
}

static gboolean
write_to_file (gpointer       data,
               const guint8  *bytes,
               gsize          size,
               GError       **error)
{
  Target *target = data;

  while (size > 0)
    {
      gssize written;

      if (g_cancellable_set_error_if_cancelled (target->cancellable, error))
        return FALSE;
      written = write (target->fd, bytes, MIN (size, CHUNK_SIZE));
      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_IO, "cannot be written: %s", g_strerror (errno));
          return FALSE;
        }
      bytes += written;
      size -= written;
    }

  return TRUE;
}

static gboolean
write_to_memory (gpointer       data,
                 const guint8  *bytes,
                 gsize          size,
                 GError       **error)
{
  guint8 **at = data;

  if (size > 0)
    memcpy (*at, bytes, size);
  *at += size;

  return TRUE;
}

/* What a file at @path is to be made with: where it really is, if a link leads
 * there, and with which permissions. Only regular files are replaced; a rename
 * over a device or a pipe would take it away.
 */
static gboolean
examine_target (const char  *path,
                char       **target,
                int         *mode,
                GError     **error)
{
  GStatBuf info;
  char *real;

  *mode = 0;
  if (g_stat (path, &info) != 0)
    {
      *target = g_strdup (path);
      return TRUE;
    }
  if (!S_ISREG (info.st_mode))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_IO, "is %s and cannot be replaced by a file",
                   S_ISDIR (info.st_mode) ? "a directory" : "a device, pipe or socket");
      return FALSE;
    }

  real = realpath (path, NULL);
  *target = g_strdup (real != NULL ? real : path);
  free (real);
  *mode = info.st_mode & 07777;
  return TRUE;
}

/* Closes @fd in any case, and moves the complete file to its place. */
static gboolean
finish_file (int          fd,
             const char  *scratch,
             const char  *target,
             int          mode,
             GError     **error)
{
  /* A name must never lead to half a file, not even after a power failure. */
  gboolean done = (mode == 0 || fchmod (fd, mode) == 0) && fsync (fd) == 0;
  int problem = errno;

  if (close (fd) != 0 && done)
    {
      problem = errno;
      done = FALSE;
    }
  if (!done)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_IO, "cannot be written: %s", g_strerror (problem));
      return FALSE;
    }

  if (g_rename (scratch, target) != 0)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_IO, "cannot be replaced: %s", g_strerror (errno));
      return FALSE;
    }

  return TRUE;
}

static gboolean
write_beside (LfbTensorLayout  *layout,
              const char       *path,
              GCancellable     *cancellable,
              GError          **error)
{
  g_autofree char *target = NULL, *folder = NULL, *scratch = NULL;
  Target sink = { .cancellable = cancellable };
  gboolean done;
  int mode;

  if (!examine_target (path, &target, &mode, error))
    return FALSE;

  folder = g_path_get_dirname (target);
  scratch = g_build_filename (folder, ".lowerfb-XXXXXX", NULL);
  sink.fd = g_mkstemp_full (scratch, O_WRONLY | O_CLOEXEC, 0666);
  if (sink.fd < 0)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_IO, "cannot be created: %s", g_strerror (errno));
      return FALSE;
    }

  done = write_layout (layout, write_to_file, &sink, error);
  if (done)
    done = finish_file (sink.fd, scratch, target, mode, error);
  else
    close (sink.fd);
  if (!done)
    g_unlink (scratch);

  return done;
}

gboolean
_lfb_tensor_file_write (LfbTensorFile  *self,
                        const char     *path,
                        GCancellable   *cancellable,
                        GError        **error)
{
  g_auto (LfbTensorLayout) layout = { 0 };

  if (!_lfb_tensor_layout_init (&layout, self, error) ||
      !write_beside (&layout, path, cancellable, error))
    {
      g_autofree char *name = g_filename_display_name (path);

      g_prefix_error (error, "%s: ", name);
      return FALSE;
    }

  return TRUE;
}

/**
 * lfb_tensor_file_save:
 * @self: a tensor file
 * @path: (type filename): the path of the file to write
 * @error: where to put an error
 *
 * Writes the file beside @path and renames it: a failure leaves what was there
 * before. Memory is taken for the header only.
 *
 * Fails with %LFB_ERROR_IO if the file cannot be written.
 *
 * Returns: whether the file was written
 *
 * Since: 1.0
 */
gboolean
lfb_tensor_file_save (LfbTensorFile  *self,
                      const char     *path,
                      GError        **error)
{
  g_return_val_if_fail (LFB_IS_TENSOR_FILE (self), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);

  return _lfb_tensor_file_write (self, path, NULL, error);
}

/**
 * lfb_tensor_file_to_bytes:
 * @self: a tensor file
 * @error: where to put an error
 *
 * Makes what [method@Lfb.TensorFile.save] writes, in memory.
 *
 * Returns: (transfer full): the contents of the file
 *
 * Since: 1.0
 */
GBytes *
lfb_tensor_file_to_bytes (LfbTensorFile  *self,
                          GError        **error)
{
  g_auto (LfbTensorLayout) layout = { 0 };
  guint8 *contents, *at;
  gsize size;

  g_return_val_if_fail (LFB_IS_TENSOR_FILE (self), NULL);

  if (!_lfb_tensor_layout_init (&layout, self, error))
    return NULL;
  size = sizeof (guint64) + layout.header_size;
  contents = g_size_checked_add (&size, size, layout.data_size) ? g_try_malloc (size) : NULL;
  if (contents == NULL)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "There is no memory for the %" G_GSIZE_FORMAT " bytes of the tensors", layout.data_size);
      return NULL;
    }

  at = contents;
  write_layout (&layout, write_to_memory, &at, NULL);
  return g_bytes_new_take (contents, size);
}
