/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Buffers between unreadable pages.  What is left of their own pages holds a
 * pattern, so that writes which miss the unreadable pages are noticed too. */

#define _GNU_SOURCE
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_BUFFERS 64
#define PATTERN 0xc5

/* Larger ones are not kept for the next case. */
#define LARGEST_KEPT ((size_t) 1 << 20)

typedef struct
{
  uint8_t *map;
  size_t   map_size;
  uint8_t *pages;       /* the readable ones */
  size_t   pages_size;
  uint8_t *data;        /* NULL: the pages wait for the next buffer of their size */
  size_t   size;
  bool     frozen;
} Guard;

static Guard guards[MAX_BUFFERS];

static void
give_up (const char *what)
{
  perror (what);
  exit (1);
}

static void
unmap (Guard *guard)
{
  munmap (guard->map, guard->map_size);
  memset (guard, 0, sizeof *guard);
}

/* Unused pages of that size, else an unused slot, which may hold others. */
static Guard *
find_unused (size_t pages_size)
{
  Guard *unused = NULL;

  for (size_t i = 0; i < MAX_BUFFERS; i++)
    {
      if (guards[i].data != NULL)
        continue;

      if (guards[i].pages_size == pages_size)
        return &guards[i];

      if (unused == NULL || guards[i].map == NULL)
        unused = &guards[i];
    }

  if (unused == NULL)
    abort ();

  if (unused->map != NULL)
    unmap (unused);

  return unused;
}

static Guard *
find_pages (size_t size)
{
  size_t page = (size_t) sysconf (_SC_PAGESIZE);
  /* 64 more than needed: room for every alignment. */
  size_t pages_size = (size + 64 + page - 1) / page * page;
  Guard *guard = find_unused (pages_size);

  if (guard->map == NULL)
    {
      guard->pages_size = pages_size;
      guard->map_size = pages_size + 2 * page;
      guard->map = mmap (NULL, guard->map_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (guard->map == MAP_FAILED)
        give_up ("mmap");

      guard->pages = guard->map + page;
      if (mprotect (guard->pages, guard->pages_size, PROT_READ | PROT_WRITE) != 0)
        give_up ("mprotect");
    }

  guard->size = size;
  memset (guard->pages, PATTERN, guard->pages_size);

  return guard;
}

void *
guard_new (CheckType type,
           size_t    n,
           int       place)
{
  size_t element = check_type_size (type);
  Guard *guard = find_pages (n * element);

  if (place == PLACE_BEGIN)
    guard->data = guard->pages;
  else
    guard->data = guard->pages + guard->pages_size - guard->size;

  if (place < PLACE_END)
    {
      uintptr_t wanted = (uintptr_t) place / element * element;

      guard->data -= ((uintptr_t) guard->data - wanted) & 63;
    }

  return guard->data;
}

void *
guard_aligned (size_t size)
{
  return guard_new (CHECK_U8, size, 0);
}

static Guard *
find (void *buffer)
{
  for (size_t i = 0; i < MAX_BUFFERS; i++)
    if (guards[i].data == buffer)
      return &guards[i];

  abort ();
}

void
guard_freeze (void *buffer)
{
  Guard *guard = find (buffer);

  if (mprotect (guard->pages, guard->pages_size, PROT_READ) != 0)
    give_up ("mprotect");

  guard->frozen = true;
}

void
guard_verify (void *buffer)
{
  Guard *guard = find (buffer);
  const uint8_t *end = guard->data + guard->size;

  for (const uint8_t *p = guard->pages; p < guard->data; p++)
    if (*p != PATTERN)
      {
        check_fail ("writes %zu bytes before its output", (size_t) (guard->data - p));
        return;
      }

  for (const uint8_t *p = end; p < guard->pages + guard->pages_size; p++)
    if (*p != PATTERN)
      {
        check_fail ("writes %zu bytes after its output", (size_t) (p - end));
        return;
      }
}

void
guard_free_all (void)
{
  for (size_t i = 0; i < MAX_BUFFERS; i++)
    {
      Guard *guard = &guards[i];

      if (guard->data == NULL)
        continue;

      guard->data = NULL;

      if (guard->pages_size > LARGEST_KEPT)
        unmap (guard);
      else if (guard->frozen && mprotect (guard->pages, guard->pages_size, PROT_READ | PROT_WRITE) != 0)
        give_up ("mprotect");

      guard->frozen = false;
    }
}
