/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether an operator takes arguments of the shapes and types that are known of
 * them, asked of the operator itself: it gets zeros of them. So an argument that
 * does not fit fails while the program is made, in the operator's own words, and
 * not after all that comes before it has run.
 */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/program/lfb-trace-private.h>

typedef struct {
  const LfbTrace *trace;
  GPtrArray *kept;       /* LfbValue: what stands for nodes */
  gboolean known;
} Probe;

static LfbTensor *
new_zeros (const LfbOperand *operand)
{
  gsize size = lfb_operand_n_elements (operand) * lfb_operand_item_size (operand);
  gpointer zeros = g_try_malloc0 (MAX (size, 1));
  g_autoptr (LfbTensor) plain = NULL;
  g_autoptr (GBytes) bytes = NULL;

  if (zeros == NULL)
    return NULL;
  bytes = g_bytes_new_take (zeros, size);
  plain = lfb_tensor_new_for_bytes (lfb_dtype_get_storage (operand->dtype), operand->shape, operand->n_dims, bytes, NULL);
  if (plain == NULL || !lfb_dtype_is_quantized (operand->dtype))
    return g_steal_pointer (&plain);

  return lfb_tensor_new_quantized (plain, operand->scale, operand->zero_point, operand->dtype, NULL);
}

static LfbValue *
value_of_term (const LfbTerm *term)
{
  g_autoptr (GPtrArray) items = NULL;
  LfbTensor *zeros;

  switch (term->kind)
    {
    case LFB_TERM_CONSTANT:
      return lfb_value_ref (term->constant);
    case LFB_TERM_TENSOR:
      zeros = new_zeros (&term->operand);
      return zeros != NULL ? lfb_value_take_tensor (zeros) : NULL;
    case LFB_TERM_VALUE:
      return NULL;
    case LFB_TERM_ITEMS:
    default:
      break;
    }

  items = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  for (guint i = 0; i < term->items->len; i++)
    {
      LfbValue *value = value_of_term (g_ptr_array_index (term->items, i));

      if (value == NULL)
        return NULL;
      g_ptr_array_add (items, value);
    }

  return term->tuple ? lfb_value_for_tuple ((LfbValue **) items->pdata, items->len)
                     : lfb_value_for_list ((LfbValue **) items->pdata, items->len);
}

static LfbValue *
replace_node (LfbNode  *node,
              gpointer  user_data)
{
  Probe *probe = user_data;
  gsize slot = GPOINTER_TO_SIZE (g_hash_table_lookup (probe->trace->plan->slots, node)) - 1;
  LfbValue *value = value_of_term (probe->trace->terms[slot]);

  if (value != NULL)
    g_ptr_array_add (probe->kept, value);
  else
    probe->known = FALSE;

  return value;
}

static GPtrArray *
replace_args (Probe            *probe,
              const LfbPlanArg *args,
              gsize             n_args)
{
  GPtrArray *values = g_ptr_array_new_full (n_args, (GDestroyNotify) lfb_value_unref);

  for (gsize i = 0; i < n_args; i++)
    g_ptr_array_add (values, lfb_value_map_nodes (args[i].value, replace_node, probe));

  return values;
}

/* Shapes, types and the like are what zeros are as good for as any other values. */
static gboolean
is_certain (const GError *failure)
{
  return g_error_matches (failure, LFB_ERROR, LFB_ERROR_SHAPE) ||
         g_error_matches (failure, LFB_ERROR, LFB_ERROR_DTYPE) ||
         g_error_matches (failure, LFB_ERROR, LFB_ERROR_ARGUMENT);
}

gboolean
lfb_trace_probe (const LfbTrace     *self,
                 const LfbPlanStep  *step,
                 GError            **error)
{
  g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  Probe probe = { self, kept, TRUE };
  g_autoptr (GPtrArray) args = replace_args (&probe, step->args, step->n_args);
  g_autoptr (GPtrArray) values = replace_args (&probe, step->values, step->n_values);
  LfbRuntime runtime = *self->runtime;
  g_autoptr (LfbValue) value = NULL;
  GError *failure = NULL;

  if (!probe.known)
    return TRUE;

  runtime.memory = NULL;
  value = lfb_callable_run (step->callable, &runtime, (LfbValue **) args->pdata, args->len,
                            (const char * const *) step->names, (LfbValue **) values->pdata, values->len, &failure);
  if (failure == NULL || !is_certain (failure))
    {
      g_clear_error (&failure);
      return TRUE;
    }
  g_propagate_error (error, failure);

  return FALSE;
}
