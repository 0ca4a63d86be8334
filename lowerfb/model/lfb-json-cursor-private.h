/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A place in a text of JSON, and what can be read there at once. */

#pragma once

#include <lowerfb/model/lfb-json-private.h>

G_BEGIN_DECLS

/* Texts are decoded where they are: what lies before @at need not be as it was. */
typedef struct
{
  const char *text; /* where it begins; there is a NUL at @end */
  char *at;
  char *end;
} LfbJsonCursor;

gboolean _lfb_json_fail           (LfbJsonCursor  *self,
                                   const char     *at,
                                   GError        **error,
                                   const char     *format,
                                   ...) G_GNUC_PRINTF (4, 5);
gboolean _lfb_json_fail_expecting (LfbJsonCursor  *self,
                                   const char     *expected,
                                   GError        **error);

void     _lfb_json_skip_space     (LfbJsonCursor  *self);
gboolean _lfb_json_take           (LfbJsonCursor  *self,
                                   char            character);
gboolean _lfb_json_parse_string   (LfbJsonCursor  *self,
                                   const char    **text,
                                   GError        **error);
gboolean _lfb_json_parse_number   (LfbJsonCursor  *self,
                                   LfbJson        *value,
                                   GError        **error);
gboolean _lfb_json_parse_literal  (LfbJsonCursor  *self,
                                   const char     *literal,
                                   GError        **error);

G_END_DECLS
