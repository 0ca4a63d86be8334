/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See lines_avx512vnni.h.  Tiles are collected in a table and computed by the loops of
 * lfb_line_loop_avx512vnni.S.  If the weights are more than the L1 cache holds, a
 * part of them is taken through all pixels of a table, which then are as few as it
 * holds.
 */

#include <lowerfb/kernels/x86/lines_avx512vnni.h>

#include <immintrin.h>
#include <string.h>

#include <lowerfb/kernels/c/walk.h>
#include <lowerfb/kernels/x86/pixels_avx512vnni.h>

#define TILE_PIXELS ((size_t) 6)   /* or one less */
#define MOST_ENTRIES ((size_t) 64)

/* About how many bytes of weights, of x and y, and of copies a table covers. */
#define WEIGHT_BYTES LFB_LINE_BYTES
#define TABLE_BYTES ((size_t) 24 * 1024)
#define COPY_BYTES ((size_t) 16 * 1024)

typedef struct
{
  const uint8_t *x;
  size_t         groups;
} Run;

/* Neighbouring tiles of the same pointers. */
typedef struct
{
  const Run *runs;
  ptrdiff_t  x;       /* is added to the pointers of the first tile */
  ptrdiff_t  y;       /* bytes from the first output of all */
  ptrdiff_t  q;
  size_t     pixels;  /* of a tile */
  size_t     count;
} LfbLineTiles;

/* What the loops are called with; they use it up. */
typedef struct
{
  const LfbLineTiles *tiles;
  size_t              entries_left;
  size_t              n_runs;
  size_t              x_step;
  size_t              block_size;
  size_t              n_blocks;
  size_t              blocks_left;
  const int8_t       *w_first;
  const int8_t       *w;
  size_t              floats;       /* bytes from the first output to those of the block, in the next three */
  const float        *multiplier;
  const float        *bias;
  const int32_t      *start;        /* of sums */
  uint8_t            *y;
  size_t              y_stride;
  const uint8_t      *q;
  size_t              q_stride;
  float               limit;
  int16_t             zero_point;
  uint8_t             min;
  float               q_zero_point;
  float               q_scale;
  float               product_low;
  float               product_high;
  float               product_scale;
  float               reciprocal;
  size_t              tiles_left;
  ptrdiff_t           y_at;
  ptrdiff_t           q_at;
} LfbLineLoop;

#define AT(field, offset) _Static_assert (offsetof (LfbLineLoop, field) == offset, "the assembly has this number")
AT (tiles, 0);
AT (entries_left, 8);
AT (n_runs, 16);
AT (x_step, 24);
AT (block_size, 32);
AT (n_blocks, 40);
AT (blocks_left, 48);
AT (w_first, 56);
AT (w, 64);
AT (floats, 72);
AT (multiplier, 80);
AT (bias, 88);
AT (start, 96);
AT (y, 104);
AT (y_stride, 112);
AT (q, 120);
AT (q_stride, 128);
AT (limit, 136);
AT (zero_point, 140);
AT (min, 142);
AT (q_zero_point, 144);
AT (q_scale, 148);
AT (product_low, 152);
AT (product_high, 156);
AT (product_scale, 160);
AT (reciprocal, 164);
AT (tiles_left, 168);
AT (y_at, 176);
AT (q_at, 184);
_Static_assert (sizeof (Run) == 16 && sizeof (LfbLineTiles) == 48, "the assembly has these numbers");

void lfb_line_u8   (LfbLineLoop *loop);
void lfb_line_add  (LfbLineLoop *loop);
void lfb_line_radd (LfbLineLoop *loop);

struct _LfbLines
{
  LfbLineLoop           loop;         /* as it begins for every table, but for the blocks */
  void                (*run) (LfbLineLoop *loop);
  const LfbLineWeights *weights;
  const LfbConvArgs    *args;
  int32_t               x_zero_point;
  bool                  flat;         /* all pixels of y are one line, as those of x are */
  size_t                n_blocks;
  size_t                most_blocks;  /* whose weights are taken through a table at once */
  size_t                most_pixels;  /* of a table */
  size_t                span;         /* bytes of a row of x that a tile touches at most */
  size_t                most_copies;

  /* Of the table. */
  size_t                n_entries;
  size_t                n_pixels;
  size_t                n_copies;
  size_t                n_pointers;   /* sets of pointers */
  const Run            *inside;       /* of the tiles of a line that lie inside; NULL: not yet known */

  /* In scratch memory: */
  LfbLineTiles         *entries;
  Run                  *pointers;
  uint8_t              *padding;      /* a row of the zero point */
  bool                  padded;       /* it has been written */
  int32_t              *start;
  uint8_t              *copies;
};

static size_t
round_up (size_t size)
{
  return (size + 63) / 64 * 64;
}

static size_t
n_rows (const LfbWindow *window)
{
  return window->kernel[0] * window->kernel[1];
}

static size_t
tile_span (const LfbLineWeights *weights,
           const LfbWindow      *window)
{
  return ((TILE_PIXELS - 1) * window->stride[2] + (window->kernel[2] - 1) * window->dilation[2] + 1) *
         weights->channels;
}

static size_t
padding_size (const LfbLineWeights *weights,
              const LfbWindow      *window)
{
  size_t row = window->in_size[2] * weights->channels, span = tile_span (weights, window);

  return round_up (row > span ? row : span);
}

/* Bytes for the copies of a tile at a border. */
static size_t
copy_size (const LfbLineWeights *weights,
           const LfbWindow      *window)
{
  return n_rows (window) * round_up (tile_span (weights, window));
}

static size_t
n_copies (const LfbLineWeights *weights,
          const LfbWindow      *window)
{
  size_t n = COPY_BYTES / copy_size (weights, window);

  return n < 4 ? 4 : n;
}

size_t
lfb_lines_scratch_size (const LfbLineWeights *weights,
                        const LfbWindow      *window,
                        size_t                n)
{
  return round_up (sizeof (LfbLines)) + round_up (MOST_ENTRIES * sizeof (LfbLineTiles)) +
         round_up (MOST_ENTRIES * weights->n_runs * sizeof (Run)) + padding_size (weights, window) +
         round_up (n * sizeof (int32_t)) + n_copies (weights, window) * copy_size (weights, window);
}

static bool
is_flat (const LfbWindow *w)
{
  bool flat = true;

  for (int d = 0; d < 3; d++)
    flat = flat && w->kernel[d] == 1 && w->stride[d] == 1 && w->padding[d] == 0 && w->in_size[d] == w->out_size[d];

  return flat;
}

static void
set_table (LfbLines *lines)
{
  const LfbLineWeights *weights = lines->weights;
  const LfbConvArgs *args = lines->args;
  size_t n = args->n_end - args->n_begin;
  size_t pixel = weights->channels * args->window->stride[1] * args->window->stride[2] + n;
  size_t pixels = TABLE_BYTES / pixel / TILE_PIXELS * TILE_PIXELS;

  lines->n_blocks = n / LFB_TILE_OUTPUTS;
  lines->most_blocks = WEIGHT_BYTES / weights->block_size;
  lines->most_blocks = lines->most_blocks < 1 ? 1 : lines->most_blocks;
  lines->most_pixels = pixels < 8 * TILE_PIXELS ? 8 * TILE_PIXELS : pixels;
  if (lines->n_blocks <= lines->most_blocks)
    lines->most_pixels = SIZE_MAX;
}

static void
set_output (LfbLines            *lines,
            const LfbRequantize *output)
{
  const LfbConvArgs *args = lines->args;
  const LfbAddend *addend = args->addend;
  LfbLineLoop *loop = &lines->loop;
  bool rounded = addend != NULL && addend->rounded;
  int32_t zero_point = rounded ? addend->y_zero_point : output->y_zero_point;

  loop->multiplier = output->multiplier + args->n_begin;
  loop->bias = output->bias + args->n_begin;
  loop->limit = (float) ((rounded ? addend->y_max : output->y_max) - zero_point);
  loop->zero_point = (int16_t) zero_point;
  loop->min = (uint8_t) (rounded ? addend->y_min : output->y_min);
  lines->run = addend == NULL ? lfb_line_u8 : rounded ? lfb_line_radd : lfb_line_add;
  if (addend == NULL)
    return;

  loop->q = addend->q + args->n_begin;
  loop->q_stride = addend->stride;
  loop->q_zero_point = (float) addend->zero_point;
  loop->q_scale = addend->scale;
  loop->product_low = (float) (output->y_min - output->y_zero_point);
  loop->product_high = (float) (output->y_max - output->y_zero_point);
  loop->product_scale = addend->product_scale;
  loop->reciprocal = addend->reciprocal;
}

LfbLines *
lfb_lines_new (void                 *scratch,
               const LfbLineWeights *weights,
               const LfbConvArgs    *args,
               const LfbRequantize  *output,
               uint8_t              *y)
{
  LfbLines *lines = scratch;
  const LfbWindow *window = args->window;
  size_t n = args->n_end - args->n_begin;
  const int8_t *block = weights->blocks + args->n_begin / LFB_TILE_OUTPUTS * weights->block_size;
  uint8_t *rest = (uint8_t *) scratch + round_up (sizeof *lines);

  *lines = (LfbLines) { .weights = weights, .args = args, .x_zero_point = output->x_zero_point };
  lines->flat = is_flat (window);
  lines->span = tile_span (weights, window);
  lines->most_copies = n_copies (weights, window);
  set_table (lines);

  lines->entries = (LfbLineTiles *) rest;
  rest += round_up (MOST_ENTRIES * sizeof (LfbLineTiles));
  lines->pointers = (Run *) rest;
  rest += round_up (MOST_ENTRIES * weights->n_runs * sizeof (Run));
  lines->padding = rest;
  rest += padding_size (weights, window);
  lines->start = (int32_t *) rest;
  lines->copies = rest + round_up (n * sizeof (int32_t));

  for (size_t i = 0; i < n; i += LFB_TILE_OUTPUTS)
    {
      const int32_t *offsets = (const int32_t *) (block + i / LFB_TILE_OUTPUTS * weights->block_size);

      for (size_t j = 0; j < LFB_TILE_OUTPUTS; j++)
        lines->start[i + j] = -output->x_zero_point * offsets[j];
    }

  lines->loop.tiles = lines->entries;
  lines->loop.n_runs = weights->n_runs;
  lines->loop.x_step = window->stride[2] * weights->channels;
  lines->loop.block_size = weights->block_size;
  lines->loop.w = block + weights->weights;
  lines->loop.start = lines->start;
  lines->loop.y = y + args->n_begin;
  lines->loop.y_stride = args->y_stride;
  set_output (lines, output);

  return lines;
}

static void
flush (LfbLines *lines)
{
  for (size_t block = 0; block < lines->n_blocks && lines->n_entries > 0; block += lines->most_blocks)
    {
      LfbLineLoop loop = lines->loop;
      size_t left = lines->n_blocks - block, n = block * LFB_TILE_OUTPUTS;

      loop.entries_left = lines->n_entries;
      loop.n_blocks = loop.blocks_left = left < lines->most_blocks ? left : lines->most_blocks;
      loop.w += block * loop.block_size;
      loop.w_first = loop.w;
      loop.multiplier += n;
      loop.bias += n;
      loop.start += n;
      loop.y += n;
      loop.q += lines->args->addend != NULL ? n : 0;
      lines->run (&loop);
    }

  lines->n_entries = lines->n_pixels = lines->n_copies = lines->n_pointers = 0;
  lines->inside = NULL;
}

static const uint8_t *
padding (LfbLines *lines)
{
  if (!lines->padded)
    memset (lines->padding, lines->x_zero_point, padding_size (lines->weights, lines->args->window));
  lines->padded = true;

  return lines->padding;
}

/* A line of the output: for each row of the kernel that of x, from column 0 on, NULL
 * where it is outside. */
typedef struct
{
  const uint8_t *rows[LFB_LINE_RUNS];
} Line;

static void
find_rows (const LfbLines    *lines,
           const LfbPosition *position,
           Line              *line)
{
  const LfbWindow *w = lines->args->window;
  size_t row = 0;

  for (size_t i = 0; i < w->kernel[0]; i++)
    for (size_t j = 0; j < w->kernel[1]; j++, row++)
      {
        /* What is before the first one wraps around to a large number. */
        size_t z = position->index[0] * w->stride[0] + i * w->dilation[0] - w->padding[0];
        size_t y = position->index[1] * w->stride[1] + j * w->dilation[1] - w->padding[1];
        size_t at = (position->image * w->in_size[0] + z) * w->in_size[1] + y;

        line->rows[row] = z < w->in_size[0] && y < w->in_size[1]
                            ? lines->args->x + at * w->in_size[2] * lines->weights->channels
                            : NULL;
      }
}

/* One set of pointers, to rows of x or what stands for them. */
static const Run *
add_pointers (LfbLines             *lines,
              const uint8_t *const *rows)
{
  const LfbLineWeights *weights = lines->weights;
  Run *runs = lines->pointers + lines->n_pointers++ * weights->n_runs;

  for (size_t i = 0; i < weights->n_runs; i++)
    runs[i] = (Run) { rows[weights->runs[i].row] + weights->runs[i].offset, weights->runs[i].groups };

  return runs;
}

/* For tiles that lie inside. */
static const Run *
find_inside (LfbLines   *lines,
             const Line *line)
{
  const uint8_t *rows[LFB_LINE_RUNS];

  for (size_t i = 0; i < n_rows (lines->args->window); i++)
    rows[i] = line->rows[i] != NULL ? line->rows[i] : padding (lines);

  return add_pointers (lines, rows);
}

/* For a tile that reaches over a border, its first window beginning at @column: to copies. */
static const Run *
copy_border (LfbLines   *lines,
             const Line *line,
             ptrdiff_t   column)
{
  const LfbWindow *window = lines->args->window;
  ptrdiff_t channels = (ptrdiff_t) lines->weights->channels;
  uint8_t *copies = lines->copies + lines->n_copies++ * copy_size (lines->weights, window);
  ptrdiff_t begin = column < 0 ? -column * channels : 0;
  ptrdiff_t end = ((ptrdiff_t) window->in_size[2] - column) * channels;
  const uint8_t *rows[LFB_LINE_RUNS];

  for (size_t i = 0; i < n_rows (window); i++)
    if (line->rows[i] == NULL)
      rows[i] = padding (lines);
    else
      {
        uint8_t *to = copies + i * round_up (lines->span);
        uintptr_t from = (uintptr_t) line->rows[i] + (uintptr_t) (column * channels);

        lfb_pixels_copy ((const uint8_t *) from, begin, end, lines->span, lines->x_zero_point, to);
        rows[i] = to;
      }

  return add_pointers (lines, rows);
}

/* Up to @count tiles of @pixels each, all inside or one at a border; how many. */
static size_t
add_entry (LfbLines   *lines,
           const Line *line,
           size_t      pixel,
           ptrdiff_t   column,
           size_t      pixels,
           size_t      count)
{
  const LfbConvArgs *args = lines->args;
  const LfbWindow *w = args->window;
  ptrdiff_t step = (ptrdiff_t) (pixels * w->stride[2]);
  ptrdiff_t reach = (ptrdiff_t) ((pixels - 1) * w->stride[2] + (w->kernel[2] - 1) * w->dilation[2]);
  ptrdiff_t width = (ptrdiff_t) (lines->flat ? args->pixel_end : w->in_size[2]);
  bool inside = column >= 0 && column + reach < width;
  LfbLineTiles *entry;

  if (lines->n_entries == MOST_ENTRIES || lines->n_copies == lines->most_copies ||
      lines->n_pixels + pixels > lines->most_pixels)
    flush (lines);

  if (!inside)
    count = 1;
  else if (count > 1)
    {
      size_t fit = (size_t) ((width - 1 - reach - column) / step) + 1;
      size_t room = (lines->most_pixels - lines->n_pixels) / pixels;

      count = fit < count ? fit : count;
      count = room < count ? room : count;
    }

  entry = &lines->entries[lines->n_entries++];
  lines->n_pixels += count * pixels;
  *entry = (LfbLineTiles) { .y = (ptrdiff_t) (pixel * args->y_stride), .pixels = pixels, .count = count };
  if (args->addend != NULL)
    entry->q = (ptrdiff_t) (pixel * args->addend->stride);

  if (!inside)
    entry->runs = copy_border (lines, line, column);
  else
    {
      if (lines->inside == NULL)
        lines->inside = find_inside (lines, line);
      entry->runs = lines->inside;
      entry->x = column * (ptrdiff_t) lines->weights->channels;
    }

  return count;
}

size_t
lfb_lines_end (const LfbLines *lines,
               size_t          pixel)
{
  const LfbConvArgs *args = lines->args;
  size_t width = args->window->out_size[2], end = (pixel / width + 1) * width;

  return lines->flat || end > args->pixel_end ? args->pixel_end : end;
}

size_t
lfb_lines_run (LfbLines *lines,
               size_t    pixel)
{
  const LfbWindow *w = lines->args->window;

  while (pixel < lines->args->pixel_end)
    {
      size_t length = lfb_lines_end (lines, pixel) - pixel, n = (length + TILE_PIXELS - 1) / TILE_PIXELS;
      LfbPosition position = lfb_position_of (w, pixel);
      size_t index = lines->flat ? pixel : position.index[2], end = pixel + length;
      size_t counts[2] = { length - n * (TILE_PIXELS - 1), n * TILE_PIXELS - length };
      Line line;

      if (length < n * (TILE_PIXELS - 1))
        break;

      if (lines->flat)
        line.rows[0] = lines->args->x;
      else
        find_rows (lines, &position, &line);

      for (size_t i = 0; i < 2; i++)
        while (counts[i] > 0)
          {
            size_t pixels = TILE_PIXELS - i;
            ptrdiff_t column = (ptrdiff_t) (index * w->stride[2]) - (ptrdiff_t) w->padding[2];
            size_t done = add_entry (lines, &line, pixel, column, pixels, counts[i]);

            counts[i] -= done;
            pixel += done * pixels;
            index += done * pixels;
          }

      lines->inside = NULL;
      pixel = end;
    }

  flush (lines);

  return pixel;
}
