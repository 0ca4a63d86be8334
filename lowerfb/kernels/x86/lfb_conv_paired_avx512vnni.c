/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution with AVX-512 VNNI to 16 outputs or fewer, of which 2 neighbouring pixels or more
 * are computed as one with 32: lines (lines_avx512vnni.h) are made for those.
 *
 * Such a pixel has a window that is as much wider, with weights of 0 where a pixel's own
 * does not reach: of 3 taps along the line, 16 outputs use 3 of 4.  That is
 * less than what half a vector would cost, and the output of one tile is worked
 * out between the multiply-adds of the next, where in tiles of 16 outputs it
 * takes longer than they do.  Outputs of neighbouring pixels have to be neighbours, and
 * strides 1; all else is left to the ordinary way, for which the weights are packed too.
 */

#include <lowerfb/kernels/x86/conv_avx512vnni.h>

#include <string.h>

#include <lowerfb/kernels/c/walk.h>
#include <lowerfb/kernels/cpu.h>
#include <lowerfb/kernels/x86/lines_avx512vnni.h>
#include <lowerfb/kernels/x86/tile_avx512vnni.h>

/* The packed buffer: this, then the weights of one pixel, then those of several. */
typedef struct
{
  _Alignas (64) size_t out_channels;
  size_t               pixels;       /* that are one */
  size_t               next;         /* bytes from the weights of one to those of several */
} Packed;

#define ORDINARY (lfb_conv_dense_avx512vnni.kernel)

static size_t
round_up (size_t size)
{
  return (size + 63) / 64 * 64;
}

/* What may be more of vpdpbusd for a pixel than it takes in a tile of 16 outputs. */
#define MORE ((size_t) 40)

static bool
fits (const LfbConvWeights *weights)
{
  size_t out = weights->out_channels, rows = weights->kernel[0] * weights->kernel[1];
  size_t pixels, width, own, shared;

  if (weights->groups > 1 || weights->zero_points != NULL || out >= LFB_TILE_OUTPUTS || (out & (out - 1)) != 0)
    return false;

  pixels = LFB_TILE_OUTPUTS / out;
  width = weights->kernel[2] + pixels - 1;
  own = rows * weights->kernel[2] * weights->in_channels / 4;
  shared = rows * width * weights->in_channels / 2 / pixels;

  return shared <= own + MORE && rows * width * weights->in_channels <= LFB_LINE_BYTES / LFB_TILE_OUTPUTS;
}

/* The convolution of several pixels, but for its weights. */
static LfbConvWeights
describe_several (const LfbConvWeights *weights)
{
  LfbConvWeights several = *weights;

  several.out_channels = LFB_TILE_OUTPUTS;
  several.kernel[2] += LFB_TILE_OUTPUTS / weights->out_channels - 1;

  return several;
}

static size_t
pack_size (const LfbConvWeights *weights)
{
  LfbConvWeights several = describe_several (weights);

  return sizeof (Packed) + round_up (ORDINARY->pack_size (weights)) + ORDINARY->pack_size (&several);
}

/* Fits() sees to it that there are no more bytes than this. */
#define MOST_WEIGHTS LFB_LINE_BYTES

static void
pack (const LfbConvWeights *weights,
      void                 *buffer)
{
  LfbConvWeights several = describe_several (weights);
  size_t channels = weights->in_channels, rows = weights->kernel[0] * weights->kernel[1];
  size_t row = weights->kernel[2] * channels, wide_row = several.kernel[2] * channels;
  int8_t w[MOST_WEIGHTS];
  Packed *packed = buffer;

  memset (packed, 0, sizeof *packed);
  packed->out_channels = weights->out_channels;
  packed->pixels = LFB_TILE_OUTPUTS / weights->out_channels;
  packed->next = round_up (ORDINARY->pack_size (weights));
  ORDINARY->pack (weights, packed + 1);

  memset (w, 0, LFB_TILE_OUTPUTS * rows * wide_row);
  for (size_t pixel = 0; pixel < packed->pixels; pixel++)
    for (size_t n = 0; n < weights->out_channels; n++)
      for (size_t i = 0; i < rows; i++)
        memcpy (w + ((pixel * weights->out_channels + n) * rows + i) * wide_row + pixel * channels,
                weights->w + (n * rows + i) * row, row);
  several.w = w;
  ORDINARY->pack (&several, (char *) (packed + 1) + packed->next);
}

static const void *
several_of (const Packed *packed)
{
  return (const char *) (packed + 1) + packed->next;
}

static size_t
n_step (const void *buffer)
{
  return ORDINARY->n_step ((const Packed *) buffer + 1);
}

/* The window of several pixels; false if they cannot be one. */
static bool
find_window (const Packed    *packed,
             const LfbWindow *window,
             LfbWindow       *several)
{
  *several = *window;
  several->kernel[2] += packed->pixels - 1;
  several->stride[2] = packed->pixels;
  several->out_size[2] = window->out_size[2] / packed->pixels;

  return window->stride[2] == 1 && window->dilation[2] == 1 && window->out_size[2] > 0 &&
         window->out_size[2] % packed->pixels == 0;
}

/* What the variant needs, then the parameters of 32 outputs. */
static size_t
ordinary_scratch_size (const Packed    *packed,
                       const LfbWindow *window)
{
  size_t size = ORDINARY->scratch_size (packed + 1, window), other = 0;
  LfbWindow several;

  if (find_window (packed, window, &several))
    other = ORDINARY->scratch_size (several_of (packed), &several);

  return round_up (size > other ? size : other);
}

static size_t
parameters_size (void)
{
  return round_up (lfb_output_length (LFB_TILE_OUTPUTS) * sizeof (float));
}

static size_t
scratch_size (const void      *packed,
              const LfbWindow *window)
{
  return ordinary_scratch_size (packed, window) + 2 * parameters_size ();
}

/* Pixels, of which there are a multiple of those that are one, from such a multiple on. */
static void
run_several (const Packed        *packed,
             const LfbConvArgs   *args,
             const LfbWindow     *window,
             const LfbRequantize *output,
             uint8_t             *y)
{
  float *multiplier = (float *) ((char *) args->scratch + ordinary_scratch_size (packed, args->window));
  float *bias = (float *) ((char *) multiplier + parameters_size ());
  size_t length = lfb_output_length (LFB_TILE_OUTPUTS);
  LfbRequantize repeated = *output;
  LfbConvArgs several = *args;
  LfbAddend addend;

  for (size_t i = 0; i < length; i++)
    {
      multiplier[i] = i < LFB_TILE_OUTPUTS ? output->multiplier[i % packed->out_channels] : 0.0f;
      bias[i] = i < LFB_TILE_OUTPUTS ? output->bias[i % packed->out_channels] : 0.0f;
    }
  repeated.multiplier = multiplier;
  repeated.bias = bias;

  several.window = window;
  several.y_stride *= packed->pixels;
  several.pixel_begin /= packed->pixels;
  several.pixel_end /= packed->pixels;
  several.n_end = LFB_TILE_OUTPUTS;
  if (args->addend != NULL)
    {
      addend = *args->addend;
      addend.stride *= packed->pixels;
      several.addend = &addend;
    }
  ORDINARY->run_u8 (several_of (packed), &several, &repeated, y);
}

static void
run_u8 (const void          *buffer,
        const LfbConvArgs   *args,
        const LfbRequantize *output,
        uint8_t             *y)
{
  const Packed *packed = buffer;
  size_t out = packed->out_channels, pixels = packed->pixels;
  size_t begin = (args->pixel_begin + pixels - 1) / pixels * pixels, end = args->pixel_end / pixels * pixels;
  LfbConvArgs part = *args;
  LfbWindow window;

  if (begin >= end || args->y_stride != out || (args->addend != NULL && args->addend->stride != out) ||
      args->n_begin > 0 || args->n_end < out || !find_window (packed, args->window, &window))
    {
      ORDINARY->run_u8 (packed + 1, args, output, y);
      return;
    }

  part.pixel_end = begin;
  ORDINARY->run_u8 (packed + 1, &part, output, y);
  part.pixel_begin = begin;
  part.pixel_end = end;
  run_several (packed, &part, &window, output, y);
  part.pixel_begin = end;
  part.pixel_end = args->pixel_end;
  ORDINARY->run_u8 (packed + 1, &part, output, y);
}

static void
run_f32 (const void        *packed,
         const LfbConvArgs *args,
         const LfbRescale  *output,
         float             *y)
{
  ORDINARY->run_f32 ((const Packed *) packed + 1, args, output, y);
}

LFB_CONV_WAY (lfb_conv_paired_avx512vnni, LFB_CPU_AVX512VNNI)
