/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One argument of a node: a number, a tensor, another node, or a nest of those. */

#pragma once

#include <lowerfb/core/lfb-tensor.h>

G_BEGIN_DECLS

/**
 * LFB_VALUE_MAX_DEPTH:
 *
 * How deeply lists, tuples and dictionaries can be nested.
 */
#define LFB_VALUE_MAX_DEPTH 128

#define LFB_TYPE_VALUE (lfb_value_get_type ())

/**
 * LfbValueKind:
 * @LFB_VALUE_KIND_NONE: Python's `None`
 * @LFB_VALUE_KIND_BOOL: a truth value
 * @LFB_VALUE_KIND_INT: a 64-bit integer
 * @LFB_VALUE_KIND_DOUBLE: a float, infinities and NaN included
 * @LFB_VALUE_KIND_STRING: text
 * @LFB_VALUE_KIND_DTYPE: an element type
 * @LFB_VALUE_KIND_QSCHEME: a quantization scheme
 * @LFB_VALUE_KIND_MEMORY_FORMAT: a memory format
 * @LFB_VALUE_KIND_DEVICE: a device's name, such as `cpu`
 * @LFB_VALUE_KIND_TYPE: the name of a Python class
 * @LFB_VALUE_KIND_ELLIPSIS: `...` in an index
 * @LFB_VALUE_KIND_NODE: the result of a node
 * @LFB_VALUE_KIND_TENSOR: a constant tensor
 * @LFB_VALUE_KIND_LIST: a list of values
 * @LFB_VALUE_KIND_TUPLE: a tuple of values
 * @LFB_VALUE_KIND_DICT: values under names
 * @LFB_VALUE_KIND_SLICE: start, stop and step of a slice
 * @LFB_VALUE_KIND_PACKED: a prepacked weight: the name of its class and the
 *   unpacked parts under their names
 *
 * What a [struct@Lfb.Value] holds.
 */
typedef enum {
  LFB_VALUE_KIND_NONE,
  LFB_VALUE_KIND_BOOL,
  LFB_VALUE_KIND_INT,
  LFB_VALUE_KIND_DOUBLE,
  LFB_VALUE_KIND_STRING,
  LFB_VALUE_KIND_DTYPE,
  LFB_VALUE_KIND_QSCHEME,
  LFB_VALUE_KIND_MEMORY_FORMAT,
  LFB_VALUE_KIND_DEVICE,
  LFB_VALUE_KIND_TYPE,
  LFB_VALUE_KIND_ELLIPSIS,
  LFB_VALUE_KIND_NODE,
  LFB_VALUE_KIND_TENSOR,
  LFB_VALUE_KIND_LIST,
  LFB_VALUE_KIND_TUPLE,
  LFB_VALUE_KIND_DICT,
  LFB_VALUE_KIND_SLICE,
  LFB_VALUE_KIND_PACKED,
} LfbValueKind;

typedef struct _LfbValue LfbValue;

/* Not for other languages: what is returned must outlive the call, and a wrapper
 * that a binding makes does not.
 */

/**
 * LfbValueNodeFunc: (skip)
 * @node: a node that a value refers to
 * @user_data: the caller's data
 *
 * Called for each node in a value.
 *
 * Returns: (transfer none) (nullable): what to put in the node's place, or
 *   %NULL to leave it
 */
typedef LfbValue *(*LfbValueNodeFunc) (LfbNode  *node,
                                       gpointer  user_data);

/**
 * LfbValueVisitFunc: (skip)
 * @node: a node that a value refers to
 * @user_data: the caller's data
 *
 * Called for each node in a value.
 */
typedef void (*LfbValueVisitFunc) (LfbNode  *node,
                                   gpointer  user_data);

LFB_AVAILABLE_IN_1_0
GType         lfb_value_get_type          (void) G_GNUC_CONST;
LFB_AVAILABLE_IN_1_0
LfbValue     *lfb_value_ref               (LfbValue           *self);
LFB_AVAILABLE_IN_1_0
void          lfb_value_unref             (LfbValue           *self);

LFB_AVAILABLE_IN_1_0
LfbValue     *lfb_value_for_none          (void);
LFB_AVAILABLE_IN_1_0
LfbValue     *lfb_value_for_bool          (gboolean            value);
LFB_AVAILABLE_IN_1_0
LfbValue     *lfb_value_for_int           (gint64              value);
LFB_AVAILABLE_IN_1_0
LfbValue     *lfb_value_for_double        (double              value);
LFB_AVAILABLE_IN_1_0
LfbValue     *lfb_value_for_string        (const char         *value);
LFB_AVAILABLE_IN_1_0
LfbValue     *lfb_value_for_dtype         (LfbDType            value);
LFB_AVAILABLE_IN_1_0
LfbValue     *lfb_value_for_qscheme       (LfbQScheme          value);
LFB_AVAILABLE_IN_1_0
LfbValue     *lfb_value_for_memory_format (LfbMemoryFormat     value);
LFB_AVAILABLE_IN_1_0
LfbValue     *lfb_value_for_device        (const char         *name);
LFB_AVAILABLE_IN_1_0
LfbValue     *lfb_value_for_type          (const char         *name);
LFB_AVAILABLE_IN_1_0
LfbValue     *lfb_value_for_ellipsis      (void);
LFB_AVAILABLE_IN_1_0
LfbValue     *lfb_value_for_node          (LfbNode            *node);
LFB_AVAILABLE_IN_1_0
LfbValue     *lfb_value_for_tensor        (LfbTensor          *tensor);
LFB_AVAILABLE_IN_1_0
LfbValue     *lfb_value_for_list          (LfbValue          **items,
                                           gsize               n_items);
LFB_AVAILABLE_IN_1_0
LfbValue     *lfb_value_for_tuple         (LfbValue          **items,
                                           gsize               n_items);
LFB_AVAILABLE_IN_1_0
LfbValue     *lfb_value_for_ints          (const gint64       *items,
                                           gsize               n_items);
LFB_AVAILABLE_IN_1_0
LfbValue     *lfb_value_for_dict          (const char * const *keys,
                                           LfbValue          **items,
                                           gsize               n_items);
LFB_AVAILABLE_IN_1_0
LfbValue     *lfb_value_for_slice         (LfbValue           *start,
                                           LfbValue           *stop,
                                           LfbValue           *step);
LFB_AVAILABLE_IN_1_0
LfbValue     *lfb_value_for_packed        (const char         *class_name,
                                           LfbValue           *parts);

LFB_AVAILABLE_IN_1_0
LfbValueKind  lfb_value_get_kind          (LfbValue           *self);
LFB_AVAILABLE_IN_1_0
gboolean      lfb_value_is_none           (LfbValue           *self);
LFB_AVAILABLE_IN_1_0
gboolean      lfb_value_is_sequence       (LfbValue           *self);
LFB_AVAILABLE_IN_1_0
gboolean      lfb_value_get_bool          (LfbValue           *self);
LFB_AVAILABLE_IN_1_0
gint64        lfb_value_get_int           (LfbValue           *self);
LFB_AVAILABLE_IN_1_0
double        lfb_value_get_double        (LfbValue           *self);
LFB_AVAILABLE_IN_1_0
const char   *lfb_value_get_string        (LfbValue           *self);
LFB_AVAILABLE_IN_1_0
LfbDType      lfb_value_get_dtype         (LfbValue           *self);
LFB_AVAILABLE_IN_1_0
LfbQScheme    lfb_value_get_qscheme       (LfbValue           *self);
LFB_AVAILABLE_IN_1_0
LfbMemoryFormat lfb_value_get_memory_format (LfbValue         *self);
LFB_AVAILABLE_IN_1_0
LfbNode      *lfb_value_get_node          (LfbValue           *self);
LFB_AVAILABLE_IN_1_0
LfbTensor    *lfb_value_get_tensor        (LfbValue           *self);
LFB_AVAILABLE_IN_1_0
gsize         lfb_value_get_n_items       (LfbValue           *self);
LFB_AVAILABLE_IN_1_0
LfbValue     *lfb_value_get_item          (LfbValue           *self,
                                           gsize               index);
LFB_AVAILABLE_IN_1_0
LfbValue    **lfb_value_get_items         (LfbValue           *self,
                                           gsize              *n_items);
LFB_AVAILABLE_IN_1_0
const char   *lfb_value_get_key           (LfbValue           *self,
                                           gsize               index);
LFB_AVAILABLE_IN_1_0
LfbValue     *lfb_value_lookup            (LfbValue           *self,
                                           const char         *key);
LFB_AVAILABLE_IN_1_0
LfbValue     *lfb_value_with_item         (LfbValue           *self,
                                           const char         *key,
                                           LfbValue           *item);
LFB_AVAILABLE_IN_1_0
LfbValue     *lfb_value_without_item      (LfbValue           *self,
                                           const char         *key);

LFB_AVAILABLE_IN_1_0
gboolean      lfb_value_equal             (LfbValue           *self,
                                           LfbValue           *other);
LFB_AVAILABLE_IN_1_0
LfbValue     *lfb_value_map_nodes         (LfbValue           *self,
                                           LfbValueNodeFunc    func,
                                           gpointer            user_data);
LFB_AVAILABLE_IN_1_0
void          lfb_value_visit_nodes       (LfbValue           *self,
                                           LfbValueVisitFunc   func,
                                           gpointer            user_data);
LFB_AVAILABLE_IN_1_0
char         *lfb_value_to_string         (LfbValue           *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LfbValue, lfb_value_unref)

G_END_DECLS
