/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution with AVX-512 VNNI: for each kind of weights the way that suits
 * it best; the last one takes any.
 */

#include <lowerfb/kernels/x86/conv_avx512vnni.h>

#include <lowerfb/kernels/cpu.h>

static const LfbConvWay * const ways[] = {
  &lfb_conv_depthwise_avx512vnni,
  &lfb_conv_grouped_avx512vnni,
  &lfb_conv_dense_avx512vnni,
};

/* The packed buffer: this, then what the way packs. */
typedef struct
{
  _Alignas (64) size_t way;
} Packed;

static size_t
choose (const LfbConvWeights *weights)
{
  size_t way = 0;

  while (!ways[way]->fits (weights))
    way++;

  return way;
}

static const LfbConvKernel *
kernel_of (const void *packed)
{
  return ways[((const Packed *) packed)->way]->kernel;
}

static size_t
pack_size (const LfbConvWeights *weights)
{
  return sizeof (Packed) + ways[choose (weights)]->kernel->pack_size (weights);
}

static void
pack (const LfbConvWeights *weights,
      void                 *buffer)
{
  Packed *packed = buffer;

  packed->way = choose (weights);
  kernel_of (packed)->pack (weights, packed + 1);
}

static size_t
n_step (const void *packed)
{
  return kernel_of (packed)->n_step ((const Packed *) packed + 1);
}

static size_t
scratch_size (const void      *packed,
              const LfbWindow *window)
{
  return kernel_of (packed)->scratch_size ((const Packed *) packed + 1, window);
}

static void
run_u8 (const void          *packed,
        const LfbConvArgs   *args,
        const LfbRequantize *output,
        uint8_t             *y)
{
  kernel_of (packed)->run_u8 ((const Packed *) packed + 1, args, output, y);
}

static void
run_f32 (const void        *packed,
         const LfbConvArgs *args,
         const LfbRescale  *output,
         float             *y)
{
  kernel_of (packed)->run_f32 ((const Packed *) packed + 1, args, output, y);
}

const LfbConvKernel lfb_conv_u8s8_avx512vnni = {
  .isa = "avx512vnni",
  .needs = LFB_CPU_AVX512VNNI,
  .pack_size = pack_size,
  .pack = pack,
  .n_step = n_step,
  .scratch_size = scratch_size,
  .run_u8 = run_u8,
  .run_f32 = run_f32,
};
