/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Feeds the reader of models with whole files. */

#include "fuzz-use-model.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  /* a copy of exactly that size, so that reading too far is noticed */
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);

  fuzz_use_model (bytes);

  return 0;
}
