/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Running models both ways: node by node, and by programs. */

#pragma once

#include "../common/lfb-test.h"

LfbSession *lfb_test_session_new    (LfbGraphModule   *model,
                                     gboolean          node_by_node,
                                     guint             n_threads);
GPtrArray  *lfb_test_session_run    (LfbSession       *session,
                                     GPtrArray        *inputs,
                                     GError          **error);
/* That all of @sets, each the inputs of a run, give the same outputs or errors
 * both ways, in turns and again and again, and that outputs stay what they are
 * while other runs follow. Returns how many outputs were compared. */
guint       lfb_test_assert_both    (const char       *name,
                                     LfbGraphModule   *model,
                                     GPtrArray       **sets,
                                     gsize             n_sets);
/* The same for models with one input. */
guint       lfb_test_assert_tensors (const char       *name,
                                     LfbGraphModule   *model,
                                     LfbTensor       **inputs,
                                     gsize             n_inputs);
