/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Operators with an output range of their own (doc/lowering-coverage.md, pass 9): functions
 * become operators of torch.ops.quantized that take the range as output_scale
 * and output_zero_point, modules become quantized modules that hold it.
 *
 * What stays float, with its reason in the report: normalization by running
 * statistics where the kernel computes its own, and the other way round
 * (PyTorch ignores them, or fails).
 */

#include <lowerfb/lower/passes/lower_own_range-private.h>

#include <lowerfb/lower/lfb-lower-modules-private.h>
#include <lowerfb/lower/lfb-lower-range-private.h>
#include <lowerfb/lower/lfb-lower-rewrite-private.h>
#include <lowerfb/lower/lfb-lower-swaps-private.h>

static gboolean
is_none (LfbValue *value)
{
  return value == NULL || lfb_value_is_none (value);
}

static gboolean
is_false (LfbValue *value)
{
  return value != NULL && lfb_value_get_kind (value) == LFB_VALUE_KIND_BOOL && !lfb_value_get_bool (value);
}

static gboolean
has_tensor (LfbModule  *module,
            const char *name)
{
  return lfb_module_get_tensor (module, name) != NULL;
}

/* Whether normalization takes its statistics from where the kernel does. */
static gboolean
match_statistics (LfbLowerContext *context,
                  LfbNode         *quantize,
                  LfbNode         *ref,
                  LfbModule       *module,
                  const char      *target)
{
  gboolean instance_norm, running;

  if (module == NULL)
    {
      instance_norm = g_str_has_suffix (target, ".instance_norm");
      running = instance_norm &&
                (!is_none (_lfb_node_argument (ref, 1, "running_mean")) ||
                 !is_none (_lfb_node_argument (ref, 2, "running_var")) ||
                 is_false (_lfb_node_argument (ref, 5, "use_input_stats")));
    }
  else
    {
      instance_norm = g_str_has_prefix (target, LFB_QUANTIZED ("InstanceNorm"));
      running = has_tensor (module, "running_mean") || has_tensor (module, "running_var");
    }

  if (instance_norm && running)
    {
      _lfb_lower_context_left (context, quantize, ref,
                               "it normalizes by running statistics, and the int8 kernel by those of its input");
      return FALSE;
    }
  if (module != NULL && (g_str_has_prefix (target, LFB_QUANTIZED ("BatchNorm")) ||
                         g_str_has_prefix (target, LFB_FUSED_QUANTIZED ("BNReLU"))) &&
      !(has_tensor (module, "running_mean") && has_tensor (module, "running_var")))
    {
      _lfb_lower_context_left (context, quantize, ref,
                               "it has no running statistics, which the int8 kernel normalizes by");
      return FALSE;
    }

  return TRUE;
}

static gboolean
lower_module (LfbLowerContext      *context,
              const LfbStaticMatch *match,
              const LfbOperatorRow *row,
              LfbNode              *dequantize)
{
  LfbModule *source = row->inner != NULL ? _lfb_lower_context_get_part (context, match->ref, 0)
                                         : _lfb_lower_context_get_module (context, match->ref);
  gboolean weighted = g_str_has_prefix (row->target, LFB_REFERENCE (""));
  g_autoptr (LfbModule) plain = NULL;
  g_autoptr (LfbModule) module = NULL;
  g_autoptr (GError) error = NULL;
  gsize n_args;

  lfb_node_get_args (match->ref, &n_args);
  if (n_args + lfb_value_get_n_items (lfb_node_get_kwargs (match->ref)) != 1)
    {
      _lfb_lower_context_left (context, match->quantize, match->ref, "it is called with more than its input");
      return FALSE;
    }
  if (!match_statistics (context, match->quantize, match->ref, source, row->lowered))
    return FALSE;
  plain = _lfb_lower_module (context, source, row->lowered,
                             weighted ? LFB_WEIGHTS_PER_TENSOR : LFB_WEIGHTS_NONE, &error);
  if (plain == NULL)
    {
      _lfb_lower_context_left (context, match->quantize, match->ref, "its weight cannot be quantized: %s",
                               error->message);
      return FALSE;
    }

  module = _lfb_module_with_range (plain, match->scale, match->zero_point);
  _lfb_lower_swaps_add (context->swaps, match->ref, module);
  _lfb_read_before (match->ref, dequantize);
  return TRUE;
}

/* Sorts the arguments of a function into those of its quantized operator. */
static gboolean
sort_arguments (LfbLowerContext       *context,
                const LfbStaticMatch  *match,
                const LfbOperatorRow  *row,
                GPtrArray             *args,
                LfbValue             **kwargs)
{
  g_autoptr (LfbValue) named = lfb_value_ref (lfb_node_get_kwargs (match->ref));
  gsize n_args;

  lfb_node_get_args (match->ref, &n_args);
  for (gsize i = 0; i < n_args; i++)
    {
      const LfbParameter *parameter = i > 0 && i <= LFB_OPERATOR_MAX_PARAMETERS ? &row->parameters[i - 1] : NULL;

      if (i > 0 && (parameter == NULL || parameter->name == NULL))
        {
          _lfb_lower_context_left (context, match->quantize, match->ref,
                                   "its %s argument is not known", _lfb_ordinal (i));
          return FALSE;
        }
      if (i == 0 || parameter->kind == LFB_PARAMETER_STAYS)
        {
          g_ptr_array_add (args, lfb_value_ref (lfb_node_get_arg (match->ref, i)));
        }
      else if (parameter->kind == LFB_PARAMETER_NAMED)
        {
          LfbValue *next = lfb_value_with_item (named, parameter->name, lfb_node_get_arg (match->ref, i));

          lfb_value_unref (named);
          named = next;
        }
    }

  for (guint i = 0; i < LFB_OPERATOR_MAX_PARAMETERS && row->parameters[i].name != NULL; i++)
    {
      LfbValue *next;

      if (row->parameters[i].kind != LFB_PARAMETER_DROPPED)
        continue;
      next = lfb_value_without_item (named, row->parameters[i].name);
      lfb_value_unref (named);
      named = next;
    }

  *kwargs = g_steal_pointer (&named);
  return TRUE;
}

static gboolean
lower_function (LfbLowerContext      *context,
                const LfbStaticMatch *match,
                const LfbOperatorRow *row,
                LfbNode              *dequantize)
{
  g_autoptr (GPtrArray) args = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  g_autoptr (LfbValue) kwargs = NULL;
  g_autoptr (LfbValue) scaled = NULL;
  g_autoptr (LfbValue) complete = NULL;
  g_autoptr (LfbValue) scale = lfb_value_for_node (match->scale_node);
  g_autoptr (LfbValue) zero_point = lfb_value_for_node (match->zero_point_node);

  if (!match_statistics (context, match->quantize, match->ref, NULL, row->lowered) ||
      !sort_arguments (context, match, row, args, &kwargs))
    return FALSE;

  scaled = lfb_value_with_item (kwargs, "output_scale", scale);
  complete = lfb_value_with_item (scaled, "output_zero_point", zero_point);
  _lfb_set_call (match->ref, row->lowered, (LfbValue **) args->pdata, args->len, complete);
  _lfb_read_before (match->ref, dequantize);
  _lfb_place_after (match->ref, match->zero_point_node);
  return TRUE;
}

gboolean
_lfb_lower_own_range (LfbLowerContext      *context,
                      LfbNode              *quantize,
                      LfbNode              *ref,
                      const LfbOperatorRow *row,
                      LfbNode              *dequantize)
{
  LfbStaticMatch match = { NULL, };
  LfbRange range;

  if (!_lfb_match_activation (context, quantize, ref, lfb_node_get_input (dequantize, 0)) ||
      !_lfb_match_output (context, quantize, ref, &match))
    return FALSE;

  _lfb_range_of_quantize (context, quantize, &range);
  if (!(row->op == LFB_OP_CALL_MODULE ? lower_module (context, &match, row, dequantize)
                                      : lower_function (context, &match, row, dequantize)))
    return FALSE;

  _lfb_lower_context_took (context, ref, row->lowered);
  _lfb_lower_context_took (context, quantize, row->lowered);
  _lfb_take_output (context, quantize, ref);
  _lfb_range_set (context, ref, &range);
  return TRUE;
}
