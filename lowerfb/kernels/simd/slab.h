/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolutions below AVX-512 copy the part of the image that a few outputs look at,
 * with its padding, into a slab: then every window is inside, and all windows have
 * their taps equally far from their first one.  It costs a copy of each element of x
 * where k x k multiply-adds per output channel follow, and the copy may widen.
 *
 * The file that includes this says
 *
 *   LFB_SLAB_WIDE  1: elements are words, x - zero point; 0: bytes
 *   LFB_SLAB_FLIP  of bytes: what they are xored with
 *   LFB_SLAB_BLOCK a count of channels for which a column is to be copied fast
 *
 * Rows of a slab lie [row][plane], so that a slab may have any number of rows.  They
 * are the neighbouring rows of the image where output rows share some; with a
 * dilation, or a stride above the kernel, each output row has rows of its own.
 * Columns are neighbours, or, with `phases`, sorted by their rest modulo the
 * dilation, so that the taps of a row of the kernel are neighbours in any case.
 */

#pragma once

#include <string.h>

#include <lowerfb/kernels/c/walk.h>
#include <lowerfb/kernels/conv.h>

#if LFB_SLAB_WIDE
typedef int16_t LfbSlabElement;
#else
typedef uint8_t LfbSlabElement;
#endif

/* Where elements are read beyond the last one. */
#define LFB_SLAB_SLACK ((size_t) 128)

typedef struct
{
  const LfbWindow *window;
  const uint8_t   *x;
  size_t           x_stride;
  size_t           channels;    /* that are copied */
  size_t           pitch;       /* from column to column, in elements; those above channels are anything,
                                 * to be met by weights of 0 */
  int32_t          zero_point;
  bool             phases;
  bool             shared;      /* output rows have rows in common */
  size_t           outputs;     /* of a row, at most */
  size_t           columns;     /* for so many outputs */
  size_t           row_step;    /* rows from output row to output row; from tap to tap it is one */
} LfbSlab;

/* A rectangle of outputs of one image and depth. */
typedef struct
{
  LfbPosition position;
  size_t      rows;
  size_t      columns;
} LfbSlabPiece;

static inline size_t
lfb_slab_smaller (size_t a,
                  size_t b)
{
  return a < b ? a : b;
}

static inline size_t
lfb_slab_columns (const LfbSlab *slab,
                  size_t         outputs)
{
  const LfbWindow *w = slab->window;
  size_t columns = (outputs - 1) * w->stride[2] + (w->kernel[2] - 1) * w->dilation[2] + 1;

  return slab->phases ? (columns + w->dilation[2] - 1) / w->dilation[2] * w->dilation[2] : columns;
}

static inline size_t
lfb_slab_rows (const LfbSlab *slab,
               size_t         outputs)
{
  return (outputs - 1) * slab->row_step + slab->window->kernel[1];
}

/* Elements of a row with all of its planes. */
static inline size_t
lfb_slab_row_size (const LfbSlab *slab)
{
  return slab->window->kernel[0] * slab->columns * slab->pitch;
}

/* How a slab lies, for so many channels; @budget: about how many elements a row of
 * outputs may have. */
static inline LfbSlab
lfb_slab_layout (const LfbWindow *window,
                 size_t           channels,
                 size_t           pitch,
                 bool             phases,
                 size_t           budget)
{
  LfbSlab slab = { .window = window, .channels = channels, .pitch = pitch };
  size_t most = budget / (window->kernel[0] * window->kernel[1] * pitch);
  size_t reach = (window->kernel[2] - 1) * window->dilation[2] + 1;
  size_t outputs = most > reach ? (most - reach) / window->stride[2] + 1 : 1;

  slab.phases = phases && window->dilation[2] > 1;
  slab.shared = window->dilation[1] == 1 && window->stride[1] <= window->kernel[1];
  slab.row_step = slab.shared ? window->stride[1] : window->kernel[1];
  slab.outputs = lfb_slab_smaller (outputs < 24 ? 24 : outputs, window->out_size[2]);
  slab.columns = lfb_slab_columns (&slab, slab.outputs > 0 ? slab.outputs : 1);

  return slab;
}

/* Elements that a slab takes: as many as @budget, but one row at least, and no more
 * than @n_outputs have use for. */
static inline size_t
lfb_slab_elements (const LfbSlab *slab,
                   size_t         budget,
                   size_t         n_outputs)
{
  size_t row = lfb_slab_rows (slab, 1) * lfb_slab_row_size (slab);
  size_t out_rows = slab->window->out_size[1] > 0 ? slab->window->out_size[1] : 1;
  size_t plane = lfb_slab_rows (slab, out_rows) * lfb_slab_row_size (slab);
  size_t plane_outputs = out_rows * (slab->window->out_size[2] > 0 ? slab->window->out_size[2] : 1);
  size_t planes = (n_outputs + plane_outputs - 1) / plane_outputs;

  if (planes * plane < budget)
    budget = planes * plane;

  return (row > budget ? row : budget) + LFB_SLAB_SLACK;
}

/* From the first tap of a window to tap @i, @j, @k. */
static inline size_t
lfb_slab_tap (const LfbSlab *slab,
              size_t         i,
              size_t         j,
              size_t         k)
{
  size_t rows = j * slab->window->kernel[0] + i;

  return (rows * slab->columns + (slab->phases ? k : k * slab->window->dilation[2])) * slab->pitch;
}

/* From the first element of a piece to the first tap of the window of one of its outputs. */
static inline size_t
lfb_slab_window (const LfbSlab *slab,
                 size_t         row,
                 size_t         column)
{
  size_t dilation = slab->window->dilation[2];

  column *= slab->window->stride[2];
  if (slab->phases)
    column = column % dilation * (slab->columns / dilation) + column / dilation;

  return row * slab->row_step * lfb_slab_row_size (slab) + column * slab->pitch;
}

/* The piece that begins at output @pixel: whole rows where they are, of @n_pixels
 * outputs and @room elements at most; without rows if nothing fits. */
static inline LfbSlabPiece
lfb_slab_piece (const LfbSlab *slab,
                size_t         pixel,
                size_t         n_pixels,
                size_t         room)
{
  const LfbWindow *w = slab->window;
  LfbSlabPiece piece = { .position = lfb_position_of (w, pixel) };
  size_t first_row = lfb_slab_rows (slab, 1) * lfb_slab_row_size (slab);
  size_t column = piece.position.index[2];

  if (room < first_row + LFB_SLAB_SLACK)
    return piece;

  piece.rows = 1;
  piece.columns = lfb_slab_smaller (lfb_slab_smaller (w->out_size[2] - column, n_pixels), slab->outputs);

  if (column == 0 && piece.columns == w->out_size[2])
    {
      size_t more = (room - LFB_SLAB_SLACK - first_row) / (slab->row_step * lfb_slab_row_size (slab));

      piece.rows = lfb_slab_smaller (more + 1, w->out_size[1] - piece.position.index[1]);
      piece.rows = lfb_slab_smaller (piece.rows, n_pixels / piece.columns);
    }

  return piece;
}

static inline size_t
lfb_slab_piece_size (const LfbSlab      *slab,
                     const LfbSlabPiece *piece)
{
  return lfb_slab_rows (slab, piece->rows) * lfb_slab_row_size (slab);
}

static inline LfbSlabElement
lfb_slab_element (uint8_t x,
                  int32_t zero_point)
{
#if LFB_SLAB_WIDE
  return (LfbSlabElement) (x - zero_point);
#else
  (void) zero_point;
  return (LfbSlabElement) (x ^ LFB_SLAB_FLIP);
#endif
}

static inline __attribute__ ((always_inline)) void
lfb_slab_convert (LfbSlabElement *restrict to,
                  const uint8_t  *restrict x,
                  size_t                   n,
                  int32_t                  zero_point)
{
#if !LFB_SLAB_WIDE && LFB_SLAB_FLIP == 0
  if (n >= 64)
    {
      memcpy (to, x, n);
      return;
    }
#endif

  for (size_t i = 0; i < n; i++)
    to[i] = lfb_slab_element (x[i], zero_point);
}

static inline void
lfb_slab_pad (const LfbSlab  *slab,
              LfbSlabElement *to,
              size_t          n)
{
  LfbSlabElement padding = lfb_slab_element ((uint8_t) slab->zero_point, slab->zero_point);

  for (size_t i = 0; i < n; i++)
    to[i] = padding;
}

/* One row of one plane; @x: the row of the image, @column: where the first column is
 * in it, less than 0 in the padding; @columns: how many there are. */
static inline void
lfb_slab_fill_row (const LfbSlab  *slab,
                   const uint8_t  *x,
                   ptrdiff_t       column,
                   size_t          columns,
                   LfbSlabElement *to)
{
  const LfbWindow *w = slab->window;
  size_t pitch = slab->pitch, channels = slab->channels;
  size_t before = lfb_slab_smaller (column < 0 ? (size_t) -column : 0, columns);
  size_t begin = (size_t) column + before;
  size_t inside = begin < w->in_size[2] ? lfb_slab_smaller (w->in_size[2] - begin, columns - before) : 0;
  size_t dilation = w->dilation[2], phase_size = slab->columns / dilation;

  /* Not dereferenced where nothing is inside. */
  x = (const uint8_t *) ((uintptr_t) x + begin * slab->x_stride);

  if (slab->phases)
    {
      size_t phase = 0, at = 0;

      for (size_t i = 0; i < columns; i++)
        {
          LfbSlabElement *element = to + (phase * phase_size + at) * pitch;

          if (i >= before && i - before < inside)
            lfb_slab_convert (element, x + (i - before) * slab->x_stride, channels, slab->zero_point);
          else
            lfb_slab_pad (slab, element, channels);

          if (++phase == dilation)
            {
              phase = 0;
              at++;
            }
        }
      return;
    }

  lfb_slab_pad (slab, to, before * pitch);
  to += before * pitch;

  if (slab->x_stride == channels && pitch == channels)
    lfb_slab_convert (to, x, inside * channels, slab->zero_point);
  else
    {
      size_t i = 0;

      /* All but the last pixel of the row have others behind them, as far as that. */
      if (pitch == LFB_SLAB_BLOCK && slab->x_stride + channels >= LFB_SLAB_BLOCK)
        for (; i + 1 < inside; i++)
          lfb_slab_convert (to + i * LFB_SLAB_BLOCK, x + i * slab->x_stride, LFB_SLAB_BLOCK, slab->zero_point);
      for (; i < inside; i++)
        lfb_slab_convert (to + i * pitch, x + i * slab->x_stride, channels, slab->zero_point);
    }

  lfb_slab_pad (slab, to + inside * pitch, (columns - before - inside) * pitch);
}

/* @to: lfb_slab_piece_size() elements; channels from @first on. */
static inline void
lfb_slab_fill (const LfbSlab      *slab,
               const LfbSlabPiece *piece,
               size_t              first,
               LfbSlabElement     *to)
{
  const LfbWindow *w = slab->window;
  size_t columns = lfb_slab_smaller (lfb_slab_columns (slab, piece->columns), slab->columns);
  size_t rows = lfb_slab_rows (slab, piece->rows);
  ptrdiff_t column = (ptrdiff_t) (piece->position.index[2] * w->stride[2] - w->padding[2]);

  for (size_t row = 0; row < rows; row++)
    {
      /* The dilation is 1 where rows are shared. */
      size_t output = slab->shared ? 0 : row / w->kernel[1];
      size_t tap = slab->shared ? row : row % w->kernel[1];
      /* What is before the image wraps around to a large number. */
      size_t y = (piece->position.index[1] + output) * w->stride[1] + tap * w->dilation[1] - w->padding[1];

      for (size_t i = 0; i < w->kernel[0]; i++, to += slab->columns * slab->pitch)
        {
          size_t z = piece->position.index[0] * w->stride[0] + i * w->dilation[0] - w->padding[0];
          size_t line;

          if (z >= w->in_size[0] || y >= w->in_size[1])
            {
              lfb_slab_pad (slab, to, slab->columns * slab->pitch);
              continue;
            }

          line = (piece->position.image * w->in_size[0] + z) * w->in_size[1] + y;
          lfb_slab_fill_row (slab, slab->x + line * w->in_size[2] * slab->x_stride + first, column, columns, to);
        }
    }
}
