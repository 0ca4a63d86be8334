/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* JSON piece by piece into a text. */

#pragma once

#include <lowerfb/model/lfb-json-private.h>

G_BEGIN_DECLS

typedef struct
{
  GString *text;
  gboolean pretty;
  guint depth;
  gboolean is_first;   /* nothing stands in the open container yet */
  gboolean after_name; /* the next value belongs to the name before it */
  const char *fault;   /* why a reader would refuse the text; NULL while it would not */
} LfbJsonWriter;

void  _lfb_json_writer_init    (LfbJsonWriter *self,
                                gboolean       pretty);
char *_lfb_json_writer_finish  (LfbJsonWriter *self,
                                gsize         *length);

void  _lfb_json_writer_begin   (LfbJsonWriter *self,
                                char           bracket);
void  _lfb_json_writer_end     (LfbJsonWriter *self,
                                char           bracket);
void  _lfb_json_writer_name    (LfbJsonWriter *self,
                                const char    *name);
void  _lfb_json_writer_null    (LfbJsonWriter *self);
void  _lfb_json_writer_boolean (LfbJsonWriter *self,
                                gboolean       value);
void  _lfb_json_writer_integer (LfbJsonWriter *self,
                                gint64         value);
void  _lfb_json_writer_number  (LfbJsonWriter *self,
                                double         value);
void  _lfb_json_writer_string  (LfbJsonWriter *self,
                                const char    *value);

G_END_DECLS
