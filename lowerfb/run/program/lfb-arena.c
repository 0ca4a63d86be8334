/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where regions lie in the arena: the largest first, each at the lowest place
 * that no region which lives at the same time takes. The size that this reaches
 * and the most that lives at once, which no layout can go below, are both kept.
 */

#include <lowerfb/run/program/lfb-program-private.h>

#define ALIGNMENT 64

static gsize
aligned_size (const LfbRegion *region)
{
  return (MAX (region->size, 1) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static void
use (LfbProgram *self,
     guint       index,
     gsize       instr)
{
  LfbRegion *region = lfb_program_region (self, index);
  region->first = MIN (region->first, instr);
  region->last = MAX (region->last, instr);
}

static void
find_lifetimes (LfbProgram *self)
{
  for (guint i = 0; i < self->regions->len; i++)
    {
      LfbRegion *region = lfb_program_region (self, i);

      region->first = G_MAXSIZE;
      region->last = 0;
    }
  for (guint i = 0; i < self->instrs->len; i++)
    {
      const LfbInstr *instr = g_ptr_array_index (self->instrs, i);

      if (instr->writes)
        use (self, instr->y.region, i);
      for (gsize j = 0; j < instr->n_x; j++)
        use (self, instr->x[j].region, i);
      for (guint j = 0; instr->results != NULL && j < instr->results->len; j++)
        use (self, g_array_index (instr->results, guint, j), i);
    }
}

static void
mark_output (LfbProgram    *self,
             const LfbTerm *term)
{
  if (term->kind == LFB_TERM_TENSOR)
    use (self, term->operand.region, self->instrs->len);
  else if (term->kind == LFB_TERM_ITEMS)
    for (guint i = 0; i < term->items->len; i++)
      mark_output (self, g_ptr_array_index (term->items, i));
}

/* Results of called operators go after their last reader. */
static void
find_dead (LfbProgram *self)
{
  for (guint i = 0; i < self->regions->len; i++)
    {
      const LfbRegion *region = lfb_program_region (self, i);
      LfbInstr *instr;

      if (region->kind != LFB_REGION_RESULT || region->last >= self->instrs->len)
        continue;
      instr = g_ptr_array_index (self->instrs, region->last);
      if (instr->dead == NULL)
        instr->dead = g_array_new (FALSE, FALSE, sizeof (gsize));
      g_array_append_val (instr->dead, region->index);
    }
}

static int
compare_sizes (gconstpointer a,
               gconstpointer b)
{
  const LfbRegion *x = *(LfbRegion * const *) a, *y = *(LfbRegion * const *) b;

  if (x->size != y->size)
    return x->size > y->size ? -1 : 1;

  return x->first < y->first ? -1 : x->first > y->first;
}

static int
compare_offsets (gconstpointer a,
                 gconstpointer b)
{
  const LfbRegion *x = *(LfbRegion * const *) a, *y = *(LfbRegion * const *) b;

  return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* The lowest gap among those placed (by offset) that live with @region. */
static gsize
find_place (GPtrArray       *placed,
            const LfbRegion *region)
{
  gsize offset = 0;

  for (guint i = 0; i < placed->len; i++)
    {
      const LfbRegion *other = g_ptr_array_index (placed, i);

      if (other->last < region->first || other->first > region->last)
        continue;
      if (offset + aligned_size (region) <= other->offset)
        break;
      offset = MAX (offset, other->offset + aligned_size (other));
    }

  return offset;
}

static gsize
find_bound (const LfbProgram *self,
            GPtrArray        *regions)
{
  g_autofree gssize *change = g_new0 (gssize, self->instrs->len + 2);
  gssize live = 0, most = 0;

  for (guint i = 0; i < regions->len; i++)
    {
      const LfbRegion *region = g_ptr_array_index (regions, i);

      change[region->first] += aligned_size (region);
      change[region->last + 1] -= aligned_size (region);
    }
  for (guint i = 0; i <= self->instrs->len; i++)
    {
      live += change[i];
      most = MAX (most, live);
    }

  return most;
}

void
lfb_program_lay_out (LfbProgram *self)
{
  g_autoptr (GPtrArray) regions = g_ptr_array_new ();
  g_autoptr (GPtrArray) placed = g_ptr_array_new ();

  find_lifetimes (self);
  mark_output (self, self->output);
  find_dead (self);
  for (guint i = 0; i < self->regions->len; i++)
    {
      LfbRegion *region = lfb_program_region (self, i);

      if (region->kind == LFB_REGION_ARENA && region->first != G_MAXSIZE)
        g_ptr_array_add (regions, region);
    }
  g_ptr_array_sort (regions, compare_sizes);

  for (guint i = 0; i < regions->len; i++)
    {
      LfbRegion *region = g_ptr_array_index (regions, i);

      region->offset = find_place (placed, region);
      self->arena_size = MAX (self->arena_size, region->offset + aligned_size (region));
      g_ptr_array_add (placed, region);
      g_ptr_array_sort (placed, compare_offsets);
    }
  self->arena_bound = find_bound (self, regions);
}
