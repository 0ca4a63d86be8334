/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Operators called by name, outside any graph. */

#include <lowerfb/run/lfb-call.h>
#include <lowerfb/run/lfb-call-private.h>

static gboolean
check_constants (const char  *what,
                 LfbValue   **values,
                 gsize        n_values,
                 GError     **error)
{
  for (gsize i = 0; i < n_values; i++)
    if (values[i] == NULL)
      {
        g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                     "%s %" G_GSIZE_FORMAT " is missing (NULL)", what, i);
        return FALSE;
      }

  return TRUE;
}

/* The names end with a NULL of their own: nothing but this ties their number to
 * that of the values.
 */
static gboolean
check_names (const char * const  *names,
             gsize                n_values,
             GError             **error)
{
  gsize n_names = names != NULL ? g_strv_length ((char **) names) : 0;

  if (n_names == n_values)
    return TRUE;

  g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
               "%" G_GSIZE_FORMAT " names are given for %" G_GSIZE_FORMAT " arguments by name",
               n_names, n_values);
  return FALSE;
}

/**
 * lfb_call:
 * @function: the operator's name as graphs write it, such as
 *   `torch.ops.quantized.add_relu`; a method as `torch.Tensor.NAME` or `NAME`;
 *   a module's type, whose settings and tensors are then arguments
 * @args: (array length=n_args) (nullable): the arguments given by position
 * @n_args: how many
 * @names: (array zero-terminated=1) (nullable): the names of the arguments
 *   given by name
 * @values: (array length=n_values) (nullable): these arguments, as many
 * @n_values: how many
 * @error: return location for a `GError`
 *
 * Runs one operator on constants. [func@Lfb.list_operators] lists the names.
 *
 * Packed weights are values too: `torch.ops.quantized.linear_prepack` makes one.
 *
 * Returns: (transfer full): the result, or %NULL with %LFB_ERROR_NOT_FOUND if
 *   there is no such operator, %LFB_ERROR_UNSUPPORTED if it is a module
 *   made of parts, which only a model has, %LFB_ERROR_ARGUMENT, %LFB_ERROR_SHAPE,
 *   %LFB_ERROR_DTYPE or %LFB_ERROR_RANGE if the arguments do not fit; the
 *   message names operator and argument
 *
 * Since: 1.0
 */
LfbValue *
lfb_call (const char          *function,
          LfbValue           **args,
          gsize                n_args,
          const char * const  *names,
          LfbValue           **values,
          gsize                n_values,
          GError             **error)
{
  LfbOperatorKind kind;
  const LfbOperatorInfo *info;
  g_autofree LfbValue **bound = NULL;
  g_autoptr (LfbValue) variadic = NULL;
  LfbValue *result = NULL;
  LfbRuntime runtime;
  LfbCall call = { 0 };

  g_return_val_if_fail (function != NULL, NULL);
  g_return_val_if_fail (n_args == 0 || args != NULL, NULL);
  g_return_val_if_fail (n_values == 0 || values != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  info = lfb_operator_find (function, &kind);
  if (info == NULL)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_NOT_FOUND, "there is no operator %s", function);
      return NULL;
    }

  lfb_runtime_init (&runtime, NULL);
  bound = g_new0 (LfbValue *, MAX (info->n_parameters, 1));
  call.info = info;
  call.kind = kind;
  call.runtime = &runtime;
  call.name = function;
  call.values = bound;
  if (check_names (names, n_values, error) &&
      check_constants ("argument", args, n_args, error) &&
      check_constants ("named argument", values, n_values, error) &&
      lfb_bind_arguments (info, FALSE, args, n_args, names, values, n_values, bound, &variadic, error))
    result = lfb_call_run (&call, error);
  if (result == NULL)
    g_prefix_error (error, "%s: ", function);

  return result;
}

/**
 * lfb_list_operators:
 *
 * Lists every operator under every name: functions by their dotted names,
 * methods as `torch.Tensor.NAME`, modules by their types.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names, sorted
 *
 * Since: 1.0
 */
char **
lfb_list_operators (void)
{
  return lfb_operator_list_names ();
}

/**
 * lfb_describe_operator:
 * @name: one of the names of [func@Lfb.list_operators]
 * @error: return location for a `GError`
 *
 * Describes an operator: its family, all its names, its arguments with their
 * defaults, and the rule that it follows, a line each: `family: ...`, `functions:
 * ...`, `methods: ...`, `modules: ...`, `arguments: ...`, `inputs: ...` (those that
 * a module is called with, if not the first), `parts: ...` (of a module made of
 * others), `rule: ...`. Names are separated by
 * spaces; a line without any is left out.
 *
 * Returns: (transfer full): the text, or %NULL with %LFB_ERROR_NOT_FOUND
 *
 * Since: 1.0
 */
char *
lfb_describe_operator (const char  *name,
                       GError     **error)
{
  LfbOperatorKind kind;
  const LfbOperatorInfo *info;

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  info = lfb_operator_find (name, &kind);
  if (info == NULL)
    {
      g_set_error (error, LFB_ERROR, LFB_ERROR_NOT_FOUND, "there is no operator %s", name);
      return NULL;
    }

  return lfb_operator_describe (info);
}
