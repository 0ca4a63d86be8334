/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Running transposed convolutions; see transposed_parts.h.
 *
 * A part computes a block of its outputs as any convolution does, into scratch memory,
 * from where they go to their places, a stride apart: 16 bytes at a time and
 * from the cache, that is little beside what makes them.
 */

#include <lowerfb/kernels/transposed_parts.h>

#include <string.h>

#include <lowerfb/kernels/c/output.h>
#include <lowerfb/kernels/c/walk.h>

/* About how many bytes of outputs a block has. */
#define BLOCK_BYTES ((size_t) 32 * 1024)

typedef struct
{
  const LfbConvKernel       *kernel;
  const LfbTransposedPacked *packed;
  const LfbTransposedArgs   *args;
  LfbOutput                  output;     /* of y */
  size_t                     item_size;
  uint8_t                   *y;
  uint8_t                   *conv;       /* scratch of the variant */
  float                     *multiplier; /* of the outputs of a part */
  float                     *bias;
  uint8_t                   *block;
} Run;

/* The plain convolution of a part, and where it lies: its output 0 is the place `place`. */
typedef struct
{
  const LfbTransposedPart *part;
  const void              *packed;
  size_t                   outputs;
  size_t                   place[3];
  LfbWindow                window;
} PartRun;

/* --- places --- */

/* The first place of a dimension, and how many there are. */
static size_t
first_place (const LfbWindow *window,
             int              d)
{
  return window->padding[d] / window->stride[d];
}

static size_t
count_places (const LfbWindow *window,
              int              d)
{
  return (window->out_size[d] - 1 + window->padding[d]) / window->stride[d] - first_place (window, d) + 1;
}

size_t
lfb_transposed_places (const LfbWindow *window,
                       size_t          *line_length)
{
  if (lfb_volume (window->out_size) == 0)
    {
      *line_length = 1;
      return 0;
    }

  *line_length = count_places (window, 2);

  return count_places (window, 0) * count_places (window, 1) * *line_length;
}

/* The window of @part; false if it has no outputs. */
static bool
set_window (const LfbTransposedPacked *packed,
            const LfbTransposedPart   *part,
            const LfbWindow           *window,
            PartRun                   *run)
{
  for (int d = 0; d < 3; d++)
    {
      const LfbTransposedSpan *span = &part->span[d];
      size_t first = SIZE_MAX, end = 0, stride = window->stride[d], padding = window->padding[d];

      for (size_t i = span->first; i < span->first + span->n; i++)
        {
          size_t rest = lfb_transposed_rest (&packed->dim[d], i), last = window->out_size[d] - 1 + padding;
          size_t own_first = padding > rest ? (padding - rest + stride - 1) / stride : 0;
          size_t own_end = last >= rest ? (last - rest) / stride + 1 : 0;

          if (own_first >= own_end)
            continue;
          first = own_first < first ? own_first : first;
          end = own_end > end ? own_end : end;
        }

      if (first >= end)
        return false;

      run->place[d] = first;
      run->window.in_size[d] = window->in_size[d];
      run->window.out_size[d] = end - first;
      run->window.kernel[d] = span->kernel;
      run->window.stride[d] = 1;
      run->window.dilation[d] = packed->dim[d].step;
      run->window.padding[d] = (size_t) -((ptrdiff_t) first + span->at);
    }

  run->part = part;
  run->packed = (const char *) packed + part->packed;
  run->outputs = packed->out_channels * lfb_transposed_residues (part);

  return true;
}

/* How many pixels of a part come before place number @place of all. */
static size_t
pixels_before (const PartRun   *run,
               const LfbWindow *window,
               size_t           place)
{
  size_t index[3], count = 0;
  bool inside = true;

  for (int d = 2; d >= 0; d--)
    {
      size_t n = count_places (window, d);

      index[d] = first_place (window, d) + place % n;
      place /= n;
    }

  count = place;
  for (int d = 0; d < 3; d++)
    {
      size_t n = run->window.out_size[d];

      count *= n;
      if (!inside || index[d] < run->place[d])
        inside = false;
      else if (index[d] - run->place[d] >= n)
        {
          count += n;
          inside = false;
        }
      else
        count += index[d] - run->place[d];
    }

  return count;
}

/* --- scratch memory --- */

static size_t
block_pixels (size_t outputs,
              size_t item_size)
{
  size_t pixels = BLOCK_BYTES / (outputs * item_size);

  return pixels > 0 ? pixels : 1;
}

/* The parts of scratch memory, in bytes: the variant's own, and what the most outputs
 * of a part need. */
typedef struct
{
  size_t conv;
  size_t parameters;
  size_t block;
} Sizes;

static Sizes
measure (const LfbConvKernel       *kernel,
         const LfbTransposedPacked *packed,
         const LfbWindow           *window)
{
  const LfbTransposedPart *parts = lfb_transposed_parts (packed);
  size_t conv = 0, outputs = packed->out_channels;

  for (size_t i = 0; i < packed->n_parts; i++)
    {
      PartRun run;
      size_t size;

      if (!set_window (packed, &parts[i], window, &run))
        continue;
      size = kernel->scratch_size (run.packed, &run.window);
      conv = size > conv ? size : conv;
      outputs = run.outputs > outputs ? run.outputs : outputs;
    }

  return (Sizes) {
    .conv = lfb_transposed_round_up (conv),
    .parameters = lfb_transposed_round_up (lfb_output_length (outputs) * sizeof (float)),
    .block = outputs * sizeof (float) > BLOCK_BYTES ? outputs * sizeof (float) : BLOCK_BYTES,
  };
}

size_t
lfb_transposed_scratch_size (const LfbConvKernel *kernel,
                             const void          *packed,
                             const LfbWindow     *window)
{
  Sizes sizes;

  if (lfb_volume (window->out_size) == 0)
    return 0;

  sizes = measure (kernel, packed, window);

  return sizes.conv + 2 * sizes.parameters + sizes.block;
}

static void
share_scratch (Run *run)
{
  Sizes sizes = measure (run->kernel, run->packed, run->args->window);

  run->conv = run->args->scratch;
  run->multiplier = (float *) (run->conv + sizes.conv);
  run->bias = (float *) (run->conv + sizes.conv + sizes.parameters);
  run->block = run->conv + sizes.conv + 2 * sizes.parameters;
}

/* --- from the block to y --- */

static inline void
copy_bytes (uint8_t       *to,
            const uint8_t *from,
            size_t         size)
{
  if (size < 16)
    {
      for (size_t i = 0; i < size; i++)
        to[i] = from[i];
      return;
    }

  for (size_t i = 0; i + 16 <= size; i += 16)
    memcpy (to + i, from + i, 16);
  if (size % 16 != 0)
    memcpy (to + size - 16, from + size - 16, 16);
}

/* @count pieces of @size bytes. */
static void
copy_pieces (uint8_t       *to,
             size_t         to_step,
             const uint8_t *from,
             size_t         from_step,
             size_t         size,
             size_t         count)
{
  for (size_t i = 0; i < count; i++)
    copy_bytes (to + i * to_step, from + i * from_step, size);
}

/* Where residue @residue of place @place lies in y; false if outside. */
static bool
find_output (const Run *run,
             int        d,
             size_t     place,
             size_t     residue,
             size_t    *at)
{
  const LfbWindow *w = run->args->window;

  /* What is before the first one wraps around to a large number. */
  *at = place * w->stride[d] + lfb_transposed_rest (&run->packed->dim[d], residue) - w->padding[d];

  return *at < w->out_size[d];
}

/* Residue number @index along the line, of @count places from @place on, whose outputs lie at
 * @from; @line: the first pixel of the line of y. */
static void
place_residue (const Run     *run,
               const PartRun *part,
               size_t         index,
               size_t         place,
               size_t         count,
               const uint8_t *from,
               uint8_t       *line)
{
  size_t pixel = run->args->y_stride * run->item_size, size = run->packed->out_channels * run->item_size;
  size_t step = run->args->window->stride[2], residue = part->part->span[2].first + index, at;
  const size_t from_step = part->outputs * run->item_size;

  for (; count > 0 && !find_output (run, 2, place, residue, &at); place++, count--)
    from += from_step;
  while (count > 0 && !find_output (run, 2, place + count - 1, residue, &at))
    count--;
  if (count == 0)
    return;

  find_output (run, 2, place, residue, &at);
  copy_pieces (line + at * pixel, step * pixel, from + index * size, from_step, size, count);
}

/* The residues along the line. */
static void
place_line (const Run     *run,
            const PartRun *part,
            size_t         place,
            size_t         count,
            const uint8_t *from,
            uint8_t       *line)
{
  size_t size = run->packed->out_channels * run->item_size, n = part->part->span[2].n, at, last;
  bool dense = run->packed->out_channels == run->args->y_stride && n == run->args->window->stride[2] &&
               run->packed->dim[2].dilation == 1;

  /* Neighbours in the block that are neighbours in y too. */
  if (dense && find_output (run, 2, place, 0, &at) && find_output (run, 2, place + count - 1, n - 1, &last))
    {
      copy_pieces (line + at * size, n * size, from, part->outputs * run->item_size, n * size, count);
      return;
    }

  for (size_t i = 0; i < n; i++)
    place_residue (run, part, i, place, count, from, line);
}

/* Pixels @begin to @end - 1 of the part, from the block. */
static void
place_block (const Run     *run,
             const PartRun *part,
             size_t         begin,
             size_t         end)
{
  const LfbTransposedSpan *span = part->part->span;
  const LfbWindow *w = run->args->window;
  size_t size = run->packed->out_channels * run->item_size, width = part->window.out_size[2], count;

  for (size_t pixel = begin; pixel < end; pixel += count)
    {
      LfbPosition position = lfb_position_of (&part->window, pixel);
      size_t place = part->place[2] + position.index[2], z, y;
      const uint8_t *from = run->block + (pixel - begin) * part->outputs * run->item_size;

      count = width - position.index[2] < end - pixel ? width - position.index[2] : end - pixel;
      for (size_t i = 0; i < span[0].n; i++)
        for (size_t j = 0; j < span[1].n; j++, from += span[2].n * size)
          if (find_output (run, 0, part->place[0] + position.index[0], span[0].first + i, &z) &&
              find_output (run, 1, part->place[1] + position.index[1], span[1].first + j, &y))
            {
              size_t line = (position.image * w->out_size[0] + z) * w->out_size[1] + y;

              place_line (run, part, place, count, from,
                          run->y + line * w->out_size[2] * run->args->y_stride * run->item_size);
            }
    }
}

/* --- outputs that no tap meets --- */

static bool
is_met (const LfbTransposedDim *dim,
        size_t                  rest)
{
  /* All rests that any tap could leave. */
  if (dim->n_residues == dim->period)
    return rest % (dim->stride / dim->period) == 0;

  for (size_t i = 0; i < dim->n_residues; i++)
    if (lfb_transposed_rest (dim, i) == rest)
      return true;

  return false;
}

/* Of the line of y at index @z, @y of image @image, the outputs of places @begin to @end - 1. */
static void
fill_line (const Run     *run,
           size_t         image,
           size_t         z,
           size_t         y,
           bool           met,
           size_t         begin,
           size_t         end,
           const uint8_t *value)
{
  const LfbWindow *w = run->args->window;
  size_t pixel = run->args->y_stride * run->item_size, size = run->packed->out_channels * run->item_size;
  uint8_t *line = run->y + ((image * w->out_size[0] + z) * w->out_size[1] + y) * w->out_size[2] * pixel;
  size_t padding = w->padding[2], stride = w->stride[2];
  size_t first = begin * stride > padding ? begin * stride - padding : 0;
  size_t last = end * stride - padding < w->out_size[2] ? end * stride - padding : w->out_size[2];

  for (size_t x = first; x < last; x++)
    if (!met || !is_met (&run->packed->dim[2], (x + padding) % stride))
      copy_bytes (line + x * pixel, value, size);
}

/* Places @begin to @end - 1 of line number @line. */
static void
fill_places (const Run     *run,
             size_t         line,
             size_t         begin,
             size_t         end,
             const uint8_t *value)
{
  const LfbWindow *w = run->args->window;
  size_t heights = count_places (w, 1), depths = count_places (w, 0);
  size_t places[2] = { first_place (w, 0) + line / heights % depths, first_place (w, 1) + line % heights };
  size_t first[2], last[2];

  for (int d = 0; d < 2; d++)
    {
      size_t at = places[d] * w->stride[d], padding = w->padding[d];

      first[d] = at > padding ? at - padding : 0;
      last[d] = at + w->stride[d] - padding < w->out_size[d] ? at + w->stride[d] - padding : w->out_size[d];
    }

  for (size_t z = first[0]; z < last[0]; z++)
    for (size_t y = first[1]; y < last[1]; y++)
      {
        bool met = is_met (&run->packed->dim[0], (z + w->padding[0]) % w->stride[0]) &&
                   is_met (&run->packed->dim[1], (y + w->padding[1]) % w->stride[1]);

        fill_line (run, line / heights / depths, z, y, met, begin, end, value);
      }
}

/* The pixel of sums of nothing comes to the end of the block, whose parts are done. */
static void
fill_unmet (const Run *run)
{
  const LfbTransposedArgs *args = run->args;
  static const int32_t zeros[64];
  LfbOutput output = run->output;
  size_t length, out = run->packed->out_channels, next;
  bool all = true;

  for (int d = 0; d < 3; d++)
    all = all && run->packed->dim[d].n_residues == run->packed->dim[d].stride;
  if (all)
    return;

  output.y_u8 = run->block;
  output.y_f32 = (float *) run->block;
  for (size_t n = 0; n < out; n += 64)
    lfb_output_row (&output, zeros, 0, n, out - n < 64 ? out - n : 64);

  lfb_transposed_places (args->window, &length);
  for (size_t place = args->begin; place < args->end; place = next)
    {
      size_t line = place / length, begin = place % length + first_place (args->window, 2);

      next = (line + 1) * length < args->end ? (line + 1) * length : args->end;
      fill_places (run, line, begin, begin + next - place, run->block);
    }
}

/* --- parts --- */

/* The parameters of the outputs for each residue. */
static void
repeat_parameters (Run          *run,
                   size_t        residues,
                   const float **multiplier,
                   const float **bias)
{
  size_t out = run->packed->out_channels, end = residues * out;

  if (residues == 1)
    return;

  for (size_t i = 0; i < residues; i++)
    {
      memcpy (run->multiplier + i * out, *multiplier, out * sizeof (float));
      memcpy (run->bias + i * out, *bias, out * sizeof (float));
    }
  memset (run->multiplier + end, 0, (lfb_output_length (end) - end) * sizeof (float));
  memset (run->bias + end, 0, (lfb_output_length (end) - end) * sizeof (float));
  *multiplier = run->multiplier;
  *bias = run->bias;
}

/* Pixels that @conv asks for, to @y, of which that is where pixel 0 would be. */
static void
run_conv (Run               *run,
          const PartRun     *part,
          const LfbConvArgs *conv,
          void              *y)
{
  size_t residues = lfb_transposed_residues (part->part);

  if (run->output.requantize != NULL)
    {
      LfbRequantize output = *run->output.requantize;

      repeat_parameters (run, residues, &output.multiplier, &output.bias);
      run->kernel->run_u8 (part->packed, conv, &output, y);
    }
  else
    {
      LfbRescale output = *run->output.rescale;

      repeat_parameters (run, residues, &output.multiplier, &output.bias);
      run->kernel->run_f32 (part->packed, conv, &output, y);
    }
}

static void
run_part (Run           *run,
          const PartRun *part)
{
  const LfbTransposedArgs *args = run->args;
  size_t begin = pixels_before (part, args->window, args->begin);
  size_t end = pixels_before (part, args->window, args->end);
  size_t most = block_pixels (part->outputs, run->item_size), width = part->window.out_size[2];
  LfbConvArgs conv = { .window = &part->window, .x = args->x, .x_stride = args->x_stride,
                       .n_end = part->outputs, .scratch = run->conv };

  /* Nothing lies between the outputs of the part. */
  if (lfb_volume (args->window->stride) == 1)
    {
      conv.pixel_begin = begin;
      conv.pixel_end = end;
      conv.y_stride = args->y_stride;
      run_conv (run, part, &conv, run->y);
      return;
    }

  most = most > width ? most / width * width : most;
  conv.y_stride = part->outputs;
  for (conv.pixel_begin = begin; conv.pixel_begin < end; conv.pixel_begin = conv.pixel_end)
    {
      uintptr_t offset = conv.pixel_begin * part->outputs * run->item_size;

      conv.pixel_end = end - conv.pixel_begin < most ? end : conv.pixel_begin + most;
      run_conv (run, part, &conv, (void *) ((uintptr_t) run->block - offset));
      place_block (run, part, conv.pixel_begin, conv.pixel_end);
    }
}

static void
run_parts (Run *run)
{
  const LfbTransposedPart *parts = lfb_transposed_parts (run->packed);

  if (run->args->begin >= run->args->end)
    return;

  share_scratch (run);
  for (size_t i = 0; i < run->packed->n_parts; i++)
    {
      PartRun part;

      if (set_window (run->packed, &parts[i], run->args->window, &part))
        run_part (run, &part);
    }
  fill_unmet (run);
}

void
lfb_transposed_run_u8 (const LfbConvKernel     *kernel,
                       const void              *packed,
                       const LfbTransposedArgs *args,
                       const LfbRequantize     *output,
                       uint8_t                 *y)
{
  Run run = { .kernel = kernel, .packed = packed, .args = args, .output = { .requantize = output },
              .item_size = sizeof *y, .y = y };

  run_parts (&run);
}

void
lfb_transposed_run_f32 (const LfbConvKernel     *kernel,
                        const void              *packed,
                        const LfbTransposedArgs *args,
                        const LfbRescale        *output,
                        float                   *y)
{
  Run run = { .kernel = kernel, .packed = packed, .args = args, .output = { .rescale = output },
              .item_size = sizeof *y, .y = (uint8_t *) y };

  run_parts (&run);
}
