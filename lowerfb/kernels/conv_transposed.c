/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Packing transposed convolutions; see transposed_parts.h. */

#include <lowerfb/kernels/transposed_parts.h>

#include <string.h>

#include <lowerfb/kernels/c/walk.h>

static size_t
common_divisor (size_t a,
                size_t b)
{
  while (b > 0)
    {
      size_t rest = a % b;

      a = b;
      b = rest;
    }

  return a;
}

static LfbTransposedDim
describe_dim (const LfbTransposedWeights *weights,
              int                         d)
{
  size_t divisor = common_divisor (weights->stride[d], weights->dilation[d]);
  LfbTransposedDim dim = { weights->stride[d], weights->dilation[d], weights->conv.kernel[d], 0, 0, 0 };

  dim.period = dim.stride / divisor;
  dim.step = dim.dilation / divisor;
  dim.n_residues = dim.kernel < dim.period ? dim.kernel : dim.period;

  return dim;
}

static size_t
n_taps (const LfbTransposedDim *dim,
        size_t                  residue)
{
  return (dim->kernel - residue + dim->period - 1) / dim->period;
}

static LfbTransposedSpan
span_of_one (const LfbTransposedDim *dim,
             size_t                  residue)
{
  size_t taps = n_taps (dim, residue), back = lfb_transposed_back (dim, residue) + (taps - 1) * dim->step;

  return (LfbTransposedSpan) { residue, 1, taps, -(ptrdiff_t) back };
}

/* All residues in one window; false if it would be no smaller than the kernel. */
static bool
span_of_all (const LfbTransposedDim *dim,
             LfbTransposedSpan      *all)
{
  ptrdiff_t end = 0, step = (ptrdiff_t) dim->step;

  *all = (LfbTransposedSpan) { .n = dim->n_residues };
  for (size_t i = 0; i < dim->n_residues; i++)
    {
      LfbTransposedSpan one = span_of_one (dim, i);
      ptrdiff_t one_end = one.at + (ptrdiff_t) one.kernel * step;

      if (i == 0)
        {
          all->at = one.at;
          end = one_end;
        }
      else if ((one.at - all->at) % step != 0)
        return false;

      all->at = one.at < all->at ? one.at : all->at;
      end = one_end > end ? one_end : end;
    }
  all->kernel = (size_t) ((end - all->at) / step);

  return all->kernel <= dim->kernel;
}

/* In which dimensions residues are taken together, as one bit each: where the multiply-adds,
 * of 16 outputs at a time, and what an output and a part cost beyond them, are fewest. */
static unsigned
choose_together (const LfbTransposedWeights *weights,
                 const LfbTransposedDim      dims[3],
                 LfbTransposedSpan           all[3])
{
  size_t channels = weights->conv.in_channels / weights->conv.groups;
  unsigned best = 0, possible = 0;
  double least = 0.0;

  for (int d = 0; d < 3; d++)
    if (span_of_all (&dims[d], &all[d]) && weights->conv.groups == 1)
      possible |= 1u << d;

  for (unsigned together = 0; together < 8; together++)
    {
      double taps = 1.0, parts = 1.0, outputs = (double) weights->conv.out_channels, cost;

      for (int d = 0; d < 3; d++)
        if (together >> d & 1)
          {
            taps *= (double) all[d].kernel;
            outputs *= (double) dims[d].n_residues;
          }
        else
          {
            taps *= (double) dims[d].kernel;
            parts *= (double) dims[d].n_residues;
          }

      outputs = (double) (((size_t) outputs + 15) / 16) * 16.0;
      cost = outputs * (taps * (double) (channels + 3) + parts * 32.0) + parts * 512.0;
      if ((together & ~possible) == 0 && (together == 0 || cost <= least))
        {
          least = cost;
          best = together;
        }
    }

  return best;
}

static size_t
n_parts (const LfbTransposedDim dims[3],
         unsigned               together)
{
  size_t n = 1;

  for (int d = 0; d < 3; d++)
    n *= together >> d & 1 ? 1 : dims[d].n_residues;

  return n;
}

/* Part number @index: the residues that are not taken together, as one number. */
static LfbTransposedPart
find_part (const LfbTransposedDim  dims[3],
           const LfbTransposedSpan all[3],
           unsigned                together,
           size_t                  index)
{
  LfbTransposedPart part = { 0 };

  for (int d = 2; d >= 0; d--)
    if (together >> d & 1)
      part.span[d] = all[d];
    else
      {
        part.span[d] = span_of_one (&dims[d], index % dims[d].n_residues);
        index /= dims[d].n_residues;
      }

  return part;
}

/* The plain convolution of a part, but for its weights. */
static LfbConvWeights
plain_weights (const LfbTransposedWeights *weights,
               const LfbTransposedPart    *part)
{
  LfbConvWeights plain = weights->conv;

  plain.out_channels *= lfb_transposed_residues (part);
  for (int d = 0; d < 3; d++)
    plain.kernel[d] = part->span[d].kernel;

  return plain;
}

static size_t
weights_size (const LfbConvWeights *plain)
{
  return lfb_transposed_round_up (plain->out_channels * lfb_volume (plain->kernel) *
                                  (plain->in_channels / plain->groups));
}

typedef void (*PartFunc) (const LfbTransposedWeights *weights,
                          const LfbTransposedDim      dims[3],
                          LfbTransposedPart          *part,
                          size_t                      index,
                          void                       *data);

/* How many parts there are. */
static size_t
for_each_part (const LfbTransposedWeights *weights,
               PartFunc                    func,
               void                       *data)
{
  LfbTransposedSpan all[3];
  LfbTransposedDim dims[3];
  unsigned together;
  size_t n;

  for (int d = 0; d < 3; d++)
    dims[d] = describe_dim (weights, d);
  together = choose_together (weights, dims, all);
  n = n_parts (dims, together);

  for (size_t i = 0; i < n; i++)
    {
      LfbTransposedPart part = find_part (dims, all, together, i);

      func (weights, dims, &part, i, data);
    }

  return n;
}

typedef struct
{
  const LfbConvKernel *kernel;
  size_t               total;
  size_t               scratch;
} Sizes;

static void
add_sizes (const LfbTransposedWeights *weights,
           const LfbTransposedDim      dims[3],
           LfbTransposedPart          *part,
           size_t                      index,
           void                       *data)
{
  LfbConvWeights plain = plain_weights (weights, part);
  size_t size = weights_size (&plain) + plain.out_channels * sizeof (int32_t);
  Sizes *sizes = data;

  (void) dims;
  (void) index;

  sizes->scratch = size > sizes->scratch ? size : sizes->scratch;
  if (sizes->kernel != NULL)
    sizes->total += lfb_transposed_round_up (sizes->kernel->pack_size (&plain));
}

size_t
lfb_transposed_pack_size (const LfbConvKernel        *kernel,
                          const LfbTransposedWeights *weights)
{
  Sizes sizes = { .kernel = kernel };
  size_t n = for_each_part (weights, add_sizes, &sizes);

  return lfb_transposed_round_up (sizeof (LfbTransposedPacked) + n * sizeof (LfbTransposedPart)) + sizes.total;
}

size_t
lfb_transposed_pack_scratch_size (const LfbTransposedWeights *weights)
{
  Sizes sizes = { 0 };

  for_each_part (weights, add_sizes, &sizes);

  return sizes.scratch;
}

/* Which tap of the kernel residue @residue has at tap @tap of the window; false if none. */
static bool
find_tap (const LfbTransposedDim  *dim,
          const LfbTransposedSpan *span,
          size_t                   residue,
          size_t                   tap,
          size_t                  *found)
{
  LfbTransposedSpan one = span_of_one (dim, residue);
  /* In the order of the window, which is that of the inputs: the last tap comes first. */
  size_t at = tap - (size_t) (one.at - span->at) / dim->step;

  if (at >= one.kernel)
    return false;

  *found = residue + (one.kernel - 1 - at) * dim->period;

  return true;
}

/* The weights of output @n at residue @index of the part. */
static void
gather_output (const LfbTransposedWeights *weights,
               const LfbTransposedDim      dims[3],
               const LfbTransposedPart    *part,
               const size_t                index[3],
               size_t                      n,
               int8_t                     *to)
{
  const LfbConvWeights *conv = &weights->conv;
  size_t channels = conv->in_channels / conv->groups, volume = lfb_volume (conv->kernel);
  const int8_t *from = conv->w + n * volume * channels;
  int zero_point = conv->zero_points != NULL ? conv->zero_points[n] : 0;
  size_t tap[3], at[3];

  for (tap[0] = 0; tap[0] < part->span[0].kernel; tap[0]++)
    for (tap[1] = 0; tap[1] < part->span[1].kernel; tap[1]++)
      for (tap[2] = 0; tap[2] < part->span[2].kernel; tap[2]++, to += channels)
        {
          bool inside = true;

          for (int d = 0; d < 3; d++)
            inside = inside && find_tap (&dims[d], &part->span[d], part->span[d].first + index[d], tap[d], &at[d]);

          if (!inside)
            memset (to, zero_point, channels);
          else
            memcpy (to, from + ((at[0] * conv->kernel[1] + at[1]) * conv->kernel[2] + at[2]) * channels, channels);
        }
}

typedef struct
{
  const LfbConvKernel *kernel;
  LfbTransposedPacked *packed;
  size_t               used;     /* bytes of the packed buffer */
  void                *scratch;
} Packing;

static void
pack_part (const LfbTransposedWeights *weights,
           const LfbTransposedDim      dims[3],
           LfbTransposedPart          *part,
           size_t                      index,
           void                       *data)
{
  Packing *packing = data;
  LfbConvWeights plain = plain_weights (weights, part);
  int8_t *w = packing->scratch;
  int32_t *zero_points = (int32_t *) (w + weights_size (&plain));
  size_t out = weights->conv.out_channels, size = lfb_volume (plain.kernel) * (plain.in_channels / plain.groups);
  size_t at[3], row = 0;

  for (at[0] = 0; at[0] < part->span[0].n; at[0]++)
    for (at[1] = 0; at[1] < part->span[1].n; at[1]++)
      for (at[2] = 0; at[2] < part->span[2].n; at[2]++)
        for (size_t n = 0; n < out; n++, row++)
          {
            gather_output (weights, dims, part, at, n, w + row * size);
            zero_points[row] = plain.zero_points != NULL ? weights->conv.zero_points[n] : 0;
          }

  plain.w = w;
  plain.zero_points = plain.zero_points != NULL ? zero_points : NULL;
  part->packed = packing->used;
  packing->kernel->pack (&plain, (char *) packing->packed + packing->used);
  packing->used += lfb_transposed_round_up (packing->kernel->pack_size (&plain));
  ((LfbTransposedPart *) (packing->packed + 1))[index] = *part;
}

static void
count_part (const LfbTransposedWeights *weights,
            const LfbTransposedDim      dims[3],
            LfbTransposedPart          *part,
            size_t                      index,
            void                       *data)
{
  LfbTransposedPacked *packed = data;

  (void) weights;
  (void) part;

  memcpy (packed->dim, dims, sizeof packed->dim);
  packed->n_parts = index + 1;
}

void
lfb_transposed_pack (const LfbConvKernel        *kernel,
                     const LfbTransposedWeights *weights,
                     void                       *buffer,
                     void                       *scratch)
{
  LfbTransposedPacked *packed = buffer;
  Packing packing = { .kernel = kernel, .packed = packed, .scratch = scratch };

  memset (packed, 0, sizeof *packed);
  packed->out_channels = weights->conv.out_channels;
  for_each_part (weights, count_part, packed);
  packing.used = lfb_transposed_round_up (sizeof *packed + packed->n_parts * sizeof (LfbTransposedPart));
  for_each_part (weights, pack_part, &packing);
}
