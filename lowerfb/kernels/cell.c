/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The variants of the recurrent cells, weakest instruction set first. */

#include <lowerfb/kernels/cell.h>

static const LfbCellKernel * const variants[] = {
  &lfb_cell_f32_c,
#ifdef __x86_64__
  &lfb_cell_f32_avx2,
  &lfb_cell_f32_avx512vnni,
#endif
#ifdef __aarch64__
  &lfb_cell_f32_neon,
#endif
};

void
lfb_cell_init (LfbCellKernel *kernel,
               unsigned       cpu_flags)
{
  for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++)
    if ((variants[i]->needs & ~cpu_flags) == 0)
      *kernel = *variants[i];
}
