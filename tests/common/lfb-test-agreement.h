/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Running models in tests, and how far two outputs agree. */

#pragma once

#include "lfb-test.h"

/* How two tensors of one shape and type differ. With a step, differences are in
 * steps and between two of them lies nothing; without, in parts of the range of
 * the expected values.
 */
typedef struct {
  gsize n_elements;
  gsize n_differing;     /* by more than 0.01 steps, or 1e-4 of the range */
  double largest;
  gboolean stepped;
  gboolean between;      /* a difference that is no whole number of steps */
} LfbTestAgreement;

GPtrArray       *lfb_test_read_tensors    (LfbTensorFile          *file,
                                           const char             *prefix);
GPtrArray       *lfb_test_run             (LfbGraphModule         *model,
                                           GPtrArray              *inputs,
                                           GError                **error);
double          *lfb_test_find_steps      (LfbGraphModule         *model,
                                           GPtrArray              *inputs,
                                           gsize                   n_outputs);
LfbTestAgreement lfb_test_compare_tensors (LfbTensor              *found,
                                           LfbTensor              *expected,
                                           double                  step);
gsize            lfb_test_allowed         (const LfbTestAgreement *agreement);
gboolean         lfb_test_agrees          (const LfbTestAgreement *agreement);
