/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Operators without weights, and those that do not fit the static pattern: what
 * each does to the range of its input, and what it becomes. The rows are those
 * of doc/lowering-coverage.md, pass 9.
 */

#include <lowerfb/lower/lfb-lower-tables-private.h>

#define FUNCTION(name, group_) { .op = LFB_OP_CALL_FUNCTION, .target = name, .group = LFB_GROUP_ ## group_ }
#define METHOD(name, group_) { .op = LFB_OP_CALL_METHOD, .target = name, .group = LFB_GROUP_ ## group_ }
#define MODULE(name, group_) { .op = LFB_OP_CALL_MODULE, .target = LFB_FLOAT (name), .group = LFB_GROUP_ ## group_ }

#define OWN_FUNCTION(name, ...) \
  { .op = LFB_OP_CALL_FUNCTION, .target = LFB_FUNCTIONAL (name), .group = LFB_GROUP_OWN_RANGE, \
    .lowered = LFB_OPS (name), .parameters = { __VA_ARGS__ } }
#define OWN_MODULE(name) \
  { .op = LFB_OP_CALL_MODULE, .target = LFB_FLOAT (name), .group = LFB_GROUP_OWN_RANGE, \
    .lowered = LFB_QUANTIZED (name) }
#define OWN_REFERENCE(name) \
  { .op = LFB_OP_CALL_MODULE, .target = LFB_REFERENCE (name), .group = LFB_GROUP_OWN_RANGE, \
    .lowered = LFB_QUANTIZED (name) }
#define OWN_FUSED(name, inner_) \
  { .op = LFB_OP_CALL_MODULE, .target = LFB_FUSED (name), .group = LFB_GROUP_OWN_RANGE, \
    .lowered = LFB_FUSED_QUANTIZED (name), .inner = LFB_FLOAT (inner_) }

#define STAYS(name) { name, LFB_PARAMETER_STAYS }
#define NAMED(name) { name, LFB_PARAMETER_NAMED }
#define DROPPED(name) { name, LFB_PARAMETER_DROPPED }

static const LfbOperatorRow operators[] = {
  FUNCTION ("torch.sigmoid", FIXED_RANGE),
  FUNCTION (LFB_FUNCTIONAL ("sigmoid"), FIXED_RANGE),
  FUNCTION (LFB_FUNCTIONAL ("hardsigmoid"), FIXED_RANGE),
  FUNCTION ("torch.tanh", FIXED_RANGE_SIGNED),
  METHOD ("sigmoid", FIXED_RANGE),
  METHOD ("sigmoid_", FIXED_RANGE),
  METHOD ("hardsigmoid", FIXED_RANGE),
  METHOD ("hardsigmoid_", FIXED_RANGE),
  METHOD ("tanh", FIXED_RANGE_SIGNED),
  METHOD ("tanh_", FIXED_RANGE_SIGNED),
  MODULE ("Sigmoid", FIXED_RANGE),
  MODULE ("Hardsigmoid", FIXED_RANGE),
  MODULE ("Tanh", FIXED_RANGE_SIGNED),

  OWN_FUNCTION ("elu", NAMED ("alpha"), DROPPED ("inplace")),
  OWN_FUNCTION ("hardswish", DROPPED ("inplace")),
  OWN_FUNCTION ("instance_norm", DROPPED ("running_mean"), DROPPED ("running_var"), NAMED ("weight"),
                NAMED ("bias"), DROPPED ("use_input_stats"), DROPPED ("momentum"), NAMED ("eps")),
  OWN_FUNCTION ("layer_norm", STAYS ("normalized_shape"), STAYS ("weight"), STAYS ("bias"), STAYS ("eps")),
  OWN_FUNCTION ("leaky_relu", STAYS ("negative_slope"), STAYS ("inplace")),
  OWN_FUNCTION ("dropout", NAMED ("p"), NAMED ("training"), DROPPED ("inplace")),
  OWN_REFERENCE ("ConvTranspose1d"),
  OWN_REFERENCE ("ConvTranspose2d"),
  OWN_REFERENCE ("ConvTranspose3d"),
  OWN_MODULE ("ELU"),
  OWN_MODULE ("LeakyReLU"),
  OWN_MODULE ("Hardswish"),
  OWN_MODULE ("InstanceNorm1d"),
  OWN_MODULE ("InstanceNorm2d"),
  OWN_MODULE ("InstanceNorm3d"),
  OWN_MODULE ("LayerNorm"),
  OWN_MODULE ("Dropout"),
  OWN_MODULE ("PReLU"),
  OWN_MODULE ("Softmax"),
  OWN_MODULE ("BatchNorm2d"),
  OWN_MODULE ("BatchNorm3d"),
  OWN_FUSED ("BNReLU2d", "BatchNorm2d"),
  OWN_FUSED ("BNReLU3d", "BatchNorm3d"),

  FUNCTION (LFB_FUNCTIONAL ("adaptive_avg_pool1d"), SAME_RANGE),
  FUNCTION (LFB_FUNCTIONAL ("adaptive_avg_pool2d"), SAME_RANGE),
  FUNCTION (LFB_FUNCTIONAL ("adaptive_avg_pool3d"), SAME_RANGE),
  FUNCTION (LFB_FUNCTIONAL ("avg_pool1d"), SAME_RANGE),
  FUNCTION (LFB_FUNCTIONAL ("avg_pool2d"), SAME_RANGE),
  FUNCTION (LFB_FUNCTIONAL ("avg_pool3d"), SAME_RANGE),
  FUNCTION (LFB_FUNCTIONAL ("max_pool1d"), SAME_RANGE),
  FUNCTION (LFB_FUNCTIONAL ("max_pool2d"), SAME_RANGE),
  FUNCTION (LFB_FUNCTIONAL ("max_pool3d"), SAME_RANGE),
  FUNCTION (LFB_FUNCTIONAL ("hardtanh"), SAME_RANGE),
  FUNCTION (LFB_FUNCTIONAL ("hardtanh_"), SAME_RANGE),
  FUNCTION (LFB_FUNCTIONAL ("interpolate"), SAME_RANGE),
  FUNCTION (LFB_FUNCTIONAL ("relu"), SAME_RANGE),
  FUNCTION (LFB_FUNCTIONAL ("relu6"), SAME_RANGE),
  FUNCTION (LFB_FUNCTIONAL ("channel_shuffle"), SAME_RANGE),
  FUNCTION ("torch.clamp", SAME_RANGE),
  FUNCTION ("torch.flatten", SAME_RANGE),
  FUNCTION ("torch.mean", SAME_RANGE),
  FUNCTION ("operator.floordiv", SAME_RANGE),
  METHOD ("clamp", SAME_RANGE),
  METHOD ("mean", SAME_RANGE),
  METHOD ("relu", SAME_RANGE),
  METHOD ("relu_", SAME_RANGE),
  MODULE ("AdaptiveAvgPool1d", SAME_RANGE),
  MODULE ("AdaptiveAvgPool2d", SAME_RANGE),
  MODULE ("AdaptiveAvgPool3d", SAME_RANGE),
  MODULE ("AvgPool1d", SAME_RANGE),
  MODULE ("AvgPool2d", SAME_RANGE),
  MODULE ("AvgPool3d", SAME_RANGE),
  MODULE ("MaxPool1d", SAME_RANGE),
  MODULE ("MaxPool2d", SAME_RANGE),
  MODULE ("MaxPool3d", SAME_RANGE),
  MODULE ("Hardtanh", SAME_RANGE),
  MODULE ("ReLU", SAME_RANGE),
  MODULE ("ReLU6", SAME_RANGE),
  MODULE ("ChannelShuffle", SAME_RANGE),

  FUNCTION ("torch.narrow", SHAPE),
  FUNCTION ("torch.transpose", SHAPE),
  FUNCTION ("torch.repeat_interleave", SHAPE),
  FUNCTION ("torch.squeeze", SHAPE),
  FUNCTION ("torch.stack", SHAPE),
  FUNCTION ("torch.unsqueeze", SHAPE),
  FUNCTION (LFB_FUNCTIONAL ("pixel_shuffle"), SHAPE),
  FUNCTION (LFB_FUNCTIONAL ("pixel_unshuffle"), SHAPE),
  METHOD ("contiguous", SHAPE),
  METHOD ("detach", SHAPE),
  METHOD ("detach_", SHAPE),
  METHOD ("permute", SHAPE),
  METHOD ("repeat", SHAPE),
  METHOD ("repeat_interleave", SHAPE),
  METHOD ("reshape", SHAPE),
  METHOD ("resize_", SHAPE),
  METHOD ("shape", SHAPE),
  METHOD ("size", SHAPE),
  METHOD ("squeeze", SHAPE),
  METHOD ("squeeze_", SHAPE),
  METHOD ("transpose", SHAPE),
  METHOD ("unsqueeze", SHAPE),
  METHOD ("unsqueeze_", SHAPE),
  METHOD ("view", SHAPE),
  MODULE ("Identity", SHAPE),
  MODULE ("PixelShuffle", SHAPE),
  MODULE ("PixelUnshuffle", SHAPE),

  FUNCTION ("torch.cat", CAT),
};

/* One index for each of functions, methods and modules. */
static GHashTable *
get_index (LfbOp op)
{
  static GHashTable *indices[LFB_OP_OUTPUT + 1];
  static gsize once;

  if (g_once_init_enter (&once))
    {
      for (guint i = 0; i < G_N_ELEMENTS (operators); i++)
        {
          GHashTable **index = &indices[operators[i].op];

          if (*index == NULL)
            *index = g_hash_table_new (g_str_hash, g_str_equal);
          g_hash_table_insert (*index, (gpointer) operators[i].target, (gpointer) &operators[i]);
        }
      g_once_init_leave (&once, 1);
    }

  return indices[op];
}

/* The row of what a node calls; @module_type is that of its module, if it calls
 * one.
 */
const LfbOperatorRow *
_lfb_operator_row (LfbNode    *node,
                   const char *module_type)
{
  GHashTable *index = get_index (lfb_node_get_op (node));
  const char *target = lfb_node_get_target (node);

  if (index == NULL)
    return NULL;

  switch (lfb_node_get_op (node))
    {
    case LFB_OP_CALL_FUNCTION:
      return g_hash_table_lookup (index, _lfb_canonical_function (target));

    case LFB_OP_CALL_MODULE:
      return module_type != NULL ? g_hash_table_lookup (index, module_type) : NULL;

    default:
      return g_hash_table_lookup (index, target);
    }
}
