/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the C tests share: the test data beside the sources, scratch files, and
 * the shortest way to make a value, tensor or graph.
 */

#pragma once

#include <lowerfb/lowerfb.h>

/* Asserts that @error is @code and that its message holds @part. */
#define lfb_assert_error(error, error_code, part) \
  G_STMT_START { \
    g_assert_error ((error), LFB_ERROR, (error_code)); \
    if (strstr ((error)->message, (part)) == NULL) \
      g_error ("%s:%d: no “%s” in “%s”", __FILE__, __LINE__, (part), (error)->message); \
  } G_STMT_END

char         *lfb_test_data_path (const char       *first,
                                  ...) G_GNUC_NULL_TERMINATED;
char         *lfb_test_scratch   (const char       *name);
char        **lfb_test_list      (const char       *folder,
                                  const char       *suffix);

LfbTensor    *lfb_test_tensor    (LfbDType          dtype,
                                  const void       *data,
                                  gsize             size,
                                  gsize             n_dims,
                                  ...);
LfbNode      *lfb_test_node      (LfbGraph         *graph,
                                  LfbOp             op,
                                  const char       *target,
                                  ...) G_GNUC_NULL_TERMINATED;
