/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The constructors of values. */

#include <lowerfb/core/lfb-hash-private.h>
#include <lowerfb/core/lfb-value-private.h>

#include <string.h>

/**
 * lfb_value_for_none: (constructor)
 *
 * Python's `None`.
 *
 * Returns: (transfer full): a new value
 *
 * Since: 1.0
 */
LfbValue *
lfb_value_for_none (void)
{
  return _lfb_value_alloc (LFB_VALUE_KIND_NONE);
}

/**
 * lfb_value_for_bool: (constructor)
 * @value: a truth value
 *
 * A truth value.
 *
 * Returns: (transfer full): a new value
 *
 * Since: 1.0
 */
LfbValue *
lfb_value_for_bool (gboolean value)
{
  LfbValue *self = _lfb_value_alloc (LFB_VALUE_KIND_BOOL);

  self->integer = value ? 1 : 0;

  return self;
}

/**
 * lfb_value_for_int: (constructor)
 * @value: an integer
 *
 * An integer.
 *
 * Returns: (transfer full): a new value
 *
 * Since: 1.0
 */
LfbValue *
lfb_value_for_int (gint64 value)
{
  LfbValue *self = _lfb_value_alloc (LFB_VALUE_KIND_INT);

  self->integer = value;

  return self;
}

/**
 * lfb_value_for_double: (constructor)
 * @value: a float, infinities and NaN included
 *
 * A float.
 *
 * Returns: (transfer full): a new value
 *
 * Since: 1.0
 */
LfbValue *
lfb_value_for_double (double value)
{
  LfbValue *self = _lfb_value_alloc (LFB_VALUE_KIND_DOUBLE);

  self->number = value;

  return self;
}

static LfbValue *
value_for_text (LfbValueKind  kind,
                const char   *text)
{
  LfbValue *self = _lfb_value_alloc (kind);

  self->string = g_strdup (text);

  return self;
}

/**
 * lfb_value_for_string: (constructor)
 * @value: a text in UTF-8
 *
 * A text.
 *
 * Returns: (transfer full): a new value
 *
 * Since: 1.0
 */
LfbValue *
lfb_value_for_string (const char *value)
{
  g_return_val_if_fail (value != NULL, NULL);

  return value_for_text (LFB_VALUE_KIND_STRING, value);
}

/**
 * lfb_value_for_dtype: (constructor)
 * @value: an element type
 *
 * An element type, as in `torch.quint8`.
 *
 * Returns: (transfer full): a new value
 *
 * Since: 1.0
 */
LfbValue *
lfb_value_for_dtype (LfbDType value)
{
  LfbValue *self;

  g_return_val_if_fail (lfb_dtype_to_string (value) != NULL, NULL);

  self = _lfb_value_alloc (LFB_VALUE_KIND_DTYPE);
  self->integer = value;

  return self;
}

/**
 * lfb_value_for_qscheme: (constructor)
 * @value: a quantization scheme
 *
 * A quantization scheme, as in `torch.per_tensor_affine`.
 *
 * Returns: (transfer full): a new value
 *
 * Since: 1.0
 */
LfbValue *
lfb_value_for_qscheme (LfbQScheme value)
{
  LfbValue *self;

  g_return_val_if_fail (lfb_qscheme_to_string (value) != NULL, NULL);

  self = _lfb_value_alloc (LFB_VALUE_KIND_QSCHEME);
  self->integer = value;

  return self;
}

/**
 * lfb_value_for_memory_format: (constructor)
 * @value: a memory format
 *
 * A memory format, as in `torch.channels_last`.
 *
 * Returns: (transfer full): a new value
 *
 * Since: 1.0
 */
LfbValue *
lfb_value_for_memory_format (LfbMemoryFormat value)
{
  LfbValue *self;

  g_return_val_if_fail (lfb_memory_format_to_string (value) != NULL, NULL);

  self = _lfb_value_alloc (LFB_VALUE_KIND_MEMORY_FORMAT);
  self->integer = value;

  return self;
}

/**
 * lfb_value_for_device: (constructor)
 * @name: a device, such as `cpu`
 *
 * A device.
 *
 * Returns: (transfer full): a new value
 *
 * Since: 1.0
 */
LfbValue *
lfb_value_for_device (const char *name)
{
  g_return_val_if_fail (name != NULL, NULL);

  return value_for_text (LFB_VALUE_KIND_DEVICE, name);
}

/**
 * lfb_value_for_type: (constructor)
 * @name: the dotted name of a class, such as `torch.nn.Linear`
 *
 * A Python class.
 *
 * Returns: (transfer full): a new value
 *
 * Since: 1.0
 */
LfbValue *
lfb_value_for_type (const char *name)
{
  g_return_val_if_fail (name != NULL, NULL);

  return value_for_text (LFB_VALUE_KIND_TYPE, name);
}

/**
 * lfb_value_for_ellipsis: (constructor)
 *
 * The `...` of an index.
 *
 * Returns: (transfer full): a new value
 *
 * Since: 1.0
 */
LfbValue *
lfb_value_for_ellipsis (void)
{
  return _lfb_value_alloc (LFB_VALUE_KIND_ELLIPSIS);
}

/**
 * lfb_value_for_node: (constructor)
 * @node: a node
 *
 * The result of a node.
 *
 * Returns: (transfer full): a new value
 *
 * Since: 1.0
 */
LfbValue *
lfb_value_for_node (LfbNode *node)
{
  LfbValue *self;

  g_return_val_if_fail (G_IS_OBJECT (node), NULL);

  self = _lfb_value_alloc (LFB_VALUE_KIND_NODE);
  self->object = g_object_ref ((GObject *) node);

  return self;
}

/**
 * lfb_value_for_tensor: (constructor)
 * @tensor: a tensor
 *
 * A constant tensor.
 *
 * Returns: (transfer full): a new value
 *
 * Since: 1.0
 */
LfbValue *
lfb_value_for_tensor (LfbTensor *tensor)
{
  LfbValue *self;

  g_return_val_if_fail (LFB_IS_TENSOR (tensor), NULL);

  self = _lfb_value_alloc (LFB_VALUE_KIND_TENSOR);
  self->object = g_object_ref ((GObject *) tensor);

  return self;
}

/* Takes references of @items. */
static LfbValue *
alloc_items (LfbValueKind   kind,
             guint          depth,
             LfbValue     **items,
             gsize          n_items)
{
  LfbValue *self = _lfb_value_alloc (kind);

  self->depth = depth;
  self->nested = g_slice_alloc (_lfb_value_items_size (n_items));
  self->nested->n_items = n_items;
  self->nested->keys = NULL;
  self->nested->class_name = NULL;
  for (gsize i = 0; i < n_items; i++)
    self->nested->items[i] = lfb_value_ref (items[i]);

  return self;
}

/* The nest may not get too deep to be walked by recursion; a file that is nested
 * deeper is refused before it comes here.
 */
static LfbValue *
value_for_items (LfbValueKind   kind,
                 LfbValue     **items,
                 gsize          n_items)
{
  guint depth = 0;

  for (gsize i = 0; i < n_items; i++)
    {
      g_return_val_if_fail (items[i] != NULL, NULL);
      depth = MAX (depth, items[i]->depth);
    }
  g_return_val_if_fail (depth < LFB_VALUE_MAX_DEPTH, NULL);

  return alloc_items (kind, depth + 1, items, n_items);
}

/* Most nodes have no arguments by name, and some none at all: nobody can tell
 * one empty value from another.
 */
static LfbValue *
empty_value (LfbValueKind kind)
{
  static LfbValue *values[LFB_VALUE_KIND_PACKED];
  LfbValue *self;

  if (g_once_init_enter (&values[kind]))
    {
      self = value_for_items (kind, NULL, 0);
      if (kind == LFB_VALUE_KIND_DICT)
        self->nested->keys = g_new0 (char *, 1);
      g_once_init_leave (&values[kind], self);
    }

  return lfb_value_ref (values[kind]);
}

/**
 * lfb_value_for_list: (constructor)
 * @items: (array length=n_items) (nullable): the items
 * @n_items: how many items
 *
 * A list. Nests deeper than [const@Lfb.VALUE_MAX_DEPTH] are refused.
 *
 * Returns: (transfer full): a new value
 *
 * Since: 1.0
 */
LfbValue *
lfb_value_for_list (LfbValue **items,
                    gsize      n_items)
{
  g_return_val_if_fail (items != NULL || n_items == 0, NULL);

  return value_for_items (LFB_VALUE_KIND_LIST, items, n_items);
}

/**
 * lfb_value_for_tuple: (constructor)
 * @items: (array length=n_items) (nullable): the items
 * @n_items: how many items
 *
 * A tuple. Nests deeper than [const@Lfb.VALUE_MAX_DEPTH] are refused.
 *
 * Returns: (transfer full): a new value
 *
 * Since: 1.0
 */
LfbValue *
lfb_value_for_tuple (LfbValue **items,
                     gsize      n_items)
{
  g_return_val_if_fail (items != NULL || n_items == 0, NULL);

  if (n_items == 0)
    return empty_value (LFB_VALUE_KIND_TUPLE);

  return value_for_items (LFB_VALUE_KIND_TUPLE, items, n_items);
}

/**
 * lfb_value_for_ints: (constructor)
 * @items: (array length=n_items) (nullable): integers
 * @n_items: how many integers
 *
 * A tuple of integers, as strides and paddings are.
 *
 * Returns: (transfer full): a new value
 *
 * Since: 1.0
 */
LfbValue *
lfb_value_for_ints (const gint64 *items,
                    gsize         n_items)
{
  g_autofree LfbValue **values = NULL;
  LfbValue *self;

  g_return_val_if_fail (items != NULL || n_items == 0, NULL);

  values = g_new (LfbValue *, n_items);
  for (gsize i = 0; i < n_items; i++)
    values[i] = lfb_value_for_int (items[i]);
  self = lfb_value_for_tuple (values, n_items);
  for (gsize i = 0; i < n_items; i++)
    lfb_value_unref (values[i]);

  return self;
}

/**
 * lfb_value_for_dict: (constructor)
 * @keys: (array zero-terminated=1) (nullable): the names, as many as there are
 *   items, each once, and %NULL behind them
 * @items: (array length=n_items) (nullable): the items
 * @n_items: how many items
 *
 * A dictionary from texts to values; it keeps the order.
 *
 * Returns: (transfer full): a new value
 *
 * Since: 1.0
 */
LfbValue *
lfb_value_for_dict (const char * const *keys,
                    LfbValue          **items,
                    gsize               n_items)
{
  g_autoptr (GHashTable) seen = NULL;
  LfbValue *self;

  g_return_val_if_fail (items != NULL || n_items == 0, NULL);
  g_return_val_if_fail ((keys != NULL ? g_strv_length ((char **) keys) : 0) == n_items, NULL);

  if (n_items == 0)
    return empty_value (LFB_VALUE_KIND_DICT);

  seen = g_hash_table_new (_lfb_str_hash, g_str_equal);
  for (gsize i = 0; i < n_items; i++)
    g_return_val_if_fail (g_hash_table_add (seen, (gpointer) keys[i]), NULL);

  self = value_for_items (LFB_VALUE_KIND_DICT, items, n_items);
  if (self == NULL)
    return NULL;
  self->nested->keys = g_strdupv ((char **) keys);

  return self;
}

/**
 * lfb_value_for_slice: (constructor)
 * @start: (nullable): the first index; %NULL for none
 * @stop: (nullable): the index to stop before; %NULL for none
 * @step: (nullable): the step; %NULL for none
 *
 * A slice, as in `x[start:stop:step]`.
 *
 * Returns: (transfer full): a new value
 *
 * Since: 1.0
 */
LfbValue *
lfb_value_for_slice (LfbValue *start,
                     LfbValue *stop,
                     LfbValue *step)
{
  g_autoptr (LfbValue) none = lfb_value_for_none ();
  LfbValue *items[] = {
    start != NULL ? start : none,
    stop != NULL ? stop : none,
    step != NULL ? step : none,
  };

  return value_for_items (LFB_VALUE_KIND_SLICE, items, G_N_ELEMENTS (items));
}

/**
 * lfb_value_for_packed: (constructor)
 * @class_name: the class PyTorch has for it: `LinearPackedParamsBase`,
 *   `Conv2dPackedParamsBase` or `Conv3dPackedParamsBase`
 * @parts: a dictionary of the unpacked parts: `weight`, `bias`, and for
 *   convolutions `stride`, `padding`, `dilation`, `groups`, `output_padding`
 *   and `transpose`
 *
 * A prepacked weight. It is portable: the layout for the CPU at hand is made
 * when it is run.
 *
 * Returns: (transfer full): a new value
 *
 * Since: 1.0
 */
LfbValue *
lfb_value_for_packed (const char *class_name,
                      LfbValue   *parts)
{
  LfbValue *self;

  g_return_val_if_fail (class_name != NULL, NULL);
  g_return_val_if_fail (parts != NULL, NULL);
  g_return_val_if_fail (parts->kind == LFB_VALUE_KIND_DICT, NULL);

  self = _lfb_value_with_items (parts, parts->nested->items);
  self->kind = LFB_VALUE_KIND_PACKED;
  self->nested->class_name = g_strdup (class_name);

  return self;
}

/* Of the kind of @self, with its keys and class, and other items. */
LfbValue *
_lfb_value_with_items (LfbValue  *self,
                       LfbValue **items)
{
  LfbValue *copy = alloc_items (self->kind, self->depth, items, self->nested->n_items);

  copy->nested->class_name = g_strdup (self->nested->class_name);
  copy->nested->keys = g_strdupv (self->nested->keys);

  return copy;
}

/* Of the kind and class of @self, with other keys, which are taken, and items. */
static LfbValue *
with_keys (LfbValue  *self,
           char     **keys,
           LfbValue **items,
           gsize      n_items)
{
  LfbValue *copy = value_for_items (self->kind, items, n_items);

  copy->nested->class_name = g_strdup (self->nested->class_name);
  copy->nested->keys = keys;

  return copy;
}

static gsize
find_key (LfbValue   *self,
          const char *key)
{
  gsize index = 0;

  while (index < self->nested->n_items && !g_str_equal (self->nested->keys[index], key))
    index++;

  return index;
}

/**
 * lfb_value_with_item:
 * @self: a dictionary or packed weight
 * @key: the name of an item
 * @item: the item
 *
 * A copy in which @key stands for @item: in the place of the item of that name,
 * or else at the end.
 *
 * Returns: (transfer full): a new value
 *
 * Since: 1.0
 */
LfbValue *
lfb_value_with_item (LfbValue   *self,
                     const char *key,
                     LfbValue   *item)
{
  g_autofree LfbValue **items = NULL;
  char **keys;
  gsize index, n_items;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (self->kind == LFB_VALUE_KIND_DICT || self->kind == LFB_VALUE_KIND_PACKED, NULL);
  g_return_val_if_fail (key != NULL, NULL);
  g_return_val_if_fail (item != NULL, NULL);
  g_return_val_if_fail (item->depth < LFB_VALUE_MAX_DEPTH, NULL);

  index = find_key (self, key);
  n_items = MAX (self->nested->n_items, index + 1);
  items = g_new (LfbValue *, n_items);
  keys = g_new (char *, n_items + 1);
  for (gsize i = 0; i < n_items; i++)
    {
      items[i] = i == index ? item : self->nested->items[i];
      keys[i] = g_strdup (i == index ? key : self->nested->keys[i]);
    }
  keys[n_items] = NULL;

  return with_keys (self, keys, items, n_items);
}

/**
 * lfb_value_without_item:
 * @self: a dictionary or packed weight
 * @key: the name of an item
 *
 * A copy without the item of that name; @self again if it has none.
 *
 * Returns: (transfer full): a value
 *
 * Since: 1.0
 */
LfbValue *
lfb_value_without_item (LfbValue   *self,
                        const char *key)
{
  g_autofree LfbValue **items = NULL;
  char **keys;
  gsize index, n_items = 0;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (self->kind == LFB_VALUE_KIND_DICT || self->kind == LFB_VALUE_KIND_PACKED, NULL);
  g_return_val_if_fail (key != NULL, NULL);

  index = find_key (self, key);
  if (index == self->nested->n_items)
    return lfb_value_ref (self);

  items = g_new (LfbValue *, self->nested->n_items);
  keys = g_new (char *, self->nested->n_items);
  for (gsize i = 0; i < self->nested->n_items; i++)
    {
      if (i == index)
        continue;
      items[n_items] = self->nested->items[i];
      keys[n_items++] = g_strdup (self->nested->keys[i]);
    }
  keys[n_items] = NULL;

  return with_keys (self, keys, items, n_items);
}
