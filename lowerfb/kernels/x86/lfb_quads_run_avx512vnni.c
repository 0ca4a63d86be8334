/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From quads to outputs: the sums of the depthwise convolution
 * (lfb_conv_depthwise_avx512vnni.c).
 */

#include <lowerfb/kernels/x86/quads_avx512vnni.h>

#include <string.h>

#include <lowerfb/kernels/x86/dpbusd_avx512.h>

/* Sums of one pixel in any case that is not the fast one below. */
static void
sum_pixel (const LfbQuadJob    *job,
           const LfbQuadPacked *packed,
           size_t               vectors,
           size_t               n,
           const __m512i       *quads,
           __m512i              acc[4])
{
  const __m512i *w = (const __m512i *) lfb_quad_weights (packed, n);
  const __m512i *zero_points = (const __m512i *) lfb_quad_sums (packed, n) + vectors;
  __m512i sums[4];

  for (size_t v = 0; v < vectors; v++)
    {
      acc[v] = ((const __m512i *) (job->start + n))[v];
      sums[v] = _mm512_setzero_si512 ();
    }

  for (size_t group = 0; group < packed->groups; group++)
    for (size_t tap = 0; tap < packed->taps; tap++)
      {
        const __m512i *x = quads + (group * job->columns + tap * job->dilation) * vectors;
        size_t used = packed->flat ? packed->volume - 4 * tap : packed->rows - 4 * group;
        __m512i ones = _mm512_set1_epi32 (used < 4 ? 0x01010101 >> (8 * (4 - used)) : 0x01010101);

        for (size_t v = 0; v < vectors; v++)
          {
            acc[v] = lfb_dpbusd (acc[v], x[v], *w++);
            if (packed->zero_points)
              sums[v] = lfb_dpbusd (sums[v], x[v], ones);
          }
      }

  if (packed->zero_points)
    for (size_t v = 0; v < vectors; v++)
      acc[v] = _mm512_sub_epi32 (acc[v], _mm512_mullo_epi32 (sums[v], zero_points[v]));
}

/* The floats of @vectors vectors of sums, of which @channels are written. */
static void
store_floats (const LfbQuadJob *job,
              const __m512i    *acc,
              size_t            vectors,
              size_t            n,
              size_t            channels,
              float            *y)
{
  _Alignas (64) float values[LFB_QUAD_BLOCK];

  for (size_t v = 0; v < vectors; v++)
    {
      __m512 bias = _mm512_load_ps (job->bias + n + 16 * v);
      __m512 multiplier = _mm512_load_ps (job->multiplier + n + 16 * v);
      __m512 value = lfb_rescale_avx512 (acc[v], bias, multiplier, job->rescale->relu);

      _mm_store_ps (values + 4 * v, _mm512_castps512_ps128 (value));
      _mm_store_ps (values + 4 * v + 4 * vectors, _mm512_extractf32x4_ps (value, 1));
      _mm_store_ps (values + 4 * v + 8 * vectors, _mm512_extractf32x4_ps (value, 2));
      _mm_store_ps (values + 4 * v + 12 * vectors, _mm512_extractf32x4_ps (value, 3));
    }

  memcpy (y, values, channels * sizeof *y);
}

/* The bytes of sums to which something is added. */
static void
store_added (const LfbQuadJob *job,
             const __m512i    *acc,
             size_t            vectors,
             size_t            n,
             size_t            channels,
             size_t            pixel)
{
  const LfbAddend *addend = job->args->addend;
  _Alignas (64) int32_t sums[LFB_QUAD_BLOCK];

  for (size_t v = 0; v < vectors; v++)
    {
      _mm_store_si128 ((__m128i *) (sums + 4 * v), _mm512_castsi512_si128 (acc[v]));
      _mm_store_si128 ((__m128i *) (sums + 4 * v + 4 * vectors), _mm512_extracti32x4_epi32 (acc[v], 1));
      _mm_store_si128 ((__m128i *) (sums + 4 * v + 8 * vectors), _mm512_extracti32x4_epi32 (acc[v], 2));
      _mm_store_si128 ((__m128i *) (sums + 4 * v + 12 * vectors), _mm512_extracti32x4_epi32 (acc[v], 3));
    }

  lfb_requantize_add_avx512 (job->requantize, addend, sums, addend->q + pixel * addend->stride + n, n, channels,
                             job->y_u8 + pixel * job->args->y_stride + n);
}

/* What the outputs of a block have in common; held in registers. */
typedef struct
{
  LfbRequantizeAvx512 stage;
  const __m512       *bias;
  const __m512       *multiplier;
  __mmask64           mask;
} Output;

static Output
output_of (const LfbQuadJob *job,
           size_t            n,
           __mmask64         mask)
{
  return (Output) { job->stage, (const __m512 *) (job->bias + n), (const __m512 *) (job->multiplier + n), mask };
}

/* The bytes of one pixel. */
static inline __attribute__ ((always_inline)) void
store_bytes (Output         output,
             const __m512i *acc,
             size_t         vectors,
             uint8_t       *y)
{
  __m512i rounded[4];

#pragma GCC unroll 4
  for (size_t v = 0; v < vectors; v++)
    rounded[v] = lfb_requantize_round_avx512 (&output.stage, acc[v], output.bias[v], output.multiplier[v]);

  if (vectors == 4)
    _mm512_mask_storeu_epi8 (y, output.mask, lfb_requantize_pack4_avx512 (&output.stage, rounded));
  else if (vectors == 2)
    _mm256_mask_storeu_epi8 (y, (__mmask32) output.mask, lfb_requantize_pack2_avx512 (&output.stage, rounded));
  else
    _mm_mask_storeu_epi8 (y, (__mmask16) output.mask, lfb_requantize_pack1_avx512 (&output.stage, rounded[0]));
}

static void
run_single (const LfbQuadJob     *job,
            const LfbQuadPacked  *packed,
            const LfbQuadSegment *segment,
            size_t                pixel)
{
  size_t vectors = lfb_quad_vectors (packed, segment->n);
  const __m512i *quads = (const __m512i *) job->quads + pixel * job->args->window->stride[2] * vectors;
  size_t at = (segment->pixel + pixel) * job->args->y_stride + segment->n;
  Output output = output_of (job, segment->n, lfb_quad_mask (segment->channels));
  __m512i acc[4];

  sum_pixel (job, packed, vectors, segment->n, quads, acc);

  if (job->rescale != NULL)
    store_floats (job, acc, vectors, segment->n, segment->channels, job->y_f32 + at);
  else if (job->args->addend != NULL)
    store_added (job, acc, vectors, segment->n, segment->channels, segment->pixel + pixel);
  else if (vectors == 4)
    store_bytes (output, acc, 4, job->y_u8 + at);
  else if (vectors == 2)
    store_bytes (output, acc, 2, job->y_u8 + at);
  else
    store_bytes (output, acc, 1, job->y_u8 + at);
}

/* How quads and weights are walked; all distances in vectors. */
typedef struct
{
  const __m512i *start;
  const __m512i *w;
  const __m512i *quads;
  size_t         second;     /* from a weight of the first row to that of the second */
  size_t         groups;
  size_t         taps;
  size_t         next_tap;
  ptrdiff_t      next_group; /* from behind the last tap */
  size_t         next_pixel;
} Walk;

/* @pixels neighbours of @rows rows. */
static inline __attribute__ ((always_inline)) void
run_pixels (const Output  *output,
            const Walk    *walk,
            const __m512i *quads,
            size_t         rows,
            size_t         pixels,
            size_t         vectors,
            uint8_t       *y,
            size_t         y_stride,
            size_t         y_row)
{
  const __m512i *w[2] = { walk->w, walk->w + walk->second };
  const __m512i *x[4];
  __m512i acc[2][4][4];

#pragma GCC unroll 4
  for (size_t p = 0; p < pixels; p++)
    x[p] = quads + p * walk->next_pixel;

#pragma GCC unroll 4
  for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 4
    for (size_t p = 0; p < pixels; p++)
#pragma GCC unroll 4
      for (size_t v = 0; v < vectors; v++)
        acc[r][p][v] = walk->start[v];

  for (size_t group = walk->groups; group > 0; group--)
    {
      for (size_t tap = walk->taps; tap > 0; tap--)
        {
#pragma GCC unroll 4
          for (size_t v = 0; v < vectors; v++)
#pragma GCC unroll 4
            for (size_t p = 0; p < pixels; p++)
              {
                __m512i quad = x[p][v];

                acc[0][p][v] = lfb_dpbusd (acc[0][p][v], quad, w[0][v]);
                if (rows == 2)
                  acc[1][p][v] = lfb_dpbusd (acc[1][p][v], quad, w[1][v]);
              }

#pragma GCC unroll 4
          for (size_t p = 0; p < pixels; p++)
            {
              x[p] += walk->next_tap;
              /* One register each, or the compiler keeps a sum for every vector. */
              __asm__ ("" : "+r" (x[p]));
            }

#pragma GCC unroll 4
          for (size_t r = 0; r < rows; r++)
            {
              w[r] += vectors;
              __asm__ ("" : "+r" (w[r]));
            }
        }

#pragma GCC unroll 4
      for (size_t p = 0; p < pixels; p++)
        x[p] += walk->next_group;
    }

#pragma GCC unroll 4
  for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 4
    for (size_t p = 0; p < pixels; p++)
      store_bytes (*output, acc[r][p], vectors, y + r * y_row + p * y_stride);
}

/* @count pixels in steps of @pixels, as many as registers hold sums of; the last
 * step goes back to where it fits. */
static inline __attribute__ ((always_inline)) void
run_block (const Output *output,
           const Walk   *walk,
           size_t        rows,
           size_t        pixels,
           size_t        vectors,
           size_t        count,
           uint8_t      *y,
           size_t        y_stride,
           size_t        y_row)
{
  size_t first = 0;

  while (first < count)
    {
      run_pixels (output, walk, walk->quads + first * walk->next_pixel, rows, pixels, vectors,
                  y + first * y_stride, y_stride, y_row);
      first += pixels;
      if (first < count && first + pixels > count)
        first = count - pixels;
    }
}

typedef void (*RunBlock) (const Output *output,
                          const Walk   *walk,
                          size_t        count,
                          uint8_t      *y,
                          size_t        y_stride,
                          size_t        y_row);

#define RUN_BLOCK(rows, pixels, vectors)                                              \
  static __attribute__ ((noinline)) void                                              \
  run_block_##rows##_##vectors (const Output *output, const Walk *walk, size_t count, \
                                uint8_t *y, size_t y_stride, size_t y_row)            \
  {                                                                                   \
    Output own_output = *output;                                                      \
    Walk own_walk = *walk;                                                            \
                                                                                      \
    run_block (&own_output, &own_walk, rows, pixels, vectors, count, y, y_stride,     \
               y_row);                                                                \
  }

RUN_BLOCK (1, 4, 1)
RUN_BLOCK (1, 4, 2)
RUN_BLOCK (1, 4, 4)
RUN_BLOCK (2, 4, 1)
RUN_BLOCK (2, 4, 2)
RUN_BLOCK (2, 2, 4)

static const RunBlock run_blocks[2][5] = {
  { NULL, run_block_1_1, run_block_1_2, NULL, run_block_1_4 },
  { NULL, run_block_2_1, run_block_2_2, NULL, run_block_2_4 },
};

void
lfb_quads_run_avx512vnni (const LfbQuadJob     *job,
                          const LfbQuadPacked  *packed,
                          const LfbQuadSegment *segment,
                          size_t                vectors)
{
  Output output = output_of (job, segment->n, lfb_quad_mask (segment->channels));
  size_t y_stride = job->args->y_stride;
  Walk walk = {
    .start = (const __m512i *) (job->start + segment->n),
    .w = (const __m512i *) lfb_quad_weights (packed, segment->n),
    .quads = (const __m512i *) job->quads,
    .second = packed->groups * packed->taps * vectors,
    .groups = packed->groups,
    .taps = packed->taps,
    .next_tap = job->dilation * vectors,
    .next_group = ((ptrdiff_t) job->columns - (ptrdiff_t) (packed->taps * job->dilation)) * (ptrdiff_t) vectors,
    .next_pixel = job->args->window->stride[2] * vectors,
  };

  if (segment->count < 4 || packed->zero_points || job->rescale != NULL || job->args->addend != NULL)
    for (size_t i = 0; i < segment->count; i++)
      run_single (job, packed, segment, i);
  else
    run_blocks[segment->rows - 1][vectors] (&output, &walk, segment->count,
                                            job->y_u8 + segment->pixel * y_stride + segment->n, y_stride,
                                            job->args->window->out_size[2] * y_stride);
}
