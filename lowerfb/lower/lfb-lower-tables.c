/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Modules and functions with weights, and binary operators: what they lower to.
 * The rows are those of doc/lowering-coverage.md, passes 1 to 7.
 */

#include <lowerfb/lower/lfb-lower-tables-private.h>

/* Static: an int8 kernel with an output range of its own. A relu behind a plain
 * module makes its fused form; behind a fused relu it changes nothing; no
 * kernel does relu after tanh or leaky relu.
 */
static const LfbModuleRow static_modules[] = {
  { LFB_REFERENCE ("Linear"), NULL, LFB_QUANTIZED ("Linear"), LFB_FUSED_QUANTIZED ("LinearReLU") },
  { LFB_REFERENCE ("Conv1d"), NULL, LFB_QUANTIZED ("Conv1d"), LFB_FUSED_QUANTIZED ("ConvReLU1d") },
  { LFB_REFERENCE ("Conv2d"), NULL, LFB_QUANTIZED ("Conv2d"), LFB_FUSED_QUANTIZED ("ConvReLU2d") },
  { LFB_REFERENCE ("Conv3d"), NULL, LFB_QUANTIZED ("Conv3d"), LFB_FUSED_QUANTIZED ("ConvReLU3d") },
  { LFB_FUSED ("LinearReLU"), LFB_REFERENCE ("Linear"), LFB_FUSED_QUANTIZED ("LinearReLU"), LFB_FUSED_QUANTIZED ("LinearReLU") },
  { LFB_FUSED ("LinearLeakyReLU"), LFB_REFERENCE ("Linear"), LFB_FUSED_QUANTIZED ("LinearLeakyReLU"), NULL },
  { LFB_FUSED ("LinearTanh"), LFB_REFERENCE ("Linear"), LFB_FUSED_QUANTIZED ("LinearTanh"), NULL },
  { LFB_FUSED ("ConvReLU1d"), LFB_REFERENCE ("Conv1d"), LFB_FUSED_QUANTIZED ("ConvReLU1d"), LFB_FUSED_QUANTIZED ("ConvReLU1d") },
  { LFB_FUSED ("ConvReLU2d"), LFB_REFERENCE ("Conv2d"), LFB_FUSED_QUANTIZED ("ConvReLU2d"), LFB_FUSED_QUANTIZED ("ConvReLU2d") },
  { LFB_FUSED ("ConvReLU3d"), LFB_REFERENCE ("Conv3d"), LFB_FUSED_QUANTIZED ("ConvReLU3d"), LFB_FUSED_QUANTIZED ("ConvReLU3d") },
};

static const LfbModuleRow two_input_modules[] = {
  { LFB_FUSED ("ConvAdd2d"), LFB_REFERENCE ("Conv2d"), LFB_FUSED_QUANTIZED ("ConvAdd2d"), NULL },
  { LFB_FUSED ("ConvAddReLU2d"), LFB_REFERENCE ("Conv2d"), LFB_FUSED_QUANTIZED ("ConvAddReLU2d"), NULL },
};

/* Dynamic: the activation is quantized inside, the output is float. */
static const LfbModuleRow dynamic_modules[] = {
  { LFB_REFERENCE ("Linear"), NULL, LFB_DYNAMIC ("Linear"), NULL },
  { LFB_REFERENCE ("LSTM"), NULL, LFB_DYNAMIC ("LSTM"), NULL },
  { LFB_REFERENCE ("GRU"), NULL, LFB_DYNAMIC ("GRU"), NULL },
  { LFB_REFERENCE ("LSTMCell"), NULL, LFB_DYNAMIC ("LSTMCell"), NULL },
  { LFB_REFERENCE ("GRUCell"), NULL, LFB_DYNAMIC ("GRUCell"), NULL },
  { LFB_REFERENCE ("RNNCell"), NULL, LFB_DYNAMIC ("RNNCell"), NULL },
  { LFB_FUSED ("LinearReLU"), LFB_REFERENCE ("Linear"), LFB_FUSED_DYNAMIC ("LinearReLU"), NULL },
};

static const LfbModuleRow weight_only_modules[] = {
  { LFB_REFERENCE ("Embedding"), NULL, LFB_QUANTIZED ("Embedding"), NULL },
  { LFB_REFERENCE ("EmbeddingBag"), NULL, LFB_QUANTIZED ("EmbeddingBag"), NULL },
};

static const LfbFunctionalRow functionals[] = {
  {
    .function = LFB_FUNCTIONAL ("linear"),
    .prepack = LFB_OPS ("linear_prepack"),
    .lowered = LFB_OPS ("linear"),
    .lowered_relu = LFB_OPS ("linear_relu"),
    .dynamic = LFB_OPS ("linear_dynamic"),
    .dynamic_relu = LFB_OPS ("linear_relu_dynamic"),
    .dynamic_half = LFB_OPS ("linear_dynamic_fp16"),
    .dynamic_half_relu = LFB_OPS ("linear_relu_dynamic_fp16"),
  },
  {
    .function = LFB_FUNCTIONAL ("conv1d"),
    .n_dims = 1,
    .prepack = LFB_OPS ("conv1d_prepack"),
    .lowered = LFB_OPS ("conv1d"),
    .lowered_relu = LFB_OPS ("conv1d_relu"),
    .dynamic = LFB_OPS ("conv1d_dynamic"),
  },
  {
    .function = LFB_FUNCTIONAL ("conv2d"),
    .n_dims = 2,
    .prepack = LFB_OPS ("conv2d_prepack"),
    .lowered = LFB_OPS ("conv2d"),
    .lowered_relu = LFB_OPS ("conv2d_relu"),
    .dynamic = LFB_OPS ("conv2d_dynamic"),
  },
  {
    .function = LFB_FUNCTIONAL ("conv3d"),
    .n_dims = 3,
    .prepack = LFB_OPS ("conv3d_prepack"),
    .lowered = LFB_OPS ("conv3d"),
    .lowered_relu = LFB_OPS ("conv3d_relu"),
    .dynamic = LFB_OPS ("conv3d_dynamic"),
  },
  {
    .function = LFB_FUNCTIONAL ("conv_transpose1d"),
    .n_dims = 1,
    .transposed = TRUE,
    .prepack = LFB_OPS ("conv_transpose1d_prepack"),
    .lowered = LFB_OPS ("conv_transpose1d"),
  },
  {
    .function = LFB_FUNCTIONAL ("conv_transpose2d"),
    .n_dims = 2,
    .transposed = TRUE,
    .prepack = LFB_OPS ("conv_transpose2d_prepack"),
    .lowered = LFB_OPS ("conv_transpose2d"),
  },
  {
    .function = LFB_FUNCTIONAL ("conv_transpose3d"),
    .n_dims = 3,
    .transposed = TRUE,
    .prepack = LFB_OPS ("conv_transpose3d_prepack"),
    .lowered = LFB_OPS ("conv_transpose3d"),
  },
};

static const LfbBinaryRow binaries[] = {
  { "operator.add", LFB_OPS ("add"), LFB_OPS ("add_relu"), TRUE },
  { "torch.add", LFB_OPS ("add"), LFB_OPS ("add_relu"), TRUE },
  { "operator.mul", LFB_OPS ("mul"), LFB_OPS ("mul_relu"), TRUE },
  { "torch.mul", LFB_OPS ("mul"), LFB_OPS ("mul_relu"), TRUE },
  { "torch.matmul", LFB_OPS ("matmul"), NULL, FALSE },
};

static const LfbModuleRow *
find_module (const LfbModuleRow *rows,
             gsize               n_rows,
             const char         *type)
{
  /* all that lowers is a reference module or a fused one */
  if (type == NULL || !g_str_has_prefix (type, "torch.ao.nn."))
    return NULL;

  for (gsize i = 0; i < n_rows; i++)
    {
      if (g_str_equal (rows[i].type, type))
        return &rows[i];
    }

  return NULL;
}

const LfbModuleRow *
_lfb_static_module_row (const char *type)
{
  return find_module (static_modules, G_N_ELEMENTS (static_modules), type);
}

const LfbModuleRow *
_lfb_two_input_module_row (const char *type)
{
  return find_module (two_input_modules, G_N_ELEMENTS (two_input_modules), type);
}

const LfbModuleRow *
_lfb_dynamic_module_row (const char *type)
{
  return find_module (dynamic_modules, G_N_ELEMENTS (dynamic_modules), type);
}

const LfbModuleRow *
_lfb_weight_only_row (const char *type)
{
  return find_module (weight_only_modules, G_N_ELEMENTS (weight_only_modules), type);
}

const LfbFunctionalRow *
_lfb_functional_row (LfbNode *node)
{
  const char *name;

  if (lfb_node_get_op (node) != LFB_OP_CALL_FUNCTION)
    return NULL;

  name = _lfb_canonical_function (lfb_node_get_target (node));
  for (guint i = 0; i < G_N_ELEMENTS (functionals); i++)
    {
      if (g_str_equal (functionals[i].function, name))
        return &functionals[i];
    }

  return NULL;
}

/* The row whose weights a prepack function packs; linear_prepack_fp16 is that
 * of linear as well.
 */
const LfbFunctionalRow *
_lfb_functional_prepack_row (const char *prepack)
{
  if (!g_str_has_prefix (prepack, LFB_OPS ("")))
    return NULL;
  if (g_str_equal (prepack, LFB_OPS ("linear_prepack_fp16")))
    return &functionals[0];

  for (guint i = 0; i < G_N_ELEMENTS (functionals); i++)
    {
      if (g_str_equal (functionals[i].prepack, prepack))
        return &functionals[i];
    }

  return NULL;
}

const LfbBinaryRow *
_lfb_binary_row (LfbNode *node)
{
  if (lfb_node_get_op (node) != LFB_OP_CALL_FUNCTION)
    return NULL;

  for (guint i = 0; i < G_N_ELEMENTS (binaries); i++)
    {
      if (g_str_equal (binaries[i].function, lfb_node_get_target (node)))
        return &binaries[i];
    }

  return NULL;
}
