/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The body of a value, for the files that make, read and print values. */

#pragma once

#include <lowerfb/core/lfb-value.h>

G_BEGIN_DECLS

typedef struct
{
  gsize n_items;
  char **keys;      /* dict, packed */
  char *class_name; /* packed */
  LfbValue *items[];
} LfbValueItems;

/* Small, as a graph holds several for each node. */
struct _LfbValue
{
  int ref_count;
  guint16 kind;
  guint16 depth; /* of the nest below: 0 for anything without items */

  union
  {
    gint64 integer; /* bool, int, dtype, qscheme, memory format */
    double number;
    GObject *object;       /* node, tensor */
    char *string;          /* string, device, type */
    LfbValueItems *nested; /* list, tuple, dict, slice, packed */
  };
};

static inline gsize
_lfb_value_items_size (gsize n_items)
{
  return sizeof (LfbValueItems) + n_items * sizeof (LfbValue *);
}

static inline gboolean
_lfb_value_has_items (const LfbValue *self)
{
  return self->kind >= LFB_VALUE_KIND_LIST;
}

LfbValue *_lfb_value_alloc      (LfbValueKind   kind);
LfbValue *_lfb_value_with_items (LfbValue      *self,
                                 LfbValue     **items);

G_END_DECLS
