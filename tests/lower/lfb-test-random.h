/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reference models put together at random from the patterns that lowering knows,
 * and from what keeps it from lowering them: several readers, skipped nodes,
 * other types, ranges that do not fit.
 */

#pragma once

#include <lowerfb/lowerfb.h>

typedef struct
{
  guint32 seed;
  LfbGraphModule *model;
  LfbTensor *input;
  GArray *bounds;      /* of each output: how far reference and lowered model may be apart */
} LfbTestRandom;

LfbTestRandom *lfb_test_random_new  (guint32        seed);
void           lfb_test_random_free (LfbTestRandom *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LfbTestRandom, lfb_test_random_free)
