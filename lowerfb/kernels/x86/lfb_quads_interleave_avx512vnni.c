/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Interleaving for the depthwise convolution: of four rows of the image, the
 * bytes of a column become quads (lfb_conv_depthwise_avx512vnni.c).
 */

#include <lowerfb/kernels/x86/quads_avx512vnni.h>

/* A row of the image, or padding, as one slot of the quads sees it. */
typedef struct
{
  const uint8_t *x;      /* of column 0 of the segment */
  ptrdiff_t      begin;  /* columns inside the image */
  ptrdiff_t      end;
} Slot;

/* The quads of one column; only the first @channels bytes of each are read. */
static inline __attribute__ ((always_inline)) void
interleave (const uint8_t * const from[4],
            size_t                vectors,
            __mmask64             mask,
            __m512i              *to)
{
  if (vectors == 4)
    {
      __m512i a = _mm512_maskz_loadu_epi8 (mask, from[0]);
      __m512i b = _mm512_maskz_loadu_epi8 (mask, from[1]);
      __m512i c = _mm512_maskz_loadu_epi8 (mask, from[2]);
      __m512i d = _mm512_maskz_loadu_epi8 (mask, from[3]);
      __m512i ab = _mm512_unpacklo_epi8 (a, b);
      __m512i cd = _mm512_unpacklo_epi8 (c, d);

      to[0] = _mm512_unpacklo_epi16 (ab, cd);
      to[1] = _mm512_unpackhi_epi16 (ab, cd);
      ab = _mm512_unpackhi_epi8 (a, b);
      cd = _mm512_unpackhi_epi8 (c, d);
      to[2] = _mm512_unpacklo_epi16 (ab, cd);
      to[3] = _mm512_unpackhi_epi16 (ab, cd);
    }
  else
    {
      /* Four bytes of each row to a lane, transposed there. */
      const __m512i transpose = _mm512_broadcast_i32x4 (
        _mm_setr_epi8 (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));

      if (vectors == 2)
        {
          const __m512i even = _mm512_setr_epi32 (0, 8, 16, 24, 2, 10, 18, 26, 4, 12, 20, 28, 6, 14, 22, 30);
          const __m512i odd = _mm512_add_epi32 (even, _mm512_set1_epi32 (1));
          __m256i a = _mm256_maskz_loadu_epi8 ((__mmask32) mask, from[0]);
          __m256i b = _mm256_maskz_loadu_epi8 ((__mmask32) mask, from[1]);
          __m256i c = _mm256_maskz_loadu_epi8 ((__mmask32) mask, from[2]);
          __m256i d = _mm256_maskz_loadu_epi8 ((__mmask32) mask, from[3]);
          __m512i ab = _mm512_inserti64x4 (_mm512_castsi256_si512 (a), b, 1);
          __m512i cd = _mm512_inserti64x4 (_mm512_castsi256_si512 (c), d, 1);

          to[0] = _mm512_shuffle_epi8 (_mm512_permutex2var_epi32 (ab, even, cd), transpose);
          to[1] = _mm512_shuffle_epi8 (_mm512_permutex2var_epi32 (ab, odd, cd), transpose);
        }
      else
        {
          const __m512i columns = _mm512_setr_epi32 (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
          __m512i rows = _mm512_castsi128_si512 (_mm_maskz_loadu_epi8 ((__mmask16) mask, from[0]));

          rows = _mm512_inserti32x4 (rows, _mm_maskz_loadu_epi8 ((__mmask16) mask, from[1]), 1);
          rows = _mm512_inserti32x4 (rows, _mm_maskz_loadu_epi8 ((__mmask16) mask, from[2]), 2);
          rows = _mm512_inserti32x4 (rows, _mm_maskz_loadu_epi8 ((__mmask16) mask, from[3]), 3);
          to[0] = _mm512_shuffle_epi8 (_mm512_permutexvar_epi32 (columns, rows), transpose);
        }
    }
}

/* All columns of a group.  Outside of @inside_begin to @inside_end some slots
 * are padding, within it those alone that are padding everywhere. */
static inline __attribute__ ((always_inline)) void
interleave_columns (const Slot     slots[4],
                    size_t         vectors,
                    size_t         columns,
                    size_t         x_stride,
                    const uint8_t *padding,
                    __mmask64      mask,
                    __m512i       *to)
{
  ptrdiff_t inside_begin = 0, inside_end = (ptrdiff_t) columns, column = 0;

  for (int i = 0; i < 4; i++)
    if (slots[i].begin < slots[i].end)
      {
        inside_begin = slots[i].begin > inside_begin ? slots[i].begin : inside_begin;
        inside_end = slots[i].end < inside_end ? slots[i].end : inside_end;
      }

  while (column < (ptrdiff_t) columns)
    {
      const uint8_t *from[4];

      if (column == inside_begin && column < inside_end)
        {
          size_t steps[4];

          for (int i = 0; i < 4; i++)
            {
              bool image = slots[i].begin < slots[i].end;

              from[i] = image ? slots[i].x + column * (ptrdiff_t) x_stride : padding;
              steps[i] = image ? x_stride : 0;
            }

          for (; column < inside_end; column++, to += vectors)
            {
              interleave (from, vectors, mask, to);
              for (int i = 0; i < 4; i++)
                from[i] += steps[i];
            }

          continue;
        }

      for (int i = 0; i < 4; i++)
        from[i] = column >= slots[i].begin && column < slots[i].end ? slots[i].x + column * (ptrdiff_t) x_stride
                                                                    : padding;
      interleave (from, vectors, mask, to);
      to += vectors;
      column++;
    }
}

/* Row @row of the kernel, for the segment at @position. */
static Slot
find_slot (const LfbQuadJob     *job,
           const LfbQuadPacked  *packed,
           const LfbPosition    *position,
           const LfbQuadSegment *segment,
           size_t                row)
{
  const LfbWindow *w = job->args->window;
  size_t kernel_row = packed->flat ? 0 : row;
  /* What is before the image wraps around to a large number. */
  size_t z = position->index[0] * w->stride[0] + kernel_row / w->kernel[1] * w->dilation[0] - w->padding[0];
  size_t y = position->index[1] * w->stride[1] + kernel_row % w->kernel[1] * w->dilation[1] - w->padding[1];
  size_t first = position->index[2] * w->stride[2] + (packed->flat ? row * w->dilation[2] : 0);
  ptrdiff_t begin = (ptrdiff_t) w->padding[2] - (ptrdiff_t) first;
  ptrdiff_t end = begin + (ptrdiff_t) w->in_size[2];
  size_t line;

  /* The second row of a pair continues where the first one's kernel ends. */
  if (segment->rows == 2 && row == packed->rows)
    {
      z = position->index[0] * w->stride[0] - w->padding[0];
      y = position->index[1] + w->kernel[1] - w->padding[1];
    }
  else if (row >= packed->rows)
    return (Slot) { NULL, 0, 0 };

  if (z >= w->in_size[0] || y >= w->in_size[1])
    return (Slot) { NULL, 0, 0 };

  line = (position->image * w->in_size[0] + z) * w->in_size[1] + y;

  /* The pointer may lie outside of the image; what is read through it does not. */
  return (Slot) {
    (const uint8_t *) ((uintptr_t) job->args->x + (line * w->in_size[2] - (size_t) begin) * job->args->x_stride +
                       segment->n),
    begin > 0 ? begin : 0, end,
  };
}

void
lfb_quads_interleave_avx512 (const LfbQuadJob     *job,
                             const LfbQuadPacked  *packed,
                             const LfbPosition    *position,
                             const LfbQuadSegment *segment,
                             size_t                vectors)
{
  size_t x_stride = job->args->x_stride;
  size_t columns = (segment->count - 1) * job->args->window->stride[2] + (packed->taps - 1) * job->dilation + 1;
  __mmask64 mask = lfb_quad_mask (segment->channels);

  for (size_t group = 0; group < packed->groups; group++)
    {
      __m512i *quads = (__m512i *) job->quads + group * job->columns * vectors;
      Slot slots[4];

      for (size_t i = 0; i < 4; i++)
        slots[i] = find_slot (job, packed, position, segment, group * 4 + i);

      if (vectors == 4)
        interleave_columns (slots, 4, columns, x_stride, job->padding, mask, quads);
      else if (vectors == 2)
        interleave_columns (slots, 2, columns, x_stride, job->padding, mask, quads);
      else
        interleave_columns (slots, 1, columns, x_stride, job->padding, mask, quads);
    }
}
