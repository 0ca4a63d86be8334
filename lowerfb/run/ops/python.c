/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What graphs take over from Python itself: sizes and other attributes of
 * tensors, lengths, conversions of numbers, assertions.
 */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-emit-private.h>

#include <math.h>
#include <string.h>

static LfbValue *
shape_tuple (LfbTensor *tensor)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  gsize n_dims;
  const gint64 *shape = lfb_tensor_get_shape (tensor, &n_dims);

  for (gsize i = 0; i < n_dims; i++)
    g_ptr_array_add (items, lfb_value_for_int (shape[i]));

  return lfb_value_for_tuple ((LfbValue **) items->pdata, items->len);
}

static LfbValue *
size (LfbCall  *call,
      GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  gsize dim;

  if (input == NULL)
    return NULL;
  if (!lfb_call_has (call, "dim") || lfb_value_is_none (lfb_call_get (call, "dim")))
    return shape_tuple (input);
  if (!lfb_check_rank ("input", input, 1, LFB_TENSOR_MAX_DIMS, error) ||
      !lfb_call_dim (call, "dim", lfb_tensor_get_n_dims (input), &dim, error))
    return NULL;

  return lfb_value_for_int (lfb_tensor_get_dim (input, dim));
}

static LfbValue *
n_dims (LfbCall  *call,
        GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);

  return input != NULL ? lfb_value_for_int (lfb_tensor_get_n_dims (input)) : NULL;
}

static LfbValue *
numel (LfbCall  *call,
       GError  **error)
{
  LfbValue *shape = lfb_call_get (call, "input");
  gint64 sizes[LFB_TENSOR_MAX_DIMS];
  gsize n_dims = 0, n = 1;
  LfbTensor *input;

  /* Of a shape: torch.Size has the method too. */
  if (lfb_value_is_sequence (shape))
    {
      if (!lfb_call_ints (call, "input", sizes, LFB_TENSOR_MAX_DIMS, &n_dims, error) ||
          !lfb_shape_count (sizes, n_dims, &n, error))
        return NULL;
      return lfb_value_for_int (n);
    }
  input = lfb_call_tensor (call, "input", error);

  return input != NULL ? lfb_value_for_int (lfb_tensor_get_n_elements (input)) : NULL;
}

static LfbValue *
is_floating_point (LfbCall  *call,
                   GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);

  return input != NULL ? lfb_value_for_bool (lfb_dtype_is_floating_point (lfb_tensor_get_dtype (input))) : NULL;
}

/* The attribute T, mT: dimensions in reverse, or the last two. */
static LfbValue *
transposed (LfbTensor  *tensor,
            gboolean    last_two,
            GError    **error)
{
  gsize order[LFB_TENSOR_MAX_DIMS], n = lfb_tensor_get_n_dims (tensor);

  if (last_two && n > 0 && !lfb_check_rank ("input", tensor, 2, LFB_TENSOR_MAX_DIMS, error))
    return NULL;
  for (gsize i = 0; i < n; i++)
    order[i] = !last_two ? n - 1 - i : n >= 2 && i >= n - 2 ? 2 * n - 3 - i : i;

  return lfb_value_take_tensor (lfb_tensor_permute (tensor, order, error));
}

static LfbValue *
get_attribute (LfbCall  *call,
               GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);
  const char *name = NULL;

  if (input == NULL || !lfb_call_string (call, "name", &name, error))
    return NULL;
  if (strcmp (name, "shape") == 0)
    return shape_tuple (input);
  if (strcmp (name, "ndim") == 0)
    return lfb_value_for_int (lfb_tensor_get_n_dims (input));
  if (strcmp (name, "dtype") == 0)
    return lfb_value_for_dtype (lfb_tensor_get_dtype (input));
  if (strcmp (name, "device") == 0)
    return lfb_value_for_device ("cpu");
  if (strcmp (name, "is_quantized") == 0)
    return lfb_value_for_bool (lfb_tensor_is_quantized (input));
  if (strcmp (name, "requires_grad") == 0)
    return lfb_value_for_bool (FALSE);
  if (strcmp (name, "data") == 0)
    return lfb_value_for_tensor (input);
  if (strcmp (name, "T") == 0 || strcmp (name, "mT") == 0)
    return transposed (input, name[0] == 'm', error);

  g_set_error (error, LFB_ERROR, LFB_ERROR_UNSUPPORTED,
               "argument `name` is '%.40s', expected shape, ndim, dtype, device, is_quantized, requires_grad, data, T or mT", name);

  return NULL;
}

static LfbValue *
length (LfbCall  *call,
        GError  **error)
{
  LfbValue *input = lfb_call_get (call, "input");
  LfbTensor *tensor;

  if (lfb_value_is_sequence (input) || lfb_value_get_kind (input) == LFB_VALUE_KIND_DICT)
    return lfb_value_for_int (lfb_value_get_n_items (input));
  tensor = lfb_call_tensor (call, "input", error);
  if (tensor == NULL || !lfb_check_rank ("input", tensor, 1, LFB_TENSOR_MAX_DIMS, error))
    return NULL;

  return lfb_value_for_int (lfb_tensor_get_dim (tensor, 0));
}

static LfbValue *
to_int (LfbCall  *call,
        GError  **error)
{
  double number = 0;
  gint64 integer;

  if (lfb_value_read_int (lfb_call_get (call, "input"), &integer))
    return lfb_value_for_int (integer);
  if (!lfb_call_double (call, "input", &number, error))
    return NULL;
  if (!(fabs (number) < 0x1p63))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "argument `input` is %g, expected a number that an int can hold", number);
      return NULL;
    }

  return lfb_value_for_int (number);
}

static LfbValue *
round_number (LfbCall  *call,
              GError  **error)
{
  gboolean up = g_str_has_suffix (call->name, "ceil");
  double number = 0;
  LfbValue *input = lfb_call_get (call, "input");
  gint64 integer;

  /* Python makes a float of a tensor first. */
  if (lfb_value_get_kind (input) != LFB_VALUE_KIND_TENSOR && lfb_value_read_int (input, &integer))
    return lfb_value_for_int (integer);
  if (!lfb_call_double (call, "input", &number, error))
    return NULL;
  if (!(fabs (number) < 0x1p63))
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_RANGE, "argument `input` is %g, expected a number that an int can hold", number);
      return NULL;
    }

  return lfb_value_for_int (up ? ceil (number) : floor (number));
}

static LfbValue *
not (LfbCall  *call,
     GError  **error)
{
  double number = 0;

  return lfb_call_double (call, "input", &number, error) ? lfb_value_for_bool (number == 0) : NULL;
}

static LfbValue *
to_float (LfbCall  *call,
          GError  **error)
{
  double number = 0;

  return lfb_call_double (call, "input", &number, error) ? lfb_value_for_double (number) : NULL;
}

static LfbValue *
to_bool (LfbCall  *call,
         GError  **error)
{
  double number = 0;

  return lfb_call_double (call, "input", &number, error) ? lfb_value_for_bool (number != 0) : NULL;
}

/* A number out of a tensor of one element. */
static LfbValue *
item (LfbCall  *call,
      GError  **error)
{
  LfbTensor *input = lfb_call_tensor (call, "input", error);

  if (input == NULL)
    return NULL;
  if (lfb_tensor_get_n_elements (input) != 1 || lfb_tensor_is_quantized (input))
    {
      g_autofree char *shape = lfb_tensor_describe_shape (input);

      g_set_error (error, LFB_ERROR, LFB_ERROR_SHAPE,
                   "argument `input` has the shape %s, expected one element that is not quantized", shape);
      return NULL;
    }
  if (lfb_tensor_get_dtype (input) == LFB_DTYPE_BOOL)
    return lfb_value_for_bool (lfb_tensor_read_int (input, 0) != 0);
  if (!lfb_dtype_is_floating_point (lfb_tensor_get_dtype (input)))
    return lfb_value_for_int (lfb_tensor_read_int (input, 0));

  return lfb_value_for_double (lfb_tensor_read_double (input, 0));
}

static LfbValue *
make_tuple (LfbCall  *call,
            GError  **error)
{
  LfbValue *input = lfb_call_get (call, "input");
  gboolean list = g_str_has_suffix (call->name, "list");
  LfbValue **items;
  gsize n = 0;

  if (!lfb_value_is_sequence (input))
    {
      g_autofree char *found = lfb_value_describe (input);

      g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT, "argument `input` is %s, expected a list or tuple", found);
      return NULL;
    }
  items = lfb_value_get_items (input, &n);

  return list ? lfb_value_for_list (items, n) : lfb_value_for_tuple (items, n);
}

static LfbValue *
check (LfbCall  *call,
       GError  **error)
{
  double condition = 0;
  const char *message = "";

  if (!lfb_call_double (call, "condition", &condition, error) || !lfb_call_string (call, "message", &message, error))
    return NULL;
  if (condition == 0)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_FAILED, "the model's own check failed: %.200s", message);
      return NULL;
    }

  return lfb_value_for_none ();
}

static const LfbOperator operators[] = {
  { .methods = "size", .signature = "input, dim=None", .rule = "the sizes of the dimensions, or of one", .run = size, .emit = lfb_emit_shape },
  { .methods = "shape", .signature = "input", .rule = "the sizes of the dimensions", .run = size, .emit = lfb_emit_shape },
  { .methods = "dim ndimension", .signature = "input", .rule = "how many dimensions", .run = n_dims, .emit = lfb_emit_shape },
  { .functions = "torch.numel", .methods = "numel nelement", .signature = "input", .rule = "how many elements, of a shape too", .run = numel, .emit = lfb_emit_shape },
  {
    .functions = "torch.is_floating_point", .methods = "is_floating_point", .signature = "input",
    .rule = "whether the elements are floats", .run = is_floating_point, .emit = lfb_emit_shape,
  },
  { .functions = "builtins.getattr", .signature = "input, name", .rule = "an attribute of a tensor", .run = get_attribute, .emit = lfb_emit_shape },
  { .functions = "builtins.len", .methods = "__len__", .signature = "input", .rule = "how many items", .run = length },
  { .functions = "builtins.int", .methods = "__int__", .signature = "input", .rule = "a number as int, cut off", .run = to_int },
  { .functions = "builtins.float", .methods = "__float__", .signature = "input", .rule = "a number as float", .run = to_float },
  { .functions = "builtins.bool operator.truth", .methods = "__bool__", .signature = "input", .rule = "whether a number is not 0", .run = to_bool },
  { .functions = "math.floor math.ceil", .signature = "input", .rule = "the next int below or above", .run = round_number },
  { .functions = "operator.not_", .signature = "input", .rule = "whether a number is 0", .run = not },
  { .methods = "item", .signature = "input", .rule = "the number in a tensor of one element", .run = item },
  { .functions = "builtins.tuple builtins.list torch.Size", .signature = "input", .rule = "the same items", .run = make_tuple },
  {
    .functions = "torch._assert torch._assert_async", .signature = "condition, message=''",
    .rule = "an error if the condition is 0", .run = check,
  },
};

const LfbOperatorFamily lfb_python_operators = LFB_OPERATOR_FAMILY (operators);
