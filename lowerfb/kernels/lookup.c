/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The variants of the table kernel, weakest instruction set first. */

#include <lowerfb/kernels/lookup.h>

#include <lowerfb/kernels/select.h>

static const LfbLookupKernel lookup_variants[] = {
  { "c", 0, lfb_lookup_u8_c },
};

void
lfb_lookup_init (LfbLookupKernel *kernel,
                 unsigned         cpu_flags)
{
  LFB_SELECT (kernel, lookup_variants, cpu_flags);
}
