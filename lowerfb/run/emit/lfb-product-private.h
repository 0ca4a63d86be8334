/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Products with a quantized output: what their instructions keep. The clamp of
 * the output stage may be narrowed, and the output placed elsewhere.
 */

#pragma once

#include <lowerfb/run/lfb-packed-apply-private.h>
#include <lowerfb/run/program/lfb-program-private.h>

G_BEGIN_DECLS

typedef struct {
  const LfbPackedTaps *taps;   /* of a convolution */
  const LfbPackedRows *rows;   /* or of a linear */
  LfbWindow window;
  gsize batch;                 /* images, or rows */
  LfbOutputStage stage;
  LfbRequantize output;
  gboolean adds;               /* x[1], which lies as pixels too */
  LfbAddend addend;            /* but for where it lies */
} LfbProduct;

/* x[0] is the image, x[1] what is added. */
extern const LfbInstrType lfb_taps_instr;
extern const LfbInstrType lfb_rows_instr;

void lfb_product_free (gpointer data);

G_END_DECLS
