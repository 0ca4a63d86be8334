/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The body of a value, for the files that make, read and print values. */

#pragma once

#include <lowerfb/core/lfb-value.h>

G_BEGIN_DECLS

struct _LfbValue
{
  int ref_count;
  LfbValueKind kind;
  guint depth; /* of the nest below: 0 for anything without items */

  union
  {
    gint64 integer; /* bool, int, dtype, qscheme, memory format */
    double number;
    GObject *object; /* node, tensor */
  };
  char *string; /* string, device, type; class of a packed weight */

  gsize n_items; /* list, tuple, dict, slice, packed */
  LfbValue **items;
  char **keys; /* dict, packed */
};

LfbValue *_lfb_value_alloc      (LfbValueKind  kind);
LfbValue *_lfb_value_copy_items (LfbValue     *self);

G_END_DECLS
