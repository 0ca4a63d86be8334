/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Hash tables of names that come out of files. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

guint _lfb_str_hash (gconstpointer text);

G_END_DECLS
