/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Nodes whose results show elements of an argument: permute, slices, chunk,
 * reshape and the like. Where the elements come from is not told again here: the
 * operator itself runs, on the numbers of the elements. If strides can say the
 * same, the view costs nothing.
 */

#include <lowerfb/run/program/lfb-trace-private.h>
#include <lowerfb/run/lfb-array-private.h>

#include <string.h>

/* What stands for the arguments that are tensors of the run. */
typedef struct {
  LfbTrace *trace;
  gsize viewed;
  LfbValue *numbers;
  GPtrArray *kept;       /* LfbValue: stand-ins for other tensors */
  gboolean others;       /* whether only the shapes of other tensors matter */
  gboolean known;
} ViewCall;

static LfbTensor *
new_zeros (const LfbOperand  *operand,
           GError           **error)
{
  gsize size = lfb_operand_n_elements (operand);
  gpointer zeros = lfb_try_alloc (size, 1, error);
  g_autoptr (GBytes) bytes = NULL;

  if (zeros == NULL)
    return NULL;
  memset (zeros, 0, size);
  bytes = g_bytes_new_take (zeros, size);

  return lfb_tensor_new_for_bytes (LFB_DTYPE_UINT8, operand->shape, operand->n_dims, bytes, error);
}

static LfbTensor *
new_numbers (const LfbOperand  *operand,
             GError           **error)
{
  gsize n = lfb_operand_n_elements (operand);
  gint32 *numbers = lfb_try_alloc (n, sizeof *numbers, error);
  g_autoptr (GBytes) bytes = NULL;

  if (numbers == NULL)
    return NULL;
  for (gsize i = 0; i < n; i++)
    numbers[i] = i;
  bytes = g_bytes_new_take (numbers, n * sizeof *numbers);

  return lfb_tensor_new_for_bytes (LFB_DTYPE_INT32, operand->shape, operand->n_dims, bytes, error);
}

static LfbValue *
replace_node (LfbNode  *node,
              gpointer  user_data)
{
  ViewCall *call = user_data;
  gsize slot = GPOINTER_TO_SIZE (g_hash_table_lookup (call->trace->plan->slots, node)) - 1;
  LfbTerm *term = call->trace->terms[slot];
  LfbTensor *zeros;
  LfbValue *value;

  if (slot == call->viewed)
    return call->numbers;
  if (term->kind == LFB_TERM_CONSTANT)
    return term->constant;
  if (term->kind == LFB_TERM_TENSOR && call->others && (zeros = new_zeros (&term->operand, NULL)) != NULL)
    {
      value = lfb_value_take_tensor (zeros);
      g_ptr_array_add (call->kept, value);
      return value;
    }
  call->known = FALSE;

  return NULL;
}

static GPtrArray *
replace_args (ViewCall         *call,
              const LfbPlanArg *args,
              gsize             n_args)
{
  GPtrArray *values = g_ptr_array_new_full (n_args, (GDestroyNotify) lfb_value_unref);

  for (gsize i = 0; i < n_args; i++)
    g_ptr_array_add (values, lfb_value_map_nodes (args[i].value, replace_node, call));

  return values;
}

/* What the operator makes of @numbers; %NULL without an error if that cannot be
 * known now.
 */
static LfbValue *
run_view (LfbTrace           *self,
          const LfbPlanStep  *step,
          LfbTensor          *numbers,
          GError            **error)
{
  g_autoptr (LfbValue) value = lfb_value_for_tensor (numbers);
  g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  ViewCall call = { self, step->viewed, value, kept,
                    g_str_has_suffix (lfb_callable_get_name (step->callable), "_as"), TRUE };
  g_autoptr (GPtrArray) args = replace_args (&call, step->args, step->n_args);
  g_autoptr (GPtrArray) values = replace_args (&call, step->values, step->n_values);

  if (!call.known)
    return NULL;

  return lfb_callable_run (step->callable, self->runtime, (LfbValue **) args->pdata, args->len,
                           (const char * const *) step->names, (LfbValue **) values->pdata, values->len, error);
}

/* Elements of @like by number, where they lie. */
static gint64
place_of (const LfbOperand *like,
          gint64            number)
{
  gint64 place = like->offset;

  for (gsize i = like->n_dims; i-- > 0;)
    {
      place += number % like->shape[i] * like->strides[i];
      number /= like->shape[i];
    }

  return place;
}

/* The operand that shows the elements of @from with these numbers; %FALSE if it
 * would need more than strides.
 */
static gboolean
describe_numbers (const LfbOperand *from,
                  LfbTensor        *tensor,
                  LfbOperand       *operand)
{
  const gint32 *numbers = lfb_tensor_get_data (tensor, NULL);
  gint64 index[LFB_OPERAND_MAX_DIMS] = { 0 }, step = 1, place;
  LfbOperand shown = { 0 };
  gsize n;

  if (lfb_tensor_get_dtype (tensor) != LFB_DTYPE_INT32 || !lfb_operand_init_tensor (&shown, tensor))
    return FALSE;
  *operand = *from;
  operand->n_dims = shown.n_dims;
  memcpy (operand->shape, shown.shape, sizeof shown.shape);
  memcpy (operand->strides, shown.strides, sizeof shown.strides);
  n = lfb_operand_n_elements (&shown);
  if (n == 0)
    return TRUE;

  operand->offset = place_of (from, numbers[0]);
  for (gsize i = shown.n_dims; i-- > 0;)
    {
      operand->strides[i] = shown.shape[i] > 1 ? place_of (from, numbers[step]) - operand->offset : 0;
      step *= shown.shape[i];
    }

  place = operand->offset;
  for (gsize i = 0; i < n; i++)
    {
      if (place_of (from, numbers[i]) != place)
        return FALSE;
      for (gsize d = shown.n_dims; d-- > 0;)
        {
          place += operand->strides[d];
          if (++index[d] < operand->shape[d])
            break;
          place -= operand->strides[d] * operand->shape[d];
          index[d] = 0;
        }
    }

  return TRUE;
}

/* The dimensions of @from as parts of those of @to, each of which is the product
 * of neighbours of @from: where elements of @from go in memory of @to.
 */
static gboolean
split_dims (const LfbOperand *from,
            const LfbOperand *to,
            LfbOperand       *places)
{
  gsize at = from->n_dims;

  *places = *from;
  places->region = to->region;
  places->offset = to->offset;
  for (gsize i = to->n_dims; i-- > 0;)
    {
      gint64 stride = to->strides[i], size = 1;

      while (at > 0 && (size < to->shape[i] || from->shape[at - 1] == 1))
        {
          at--;
          places->strides[at] = stride * size;
          size *= from->shape[at];
        }
      if (size != to->shape[i])
        return FALSE;
    }

  return at == 0;
}

/* The same elements in order, in another shape, that strides cannot describe: a
 * copy, to channels last if it becomes an image that would lie so.
 */
static void
reshape_copy (LfbEmit          *emit,
              const LfbOperand *from,
              LfbOperand       *to)
{
  LfbOperand plain = *from, places;

  to->dtype = from->dtype;
  to->scale = from->scale;
  to->zero_point = from->zero_point;
  if (to->n_dims == 4 || to->n_dims == 5)
    lfb_operand_set_channels_last (to);
  else
    lfb_operand_set_row_major (to);
  if (split_dims (from, to, &places))
    {
      lfb_emit_allocate (emit, to);
      places.region = to->region;
      lfb_instr_copy_add (emit->program, emit->step, &places, from);
      return;
    }

  lfb_emit_row_major (emit, &plain);
  lfb_operand_set_row_major (to);
  to->region = plain.region;
  to->offset = plain.offset;
}

static LfbTerm *
term_of_order (LfbEmit    *emit,
               const LfbOperand *from,
               LfbTensor  *tensor)
{
  LfbOperand operand = *from, shown;

  if (lfb_tensor_get_dtype (tensor) != LFB_DTYPE_UINT8 || !lfb_operand_init_tensor (&shown, tensor))
    return NULL;
  if (!lfb_operand_reshape (&operand, shown.shape, shown.n_dims))
    {
      operand = shown;
      reshape_copy (emit, from, &operand);
    }

  return lfb_term_new_tensor (&operand);
}

static LfbTerm *
term_of_numbers (const LfbOperand *from,
                 LfbValue         *value)
{
  g_autoptr (LfbTerm) items = NULL;
  LfbOperand operand;

  if (lfb_value_get_kind (value) == LFB_VALUE_KIND_TENSOR)
    return describe_numbers (from, lfb_value_get_tensor (value), &operand) ? lfb_term_new_tensor (&operand) : NULL;
  if (!lfb_value_is_sequence (value))
    return NULL;

  items = lfb_term_new_items (lfb_value_get_kind (value) == LFB_VALUE_KIND_TUPLE);
  for (gsize i = 0; i < lfb_value_get_n_items (value); i++)
    {
      LfbTerm *item = term_of_numbers (from, lfb_value_get_item (value, i));

      if (item == NULL)
        return NULL;
      g_ptr_array_add (items->items, item);
    }

  return g_steal_pointer (&items);
}

static LfbEmitted
view_of_tensor (LfbTrace           *self,
                const LfbPlanStep  *step,
                gsize               index,
                const LfbOperand   *from,
                LfbTerm           **result,
                GError            **error)
{
  gboolean in_order = step->view == LFB_VIEW_IN_ORDER || step->view == LFB_VIEW_IF_STRIDED ||
                      step->view == LFB_VIEW_IF_ROW_MAJOR;
  LfbEmit emit = { .trace = self, .program = self->program, .runtime = self->runtime, .step = index };
  g_autoptr (LfbTensor) numbers = NULL;
  g_autoptr (LfbValue) value = NULL;
  GError *failure = NULL;

  if (lfb_operand_n_elements (from) > G_MAXINT32)
    return LFB_EMITTED_NOTHING;
  numbers = in_order ? new_zeros (from, NULL) : new_numbers (from, NULL);
  if (numbers == NULL)
    return LFB_EMITTED_NOTHING;
  value = run_view (self, step, numbers, &failure);
  if (value == NULL)
    {
      /* Numbers are not what every operator takes: it will say what is wrong. */
      g_clear_error (&failure);
      return LFB_EMITTED_NOTHING;
    }

  if (!in_order)
    *result = term_of_numbers (from, value);
  else if (lfb_value_get_kind (value) == LFB_VALUE_KIND_TENSOR)
    *result = term_of_order (&emit, from, lfb_value_get_tensor (value));

  return *result != NULL ? LFB_EMITTED : LFB_EMITTED_NOTHING;
}

/* An item of a tuple by its number, or all of them again. */
static LfbTerm *
item_of (LfbTrace          *self,
         const LfbPlanStep *step,
         LfbTerm           *items)
{
  LfbValue *index = step->n_args == 2 ? step->args[1].value : NULL;
  gint64 number;

  if (step->view != LFB_VIEW_IF_BASIC || index == NULL || !lfb_value_read_int (index, &number))
    return NULL;
  if (number < 0)
    number += items->items->len;
  if (number < 0 || number >= items->items->len)
    return NULL;

  return lfb_term_ref (g_ptr_array_index (items->items, number));
}

LfbEmitted
lfb_trace_view (LfbTrace           *self,
                const LfbPlanStep  *step,
                gsize               index,
                LfbTerm           **result,
                GError            **error)
{
  LfbTerm *viewed = self->terms[step->viewed];

  if (viewed->kind == LFB_TERM_ITEMS)
    {
      *result = item_of (self, step, viewed);
      return *result != NULL ? LFB_EMITTED : LFB_EMITTED_NOTHING;
    }
  if (viewed->kind != LFB_TERM_TENSOR)
    return LFB_EMITTED_NOTHING;

  switch (step->view)
    {
    case LFB_VIEW_SAME:
      *result = lfb_term_ref (viewed);
      return LFB_EMITTED;

    case LFB_VIEW_IN_ORDER:
    case LFB_VIEW_MOVED:
    case LFB_VIEW_IF_BASIC:
    case LFB_VIEW_IF_STRIDED:
    case LFB_VIEW_IF_ROW_MAJOR:
    case LFB_VIEW_PERHAPS:
      return view_of_tensor (self, step, index, &viewed->operand, result, error);

    case LFB_VIEW_NONE:
    case LFB_VIEW_IF_TYPE:
    case LFB_VIEW_ITEMS:
    default:
      return LFB_EMITTED_NOTHING;
    }
}
