/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Contract: linear, u8 activations times s8 weights.
 *
 *     acc[m][n] = sum over k of (x[m][k] - x_zero_point) * (w[n][k] - w_zero_point[n])
 *
 * exact in int32, then the output stage of requantize.h.  No variant may
 * saturate or wrap on the way: k <= lfb_accumulation_limit ().
 *
 * Dynamic: x are floats, quantized on the way as quantize.h has it, with a given scale
 * and the x_zero_point of the output stage.  Rows are quantized a block at a time,
 * into scratch that stays in the cache, and once a call: callers that split by
 * outputs let each part do it again.
 *
 * Weights are packed once, by the variant that runs them: a packed buffer is
 * private to the variant, pack_size() bytes, 64-byte aligned, holds no
 * pointers, and carries n and k.  It is only read afterwards, by any number of
 * calls at a time.
 *
 * A call computes rows 0 to m - 1 of outputs n_begin to n_end - 1.  Callers
 * split work by rows (moving x and y) and by outputs, where n_begin is a
 * multiple of tile_n and n_end one too or n itself.
 *
 *   x   m rows of k bytes, x_stride >= k bytes apart; any alignment; never read past a row's k bytes
 *   y   m rows, y_stride >= n elements apart; any alignment of the type; y[row * y_stride + n] is
 *       written for the computed outputs and nothing else
 *   scratch  scratch_size() or dynamic_scratch_size() bytes, 64-byte aligned, of this call alone; NULL
 *            if the size is 0
 *
 * x, y, scratch, packed and the parameter arrays do not overlap.
 */

#pragma once

#include <lowerfb/kernels/requantize.h>

typedef struct
{
  size_t         n;            /* outputs, >= 1 */
  size_t         k;            /* inputs, 1 to lfb_accumulation_limit () */
  const int8_t  *w;            /* n rows of k; any alignment */
  size_t         w_stride;     /* bytes between rows, >= k */
  const int32_t *zero_points;  /* n, each -128 to 127; NULL: all 0 */
} LfbLinearWeights;

typedef struct
{
  const uint8_t *x;
  size_t         x_stride;
  size_t         y_stride;
  size_t         m;
  size_t         n_begin;
  size_t         n_end;
  void          *scratch;
} LfbLinearArgs;

typedef struct
{
  const char *isa;
  unsigned    needs;
  size_t      tile_m;  /* rows that one inner loop takes: a hint for splitting, and what tests cover */
  size_t      tile_n;  /* outputs that one inner loop takes: where work may be split */

  size_t    (*pack_size)    (const LfbLinearWeights *weights);
  void      (*pack)         (const LfbLinearWeights *weights,
                             void                   *packed);
  size_t    (*scratch_size) (const void             *packed);
  void      (*run_u8)       (const void             *packed,
                             const LfbLinearArgs    *args,
                             const LfbRequantize    *output,
                             uint8_t                *y);
  void      (*run_f32)      (const void             *packed,
                             const LfbLinearArgs    *args,
                             const LfbRescale       *output,
                             float                  *y);

  /* x of the arguments is not looked at, and x_stride counts floats. */
  size_t    (*dynamic_scratch_size) (const void     *packed);
  void      (*run_dynamic)  (const void             *packed,
                             const LfbLinearArgs    *args,
                             const float            *x,
                             float                   x_scale,
                             const LfbRescale       *output,
                             float                  *y);
} LfbLinearKernel;

void lfb_linear_init (LfbLinearKernel *kernel, unsigned cpu_flags);

extern const LfbLinearKernel lfb_linear_u8s8_c;
#ifdef __x86_64__
extern const LfbLinearKernel lfb_linear_u8s8_avx2;
extern const LfbLinearKernel lfb_linear_u8s8_avxvnni;
extern const LfbLinearKernel lfb_linear_u8s8_avx512vnni;
#endif
#ifdef __aarch64__
extern const LfbLinearKernel lfb_linear_u8s8_neon;
extern const LfbLinearKernel lfb_linear_u8s8_neondot;
#endif
