/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where everything goes in a tensor file, worked out before a byte is written. */

#pragma once

#include <lowerfb/model/lfb-tensor-file-private.h>

G_BEGIN_DECLS

/* One tensor as it is stored. */
typedef struct
{
  char *name;
  LfbTensor *tensor;
  gsize element_size;
  gsize begin, end;
} LfbTensorPiece;

typedef struct
{
  GArray *pieces;    /* of LfbTensorPiece, in the order of the header */
  GPtrArray *order;  /* the same in the order of the data */
  GHashTable *names; /* name -> the stored tensor */
  char *header;
  gsize header_size;
  gsize data_size;
} LfbTensorLayout;

gboolean _lfb_tensor_layout_init  (LfbTensorLayout  *self,
                                   LfbTensorFile    *file,
                                   GError          **error);
void     _lfb_tensor_layout_clear (LfbTensorLayout  *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LfbTensorLayout, _lfb_tensor_layout_clear)

G_END_DECLS
