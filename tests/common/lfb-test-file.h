/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tensor and model files put together by hand, and looked at by a second reader:
 * json-glib here, so that the library's own is not checked against itself.
 */

#pragma once

#include <json-glib/json-glib.h>

#include "lfb-test.h"

GBytes     *lfb_test_make_file     (const char  *header,
                                    const void  *data,
                                    gsize        size);
GBytes     *lfb_test_make_model    (const char  *document,
                                    const char  *tensors,
                                    const void  *data,
                                    gsize        size);
GBytes     *lfb_test_read_bytes    (const char  *path);
void        lfb_test_write_bytes   (const char  *path,
                                    GBytes      *bytes);

JsonObject *lfb_test_get_header    (GBytes      *bytes);
JsonNode   *lfb_test_get_document  (GBytes      *bytes);
JsonNode   *lfb_test_parse_json    (const char  *text);
void        lfb_test_assert_json   (JsonNode    *found,
                                    JsonNode    *expected);
void        lfb_test_assert_tensors (GBytes     *found,
                                     GBytes     *expected);
