/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Recurrent layers and cells in programs. */

#pragma once

#include <lowerfb/run/lfb-emit-private.h>
#include <lowerfb/run/lfb-recurrent-private.h>

G_BEGIN_DECLS

/* @layers holds those of one layer, forward and if there are two directions
 * backward, after those of the one before. @h0 and @c0 are where states begin;
 * %NULL: with zeros. */
typedef struct {
  const LfbCellKind *kind;
  GPtrArray *layers;     /* LfbRecurrentLayer; outlives the program */
  gsize n_directions;
  gboolean batch_first;
  gboolean cell;         /* one step, of which the states are all */
} LfbRecurrent;

LfbEmitted lfb_emit_recurrent (LfbEmit            *self,
                               const LfbRecurrent *recurrent,
                               const LfbOperand   *input,
                               const LfbOperand   *h0,
                               const LfbOperand   *c0);

G_END_DECLS
