/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Modules that run their parts in turn: containers, and the float modules that
 * are fused. Their parts are modules of the model, MODULE.0, MODULE.1 and so on;
 * where a second input is added after the first part, PyTorch keeps the sum as an
 * attribute, not as a part. lfb-callable.c runs them.
 */

#include <lowerfb/core/lfb-error.h>
#include <lowerfb/run/lfb-call-private.h>

static const LfbSequence any_parts = { 0, FALSE, FALSE };
static const LfbSequence two_parts = { 2, FALSE, FALSE };
static const LfbSequence three_parts = { 3, FALSE, FALSE };
static const LfbSequence adds = { 1, TRUE, FALSE };
static const LfbSequence adds_relu = { 1, TRUE, TRUE };

/* Outside of a model there are no parts. */
static LfbValue *
refuse (LfbCall  *call,
        GError  **error)
{
  g_set_error_literal (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
                       "its parts are modules of a model: only a session can run it");

  return NULL;
}

#define INTRINSIC "torch.ao.nn.intrinsic."
#define PARTS(kind) .signature = "input", .run = refuse, .sequence = &(kind)
#define ADDING_PARTS(kind) .signature = "x1, x2", .forward = "x1 x2", .run = refuse, .sequence = &(kind)

static const LfbOperator operators[] = {
  {
    .modules = "torch.nn.Sequential", .rule = "the parts, one after the other",
    PARTS (any_parts),
  },
  {
    .modules = INTRINSIC "LinearReLU " INTRINSIC "LinearLeakyReLU " INTRINSIC "LinearTanh " INTRINSIC "LinearBn1d "
               INTRINSIC "ConvReLU1d " INTRINSIC "ConvReLU2d " INTRINSIC "ConvReLU3d "
               INTRINSIC "ConvBn1d " INTRINSIC "ConvBn2d " INTRINSIC "ConvBn3d "
               INTRINSIC "BNReLU2d " INTRINSIC "BNReLU3d",
    .rule = "the two parts, one after the other", PARTS (two_parts),
  },
  {
    .modules = INTRINSIC "ConvBnReLU1d " INTRINSIC "ConvBnReLU2d " INTRINSIC "ConvBnReLU3d",
    .rule = "the three parts, one after the other", PARTS (three_parts),
  },
  {
    .modules = INTRINSIC "ConvAdd2d", .rule = "the part on x1, then x2 is added", ADDING_PARTS (adds),
  },
  {
    .modules = INTRINSIC "ConvAddReLU2d", .rule = "the part on x1, then x2 is added, then relu", ADDING_PARTS (adds_relu),
  },
};

const LfbOperatorFamily lfb_sequence_operators = LFB_OPERATOR_FAMILY (operators);
