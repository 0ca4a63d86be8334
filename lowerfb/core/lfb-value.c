/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A value is a small immutable tree. It holds everything that PyTorch writes
 * into the arguments of a graph's nodes, and that neither GValue nor GVariant
 * can carry through introspection: nodes, tensors, element types, the
 * difference between a list and a tuple, and that between 3 and 3.0.
 */

#include <lowerfb/core/lfb-value-private.h>

#include <string.h>

/**
 * LfbValue:
 *
 * One argument of a node: a number, a text, a tensor, the result of another
 * node, or a list, tuple or dictionary of such values.
 *
 * Values are immutable and counted by reference. They can be used from several
 * threads at once, except that the nodes they refer to belong to one graph.
 *
 * Since: 1.0
 */

G_DEFINE_BOXED_TYPE (LfbValue, lfb_value, lfb_value_ref, lfb_value_unref)

LfbValue *
_lfb_value_alloc (LfbValueKind kind)
{
  LfbValue *self = g_slice_new0 (LfbValue);

  self->ref_count = 1;
  self->kind = kind;

  return self;
}

/**
 * lfb_value_ref:
 * @self: a value
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
LfbValue *
lfb_value_ref (LfbValue *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_int_inc (&self->ref_count);

  return self;
}

static void
free_items (LfbValueItems *nested)
{
  for (gsize i = 0; i < nested->n_items; i++)
    lfb_value_unref (nested->items[i]);
  g_strfreev (nested->keys);
  g_free (nested->class_name);
  g_slice_free1 (_lfb_value_items_size (nested->n_items), nested);
}

/* Depth is bounded by LFB_VALUE_MAX_DEPTH, so this recursion is too. */
static void
lfb_value_free (LfbValue *self)
{
  switch ((LfbValueKind) self->kind)
    {
    case LFB_VALUE_KIND_NODE:
    case LFB_VALUE_KIND_TENSOR:
      g_object_unref (self->object);
      break;
    case LFB_VALUE_KIND_STRING:
    case LFB_VALUE_KIND_DEVICE:
    case LFB_VALUE_KIND_TYPE:
      g_free (self->string);
      break;
    case LFB_VALUE_KIND_LIST:
    case LFB_VALUE_KIND_TUPLE:
    case LFB_VALUE_KIND_DICT:
    case LFB_VALUE_KIND_SLICE:
    case LFB_VALUE_KIND_PACKED:
      free_items (self->nested);
      break;
    case LFB_VALUE_KIND_NONE:
    case LFB_VALUE_KIND_BOOL:
    case LFB_VALUE_KIND_INT:
    case LFB_VALUE_KIND_DOUBLE:
    case LFB_VALUE_KIND_DTYPE:
    case LFB_VALUE_KIND_QSCHEME:
    case LFB_VALUE_KIND_MEMORY_FORMAT:
    case LFB_VALUE_KIND_ELLIPSIS:
    default:
      break;
    }
  g_slice_free (LfbValue, self);
}

/**
 * lfb_value_unref:
 * @self: (transfer full): a value
 *
 * Drops a reference; the last one frees the value.
 *
 * Since: 1.0
 */
void
lfb_value_unref (LfbValue *self)
{
  g_return_if_fail (self != NULL);

  if (g_atomic_int_dec_and_test (&self->ref_count))
    lfb_value_free (self);
}

/**
 * lfb_value_get_kind:
 * @self: a value
 *
 * What the value holds.
 *
 * Returns: the kind
 *
 * Since: 1.0
 */
LfbValueKind
lfb_value_get_kind (LfbValue *self)
{
  g_return_val_if_fail (self != NULL, LFB_VALUE_KIND_NONE);

  return self->kind;
}

/**
 * lfb_value_is_none:
 * @self: a value
 *
 * Whether this is Python's `None`.
 *
 * Returns: whether the value is none
 *
 * Since: 1.0
 */
gboolean
lfb_value_is_none (LfbValue *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->kind == LFB_VALUE_KIND_NONE;
}

/**
 * lfb_value_is_sequence:
 * @self: a value
 *
 * Whether this is a list or a tuple.
 *
 * Returns: whether the value is a sequence
 *
 * Since: 1.0
 */
gboolean
lfb_value_is_sequence (LfbValue *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->kind == LFB_VALUE_KIND_LIST || self->kind == LFB_VALUE_KIND_TUPLE;
}

/**
 * lfb_value_get_bool:
 * @self: a value of kind bool, or an int
 *
 * The truth value; of an int whether it is not 0, as in Python.
 *
 * Returns: the truth value
 *
 * Since: 1.0
 */
gboolean
lfb_value_get_bool (LfbValue *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (self->kind == LFB_VALUE_KIND_BOOL || self->kind == LFB_VALUE_KIND_INT, FALSE);

  return self->integer != 0;
}

/**
 * lfb_value_get_int:
 * @self: a value of kind int or bool
 *
 * The integer; a bool is 0 or 1, as in Python.
 *
 * Returns: the integer
 *
 * Since: 1.0
 */
gint64
lfb_value_get_int (LfbValue *self)
{
  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail (self->kind == LFB_VALUE_KIND_INT || self->kind == LFB_VALUE_KIND_BOOL, 0);

  return self->integer;
}

/**
 * lfb_value_get_double:
 * @self: a value of kind double, int or bool
 *
 * The number as a float.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
double
lfb_value_get_double (LfbValue *self)
{
  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail (self->kind == LFB_VALUE_KIND_DOUBLE || self->kind == LFB_VALUE_KIND_INT ||
                        self->kind == LFB_VALUE_KIND_BOOL, 0);

  return self->kind == LFB_VALUE_KIND_DOUBLE ? self->number : (double) self->integer;
}

/**
 * lfb_value_get_string:
 * @self: a value of kind string, device, type or packed
 *
 * The text, or the name of the device, class or packed class.
 *
 * Returns: (transfer none): the text
 *
 * Since: 1.0
 */
const char *
lfb_value_get_string (LfbValue *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (self->kind == LFB_VALUE_KIND_STRING || self->kind == LFB_VALUE_KIND_DEVICE ||
                        self->kind == LFB_VALUE_KIND_TYPE || self->kind == LFB_VALUE_KIND_PACKED, NULL);

  return self->kind == LFB_VALUE_KIND_PACKED ? self->nested->class_name : self->string;
}

/**
 * lfb_value_get_dtype:
 * @self: a value of kind dtype
 *
 * The element type.
 *
 * Returns: the element type
 *
 * Since: 1.0
 */
LfbDType
lfb_value_get_dtype (LfbValue *self)
{
  g_return_val_if_fail (self != NULL, LFB_DTYPE_FLOAT32);
  g_return_val_if_fail (self->kind == LFB_VALUE_KIND_DTYPE, LFB_DTYPE_FLOAT32);

  return self->integer;
}

/**
 * lfb_value_get_qscheme:
 * @self: a value of kind qscheme
 *
 * The quantization scheme.
 *
 * Returns: the scheme
 *
 * Since: 1.0
 */
LfbQScheme
lfb_value_get_qscheme (LfbValue *self)
{
  g_return_val_if_fail (self != NULL, LFB_QSCHEME_NONE);
  g_return_val_if_fail (self->kind == LFB_VALUE_KIND_QSCHEME, LFB_QSCHEME_NONE);

  return self->integer;
}

/**
 * lfb_value_get_memory_format:
 * @self: a value of kind memory format
 *
 * The memory format.
 *
 * Returns: the format
 *
 * Since: 1.0
 */
LfbMemoryFormat
lfb_value_get_memory_format (LfbValue *self)
{
  g_return_val_if_fail (self != NULL, LFB_MEMORY_FORMAT_CONTIGUOUS);
  g_return_val_if_fail (self->kind == LFB_VALUE_KIND_MEMORY_FORMAT, LFB_MEMORY_FORMAT_CONTIGUOUS);

  return self->integer;
}

/**
 * lfb_value_get_node:
 * @self: a value
 *
 * The node whose result the value stands for.
 *
 * Returns: (transfer none) (nullable): the node; %NULL for other kinds
 *
 * Since: 1.0
 */
LfbNode *
lfb_value_get_node (LfbValue *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->kind == LFB_VALUE_KIND_NODE ? (LfbNode *) self->object : NULL;
}

/**
 * lfb_value_get_tensor:
 * @self: a value
 *
 * The tensor that the value holds.
 *
 * Returns: (transfer none) (nullable): the tensor; %NULL for other kinds
 *
 * Since: 1.0
 */
LfbTensor *
lfb_value_get_tensor (LfbValue *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->kind == LFB_VALUE_KIND_TENSOR ? (LfbTensor *) self->object : NULL;
}

/**
 * lfb_value_get_n_items:
 * @self: a value
 *
 * How many items a list, tuple, dictionary or packed weight has, 3 for a slice.
 *
 * Returns: the number of items; 0 for other kinds
 *
 * Since: 1.0
 */
gsize
lfb_value_get_n_items (LfbValue *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return _lfb_value_has_items (self) ? self->nested->n_items : 0;
}

/**
 * lfb_value_get_item:
 * @self: a value with items
 * @index: which item
 *
 * One item of a list, tuple, dictionary, packed weight or slice (start, stop,
 * step).
 *
 * Returns: (transfer none): the item
 *
 * Since: 1.0
 */
LfbValue *
lfb_value_get_item (LfbValue *self,
                    gsize     index)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (_lfb_value_has_items (self), NULL);
  g_return_val_if_fail (index < self->nested->n_items, NULL);

  return self->nested->items[index];
}

/**
 * lfb_value_get_items:
 * @self: a value
 * @n_items: (out): how many items there are
 *
 * All items of a list, tuple, dictionary, packed weight or slice.
 *
 * Returns: (transfer none) (array length=n_items) (nullable): the items; empty
 *   for other kinds
 *
 * Since: 1.0
 */
LfbValue **
lfb_value_get_items (LfbValue *self,
                     gsize    *n_items)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (n_items != NULL, NULL);

  *n_items = lfb_value_get_n_items (self);
  return _lfb_value_has_items (self) ? self->nested->items : NULL;
}

/**
 * lfb_value_get_key:
 * @self: a dictionary or packed weight
 * @index: which item
 *
 * The name of one item.
 *
 * Returns: (transfer none): the name
 *
 * Since: 1.0
 */
const char *
lfb_value_get_key (LfbValue *self,
                   gsize     index)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (self->kind == LFB_VALUE_KIND_DICT || self->kind == LFB_VALUE_KIND_PACKED, NULL);
  g_return_val_if_fail (index < self->nested->n_items, NULL);

  return self->nested->keys[index];
}

/**
 * lfb_value_lookup:
 * @self: a dictionary or packed weight
 * @key: the name of an item
 *
 * Finds an item by its name.
 *
 * Returns: (transfer none) (nullable): the item, or %NULL if there is none
 *
 * Since: 1.0
 */
LfbValue *
lfb_value_lookup (LfbValue   *self,
                  const char *key)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (self->kind == LFB_VALUE_KIND_DICT || self->kind == LFB_VALUE_KIND_PACKED, NULL);
  g_return_val_if_fail (key != NULL, NULL);

  for (gsize i = 0; i < self->nested->n_items; i++)
    {
      if (g_str_equal (self->nested->keys[i], key))
        return self->nested->items[i];
    }

  return NULL;
}

static gboolean
equal_items (const LfbValueItems *self,
             const LfbValueItems *other)
{
  if (self->n_items != other->n_items)
    return FALSE;

  for (gsize i = 0; i < self->n_items; i++)
    {
      if (self->keys != NULL && !g_str_equal (self->keys[i], other->keys[i]))
        return FALSE;
      if (!lfb_value_equal (self->items[i], other->items[i]))
        return FALSE;
    }

  return TRUE;
}

/**
 * lfb_value_equal:
 * @self: a value
 * @other: another value
 *
 * Whether two values are the same: the same kind (3 is not 3.0, a list is not a
 * tuple), the same numbers bit for bit, equal tensors, the very same nodes, the
 * same items in the same order.
 *
 * Returns: whether the values are equal
 *
 * Since: 1.0
 */
gboolean
lfb_value_equal (LfbValue *self,
                 LfbValue *other)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (other != NULL, FALSE);

  if (self == other)
    return TRUE;
  if (self->kind != other->kind)
    return FALSE;

  switch ((LfbValueKind) self->kind)
    {
    case LFB_VALUE_KIND_DOUBLE:
      return memcmp (&self->number, &other->number, sizeof self->number) == 0;
    case LFB_VALUE_KIND_NODE:
      return self->object == other->object;
    case LFB_VALUE_KIND_TENSOR:
      return lfb_tensor_equal (LFB_TENSOR (self->object), LFB_TENSOR (other->object));
    case LFB_VALUE_KIND_STRING:
    case LFB_VALUE_KIND_DEVICE:
    case LFB_VALUE_KIND_TYPE:
      return g_str_equal (self->string, other->string);
    case LFB_VALUE_KIND_PACKED:
      return g_str_equal (self->nested->class_name, other->nested->class_name) &&
             equal_items (self->nested, other->nested);
    case LFB_VALUE_KIND_LIST:
    case LFB_VALUE_KIND_TUPLE:
    case LFB_VALUE_KIND_DICT:
    case LFB_VALUE_KIND_SLICE:
      return equal_items (self->nested, other->nested);
    case LFB_VALUE_KIND_NONE:
    case LFB_VALUE_KIND_BOOL:
    case LFB_VALUE_KIND_INT:
    case LFB_VALUE_KIND_DTYPE:
    case LFB_VALUE_KIND_QSCHEME:
    case LFB_VALUE_KIND_MEMORY_FORMAT:
    case LFB_VALUE_KIND_ELLIPSIS:
    default:
      return self->integer == other->integer;
    }
}

/**
 * lfb_value_map_nodes: (skip)
 * @self: a value
 * @func: (scope call) (closure user_data): called for each node, in order
 * @user_data: data for @func
 *
 * Visits every node a value refers to, and replaces those for which @func
 * returns something.
 *
 * Returns: (transfer full): @self again if nothing was replaced, else a new value
 *
 * Since: 1.0
 */
LfbValue *
lfb_value_map_nodes (LfbValue         *self,
                     LfbValueNodeFunc  func,
                     gpointer          user_data)
{
  g_autofree LfbValue **mapped = NULL;
  LfbValueItems *nested;
  LfbValue *copy;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (func != NULL, NULL);

  if (self->kind == LFB_VALUE_KIND_NODE)
    {
      LfbValue *replacement = func ((LfbNode *) self->object, user_data);

      return lfb_value_ref (replacement != NULL ? replacement : self);
    }
  if (!_lfb_value_has_items (self))
    return lfb_value_ref (self);

  nested = self->nested;
  for (gsize i = 0; i < nested->n_items; i++)
    {
      LfbValue *item = lfb_value_map_nodes (nested->items[i], func, user_data);

      if (mapped == NULL && item == nested->items[i])
        {
          lfb_value_unref (item);
          continue;
        }
      if (mapped == NULL)
        {
          mapped = g_new (LfbValue *, nested->n_items);
          for (gsize k = 0; k < i; k++)
            mapped[k] = lfb_value_ref (nested->items[k]);
        }
      mapped[i] = item;
    }
  if (mapped == NULL)
    return lfb_value_ref (self);

  copy = _lfb_value_with_items (self, mapped);
  for (gsize i = 0; i < nested->n_items; i++)
    lfb_value_unref (mapped[i]);

  return copy;
}

/**
 * lfb_value_visit_nodes: (skip)
 * @self: a value
 * @func: (scope call) (closure user_data): called for each node, in order
 * @user_data: data for @func
 *
 * Visits every node a value refers to.
 *
 * Since: 1.0
 */
void
lfb_value_visit_nodes (LfbValue          *self,
                       LfbValueVisitFunc  func,
                       gpointer           user_data)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (func != NULL);

  if (self->kind == LFB_VALUE_KIND_NODE)
    {
      func ((LfbNode *) self->object, user_data);
      return;
    }
  for (gsize i = 0; i < lfb_value_get_n_items (self); i++)
    lfb_value_visit_nodes (self->nested->items[i], func, user_data);
}
