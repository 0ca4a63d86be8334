/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What lowers to what, as data. A new row is all that a new entry takes. */

#pragma once

#include <lowerfb/graph/lfb-node.h>

G_BEGIN_DECLS

/* The families of module types, as files write them. */
#define LFB_FLOAT(name) "torch.nn." name
#define LFB_FUSED(name) "torch.ao.nn.intrinsic." name
#define LFB_REFERENCE(name) "torch.ao.nn.quantized.reference." name
#define LFB_QUANTIZED(name) "torch.ao.nn.quantized." name
#define LFB_DYNAMIC(name) "torch.ao.nn.quantized.dynamic." name
#define LFB_FUSED_QUANTIZED(name) "torch.ao.nn.intrinsic.quantized." name
#define LFB_FUSED_DYNAMIC(name) "torch.ao.nn.intrinsic.quantized.dynamic." name
#define LFB_FUNCTIONAL(name) "torch.nn.functional." name
#define LFB_OPS(name) "torch.ops.quantized." name

/* A module with a weight, and its lowered form. */
typedef struct
{
  const char *type;
  const char *inner;        /* what part 0 must be; NULL: not fused */
  const char *lowered;
  const char *lowered_relu; /* with a relu behind it; NULL: there is no such form */
} LfbModuleRow;

const LfbModuleRow *_lfb_static_module_row     (const char *type);
const LfbModuleRow *_lfb_two_input_module_row  (const char *type);
const LfbModuleRow *_lfb_dynamic_module_row    (const char *type);
const LfbModuleRow *_lfb_weight_only_row       (const char *type);

/* A function with a weight among its arguments, and its lowered forms; the ones
 * that do not exist are NULL.
 */
typedef struct
{
  const char *function;
  guint n_dims;        /* of the window; 0: linear */
  gboolean transposed;
  const char *prepack;
  const char *lowered;
  const char *lowered_relu;
  const char *dynamic;
  const char *dynamic_relu;
  const char *dynamic_half;
  const char *dynamic_half_relu;
} LfbFunctionalRow;

const LfbFunctionalRow *_lfb_functional_row         (LfbNode    *node);
const LfbFunctionalRow *_lfb_functional_prepack_row (const char *prepack);

/* A binary operator. */
typedef struct
{
  const char *function;
  const char *lowered;
  const char *lowered_relu;
  gboolean scalar; /* a number can stand on either side */
} LfbBinaryRow;

const LfbBinaryRow *_lfb_binary_row (LfbNode *node);

/* Everything else that runs on int8 tensors, by what it does to their range. */
typedef enum {
  LFB_GROUP_NONE,
  LFB_GROUP_FIXED_RANGE,
  LFB_GROUP_FIXED_RANGE_SIGNED, /* tanh */
  LFB_GROUP_OWN_RANGE,
  LFB_GROUP_SAME_RANGE,
  LFB_GROUP_SHAPE,
  LFB_GROUP_CAT,
} LfbGroup;

#define LFB_OPERATOR_MAX_PARAMETERS 8

/* Where a parameter of a function goes when the function is lowered. */
typedef enum {
  LFB_PARAMETER_STAYS,   /* by position or by name, as it was given */
  LFB_PARAMETER_NAMED,   /* the lowered operator has it elsewhere: by name only */
  LFB_PARAMETER_DROPPED, /* the lowered operator lacks it */
} LfbParameterKind;

typedef struct
{
  const char *name;
  LfbParameterKind kind;
} LfbParameter;

typedef struct
{
  LfbOp op;
  const char *target; /* function, method, or type of the module */
  LfbGroup group;
  const char *lowered; /* own range: the operator or type it becomes */
  const char *inner;   /* what part 0 must be; NULL: not fused */
  LfbParameter parameters[LFB_OPERATOR_MAX_PARAMETERS]; /* own range, functions, after the input */
} LfbOperatorRow;

const LfbOperatorRow *_lfb_operator_row (LfbNode    *node,
                                         const char *module_type);

/* Names. */
const char *_lfb_canonical_function (const char *target);
gboolean    _lfb_function_is        (LfbNode    *node,
                                     const char *canonical);
gboolean    _lfb_is_shape_read      (LfbNode    *node);

G_END_DECLS
