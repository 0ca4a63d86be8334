/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Joining: each part is copied to its place, through a table if it has another
 * scale or zero point. Parts along the channels of images lie channels last, so
 * that their producers can write them there (lfb-fuse.c).
 */

#include <lowerfb/run/emit/lfb-bytes-private.h>
#include <lowerfb/run/lfb-emit-private.h>

#include <string.h>

/* The place in @y of the part that begins at @at. */
static LfbOperand
part_of (const LfbOperand *y,
         const LfbOperand *part,
         gsize             dim,
         gint64            at)
{
  LfbOperand place = *y;

  memcpy (place.shape, part->shape, sizeof place.shape);
  place.offset += at * y->strides[dim];

  return place;
}

static gboolean
lies_as_pixels (const LfbOperand *parts,
                gsize             n_parts)
{
  gsize stride;

  for (gsize i = 0; i < n_parts; i++)
    if (lfb_operand_is_pixels (&parts[i], &stride) && !lfb_operand_is_row_major (&parts[i]))
      return TRUE;

  return FALSE;
}

LfbEmitted
lfb_emit_cat (LfbEmit          *self,
              const LfbOperand *parts,
              guint8          **tables,
              gsize             n_parts,
              gsize             dim,
              const LfbOperand *output)
{
  LfbOperand y = *output;
  gint64 at = 0;

  if (y.n_dims >= 3 && y.n_dims <= 5 && lies_as_pixels (parts, n_parts))
    lfb_operand_set_channels_last (&y);
  else
    lfb_operand_set_row_major (&y);
  lfb_emit_allocate (self, &y);

  for (gsize i = 0; i < n_parts; i++)
    {
      LfbOperand place = part_of (&y, &parts[i], dim, at), x = parts[i];
      gsize stride;

      at += parts[i].shape[dim];
      if (lfb_operand_n_elements (&parts[i]) == 0)
        continue;
      if (tables[i] == NULL)
        {
          lfb_instr_copy_add (self->program, self->step, &place, &x);
          continue;
        }
      if (lfb_operand_is_pixels (&place, &stride) && lfb_operand_is_pixels (&x, &stride))
        {
          lfb_emit_instr (self, &lfb_bytes_instr, &place, &x, 1, g_memdup2 (tables[i], 256));
        }
      else
        {
          LfbOperand changed = x;

          if (!lfb_operand_is_dense (&x))
            lfb_emit_row_major (self, &x);
          lfb_operand_set_order (&changed, &x);
          lfb_emit_allocate (self, &changed);
          lfb_emit_instr (self, &lfb_bytes_instr, &changed, &x, 1, g_memdup2 (tables[i], 256));
          lfb_instr_copy_add (self->program, self->step, &place, &changed);
        }
    }

  return lfb_emit_return (self, &y);
}
