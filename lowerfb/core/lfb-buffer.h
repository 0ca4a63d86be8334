/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Memory that calls write to, of the library's or of the caller's. */

#pragma once

#include <glib-object.h>

#include <lowerfb/core/lfb-version-macros.h>

G_BEGIN_DECLS

#define LFB_TYPE_BUFFER (lfb_buffer_get_type ())

LFB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (LfbBuffer, lfb_buffer, LFB, BUFFER, GObject)

LFB_AVAILABLE_IN_1_0
LfbBuffer *lfb_buffer_new             (gsize       size,
                                       GError    **error);
LFB_AVAILABLE_IN_1_0
LfbBuffer *lfb_buffer_new_for_pointer (guint64     address,
                                       gsize       size,
                                       GObject    *owner,
                                       GError    **error);

LFB_AVAILABLE_IN_1_0
gsize      lfb_buffer_get_size        (LfbBuffer  *self);
LFB_AVAILABLE_IN_1_0
guint64    lfb_buffer_get_address     (LfbBuffer  *self);
LFB_AVAILABLE_IN_1_0
gpointer   lfb_buffer_get_data        (LfbBuffer  *self,
                                       gsize      *size);
LFB_AVAILABLE_IN_1_0
GBytes    *lfb_buffer_get_bytes       (LfbBuffer  *self);

G_END_DECLS
