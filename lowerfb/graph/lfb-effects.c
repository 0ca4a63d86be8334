/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-effects-private.h. The tables are what PyTorch's operators do, which
 * its documentation tells only in parts: a test compares them with PyTorch.
 */

#include <lowerfb/graph/lfb-effects-private.h>

#include <string.h>

#define FUNCTIONAL "torch.nn.functional."
#define QUANTIZED_OPS "torch.ops.quantized."
#define DROP_BLOCK "torchvision.ops.drop_block.drop_block"

/* Functions that can be told by position to work in place. */
static const struct
{
  const char *function;
  gsize position;
} told_by_position[] = {
  { FUNCTIONAL "relu", 1 },
  { FUNCTIONAL "relu6", 1 },
  { FUNCTIONAL "hardswish", 1 },
  { FUNCTIONAL "hardsigmoid", 1 },
  { FUNCTIONAL "silu", 1 },
  { FUNCTIONAL "mish", 1 },
  { FUNCTIONAL "selu", 1 },
  { FUNCTIONAL "elu", 2 },
  { FUNCTIONAL "celu", 2 },
  { FUNCTIONAL "leaky_relu", 2 },
  { FUNCTIONAL "rrelu", 4 },
  { FUNCTIONAL "hardtanh", 3 },
  { FUNCTIONAL "dropout", 3 },
  { FUNCTIONAL "dropout1d", 3 },
  { FUNCTIONAL "dropout2d", 3 },
  { FUNCTIONAL "dropout3d", 3 },
  { FUNCTIONAL "alpha_dropout", 3 },
  { FUNCTIONAL "feature_alpha_dropout", 3 },
  { FUNCTIONAL "threshold", 3 },
  { FUNCTIONAL "_threshold", 3 },
  { QUANTIZED_OPS "relu6", 1 },
  { DROP_BLOCK "2d", 3 },
  { DROP_BLOCK "3d", 3 },
};

typedef struct
{
  const char *name;
  LfbView view;
} NamedView;

/* Methods, and functions of torch and operator, by the last part of the name. */
static const NamedView views[] = {
  { "alias", LFB_VIEW_IN_ORDER },
  { "as_tensor", LFB_VIEW_IF_TYPE },
  { "bfloat16", LFB_VIEW_IF_TYPE },
  { "bool", LFB_VIEW_IF_TYPE },
  { "broadcast_to", LFB_VIEW_MOVED },
  { "byte", LFB_VIEW_IF_TYPE },
  { "char", LFB_VIEW_IF_TYPE },
  { "channel_shuffle", LFB_VIEW_PERHAPS },
  { "chunk", LFB_VIEW_MOVED },
  { "contiguous", LFB_VIEW_IF_ROW_MAJOR },
  { "cpu", LFB_VIEW_SAME },
  { "dequantize", LFB_VIEW_IF_TYPE },
  { "detach", LFB_VIEW_IN_ORDER },
  { "detach_", LFB_VIEW_SAME },
  { "diagonal", LFB_VIEW_MOVED },
  { "double", LFB_VIEW_IF_TYPE },
  { "dropout", LFB_VIEW_SAME },
  { "expand", LFB_VIEW_MOVED },
  { "expand_as", LFB_VIEW_MOVED },
  { "flatten", LFB_VIEW_IF_STRIDED },
  { "float", LFB_VIEW_IF_TYPE },
  { "getitem", LFB_VIEW_IF_BASIC },
  { "__getitem__", LFB_VIEW_IF_BASIC },
  { "half", LFB_VIEW_IF_TYPE },
  { "int", LFB_VIEW_IF_TYPE },
  { "long", LFB_VIEW_IF_TYPE },
  { "moveaxis", LFB_VIEW_MOVED },
  { "movedim", LFB_VIEW_MOVED },
  { "narrow", LFB_VIEW_MOVED },
  { "permute", LFB_VIEW_MOVED },
  { "ravel", LFB_VIEW_IF_ROW_MAJOR },
  { "pixel_shuffle", LFB_VIEW_PERHAPS },
  { "pixel_unshuffle", LFB_VIEW_PERHAPS },
  { "pos", LFB_VIEW_SAME },
  { "positive", LFB_VIEW_SAME },
  { "requires_grad_", LFB_VIEW_SAME },
  { "reshape", LFB_VIEW_IF_STRIDED },
  { "reshape_as", LFB_VIEW_IF_STRIDED },
  { "resolve_conj", LFB_VIEW_SAME },
  { "resolve_neg", LFB_VIEW_SAME },
  { "select", LFB_VIEW_MOVED },
  { "short", LFB_VIEW_IF_TYPE },
  { "split", LFB_VIEW_MOVED },
  { "split_with_sizes", LFB_VIEW_MOVED },
  { "squeeze", LFB_VIEW_IN_ORDER },
  { "swapaxes", LFB_VIEW_MOVED },
  { "swapdims", LFB_VIEW_MOVED },
  { "t", LFB_VIEW_MOVED },
  { "to", LFB_VIEW_IF_TYPE },
  { "transpose", LFB_VIEW_MOVED },
  { "type", LFB_VIEW_IF_TYPE },
  { "type_as", LFB_VIEW_IF_TYPE },
  { "unbind", LFB_VIEW_MOVED },
  { "unflatten", LFB_VIEW_IN_ORDER },
  { "unfold", LFB_VIEW_MOVED },
  { "unsqueeze", LFB_VIEW_IN_ORDER },
  { "view", LFB_VIEW_IN_ORDER },
  { "view_as", LFB_VIEW_IN_ORDER },
};

/* Functions and module types under their full names. */
static const NamedView full_names[] = {
  { "builtins.list", LFB_VIEW_ITEMS },
  { "builtins.tuple", LFB_VIEW_ITEMS },
  { FUNCTIONAL "alpha_dropout", LFB_VIEW_SAME },
  { FUNCTIONAL "channel_shuffle", LFB_VIEW_PERHAPS },
  { FUNCTIONAL "dropout", LFB_VIEW_SAME },
  { FUNCTIONAL "dropout1d", LFB_VIEW_SAME },
  { FUNCTIONAL "dropout2d", LFB_VIEW_SAME },
  { FUNCTIONAL "dropout3d", LFB_VIEW_SAME },
  { FUNCTIONAL "feature_alpha_dropout", LFB_VIEW_SAME },
  { FUNCTIONAL "native_channel_shuffle", LFB_VIEW_PERHAPS },
  { FUNCTIONAL "pixel_shuffle", LFB_VIEW_PERHAPS },
  { FUNCTIONAL "pixel_unshuffle", LFB_VIEW_PERHAPS },
  { "torch.ao.nn.quantized.Dropout", LFB_VIEW_PERHAPS },
  { "torch.ao.quantization.DeQuantStub", LFB_VIEW_SAME },
  { "torch.ao.quantization.QuantStub", LFB_VIEW_SAME },
  { "torch.ao.quantization.stubs.DeQuantStub", LFB_VIEW_SAME },
  { "torch.ao.quantization.stubs.QuantStub", LFB_VIEW_SAME },
  { "torch.nn.AlphaDropout", LFB_VIEW_SAME },
  { "torch.nn.ChannelShuffle", LFB_VIEW_PERHAPS },
  { "torch.nn.Dropout", LFB_VIEW_SAME },
  { "torch.nn.Dropout1d", LFB_VIEW_SAME },
  { "torch.nn.Dropout2d", LFB_VIEW_SAME },
  { "torch.nn.Dropout3d", LFB_VIEW_SAME },
  { "torch.nn.FeatureAlphaDropout", LFB_VIEW_SAME },
  { "torch.nn.Flatten", LFB_VIEW_IF_STRIDED },
  { "torch.nn.Identity", LFB_VIEW_SAME },
  { "torch.nn.PixelShuffle", LFB_VIEW_PERHAPS },
  { "torch.nn.PixelUnshuffle", LFB_VIEW_PERHAPS },
  { "torch.nn.Unflatten", LFB_VIEW_IN_ORDER },
  { QUANTIZED_OPS "dropout", LFB_VIEW_PERHAPS },
  { DROP_BLOCK "2d", LFB_VIEW_SAME },
  { DROP_BLOCK "3d", LFB_VIEW_SAME },
  { "torchvision.ops.stochastic_depth.stochastic_depth", LFB_VIEW_SAME },
};

static LfbView
find_view (const NamedView *table,
           gsize            n_rows,
           const char      *name)
{
  for (gsize i = 0; i < n_rows; i++)
    {
      if (g_str_equal (table[i].name, name))
        return table[i].view;
    }

  return LFB_VIEW_NONE;
}

static gboolean
is_true (LfbValue *value)
{
  return value != NULL && lfb_value_get_kind (value) == LFB_VALUE_KIND_BOOL && lfb_value_get_bool (value);
}

LfbValue *
_lfb_node_get_subject (LfbNode *node)
{
  LfbValue *value = lfb_node_get_arg (node, 0);

  return value != NULL ? value : lfb_node_get_kwarg (node, "input");
}

/* Of operator only these: and_, or_ and not_ are Python's words, and no more
 * work in place than __name__ does; nor does imatmul, for which tensors have no
 * method of their own.
 */
LfbChange
_lfb_name_get_change (const char *name)
{
  static const char *assignments[] = {
    "operator.iadd", "operator.isub", "operator.imul", "operator.itruediv", "operator.ifloordiv", "operator.imod",
    "operator.ipow", "operator.iand", "operator.ior", "operator.ixor", "operator.ilshift",
    "operator.irshift", "operator.setitem", "__setitem__", "torch.Tensor.__setitem__", NULL,
  };
  static const char *shapes[] = {
    "resize_", "squeeze_", "swapaxes_", "swapdims_", "t_", "transpose_", "unsqueeze_", NULL,
  };
  static const char *nothing[] = { "detach_", "requires_grad_", NULL };
  const char *dot = strrchr (name, '.');
  const char *last = dot != NULL ? dot + 1 : name;
  gsize length = strlen (last);

  if (g_strv_contains (assignments, name))
    return LFB_CHANGE_ELEMENTS;
  if (g_str_has_prefix (name, "operator.") || g_str_has_prefix (name, QUANTIZED_OPS) ||
      length < 2 || last[length - 1] != '_' || last[length - 2] == '_' || g_strv_contains (nothing, last))
    return LFB_CHANGE_NONE;

  return g_strv_contains (shapes, last) ? LFB_CHANGE_SHAPE : LFB_CHANGE_ELEMENTS;
}

/* The int8 operators make tensors of their own, whatever they are told; but for
 * relu6, which has no range of its own to make one for.
 */
gboolean
_lfb_module_works_in_place (LfbModule *module)
{
  const char *type = lfb_module_get_type_name (module);

  if (g_str_has_prefix (type, "torch.ao.nn.") && !g_str_equal (type, "torch.ao.nn.quantized.ReLU6"))
    return FALSE;

  return is_true (lfb_module_get_setting (module, "inplace"));
}

LfbView
_lfb_module_get_view (LfbModule *module)
{
  return find_view (full_names, G_N_ELEMENTS (full_names), lfb_module_get_type_name (module));
}

static LfbChange
function_change (LfbNode *node)
{
  const char *name = lfb_node_get_target (node);

  if (!g_str_has_prefix (name, QUANTIZED_OPS) && is_true (lfb_node_get_kwarg (node, "inplace")))
    return LFB_CHANGE_ELEMENTS;

  for (gsize i = 0; i < G_N_ELEMENTS (told_by_position); i++)
    {
      if (g_str_equal (told_by_position[i].function, name))
        return is_true (lfb_node_get_arg (node, told_by_position[i].position)) ||
               is_true (lfb_node_get_kwarg (node, "inplace")) ? LFB_CHANGE_ELEMENTS : LFB_CHANGE_NONE;
    }

  return _lfb_name_get_change (name);
}

/* What @node changes in place; @changed is the node whose result that is, %NULL
 * if it is none's.
 */
LfbChange
_lfb_node_get_change (LfbNode    *node,
                      LfbModule  *module,
                      LfbNode   **changed)
{
  LfbChange change = LFB_CHANGE_NONE;
  LfbValue *value;

  *changed = NULL;
  switch (lfb_node_get_op (node))
    {
    case LFB_OP_CALL_METHOD:
      change = _lfb_name_get_change (lfb_node_get_target (node));
      break;
    case LFB_OP_CALL_FUNCTION:
      value = lfb_node_get_kwarg (node, "out");
      if (value != NULL && lfb_value_get_node (value) != NULL)
        {
          *changed = lfb_value_get_node (value);
          return LFB_CHANGE_ELEMENTS;
        }
      change = function_change (node);
      break;
    case LFB_OP_CALL_MODULE:
      if (module != NULL && _lfb_module_works_in_place (module))
        change = LFB_CHANGE_ELEMENTS;
      break;
    default:
      return LFB_CHANGE_NONE;
    }

  value = change != LFB_CHANGE_NONE ? _lfb_node_get_subject (node) : NULL;
  if (value != NULL)
    *changed = lfb_value_get_node (value);

  return change;
}

/* Normalizations that are told to use the statistics of their input: they update
 * running ones that they are given. Returns how many nodes those are.
 */
gsize
_lfb_node_get_statistics (LfbNode *node,
                          LfbNode *statistics[2])
{
  static const struct
  {
    const char *function;
    gsize mean;
    const char *flag;
    gboolean fallback;
  } norms[] = {
    { FUNCTIONAL "batch_norm", 1, "training", FALSE },
    { FUNCTIONAL "instance_norm", 1, "use_input_stats", TRUE },
    { "torch.batch_norm", 3, "training", FALSE },
    { "torch.instance_norm", 3, "use_input_stats", TRUE },
  };
  static const char *names[] = { "running_mean", "running_var" };
  gsize n = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (norms) && lfb_node_get_op (node) == LFB_OP_CALL_FUNCTION; i++)
    {
      LfbValue *flag = lfb_node_get_arg (node, 5);

      if (!g_str_equal (norms[i].function, lfb_node_get_target (node)))
        continue;
      if (flag == NULL)
        flag = lfb_node_get_kwarg (node, norms[i].flag);
      if (flag == NULL ? !norms[i].fallback : !is_true (flag))
        return 0;
      for (gsize j = 0; j < G_N_ELEMENTS (names); j++)
        {
          LfbValue *value = lfb_node_get_arg (node, norms[i].mean + j);

          if (value == NULL)
            value = lfb_node_get_kwarg (node, names[j]);
          if (value != NULL && lfb_value_get_node (value) != NULL)
            statistics[n++] = lfb_value_get_node (value);
        }
    }

  return n;
}

static LfbView
attribute_view (LfbNode *node)
{
  static const char *moved[] = { "T", "mT", "H", "mH", NULL };
  LfbValue *name = lfb_node_get_arg (node, 1);

  if (name == NULL || lfb_value_get_kind (name) != LFB_VALUE_KIND_STRING)
    return LFB_VIEW_NONE;
  if (g_str_equal (lfb_value_get_string (name), "data"))
    return LFB_VIEW_IN_ORDER;

  return g_strv_contains (moved, lfb_value_get_string (name)) ? LFB_VIEW_MOVED : LFB_VIEW_NONE;
}

/* dropout and its like that leave nothing of their input make a tensor of zeros
 * of it; those that drop at random are refused by whoever runs them.
 */
static gboolean
drops_all (LfbNode *node)
{
  LfbValue *p = lfb_node_get_arg (node, 1);

  if (p == NULL)
    p = lfb_node_get_kwarg (node, "p");
  if (p == NULL)
    return FALSE;

  return (lfb_value_get_kind (p) == LFB_VALUE_KIND_DOUBLE && lfb_value_get_double (p) == 1) ||
         (lfb_value_get_kind (p) == LFB_VALUE_KIND_INT && lfb_value_get_int (p) == 1);
}

static LfbView
function_view (LfbNode *node)
{
  const char *name = lfb_node_get_target (node);
  const char *dot = strrchr (name, '.');

  if ((strstr (name, "dropout") != NULL || strstr (name, "stochastic_depth") != NULL) && drops_all (node))
    return LFB_VIEW_PERHAPS;

  if (g_str_equal (name, "builtins.getattr"))
    return attribute_view (node);
  /* not torch.nn.functional.unfold or builtins.float */
  if (dot == NULL || !(g_str_has_prefix (name, "operator.") || g_str_has_prefix (name, "torch.functional.") ||
                       g_str_has_prefix (name, "torch.ops.aten.") || dot == name + strlen ("torch")))
    return find_view (full_names, G_N_ELEMENTS (full_names), name);

  return find_view (views, G_N_ELEMENTS (views), dot + 1);
}

/* Certainly not float32: what is made of it by dequantize () is another tensor. */
static gboolean
is_quantized (LfbNode *node)
{
  static const char *makers[] = {
    "torch.quantize_per_tensor", "torch.quantize_per_channel", "torch.quantize_per_tensor_dynamic", NULL,
  };
  const char *target = lfb_node_get_target (node);
  LfbValue *dtype = lfb_node_get_arg (node, 1);

  if (lfb_node_get_op (node) == LFB_OP_CALL_FUNCTION)
    return g_strv_contains (makers, target);

  return lfb_node_get_op (node) == LFB_OP_CALL_METHOD && g_str_equal (target, "to") && dtype != NULL &&
         lfb_value_get_kind (dtype) == LFB_VALUE_KIND_DTYPE && lfb_value_get_dtype (dtype) == LFB_DTYPE_FLOAT16;
}

/* Whether the result of @node shares the elements of what it is called with;
 * @viewed is the node that has those, %NULL if none has.
 */
LfbView
_lfb_node_get_view (LfbNode    *node,
                    LfbModule  *module,
                    LfbNode   **viewed)
{
  LfbView view = LFB_VIEW_NONE;
  LfbValue *value;

  *viewed = NULL;
  switch (lfb_node_get_op (node))
    {
    case LFB_OP_CALL_METHOD:
      view = find_view (views, G_N_ELEMENTS (views), lfb_node_get_target (node));
      break;
    case LFB_OP_CALL_FUNCTION:
      view = function_view (node);
      break;
    case LFB_OP_CALL_MODULE:
      if (module != NULL)
        view = _lfb_module_get_view (module);
      break;
    default:
      return LFB_VIEW_NONE;
    }

  value = view != LFB_VIEW_NONE ? _lfb_node_get_subject (node) : NULL;
  if (value != NULL)
    *viewed = lfb_value_get_node (value);
  if (view == LFB_VIEW_IF_TYPE && *viewed != NULL && is_quantized (*viewed) &&
      g_str_has_suffix (lfb_node_get_target (node), "dequantize"))
    {
      *viewed = NULL;
      return LFB_VIEW_NONE;
    }

  return view;
}
