/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which argument is which parameter: positions, keywords, defaults, and the
 * errors about missing, unknown and doubled ones, all from the signature.
 */

#include <lowerfb/run/lfb-call-private.h>

#include <string.h>

static gboolean
bind_variadic (const LfbOperatorInfo  *info,
               gsize                   index,
               LfbValue              **args,
               gsize                   n_args,
               LfbValue              **bound,
               LfbValue              **variadic)
{
  if (n_args == 1 && lfb_value_is_sequence (args[0]))
    {
      bound[index] = args[0];
      return TRUE;
    }
  *variadic = lfb_value_for_tuple (args, n_args);
  bound[index] = *variadic;

  return TRUE;
}

static gboolean
bind_positions (const LfbOperatorInfo  *info,
                gboolean                forward_only,
                LfbValue              **args,
                gsize                   n_args,
                LfbValue              **bound,
                LfbValue              **variadic,
                GError                **error)
{
  gsize next = 0;

  for (gsize i = 0; i < n_args; i++)
    {
      while (next < info->n_parameters && forward_only && !info->parameters[next].forward)
        next++;
      if (next == info->n_parameters)
        {
          gsize takes = 0;

          for (gsize j = 0; j < info->n_parameters; j++)
            takes += !forward_only || info->parameters[j].forward;
          g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                       "%" G_GSIZE_FORMAT " arguments are given, but at most %" G_GSIZE_FORMAT " are taken (%s)",
                       n_args, takes, info->row->signature);
          return FALSE;
        }
      if (info->parameters[next].variadic)
        return bind_variadic (info, next, args + i, n_args - i, bound, variadic);
      bound[next++] = args[i];
    }

  return TRUE;
}

/* By its name, or another one that torch has for the same thing: in its
 * operators, in their older forms, or as NumPy calls it.
 */
gssize
lfb_bind_parameter (const LfbOperatorInfo *info,
                    const char            *name)
{
  static const struct {
    const char *called;
    const char *parameter;
  } others[] = {
    { "self", "input" }, { "qx", "input" }, { "qx", "tensors" }, { "axis", "dim" }, { "keepdims", "keepdim" },
    { "axis0", "dim0" }, { "axis1", "dim1" }, { "b", "qb" }, { "indices", "index" }, { "indices", "input" },
    { "weight", "packed_weight" }, { "size", "sizes" }, { "size", "shape" }, { "repeats", "sizes" },
    { "split_size", "split_size_or_sections" }, { "split_sizes", "split_size_or_sections" },
    { "value", "fill_value" }, { "s", "fill_value" }, { "train", "training" },
  };
  gssize index = lfb_operator_parameter (info, name);

  for (gsize i = 0; i < G_N_ELEMENTS (others) && index < 0; i++)
    if (strcmp (others[i].called, name) == 0)
      index = lfb_operator_parameter (info, others[i].parameter);

  return index;
}

static gboolean
bind_names (const LfbOperatorInfo  *info,
            gboolean                forward_only,
            const char * const     *names,
            LfbValue              **values,
            gsize                   n_values,
            LfbValue              **bound,
            GError                **error)
{
  for (gsize i = 0; i < n_values; i++)
    {
      gssize index = lfb_bind_parameter (info, names[i]);

      if (index < 0 || (forward_only && !info->parameters[index].forward))
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                       "unknown argument `%s`; expected %s", names[i], info->row->signature);
          return FALSE;
        }
      if (bound[index] != NULL)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                       "argument `%s` is given twice", names[i]);
          return FALSE;
        }
      bound[index] = values[i];
    }

  return TRUE;
}

gboolean
lfb_bind_arguments (const LfbOperatorInfo  *info,
                    gboolean                forward_only,
                    LfbValue              **args,
                    gsize                   n_args,
                    const char * const     *names,
                    LfbValue              **values,
                    gsize                   n_values,
                    LfbValue              **bound,
                    LfbValue              **variadic,
                    GError                **error)
{
  *variadic = NULL;
  if (!bind_positions (info, forward_only, args, n_args, bound, variadic, error) ||
      !bind_names (info, forward_only, names, values, n_values, bound, error))
    return FALSE;

  for (gsize i = 0; i < info->n_parameters; i++)
    {
      if (bound[i] == NULL)
        bound[i] = info->parameters[i].fallback;
      if (bound[i] == NULL && info->parameters[i].variadic)
        bound[i] = *variadic = lfb_value_for_tuple (NULL, 0);
      if (bound[i] == NULL)
        {
          g_set_error (error, LFB_ERROR, LFB_ERROR_ARGUMENT,
                       "argument `%s` is missing; expected %s",
                       info->parameters[i].name, info->row->signature);
          return FALSE;
        }
    }

  return TRUE;
}
