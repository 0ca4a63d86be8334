/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-emit-private.h. */

#include <lowerfb/run/program/lfb-trace-private.h>
#include <lowerfb/run/lfb-array-private.h>

#include <string.h>

/* No memory has more bytes, and sums of such sizes do not overflow. */
#define MAX_REGION (G_GUINT64_CONSTANT (1) << 47)

LfbTerm *
lfb_emit_value_term (LfbEmit  *self,
                     LfbValue *value)
{
  if (lfb_value_get_kind (value) == LFB_VALUE_KIND_NODE)
    {
      gpointer slot = g_hash_table_lookup (self->trace->plan->slots, lfb_value_get_node (value));

      return lfb_term_ref (self->trace->terms[GPOINTER_TO_SIZE (slot) - 1]);
    }

  return lfb_term_new_constant (value);
}

LfbTerm *
lfb_emit_term (LfbEmit    *self,
               const char *name)
{
  LfbValue *value = lfb_call_get (&self->call, name);

  return value != NULL ? lfb_emit_value_term (self, value) : NULL;
}

gboolean
lfb_emit_term_operand (LfbEmit    *self,
                       LfbTerm    *term,
                       LfbOperand *operand)
{
  LfbTensor *tensor;
  LfbRegion *region;

  if (term->kind == LFB_TERM_TENSOR)
    {
      *operand = term->operand;
      return TRUE;
    }
  if (term->kind != LFB_TERM_CONSTANT || lfb_value_get_kind (term->constant) != LFB_VALUE_KIND_TENSOR)
    return FALSE;

  tensor = lfb_value_get_tensor (term->constant);
  if (!lfb_operand_init_tensor (operand, tensor))
    return FALSE;
  operand->region = lfb_program_add_region (self->program, LFB_REGION_CONSTANT, 0);
  region = lfb_program_region (self->program, operand->region);
  region->constant = g_object_ref (tensor);
  region->whole = *operand;

  return TRUE;
}

gboolean
lfb_emit_operand (LfbEmit    *self,
                  const char *name,
                  LfbOperand *operand)
{
  g_autoptr (LfbTerm) term = lfb_emit_term (self, name);

  return term != NULL && lfb_emit_term_operand (self, term, operand);
}

LfbOperand *
lfb_emit_operands (LfbEmit    *self,
                   const char *name,
                   gsize      *n_operands)
{
  LfbValue *value = lfb_call_get (&self->call, name);
  g_autoptr (LfbTerm) list = lfb_emit_value_term (self, value);
  g_autofree LfbOperand *operands = NULL;

  *n_operands = list->kind == LFB_TERM_ITEMS ? list->items->len : lfb_value_is_sequence (value) ? lfb_value_get_n_items (value) : 0;
  if (*n_operands == 0)
    return NULL;

  operands = g_new (LfbOperand, *n_operands);
  for (gsize i = 0; i < *n_operands; i++)
    {
      g_autoptr (LfbTerm) term = NULL;

      if (list->kind == LFB_TERM_ITEMS)
        term = lfb_term_ref (g_ptr_array_index (list->items, i));
      else
        term = lfb_emit_value_term (self, lfb_value_get_item (value, i));
      if (!lfb_emit_term_operand (self, term, &operands[i]))
        return NULL;
    }

  return g_steal_pointer (&operands);
}

static void
note_node (LfbNode  *node,
           gpointer  user_data)
{
  *(gboolean *) user_data = FALSE;
}

gboolean
lfb_emit_is_constant (LfbEmit    *self,
                      const char *except)
{
  gboolean constant = TRUE;

  g_auto (GStrv) names = g_strsplit (except, " ", -1);

  for (gsize i = 0; i < self->call.info->n_parameters; i++)
    if (self->call.values[i] != NULL && !g_strv_contains ((const char * const *) names, self->call.info->parameters[i].name))
      lfb_value_visit_nodes (self->call.values[i], note_node, &constant);

  return constant;
}

void
lfb_emit_allocate (LfbEmit    *self,
                   LfbOperand *operand)
{
  gsize size = lfb_operand_item_size (operand);

  for (gsize i = 0; i < operand->n_dims; i++)
    if (!g_size_checked_mul (&size, size, operand->shape[i]) || size > MAX_REGION)
      {
        self->trace->refused = TRUE;
        size = 0;
      }
  operand->offset = 0;
  operand->region = lfb_program_add_region (self->program, LFB_REGION_ARENA, size);
}

void
lfb_emit_work (LfbEmit    *self,
               gsize       size,
               LfbOperand *operand)
{
  *operand = (LfbOperand) { .dtype = LFB_DTYPE_UINT8, .n_dims = 1, .shape = { size }, .strides = { 1 } };
  lfb_emit_allocate (self, operand);
}

/* The same bytes may have been brought to this layout before. */
static void
copy_to (LfbEmit    *self,
         LfbOperand *operand,
         LfbOperand *to)
{
  GArray *copies = self->trace->copies;
  LfbCopied copied = { *operand, *to };

  for (guint i = 0; i < copies->len; i++)
    {
      const LfbCopied *other = &g_array_index (copies, LfbCopied, i);

      if (other->from.region == operand->region && other->from.offset == operand->offset &&
          other->from.dtype == operand->dtype && other->to.dtype == to->dtype &&
          lfb_operand_same_layout (&other->from, operand) && lfb_operand_same_layout (&other->to, to))
        {
          to->region = other->to.region;
          to->offset = other->to.offset;
          *operand = *to;
          return;
        }
    }
  lfb_emit_allocate (self, to);
  lfb_instr_copy_add (self->program, self->step, to, operand);
  copied.to = *to;
  g_array_append_val (copies, copied);
  *operand = *to;
}

void
lfb_emit_channels_last (LfbEmit    *self,
                        LfbOperand *operand)
{
  LfbOperand to = *operand;
  gsize stride;

  if (lfb_operand_is_pixels (operand, &stride))
    return;
  lfb_operand_set_channels_last (&to);
  copy_to (self, operand, &to);
}

void
lfb_emit_row_major (LfbEmit    *self,
                    LfbOperand *operand)
{
  LfbOperand to = *operand;

  if (lfb_operand_is_row_major (operand))
    return;
  lfb_operand_set_row_major (&to);
  copy_to (self, operand, &to);
}

void
lfb_emit_layout_of (LfbEmit          *self,
                    LfbOperand       *operand,
                    const LfbOperand *like)
{
  LfbOperand to = *operand;

  if (lfb_operand_same_layout (operand, like))
    return;
  lfb_operand_set_order (&to, like);
  copy_to (self, operand, &to);
}

LfbInstr *
lfb_emit_instr (LfbEmit            *self,
                const LfbInstrType *type,
                const LfbOperand   *y,
                const LfbOperand   *x,
                gsize               n_x,
                gpointer            data)
{
  return lfb_program_add_instr (self->program, type, self->step, y, x, n_x, data);
}

LfbEmitted
lfb_emit_return (LfbEmit          *self,
                 const LfbOperand *operand)
{
  self->result = lfb_term_new_tensor (operand);

  return LFB_EMITTED;
}

static LfbTensor *
new_stand_in (const LfbOperand  *operand,
              GError           **error)
{
  gsize size = lfb_operand_n_elements (operand) * lfb_operand_item_size (operand);
  gpointer zeros = g_try_malloc0 (MAX (size, 1));
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (LfbTensor) plain = NULL;

  if (zeros == NULL)
    return NULL;
  bytes = g_bytes_new_take (zeros, size);
  plain = lfb_tensor_new_for_bytes (lfb_dtype_get_storage (operand->dtype), operand->shape, operand->n_dims, bytes, error);
  if (plain == NULL || !lfb_dtype_is_quantized (operand->dtype))
    return g_steal_pointer (&plain);

  return lfb_tensor_new_quantized (plain, operand->scale, operand->zero_point, operand->dtype, error);
}

LfbTensor *
lfb_emit_stand_in (LfbEmit     *self,
                   const char  *name,
                   LfbOperand  *operand)
{
  gssize index = lfb_operator_parameter (self->call.info, name);
  LfbTensor *tensor;
  LfbValue *value;

  if (index < 0 || self->call.values[index] == NULL || !lfb_emit_operand (self, name, operand) ||
      !lfb_emit_is_constant (self, name))
    return NULL;
  tensor = new_stand_in (operand, NULL);
  if (tensor == NULL)
    return NULL;

  value = lfb_value_take_tensor (tensor);
  self->call.values[index] = value;
  if (self->kept == NULL)
    self->kept = g_ptr_array_new_with_free_func ((GDestroyNotify) lfb_value_unref);
  g_ptr_array_add (self->kept, value);

  return tensor;
}

LfbEmitted
lfb_emit_shape (LfbEmit  *self,
                GError  **error)
{
  g_autoptr (LfbValue) value = NULL;
  LfbOperand operand;

  if (lfb_emit_stand_in (self, self->call.info->parameters[0].name, &operand) == NULL)
    return LFB_EMITTED_NOTHING;
  value = lfb_call_run (&self->call, error);
  if (value == NULL)
    return LFB_EMITTED_ERROR;
  if (lfb_value_get_kind (value) == LFB_VALUE_KIND_TENSOR)
    return LFB_EMITTED_NOTHING;
  self->result = lfb_term_new_constant (value);

  return LFB_EMITTED;
}
