/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lfb-packing-private.h. Blocks are cut from chunks one after the other; a
 * chunk goes when all of its blocks have gone. Linux backs it with pages of two
 * megabytes if asked to, and takes from the process only those that were touched.
 */

#include <lowerfb/run/lfb-array-private.h>
#include <lowerfb/run/lfb-packing-private.h>

#include <stdlib.h>
#include <sys/mman.h>

#define CHUNK_SIZE ((gsize) 16 * 1024 * 1024)
#define LARGE_PAGE ((gsize) 2 * 1024 * 1024)
/* Smaller blocks would leave most of a small model's only page empty. */
#define MIN_SIZE ((gsize) 64 * 1024)

struct _LfbPackingChunk {
  gatomicrefcount ref_count;
  guint8 *memory;        /* at a multiple of LARGE_PAGE */
  gsize size;
  gsize used;
};

struct _LfbPackingPool {
  GMutex lock;
  LfbPackingChunk *chunk;    /* %NULL: the next block begins one */
};

static void
chunk_unref (LfbPackingChunk *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  munmap (self->memory, self->size);
  g_free (self);
}

/* Memory of whole large pages: what of them was mapped too much is given back. */
static guint8 *
map_large (gsize size)
{
  guint8 *begin = mmap (NULL, size + LARGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                        -1, 0);
  gsize before;

  if (begin == MAP_FAILED)
    return NULL;
  before = (LARGE_PAGE - GPOINTER_TO_SIZE (begin) % LARGE_PAGE) % LARGE_PAGE;
  if (before > 0)
    munmap (begin, before);
  munmap (begin + before + size, LARGE_PAGE - before);

  return begin + before;
}

static LfbPackingChunk *
chunk_new (gsize size)
{
  LfbPackingChunk *self;
  guint8 *memory = map_large (size);

  if (memory == NULL)
    return NULL;
#ifdef MADV_HUGEPAGE
  madvise (memory, size, MADV_HUGEPAGE);
#endif

  self = g_new0 (LfbPackingChunk, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->memory = memory;
  self->size = size;

  return self;
}

LfbPackingPool *
lfb_packing_pool_new (void)
{
  LfbPackingPool *self = g_new0 (LfbPackingPool, 1);

  g_mutex_init (&self->lock);

  return self;
}

void
lfb_packing_pool_free (LfbPackingPool *self)
{
  g_clear_pointer (&self->chunk, chunk_unref);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static gpointer
cut (LfbPackingPool   *self,
     gsize             size,
     LfbPackingChunk **chunk)
{
  gpointer block = NULL;

  size = (size + 63) / 64 * 64;
  g_mutex_lock (&self->lock);
  if (self->chunk != NULL && size > self->chunk->size - self->chunk->used)
    g_clear_pointer (&self->chunk, chunk_unref);
  if (self->chunk == NULL)
    self->chunk = chunk_new (MAX ((size + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE, CHUNK_SIZE));
  if (self->chunk != NULL)
    {
      *chunk = self->chunk;
      g_atomic_ref_count_inc (&self->chunk->ref_count);
      block = self->chunk->memory + self->chunk->used;
      self->chunk->used += size;
    }
  g_mutex_unlock (&self->lock);

  return block;
}

gpointer
lfb_packing_alloc (LfbPackingPool   *pool,
                   gsize             size,
                   LfbPackingChunk **chunk,
                   GError          **error)
{
  gpointer block = NULL;

  *chunk = NULL;
  if (pool != NULL && size >= MIN_SIZE && size < G_MAXSSIZE - 2 * LARGE_PAGE)
    block = cut (pool, size, chunk);

  return block != NULL ? block : lfb_try_alloc_aligned (size, 1, error);
}

void
lfb_packing_release (gpointer         memory,
                     LfbPackingChunk *chunk)
{
  if (chunk != NULL)
    chunk_unref (chunk);
  else
    free (memory);
}
