/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where oneDNN is not there. */

#include "onednn.h"

void
bench_onednn_init (unsigned flags)
{
}

const char *
bench_onednn_describe (void)
{
  return "none (built without oneDNN)";
}

void
bench_onednn_linear (BenchSubject      *subjects,
                     const BenchLinear *linear)
{
}

void
bench_onednn_conv (BenchSubject    *subjects,
                   const BenchConv *conv)
{
}
