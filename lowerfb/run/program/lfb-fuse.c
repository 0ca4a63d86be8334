/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Making instructions fewer, with the same bits: what nothing reads goes; a clamp of
 * 8-bit integers that follows a product narrows the product's own; an add after a
 * convolution is done in its output stage; of two tables after each other one is
 * left; what is only copied into a part of a larger image is written there at once;
 * what floats are made of is written where they were.
 */

#include <lowerfb/run/emit/lfb-binary-private.h>
#include <lowerfb/run/emit/lfb-bytes-private.h>
#include <lowerfb/run/emit/lfb-product-private.h>

#include <string.h>

/* Which instructions read and write a region. */
typedef struct {
  guint n_reads;
  guint n_writes;
  guint reader;          /* the last of them */
  guint writer;
  gboolean fixed;        /* something needs it to lie as it does */
  gboolean named;        /* a term reads it */
} RegionUse;

typedef struct {
  LfbProgram *program;
  RegionUse *uses;
} Fusing;

static LfbInstr *
instr_at (const LfbProgram *program,
          guint             index)
{
  return g_ptr_array_index (program->instrs, index);
}

static void
note_operand (Fusing           *self,
              const LfbOperand *operand,
              const LfbInstr   *instr)
{
  RegionUse *use = &self->uses[operand->region];
  gsize stride;

  use->fixed |= !instr->type->strided || (instr->type != &lfb_copy_instr && !lfb_operand_is_pixels (operand, &stride));
}

static void
note_output (Fusing        *self,
             const LfbTerm *term)
{
  if (term->kind == LFB_TERM_TENSOR)
    {
      self->uses[term->operand.region].n_reads++;
      self->uses[term->operand.region].fixed = TRUE;
    }
  else if (term->kind == LFB_TERM_ITEMS)
    {
      for (guint i = 0; i < term->items->len; i++)
        note_output (self, g_ptr_array_index (term->items, i));
    }
}

static void
find_uses (Fusing *self)
{
  guint n = self->program->regions->len;

  g_free (self->uses);
  self->uses = g_new0 (RegionUse, MAX (n, 1));
  for (guint i = 0; i < n; i++)
    self->uses[i].fixed = lfb_program_region (self->program, i)->kind != LFB_REGION_ARENA;
  for (guint i = 0; i < self->program->instrs->len; i++)
    {
      const LfbInstr *instr = instr_at (self->program, i);

      for (gsize j = 0; j < instr->n_x; j++)
        {
          RegionUse *use = &self->uses[instr->x[j].region];

          use->n_reads++;
          use->reader = i;
          use->named |= instr->type->terms;
          note_operand (self, &instr->x[j], instr);
        }
      if (instr->writes)
        {
          RegionUse *use = &self->uses[instr->y.region];

          use->n_writes++;
          use->writer = i;
          note_operand (self, &instr->y, instr);
        }
    }
  note_output (self, self->program->output);
}

/* The instruction that makes all of what @x is, if nothing but one reads it;
 * NULL if there is none.
 */
static LfbInstr *
only_producer (const Fusing     *self,
               const LfbOperand *x)
{
  const RegionUse *use = &self->uses[x->region];
  LfbInstr *producer;

  if (lfb_program_region (self->program, x->region)->kind != LFB_REGION_ARENA || use->n_reads != 1 || use->n_writes != 1)
    return NULL;
  producer = instr_at (self->program, use->writer);

  return producer->y.offset == x->offset && lfb_operand_same_layout (&producer->y, x) ? producer : NULL;
}

/* Whether a table is clamp (i, low, high). */
static gboolean
is_clamp (const guint8 *table,
          guint        *low,
          guint        *high)
{
  *low = table[0];
  *high = table[255];
  for (guint i = 0; i < 256; i++)
    if (table[i] != CLAMP (i, *low, *high))
      return FALSE;

  return *low <= *high;
}

/* The clamp of @bytes becomes the product's. */
static gboolean
fuse_clamp (LfbInstr *product,
            LfbInstr *bytes)
{
  LfbProduct *data = product->data;
  gint32 *y_min, *y_max;
  guint low, high;

  if ((product->type != &lfb_taps_instr && product->type != &lfb_rows_instr) || bytes->y.dtype != LFB_DTYPE_QUINT8 ||
      !is_clamp (bytes->data, &low, &high) ||
      (product->type == &lfb_rows_instr && !lfb_operand_is_row_major (&bytes->y)))
    return FALSE;

  y_min = data->adds && data->addend.rounded ? &data->addend.y_min : &data->output.y_min;
  y_max = data->adds && data->addend.rounded ? &data->addend.y_max : &data->output.y_max;
  *y_min = CLAMP (*y_min, (gint32) low, (gint32) high);
  *y_max = CLAMP (*y_max, (gint32) low, (gint32) high);
  product->y = bytes->y;

  return TRUE;
}

static gboolean
fuse_tables (LfbInstr *first,
             LfbInstr *second)
{
  guint8 *table = first->data;
  const guint8 *then = second->data;

  if (first->type != &lfb_bytes_instr)
    return FALSE;
  for (guint i = 0; i < 256; i++)
    table[i] = then[table[i]];
  first->y = second->y;

  return TRUE;
}

static void
remove_instr (LfbProgram *program,
              guint       index)
{
  g_ptr_array_remove_index (program->instrs, index);
}

static gboolean
fuse_bytes (Fusing *self,
            guint   index)
{
  LfbInstr *bytes = instr_at (self->program, index), *producer;

  if (bytes->type != &lfb_bytes_instr)
    return FALSE;
  producer = only_producer (self, &bytes->x[0]);
  if (producer == NULL || !(fuse_clamp (producer, bytes) || fuse_tables (producer, bytes)))
    return FALSE;
  remove_instr (self->program, index);

  return TRUE;
}

/* Whether @product can add the other operand of @add on its way. */
static gboolean
can_add (const LfbInstr *product,
         const LfbInstr *add,
         gsize           own)
{
  const LfbOperand *other = &add->x[1 - own];
  const LfbProduct *data;
  gsize stride;

  if (product == NULL || product->type != &lfb_taps_instr)
    return FALSE;
  data = product->data;

  /* A table may have given the same integers another zero point. */
  return !data->adds && !data->taps->settings.transposed && data->output.y_zero_point == product->y.zero_point &&
         add->x[own].zero_point == product->y.zero_point && add->x[own].scale == product->y.scale &&
         lfb_operand_is_pixels (other, &stride) && lfb_operand_is_pixels (&add->y, &stride) &&
         memcmp (other->shape, product->y.shape, sizeof other->shape) == 0 &&
         lfb_addend_fits (product->y.scale, other->scale, add->y.scale);
}

/* An add of what a convolution makes is done in its output stage, where the add
 * stood: there both operands are known.
 */
static gboolean
fuse_add (Fusing *self,
          guint   index)
{
  LfbInstr *add = instr_at (self->program, index), *product = NULL;
  const LfbQuantizedBinary *binary = add->data;
  LfbProduct *data;
  LfbOperand *x;
  guint writer = 0;
  gsize own = 0;

  if (add->type != &lfb_binary_instr || binary->multiply || add->y.dtype != LFB_DTYPE_QUINT8)
    return FALSE;
  for (gsize i = 0; i < 2; i++)
    {
      LfbInstr *producer = only_producer (self, &add->x[i]);
      guint at = self->uses[add->x[i].region].writer;

      if (can_add (producer, add, i) && (product == NULL || at > writer))
        {
          product = producer;
          writer = at;
          own = i;
        }
    }
  if (product == NULL)
    return FALSE;

  data = product->data;
  data->adds = TRUE;
  data->addend = (LfbAddend) {
    .scale = add->x[1 - own].scale, .zero_point = add->x[1 - own].zero_point, .rounded = TRUE,
    .product_scale = product->y.scale, .reciprocal = 1.0f / (float) add->y.scale,
    .y_zero_point = add->y.zero_point, .y_min = binary->range.relu ? add->y.zero_point : 0, .y_max = 255,
  };
  x = g_new (LfbOperand, 2);
  x[0] = product->x[0];
  x[1] = add->x[1 - own];
  g_free (product->x);
  product->x = x;
  product->n_x = 2;
  product->y = add->y;
  product->step = add->step;

  /* The product takes the place of the add. */
  g_ptr_array_index (self->program->instrs, index) = product;
  g_ptr_array_index (self->program->instrs, writer) = add;
  remove_instr (self->program, writer);

  return TRUE;
}

/* Whether an operand of a region of dense pixels with as many channels sees them
 * as pixels: dimensions go from pixel to pixel, or stay within one.
 */
static gboolean
can_move_operand (const LfbOperand *operand,
                  gint64            channels)
{
  gint64 last = operand->offset % channels;

  for (gsize i = 0; i < operand->n_dims; i++)
    {
      if (operand->shape[i] <= 1 || operand->strides[i] == 0)
        continue;
      if (operand->strides[i] < 0 || (operand->strides[i] >= channels && operand->strides[i] % channels != 0))
        return FALSE;
      if (operand->strides[i] < channels)
        last += (operand->shape[i] - 1) * operand->strides[i];
    }

  return last < channels;
}

static gboolean
can_move_region (const LfbProgram *program,
                 guint             region,
                 gint64            channels)
{
  for (guint i = 0; i < program->instrs->len; i++)
    {
      const LfbInstr *instr = instr_at (program, i);

      for (gsize j = 0; j < instr->n_x; j++)
        if (instr->x[j].region == region && !can_move_operand (&instr->x[j], channels))
          return FALSE;
      if (instr->writes && instr->y.region == region && !can_move_operand (&instr->y, channels))
        return FALSE;
    }

  return TRUE;
}

/* An operand of a region of dense pixels, where the pixels are in a wider image
 * (that of @place).
 */
static void
move_operand (LfbOperand       *operand,
              const LfbOperand *whole,
              const LfbOperand *place)
{
  gint64 channels = whole->shape[1];
  gsize wide;

  if (!lfb_operand_is_pixels (place, &wide))
    g_assert_not_reached ();
  operand->region = place->region;
  operand->offset = place->offset + operand->offset / channels * (gint64) wide + operand->offset % channels;
  for (gsize i = 0; i < operand->n_dims; i++)
    if (operand->strides[i] >= channels)
      operand->strides[i] = operand->strides[i] / channels * (gint64) wide;
}

/* A copy of all of a region into a part of a larger image goes: whoever writes
 * the region writes there.
 */
static gboolean
place_in_image (Fusing *self,
                guint   index)
{
  LfbInstr *copy = instr_at (self->program, index);
  LfbOperand whole, place;
  gsize own, wide;

  if (copy->type != &lfb_copy_instr)
    return FALSE;
  whole = copy->x[0];
  place = copy->y;
  if (self->uses[whole.region].fixed || whole.offset != 0 ||
      !lfb_operand_is_pixels (&whole, &own) || !lfb_operand_is_pixels (&place, &wide) ||
      (gint64) own != whole.shape[1] || whole.shape[1] < 2 || place.region == whole.region ||
      lfb_program_region (self->program, whole.region)->size != lfb_operand_n_elements (&whole) * lfb_operand_item_size (&whole) ||
      !can_move_region (self->program, whole.region, whole.shape[1]))
    return FALSE;

  remove_instr (self->program, index);
  for (guint i = 0; i < self->program->instrs->len; i++)
    {
      LfbInstr *instr = instr_at (self->program, i);

      for (gsize j = 0; j < instr->n_x; j++)
        if (instr->x[j].region == whole.region)
          move_operand (&instr->x[j], &whole, &place);
      if (instr->writes && instr->y.region == whole.region)
        move_operand (&instr->y, &whole, &place);
    }

  return TRUE;
}

/* Whether nothing reads what is in all of the region of @x after instruction @index,
 * and nothing but it writes the region of its y, so that one can be the other.
 */
static gboolean
can_share (const Fusing     *self,
           guint             index,
           const LfbOperand *x)
{
  const LfbInstr *instr = instr_at (self->program, index);
  const LfbOperand *y = &instr->y;
  const LfbRegion *from = lfb_program_region (self->program, x->region), *to = lfb_program_region (self->program, y->region);

  /* Of another place in the region it would read what is written already. */
  for (gsize i = 0; i < instr->n_x; i++)
    if (instr->x[i].region == x->region && (instr->x[i].offset != x->offset || !lfb_operand_same_layout (&instr->x[i], x)))
      return FALSE;

  return from->kind == LFB_REGION_ARENA && (to->kind == LFB_REGION_ARENA || to->kind == LFB_REGION_OUTPUT) &&
         x->region != y->region && self->uses[x->region].reader == index && !self->uses[x->region].named &&
         self->uses[y->region].n_writes == 1 &&
         x->dtype == y->dtype && x->offset == 0 && y->offset == 0 && from->size == to->size &&
         from->size == lfb_operand_n_elements (y) * lfb_operand_item_size (y) && lfb_operand_same_layout (x, y);
}

/* Elements that are read once are written where they are: fewer regions, and memory
 * that is in the cache.
 */
static gboolean
share_region (Fusing *self,
              guint   index)
{
  const LfbInstr *instr = instr_at (self->program, index);
  guint from, to = instr->y.region;
  gsize found = 0;

  if (!instr->type->in_place)
    return FALSE;
  while (found < instr->n_x && !can_share (self, index, &instr->x[found]))
    found++;
  if (found == instr->n_x)
    return FALSE;

  from = instr->x[found].region;
  for (guint i = 0; i < self->program->instrs->len; i++)
    {
      LfbInstr *other = instr_at (self->program, i);

      for (gsize j = 0; j < other->n_x; j++)
        if (other->x[j].region == from)
          other->x[j].region = to;
      if (other->writes && other->y.region == from)
        other->y.region = to;
    }

  return TRUE;
}

static gboolean
drop_unread (Fusing *self,
             guint   index)
{
  const LfbInstr *instr = instr_at (self->program, index);

  if (!instr->writes || instr->results != NULL || self->uses[instr->y.region].n_reads > 0 ||
      lfb_program_region (self->program, instr->y.region)->kind != LFB_REGION_ARENA)
    return FALSE;
  remove_instr (self->program, index);

  return TRUE;
}

static gboolean
fuse_once (Fusing *self)
{
  for (guint i = 0; i < self->program->instrs->len; i++)
    if (drop_unread (self, i) || fuse_bytes (self, i) || fuse_add (self, i) || place_in_image (self, i))
      return TRUE;
  /* Last, for it has regions written twice. */
  for (guint i = 0; i < self->program->instrs->len; i++)
    if (share_region (self, i))
      return TRUE;

  return FALSE;
}

void
lfb_program_fuse (LfbProgram *self)
{
  Fusing fusing = { self, NULL };

  do
    find_uses (&fusing);
  while (fuse_once (&fusing));
  g_free (fusing.uses);
}
