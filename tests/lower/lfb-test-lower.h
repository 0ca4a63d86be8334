/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the tests of lowering share: comparing a lowered model with what PyTorch
 * recorded.
 */

#pragma once

#include <json-glib/json-glib.h>

#include <lowerfb/lowerfb.h>

LfbGraphModule *lfb_test_load_case     (const char     *name);
JsonNode       *lfb_test_load_lowered  (const char     *name);
JsonNode       *lfb_test_to_json       (LfbGraphModule *model);
LfbGraphModule *lfb_test_lower_strict  (LfbGraphModule *model);
char           *lfb_test_compare_lowered (JsonNode     *found,
                                        JsonNode       *expected);
