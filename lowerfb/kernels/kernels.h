/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The table of all kernels, filled for one set of CPU flags.
 *
 * Each member says which variant it holds (isa: "c", "avx2", ...), which CPU
 * flags that one needs, and has the function or functions of its contract
 * header.  The plain C variants define the bits: all others give the same, on
 * every input that the contract allows.  A table is plain data: fill it once,
 * copy and share it freely.
 *
 * To add a variant: its file, a line in the list of its instruction set in
 * meson.build, and a row in the table of variants in NAME.c.
 */

#pragma once

#include <lowerfb/kernels/arithmetic.h>
#include <lowerfb/kernels/avg_pool.h>
#include <lowerfb/kernels/binary.h>
#include <lowerfb/kernels/cell.h>
#include <lowerfb/kernels/clamp.h>
#include <lowerfb/kernels/conv.h>
#include <lowerfb/kernels/conv_transposed.h>
#include <lowerfb/kernels/cpu.h>
#include <lowerfb/kernels/dequantize.h>
#include <lowerfb/kernels/embedding.h>
#include <lowerfb/kernels/functions.h>
#include <lowerfb/kernels/layer_norm.h>
#include <lowerfb/kernels/linear.h>
#include <lowerfb/kernels/lookup.h>
#include <lowerfb/kernels/matmul.h>
#include <lowerfb/kernels/max_pool.h>
#include <lowerfb/kernels/minmax.h>
#include <lowerfb/kernels/norm.h>
#include <lowerfb/kernels/qparams.h>
#include <lowerfb/kernels/quantize.h>
#include <lowerfb/kernels/requantize.h>
#include <lowerfb/kernels/softmax.h>
#include <lowerfb/kernels/transpose.h>

typedef struct
{
  LfbQuantizeU8Kernel            quantize_u8;
  LfbQuantizeS8Kernel            quantize_s8;
  LfbQuantizeS32Kernel           quantize_s32;
  LfbQuantizeChannelsU8Kernel    quantize_channels_u8;
  LfbQuantizeChannelsS8Kernel    quantize_channels_s8;
  LfbQuantizeChannelsS32Kernel   quantize_channels_s32;
  LfbQuantizeFloatZeroU8Kernel   quantize_float_zero_u8;

  LfbDequantizeU8Kernel          dequantize_u8;
  LfbDequantizeS8Kernel          dequantize_s8;
  LfbDequantizeS32Kernel         dequantize_s32;
  LfbDequantizeChannelsU8Kernel  dequantize_channels_u8;
  LfbDequantizeChannelsS8Kernel  dequantize_channels_s8;
  LfbDequantizeChannelsS32Kernel dequantize_channels_s32;
  LfbDequantizeFloatZeroU8Kernel dequantize_float_zero_u8;

  LfbMinmaxKernel                minmax;

  LfbLinearKernel                linear;
  LfbConvKernel                  conv;

  LfbMaxPoolU8Kernel             max_pool_u8;
  LfbMaxPoolS8Kernel             max_pool_s8;
  LfbMaxPoolF32Kernel            max_pool_f32;
  LfbAvgPoolU8Kernel             avg_pool_u8;
  LfbAvgPoolS8Kernel             avg_pool_s8;
  LfbAvgPoolF32Kernel            avg_pool_f32;
  LfbAvgPoolU8Kernel             adaptive_avg_pool_u8;
  LfbAvgPoolS8Kernel             adaptive_avg_pool_s8;
  LfbAvgPoolF32Kernel            adaptive_avg_pool_f32;

  LfbClampU8Kernel               clamp_u8;
  LfbClampS8Kernel               clamp_s8;
  LfbLookupKernel                lookup;
  LfbBinaryU8Kernel              add_u8;
  LfbBinaryS8Kernel              add_s8;
  LfbBinaryU8Kernel              mul_u8;
  LfbBinaryS8Kernel              mul_s8;

  LfbMomentsU8Kernel             moments_u8;
  LfbMomentsS8Kernel             moments_s8;
  LfbNormalizeU8Kernel           normalize_u8;
  LfbNormalizeS8Kernel           normalize_s8;
  LfbAffineU8Kernel              affine_u8;
  LfbAffineS8Kernel              affine_s8;

  LfbEmbeddingKernel             embedding_u8;
  LfbEmbeddingKernel             embedding_u4;
  LfbEmbeddingKernel             embedding_u2;

  LfbFunctionsKernel             functions;
  LfbSoftmaxKernel               softmax;
  LfbCellKernel                  cell;
  LfbArithmeticKernel            arithmetic;
  LfbLayerNormKernel             layer_norm;
  LfbMatmulKernel                matmul;

  LfbTransposeKernel             transpose;
} LfbKernels;

/* Fills every member with the best variant that needs no flag outside
 * @cpu_flags, usually lfb_cpu_detect () & the limit. */
void lfb_kernels_init (LfbKernels *kernels, unsigned cpu_flags);

/* The name of the @index-th kernel, and in @isa which variant of it @kernels
 * holds; NULL past the last. */
const char *lfb_kernels_describe (const LfbKernels  *kernels,
                                  size_t             index,
                                  const char       **isa);
