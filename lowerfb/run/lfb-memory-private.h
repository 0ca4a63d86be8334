/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How much memory the live tensors of a run take: each buffer counts once,
 * however many tensors and values share it.
 */

#pragma once

#include <lowerfb/core/lfb-value.h>

G_BEGIN_DECLS

typedef struct _LfbMemory LfbMemory;

LfbMemory *lfb_memory_new      (void);
void       lfb_memory_free     (LfbMemory *self);
void       lfb_memory_add      (LfbMemory *self,
                                LfbValue  *value);
void       lfb_memory_remove   (LfbMemory *self,
                                LfbValue  *value);
void       lfb_memory_reserve  (LfbMemory  *self,
                                guint64     size);
void       lfb_memory_release  (LfbMemory  *self,
                                guint64     size);
guint64    lfb_memory_get_peak (LfbMemory *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LfbMemory, lfb_memory_free)

G_END_DECLS
