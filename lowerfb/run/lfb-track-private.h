/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tensors are immutable. Where a graph writes in place to what it reads by
 * another name as well, a run keeps for each such name whose elements it shows
 * and which of them: their places in the tensor that was made first, found by
 * running the views on numbers. A write makes that tensor anew; a name that is
 * read later is looked up in it again.
 */

#pragma once

#include <lowerfb/core/lfb-value.h>

G_BEGIN_DECLS

/* What a value, or each item of it, shows. */
typedef struct _LfbTrack LfbTrack;

/* Elements of their own for each tensor in @value. */
LfbTrack  *lfb_track_new            (LfbValue        *value);
/* The same elements under another name. */
LfbTrack  *lfb_track_copy           (const LfbTrack  *self);
/* What tensors of places among the elements of @of show. */
LfbTrack  *lfb_track_look           (const LfbTrack  *of,
                                     LfbValue        *places);
void       lfb_track_free           (LfbTrack        *self);

gboolean   lfb_track_is_tensor      (const LfbTrack  *self);
LfbTensor *lfb_track_get_places     (const LfbTrack  *self,
                                     GError         **error);
/* Items of lists: numbers that stand for the tensors of @value, and back. */
LfbValue  *lfb_track_number         (const LfbTrack  *self,
                                     LfbValue        *value,
                                     GError         **error);
LfbTrack  *lfb_track_pick           (const LfbTrack  *self,
                                     LfbValue        *numbers,
                                     LfbValue        *value);

/* Writes @elements to @places among those that @self shows, or all over. No place
 * may be there twice; without @once it may, if it is given one new element only.
 */
gboolean   lfb_track_write          (LfbTrack        *self,
                                     LfbTensor       *places,
                                     LfbTensor       *elements,
                                     gboolean         once,
                                     GError         **error);
/* Replaces @value, which it owns, if what it shows was written to since. */
gboolean   lfb_track_update         (LfbTrack        *self,
                                     LfbValue       **value,
                                     GError         **error);
/* The value of @self was made from what was written last. */
void       lfb_track_set_updated    (LfbTrack        *self);

/* Whether strides describe these places, and whether they follow each other. */
gboolean   lfb_places_are_strided   (LfbTensor       *places);
gboolean   lfb_places_are_row_major (LfbTensor       *places);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LfbTrack, lfb_track_free)

G_END_DECLS
