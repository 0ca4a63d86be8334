/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Depthwise convolution with AVX-512 VNNI: every channel is its own group.
 *
 * Vectors run over channels, 64 (a block) at a time, and vpdpbusd adds four taps at
 * once: of four rows of the image that a window touches, the bytes of one column
 * are interleaved, so that the four bytes of a lane are one channel (a quad).  A
 * quad serves every window that its column is part of: all rows of a segment
 * are interleaved once, and the windows of neighbouring outputs read them at
 * different offsets.  With a stride of 1 two output rows share them too, the
 * weights of the second moved down by one slot.
 *
 * A kernel of a single row takes its quads from four neighbouring columns
 * instead; then one tap of the loops below is four taps of the kernel.
 *
 * Interleaving leaves channels in the order that packing the sums to bytes
 * undoes; the parameters of the outputs are brought into that order, for a
 * block of @n vectors: lane l, element i of vector v is channel 4 * n * l + 4 * v + i.
 */

#include <lowerfb/kernels/x86/conv_avx512vnni.h>

#include <string.h>

#include <lowerfb/kernels/cpu.h>
#include <lowerfb/kernels/x86/quads_avx512vnni.h>

/* Quads of 4 vectors that are kept in the L1 cache. */
#define SEGMENT ((size_t) 96)

static bool
fits (const LfbConvWeights *weights)
{
  return weights->groups == weights->in_channels && weights->groups == weights->out_channels;
}

static LfbQuadPacked
describe (const LfbConvWeights *weights)
{
  size_t rows = weights->kernel[0] * weights->kernel[1];
  LfbQuadPacked packed = { 0 };

  packed.channels = weights->in_channels;
  packed.flat = rows == 1;
  packed.rows = packed.flat ? 4 : rows;
  packed.groups = (packed.rows + 3) / 4;
  packed.taps = packed.flat ? (weights->kernel[2] + 3) / 4 : weights->kernel[2];
  packed.volume = rows * weights->kernel[2];
  packed.pairs = weights->kernel[0] == 1 && rows % 4 != 0 && !packed.flat;
  packed.zero_points = weights->zero_points != NULL;

  return packed;
}

static size_t
pack_size (const LfbConvWeights *weights)
{
  LfbQuadPacked packed = describe (weights);
  size_t last = (packed.channels - 1) / LFB_QUAD_BLOCK * LFB_QUAD_BLOCK;

  return sizeof packed + last / LFB_QUAD_BLOCK * lfb_quad_block_size (&packed, 4) +
         lfb_quad_block_size (&packed, lfb_quad_vectors (&packed, last));
}

/* The bytes of a lane: @n of them, @step apart. */
static inline __attribute__ ((always_inline)) uint32_t
quad_of (const int8_t *w,
         size_t        n,
         size_t        step,
         int32_t      *sum)
{
  uint32_t quad = 0;

#pragma GCC unroll 4
  for (size_t i = 0; i < n; i++)
    {
      quad |= (uint32_t) (uint8_t) w[i * step] << 8 * i;
      *sum += w[i * step];
    }

  return quad;
}

/* The nine weights of 3x3, for the first and for the second row of a pair; taps are @stride
 * quads apart. */
static inline void
pack_nine (const int8_t *w,
           size_t        stride,
           uint32_t     *first,
           uint32_t     *second,
           int32_t      *sum)
{
  const __m128i down = _mm_setr_epi8 (0, 3, 6, -1, 1, 4, 7, -1, 2, 5, 8, -1, -1, -1, -1, -1);
  const __m128i moved = _mm_setr_epi8 (-1, 0, 3, 6, -1, 1, 4, 7, -1, 2, 5, 8, -1, -1, -1, -1);
  __m128i all = _mm_insert_epi8 (_mm_loadl_epi64 ((const __m128i *) w), w[8], 8);
  /* As unsigned numbers, each 128 more. */
  __m128i sums = _mm_sad_epu8 (_mm_xor_si128 (all, _mm_set1_epi8 (-128)), _mm_setzero_si128 ());
  __m128i quads = _mm_shuffle_epi8 (all, down), below = _mm_shuffle_epi8 (all, moved);

  first[0] = (uint32_t) _mm_extract_epi32 (quads, 0);
  first[stride] = (uint32_t) _mm_extract_epi32 (quads, 1);
  first[2 * stride] = (uint32_t) _mm_extract_epi32 (quads, 2);
  second[0] = (uint32_t) _mm_extract_epi32 (below, 0);
  second[stride] = (uint32_t) _mm_extract_epi32 (below, 1);
  second[2 * stride] = (uint32_t) _mm_extract_epi32 (below, 2);
  *sum = _mm_cvtsi128_si32 (sums) + _mm_extract_epi32 (sums, 2) - 16 * 128;
}

/* The weights of the second row of a pair are those of the first, moved by one slot. */
static void
pack_channel (const LfbConvWeights *weights,
              const LfbQuadPacked  *packed,
              size_t                n,
              int8_t               *block)
{
  size_t vectors = lfb_quad_vectors (packed, n / LFB_QUAD_BLOCK * LFB_QUAD_BLOCK);
  size_t lane = lfb_quad_lane (vectors, n % LFB_QUAD_BLOCK);
  size_t half = packed->groups * packed->taps * vectors * 16;
  const int8_t *w = weights->w + n * packed->volume;
  uint32_t *quads = (uint32_t *) block + lane;
  int32_t *sums = (int32_t *) block + 2 * half + lane;
  int32_t sum = 0;

  bool nine = packed->pairs && packed->rows == 3 && packed->taps == 3;

  if (nine)
    pack_nine (w, vectors * 16, quads, quads + half, &sum);

  for (size_t tap = 0; tap < packed->taps && !nine; tap++)
    {
      uint32_t before = 0;

      for (size_t group = 0; group < packed->groups; group++)
        {
          size_t used = packed->flat ? packed->volume - 4 * tap : packed->rows - 4 * group;
          const int8_t *first = w + (packed->flat ? 4 * tap : 4 * group * packed->taps + tap);
          size_t step = packed->flat ? 1 : packed->taps, at = (group * packed->taps + tap) * vectors * 16;
          uint32_t quad = used < 3    ? quad_of (first, used, step, &sum)
                          : used == 3 ? quad_of (first, 3, step, &sum)
                                      : quad_of (first, 4, step, &sum);

          quads[at] = quad;
          if (packed->pairs)
            quads[half + at] = quad << 8 | before >> 24;
          before = quad;
        }
    }

  sums[0] = sum;
  if (packed->zero_points)
    sums[vectors * 16] = weights->zero_points[n];
}

/* Lanes without a channel are 0. */
static void
pack (const LfbConvWeights *weights,
      void                 *buffer)
{
  LfbQuadPacked *packed = buffer;

  memset (buffer, 0, pack_size (weights));
  *packed = describe (weights);

  for (size_t n = 0; n < packed->channels; n++)
    pack_channel (weights, packed, n, (int8_t *) lfb_quad_weights (packed, n));
}

static size_t
n_step (const void *packed)
{
  (void) packed;

  return LFB_QUAD_BLOCK;
}

/* --- a run --- */

static size_t
tap_dilation (const LfbQuadPacked *packed,
              const LfbWindow     *window)
{
  return window->dilation[2] * (packed->flat ? 4 : 1);
}

static size_t
segment_columns (const LfbQuadPacked *packed,
                 const LfbWindow     *window,
                 size_t               outputs)
{
  return (outputs - 1) * window->stride[2] + (packed->taps - 1) * tap_dilation (packed, window) + 1;
}

static size_t
longest_segment (const LfbQuadPacked *packed,
                 const LfbWindow     *window)
{
  size_t wanted = SEGMENT / packed->groups;
  size_t reach = segment_columns (packed, window, 1);
  size_t outputs = reach < wanted ? (wanted - reach) / window->stride[2] + 1 : 1;

  outputs = outputs < 16 ? 16 : outputs;

  return outputs < window->out_size[2] ? outputs : window->out_size[2];
}

static size_t
padded_channels (const LfbQuadPacked *packed)
{
  return (packed->channels + LFB_QUAD_BLOCK - 1) / LFB_QUAD_BLOCK * LFB_QUAD_BLOCK;
}

static size_t
scratch_size (const void      *buffer,
              const LfbWindow *window)
{
  const LfbQuadPacked *packed = buffer;

  if (lfb_volume (window->out_size) == 0)
    return 0;

  return padded_channels (packed) * 12 + LFB_QUAD_BLOCK +
         packed->groups * segment_columns (packed, window, longest_segment (packed, window)) * LFB_QUAD_BLOCK * 4;
}

/* Parameters of the outputs from @n on to the order of lanes.  Four channels
 * stay neighbours.  Past the last one up to 15 may be read, never used. */
static void
order_lanes (const float *from,
             size_t       channels,
             size_t       vectors,
             float       *to)
{
  for (size_t c = 0; c < channels; c += 4)
    _mm_store_ps (to + lfb_quad_lane (vectors, c), _mm_loadu_ps (from + c));
}

static void
prepare (LfbQuadJob          *job,
         const LfbQuadPacked *packed,
         const LfbWindow     *window)
{
  const float *bias = job->requantize != NULL ? job->requantize->bias : job->rescale->bias;
  const float *multiplier = job->requantize != NULL ? job->requantize->multiplier : job->rescale->multiplier;
  size_t padded = padded_channels (packed);
  float *floats = job->args->scratch;

  job->bias = floats;
  job->multiplier = job->bias + padded;
  job->start = (int32_t *) (job->multiplier + padded);
  job->padding = (uint8_t *) (job->start + padded);
  job->quads = job->padding + LFB_QUAD_BLOCK;
  job->longest = longest_segment (packed, window);
  job->columns = segment_columns (packed, window, job->longest);
  job->dilation = tap_dilation (packed, window);
  memset (job->padding, job->x_zero_point, LFB_QUAD_BLOCK);

  for (size_t n = job->args->n_begin; n < job->args->n_end; n += LFB_QUAD_BLOCK)
    {
      size_t vectors = lfb_quad_vectors (packed, n);
      size_t channels = packed->channels - n < LFB_QUAD_BLOCK ? packed->channels - n : LFB_QUAD_BLOCK;
      const int32_t *sums = lfb_quad_sums (packed, n);
      const int32_t *zero_points = sums + vectors * 16;

      order_lanes (bias + n, channels, vectors, job->bias + n);
      order_lanes (multiplier + n, channels, vectors, job->multiplier + n);

      for (size_t i = 0; i < vectors * 16; i++)
        job->start[n + i] = job->x_zero_point * ((int32_t) packed->volume * zero_points[i] - sums[i]);
    }
}

static void
run_segment (const LfbQuadJob    *job,
             const LfbQuadPacked *packed,
             const LfbPosition   *position,
             LfbQuadSegment      *segment)
{
  for (segment->n = job->args->n_begin; segment->n < job->args->n_end; segment->n += LFB_QUAD_BLOCK)
    {
      size_t left = packed->channels - segment->n;
      size_t vectors = lfb_quad_vectors (packed, segment->n);

      segment->channels = left < LFB_QUAD_BLOCK ? left : LFB_QUAD_BLOCK;
      lfb_quads_interleave_avx512 (job, packed, position, segment, vectors);
      lfb_quads_run_avx512vnni (job, packed, segment, vectors);
    }
}

/* Whether the row that @pixel begins can be computed with the next one. */
static bool
can_pair (const LfbQuadJob    *job,
          const LfbQuadPacked *packed,
          const LfbPosition   *position,
          size_t               pixel)
{
  const LfbWindow *w = job->args->window;

  return packed->pairs && !packed->zero_points && job->rescale == NULL && job->args->addend == NULL &&
         w->out_size[2] >= 4 &&
         w->stride[1] == 1 && w->dilation[1] == 1 && position->index[2] == 0 &&
         position->index[1] + 1 < w->out_size[1] &&
         pixel + 2 * w->out_size[2] <= job->args->pixel_end;
}

static void
run (LfbQuadJob          *job,
     const LfbQuadPacked *packed)
{
  const LfbWindow *w = job->args->window;
  size_t pixel = job->args->pixel_begin;

  if (pixel >= job->args->pixel_end)
    return;

  prepare (job, packed, w);

  while (pixel < job->args->pixel_end)
    {
      LfbPosition position = lfb_position_of (w, pixel);
      size_t rows = can_pair (job, packed, &position, pixel) ? 2 : 1;
      size_t count = w->out_size[2] - position.index[2];

      if (count > job->args->pixel_end - pixel)
        count = job->args->pixel_end - pixel;

      for (size_t done = 0; done < count; done += job->longest)
        {
          LfbQuadSegment segment = { .pixel = pixel + done, .rows = rows };

          segment.count = count - done < job->longest ? count - done : job->longest;
          run_segment (job, packed, &position, &segment);
          position.index[2] += job->longest;
        }

      pixel += count + (rows - 1) * w->out_size[2];
    }
}

static void
run_u8 (const void          *packed,
        const LfbConvArgs   *args,
        const LfbRequantize *output,
        uint8_t             *y)
{
  LfbQuadJob job = { .args = args, .requantize = output, .x_zero_point = output->x_zero_point, .y_u8 = y };

  job.stage = lfb_requantize_avx512 (output);
  run (&job, packed);
}

static void
run_f32 (const void        *packed,
         const LfbConvArgs *args,
         const LfbRescale  *output,
         float             *y)
{
  run (&(LfbQuadJob) { .args = args, .rescale = output, .x_zero_point = output->x_zero_point, .y_f32 = y }, packed);
}

LFB_CONV_WAY (lfb_conv_depthwise_avx512vnni, LFB_CPU_AVX512VNNI)
