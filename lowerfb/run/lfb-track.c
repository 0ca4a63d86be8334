/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-track-private.h. Used by the thread that runs the graph alone. */

#include <lowerfb/run/lfb-track-private.h>

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-call-private.h>

#include <string.h>

/* What several names show; @version counts the writes. */
typedef struct
{
  LfbTensor *elements;
  guint version;
} Storage;

/* Of a tensor: the storage, and the place of each element in it; %NULL: all in
 * order. Of a list, a tuple or a dict: its items. Of other values nothing.
 */
struct _LfbTrack {
  Storage *storage;
  LfbTensor *places;
  guint version;

  LfbTrack **items;
  gsize n_items;
};

static void
storage_clear (gpointer data)
{
  Storage *self = data;

  g_clear_object (&self->elements);
}

void
lfb_track_free (LfbTrack *self)
{
  if (self == NULL)
    return;

  for (gsize i = 0; i < self->n_items; i++)
    lfb_track_free (self->items[i]);
  if (self->storage != NULL)
    g_rc_box_release_full (self->storage, storage_clear);
  g_clear_object (&self->places);
  g_free (self->items);
  g_free (self);
}

static gboolean
has_items (LfbValue *value)
{
  return lfb_value_is_sequence (value) || lfb_value_get_kind (value) == LFB_VALUE_KIND_DICT;
}

static LfbTrack *
track_for_items (gsize n_items)
{
  LfbTrack *self = g_new0 (LfbTrack, 1);

  self->n_items = n_items;
  self->items = g_new0 (LfbTrack *, n_items);

  return self;
}

LfbTrack *
lfb_track_new (LfbValue *value)
{
  LfbTrack *self;

  if (has_items (value))
    {
      self = track_for_items (lfb_value_get_n_items (value));
      for (gsize i = 0; i < self->n_items; i++)
        self->items[i] = lfb_track_new (lfb_value_get_item (value, i));
      return self;
    }

  self = g_new0 (LfbTrack, 1);
  if (lfb_value_get_kind (value) == LFB_VALUE_KIND_TENSOR)
    {
      self->storage = g_rc_box_new0 (Storage);
      self->storage->elements = g_object_ref (lfb_value_get_tensor (value));
    }

  return self;
}

LfbTrack *
lfb_track_copy (const LfbTrack *self)
{
  LfbTrack *copy = track_for_items (self->n_items);

  for (gsize i = 0; i < self->n_items; i++)
    copy->items[i] = lfb_track_copy (self->items[i]);
  copy->storage = self->storage != NULL ? g_rc_box_acquire (self->storage) : NULL;
  copy->places = self->places != NULL ? g_object_ref (self->places) : NULL;
  copy->version = self->version;

  return copy;
}

LfbTrack *
lfb_track_look (const LfbTrack *of,
                LfbValue       *places)
{
  LfbTrack *self;

  if (has_items (places))
    {
      self = track_for_items (lfb_value_get_n_items (places));
      for (gsize i = 0; i < self->n_items; i++)
        self->items[i] = lfb_track_look (of, lfb_value_get_item (places, i));
      return self;
    }

  self = g_new0 (LfbTrack, 1);
  if (lfb_value_get_kind (places) == LFB_VALUE_KIND_TENSOR)
    {
      self->storage = g_rc_box_acquire (of->storage);
      self->places = g_object_ref (lfb_value_get_tensor (places));
      self->version = self->storage->version;
    }

  return self;
}

gboolean
lfb_track_is_tensor (const LfbTrack *self)
{
  return self->storage != NULL;
}

LfbTensor *
lfb_track_get_places (const LfbTrack  *self,
                      GError         **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;

  if (self->places != NULL)
    return g_object_ref (self->places);
  if (!lfb_array_init_like (&array, LFB_DTYPE_INT64, self->storage->elements, error))
    return NULL;
  for (gsize i = 0; i < array.n_elements; i++)
    ((gint64 *) array.data)[i] = i;

  return lfb_array_seal (&array, error);
}

static LfbValue *
like (LfbValue  *value,
      LfbValue **items,
      gsize      n_items)
{
  g_autofree const char **keys = NULL;

  switch (lfb_value_get_kind (value))
    {
    case LFB_VALUE_KIND_LIST:
      return lfb_value_for_list (items, n_items);
    case LFB_VALUE_KIND_TUPLE:
      return lfb_value_for_tuple (items, n_items);
    default:
      keys = g_new0 (const char *, n_items + 1);
      for (gsize i = 0; i < n_items; i++)
        keys[i] = lfb_value_get_key (value, i);
      return lfb_value_for_dict (keys, items, n_items);
    }
}

static void
unref_value (gpointer value)
{
  if (value != NULL)
    lfb_value_unref (value);
}

static LfbValue *
number_items (const LfbTrack  *self,
              LfbValue        *value,
              gint64          *next,
              GError         **error)
{
  g_autoptr (GPtrArray) items = NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;

  if (self->storage != NULL)
    {
      if (!lfb_array_init (&array, LFB_DTYPE_INT64, NULL, 0, error))
        return NULL;
      *(gint64 *) array.data = (*next)++;
      return lfb_value_take_tensor (lfb_array_seal (&array, error));
    }
  if (!has_items (value))
    return lfb_value_ref (value);

  items = g_ptr_array_new_with_free_func (unref_value);
  for (gsize i = 0; i < self->n_items; i++)
    {
      LfbValue *item = number_items (self->items[i], lfb_value_get_item (value, i), next, error);

      if (item == NULL)
        return NULL;
      g_ptr_array_add (items, item);
    }

  return like (value, (LfbValue **) items->pdata, items->len);
}

LfbValue *
lfb_track_number (const LfbTrack  *self,
                  LfbValue        *value,
                  GError         **error)
{
  gint64 next = 0;

  return number_items (self, value, &next, error);
}

static const LfbTrack *
find_numbered (const LfbTrack *self,
               gint64         *left)
{
  if (self->storage != NULL)
    return (*left)-- == 0 ? self : NULL;

  for (gsize i = 0; i < self->n_items; i++)
    {
      const LfbTrack *found = find_numbered (self->items[i], left);

      if (found != NULL)
        return found;
    }

  return NULL;
}

LfbTrack *
lfb_track_pick (const LfbTrack *self,
                LfbValue       *numbers,
                LfbValue       *value)
{
  LfbTrack *picked;
  gint64 left;

  if (lfb_value_get_kind (numbers) == LFB_VALUE_KIND_TENSOR)
    {
      left = lfb_tensor_read_int (lfb_value_get_tensor (numbers), 0);
      return lfb_track_copy (find_numbered (self, &left));
    }
  if (!has_items (numbers))
    return lfb_track_new (value);

  picked = track_for_items (lfb_value_get_n_items (numbers));
  for (gsize i = 0; i < picked->n_items; i++)
    picked->items[i] = lfb_track_pick (self, lfb_value_get_item (numbers, i), lfb_value_get_item (value, i));

  return picked;
}

/* A write to a part of quantized elements keeps the scale that the rest has. */
static gboolean
check_alike (LfbTensor  *own,
             LfbTensor  *elements,
             GError    **error)
{
  if (!lfb_check_movable ("input", own, error) || !lfb_check_movable ("input", elements, error))
    return FALSE;
  if (lfb_tensor_get_dtype (own) == lfb_tensor_get_dtype (elements) &&
      (!lfb_tensor_is_quantized (own) || (lfb_tensor_get_scale (own) == lfb_tensor_get_scale (elements) &&
                                          lfb_tensor_get_zero_point (own) == lfb_tensor_get_zero_point (elements))))
    return TRUE;

  g_set_error_literal (error, LFB_ERROR, LFB_ERROR_DTYPE,
                       "what is written in place and the tensor that it is a part of have other types or scales");
  return FALSE;
}

gboolean
lfb_track_write (LfbTrack   *self,
                 LfbTensor  *places,
                 LfbTensor  *elements,
                 gboolean    once,
                 GError    **error)
{
  LfbTensor *own = self->storage->elements;
  g_autofree guint8 *written = NULL;
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  const gint64 *to;
  const char *from, *old = lfb_tensor_get_data (own, NULL);
  LfbTensor *result;
  gsize n, size;

  if (places == NULL)
    places = self->places;
  if (places == NULL)
    {
      g_set_object (&self->storage->elements, elements);
      self->version = ++self->storage->version;
      return TRUE;
    }

  if (!check_alike (own, elements, error) ||
      !lfb_array_init_like (&array, lfb_tensor_get_dtype (own), own, error))
    return FALSE;
  n = lfb_tensor_get_n_elements (places);
  size = lfb_dtype_size (lfb_tensor_get_dtype (own));
  to = lfb_tensor_get_data (places, NULL);
  from = lfb_tensor_get_data (elements, NULL);
  written = lfb_try_alloc (MAX (array.n_elements, 1), 1, error);
  if (written == NULL)
    return FALSE;
  memset (written, 0, array.n_elements);
  lfb_array_copy (&array, own);
  for (gsize i = 0; i < n; i++)
    {
      char *element = (char *) array.data + to[i] * size;

      if (!once && memcmp (old + to[i] * size, from + i * size, size) == 0)
        continue;
      if (written[to[i]] && (once || memcmp (element, from + i * size, size) != 0))
        {
          g_set_error_literal (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                               "an element that is written in place stands for several of the tensor, as after expand ()");
          return FALSE;
        }
      written[to[i]] = TRUE;
      memcpy (element, from + i * size, size);
    }

  result = lfb_array_seal_like (&array, own, error);
  if (result == NULL)
    return FALSE;
  g_object_unref (own);
  self->storage->elements = result;
  self->storage->version++;

  return TRUE;
}

void
lfb_track_set_updated (LfbTrack *self)
{
  if (self->storage != NULL)
    self->version = self->storage->version;
}

static LfbTensor *
look_up (LfbTensor  *elements,
         LfbTensor  *places,
         GError    **error)
{
  g_auto (LfbArray) array = LFB_ARRAY_INIT;
  const gint64 *at = lfb_tensor_get_data (places, NULL);
  const char *from = lfb_tensor_get_data (elements, NULL);
  gsize size;

  if (!lfb_check_movable ("input", elements, error) ||
      !lfb_array_init_like (&array, lfb_tensor_get_dtype (elements), places, error))
    return NULL;
  size = lfb_dtype_size (lfb_tensor_get_dtype (elements));
  for (gsize i = 0; i < array.n_elements; i++)
    memcpy ((char *) array.data + i * size, from + at[i] * size, size);

  return lfb_array_seal_like (&array, elements, error);
}

gboolean
lfb_track_update (LfbTrack   *self,
                  LfbValue  **value,
                  GError    **error)
{
  g_autoptr (GPtrArray) items = NULL;
  gboolean changed = FALSE;
  LfbValue *made;

  if (self->storage != NULL)
    {
      if (self->version == self->storage->version)
        return TRUE;
      made = self->places == NULL
               ? lfb_value_for_tensor (self->storage->elements)
               : lfb_value_take_tensor (look_up (self->storage->elements, self->places, error));
      if (made == NULL)
        return FALSE;
      self->version = self->storage->version;
    }
  else
    {
      items = g_ptr_array_new_with_free_func (unref_value);
      for (gsize i = 0; i < self->n_items; i++)
        {
          LfbValue *item = lfb_value_ref (lfb_value_get_item (*value, i)), *old = item;
          gboolean done = lfb_track_update (self->items[i], &item, error);

          changed |= item != old;
          g_ptr_array_add (items, item);
          if (!done)
            return FALSE;
        }
      if (!changed)
        return TRUE;
      made = like (*value, (LfbValue **) items->pdata, items->len);
    }

  lfb_value_unref (*value);
  *value = made;

  return TRUE;
}

gboolean
lfb_places_are_strided (LfbTensor *places)
{
  gsize n_dims, n = lfb_tensor_get_n_elements (places);
  const gint64 *shape = lfb_tensor_get_shape (places, &n_dims), *at = lfb_tensor_get_data (places, NULL);
  gint64 strides[LFB_TENSOR_MAX_DIMS];

  lfb_shape_strides (shape, n_dims, strides);
  for (gsize dim = 0; dim < n_dims; dim++)
    for (gsize i = 0; i < n && shape[dim] > 1; i++)
      if (i / strides[dim] % shape[dim] > 0 && at[i] - at[i - strides[dim]] != at[strides[dim]] - at[0])
        return FALSE;

  return TRUE;
}

gboolean
lfb_places_are_row_major (LfbTensor *places)
{
  const gint64 *at = lfb_tensor_get_data (places, NULL);

  for (gsize i = 1; i < (gsize) lfb_tensor_get_n_elements (places); i++)
    if (at[i] != at[0] + (gint64) i)
      return FALSE;

  return TRUE;
}
