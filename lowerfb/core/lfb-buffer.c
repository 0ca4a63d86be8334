/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A buffer is an address with a size and whatever keeps the memory alive, so
 * that no function has to take those three one by one.
 */

#include <lowerfb/core/lfb-buffer.h>

#include <lowerfb/core/lfb-error.h>

#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64

/**
 * LfbBuffer:
 *
 * Memory that calls write their results to, again and again, instead of
 * allocating a tensor each time.
 *
 * [ctor@Lfb.Buffer.new] allocates it, [ctor@Lfb.Buffer.new_for_pointer] takes
 * memory that the caller has: a NumPy array, an array of Vala, another mapping.
 * What is in it can be read through [method@Lfb.Buffer.get_bytes] without a
 * copy.
 *
 * One call at a time may write to a buffer.
 *
 * Since: 1.0
 */
struct _LfbBuffer {
  GObject parent_instance;

  gpointer data;
  gsize size;
  GObject *owner;
  gboolean is_own;
};

enum {
  PROP_0,
  PROP_SIZE,
  PROP_ADDRESS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LfbBuffer, lfb_buffer, G_TYPE_OBJECT)

static void
lfb_buffer_finalize (GObject *object)
{
  LfbBuffer *self = LFB_BUFFER (object);

  if (self->is_own)
    free (self->data);
  g_clear_object (&self->owner);

  G_OBJECT_CLASS (lfb_buffer_parent_class)->finalize (object);
}

static void
lfb_buffer_get_property (GObject    *object,
                         guint       prop_id,
                         GValue     *value,
                         GParamSpec *pspec)
{
  LfbBuffer *self = LFB_BUFFER (object);

  switch (prop_id)
    {
    case PROP_SIZE:
      g_value_set_uint64 (value, self->size);
      break;
    case PROP_ADDRESS:
      g_value_set_uint64 (value, lfb_buffer_get_address (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
lfb_buffer_class_init (LfbBufferClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = lfb_buffer_finalize;
  object_class->get_property = lfb_buffer_get_property;

  /**
   * LfbBuffer:size: (getter get_size)
   *
   * How many bytes there are.
   *
   * Since: 1.0
   */
  properties[PROP_SIZE] =
    g_param_spec_uint64 ("size", NULL, NULL, 0, G_MAXUINT64, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * LfbBuffer:address: (getter get_address)
   *
   * Where they are.
   *
   * Since: 1.0
   */
  properties[PROP_ADDRESS] =
    g_param_spec_uint64 ("address", NULL, NULL, 0, G_MAXUINT64, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

/* A bare object, as g_object_new () makes it, has no bytes. */
static void
lfb_buffer_init (LfbBuffer *self)
{
}

/**
 * lfb_buffer_new:
 * @size: how many bytes
 * @error: return location for a `GError`
 *
 * Allocates a buffer, aligned for every kernel and filled with zeros.
 *
 * Returns: (transfer full): a new buffer, or %NULL with %LFB_ERROR_RANGE if
 *   there is no memory for it
 *
 * Since: 1.0
 */
LfbBuffer *
lfb_buffer_new (gsize    size,
                GError **error)
{
  LfbBuffer *self;
  gpointer data = NULL;

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (size < G_MAXSSIZE - ALIGNMENT)
    data = aligned_alloc (ALIGNMENT, MAX ((size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT, ALIGNMENT));
  if (data == NULL)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE,
                   "There is no memory for a buffer of %" G_GSIZE_FORMAT " bytes", size);
      return NULL;
    }
  memset (data, 0, size);

  self = g_object_new (LFB_TYPE_BUFFER, NULL);
  self->data = data;
  self->size = size;
  self->is_own = TRUE;

  return self;
}

/**
 * lfb_buffer_new_for_pointer: (constructor)
 * @address: where the memory is
 * @size: how many bytes may be written there
 * @owner: (nullable): what keeps the memory alive; held until the buffer and
 *   all that shares its bytes are gone. %NULL for memory that outlives them
 * @error: return location for a `GError`
 *
 * Makes a buffer of memory that belongs to something else.
 *
 * Returns: (transfer full): a new buffer, or %NULL with %LFB_ERROR_ARGUMENT if
 *   no memory can be there
 *
 * Since: 1.0
 */
LfbBuffer *
lfb_buffer_new_for_pointer (guint64    address,
                            gsize      size,
                            GObject   *owner,
                            GError   **error)
{
  LfbBuffer *self;

  g_return_val_if_fail (owner == NULL || G_IS_OBJECT (owner), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if ((address == 0 && size > 0) || address > G_MAXSIZE || size > G_MAXSIZE - (gsize) address)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                   "There are no %" G_GSIZE_FORMAT " bytes at address %" G_GUINT64_FORMAT, size, address);
      return NULL;
    }

  self = g_object_new (LFB_TYPE_BUFFER, NULL);
  self->data = GSIZE_TO_POINTER (address);
  self->size = size;
  if (owner != NULL)
    self->owner = g_object_ref (owner);

  return self;
}

/**
 * lfb_buffer_get_size: (get-property size)
 * @self: a buffer
 *
 * Gets how many bytes there are.
 *
 * Returns: the number of bytes
 *
 * Since: 1.0
 */
gsize
lfb_buffer_get_size (LfbBuffer *self)
{
  g_return_val_if_fail (LFB_IS_BUFFER (self), 0);

  return self->size;
}

/**
 * lfb_buffer_get_address: (get-property address)
 * @self: a buffer
 *
 * Gets where the bytes are. They stay there as long as the buffer exists.
 *
 * Returns: the address
 *
 * Since: 1.0
 */
guint64
lfb_buffer_get_address (LfbBuffer *self)
{
  g_return_val_if_fail (LFB_IS_BUFFER (self), 0);

  return GPOINTER_TO_SIZE (self->data);
}

/**
 * lfb_buffer_get_data: (skip)
 * @self: a buffer
 * @size: (out) (optional): how many bytes there are
 *
 * Gets the bytes themselves.
 *
 * Returns: (nullable): the first byte
 *
 * Since: 1.0
 */
gpointer
lfb_buffer_get_data (LfbBuffer *self,
                     gsize     *size)
{
  g_return_val_if_fail (LFB_IS_BUFFER (self), NULL);

  if (size != NULL)
    *size = self->size;

  return self->data;
}

/**
 * lfb_buffer_get_bytes:
 * @self: a buffer
 *
 * Gets a view of the bytes, without a copy: unlike other `GBytes`, it changes
 * when the buffer is written to. It keeps the buffer alive.
 *
 * Returns: (transfer full): the bytes
 *
 * Since: 1.0
 */
GBytes *
lfb_buffer_get_bytes (LfbBuffer *self)
{
  g_return_val_if_fail (LFB_IS_BUFFER (self), NULL);

  return g_bytes_new_with_free_func (self->data, self->size, g_object_unref, g_object_ref (self));
}
